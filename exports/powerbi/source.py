"""Where the semantic model reads its rows from, and the M queries that do: Parquet files or PostgreSQL.

Each query gives the columns by their names in the warehouse, instants as UTC without a zone, and the columns that the
model has beside those of the schema.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from exports.base import Reach
from exports.model import Kind, ModelTable, Role, bi_model
from exports.model_choices import Labels, Lookup
from exports.powerbi.sql import SCHEMA_MARK, select_text


class SourceKind(StrEnum):
    """How Power BI gets at the rows."""

    PARQUET = "parquet"
    """Imports the files of a folder."""
    POSTGRESQL = "postgresql"
    """Imports from the warehouse."""
    DIRECTQUERY = "directquery"
    """Asks the warehouse each time; dimensions are held too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """A parameter of the model that people change in Power BI."""

    name: str
    value: str
    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Kind and addresses; the addresses that its kind does not need are not used."""

    kind: SourceKind = SourceKind.PARQUET
    folder: str = ""
    server: str = ""
    database: str = ""
    schema: str = "public"

    def parameters(self) -> Sequence[Parameter]:
        """What the queries take from parameters."""
        if self.kind is SourceKind.PARQUET:
            return (Parameter(name="DataFolder", value=self.folder, description="Folder of the Parquet files"),)
        return (
            Parameter(name="Server", value=self.server, description="PostgreSQL server, with :port if not 5432"),
            Parameter(name="Database", value=self.database, description="Database of the warehouse"),
            Parameter(name="Schema", value=self.schema, description="Schema of the warehouse's tables"),
        )

    def functions(self) -> Sequence[tuple[str, str, str]]:
        """Name, M text and description of functions that the queries share."""
        if self.kind is not SourceKind.PARQUET:
            return ()
        return (("ToUtc", _TO_UTC, "An instant in UTC without its zone, as the model keeps instants"),)

    def mode(self, table: ModelTable) -> str:
        """How the rows of a table are held."""
        if self.kind is not SourceKind.DIRECTQUERY:
            return "import"
        return "dual" if table.role is Role.DIMENSION else "directQuery"

    def query(self, table: ModelTable) -> list[str]:
        """The M query of a table, line by line."""
        steps = _parquet_steps(table) if self.kind is SourceKind.PARQUET else _postgresql_steps(table)
        return _let(list(steps))


def source_of(reach: Reach) -> Source:
    """The source that is asked for; Parquet if nothing is said."""
    return Source(
        kind=SourceKind(reach.way or SourceKind.PARQUET),
        folder=reach.folder,
        server=reach.server,
        database=reach.database,
    )


_TO_UTC = """\
(value) =>
    if value is datetimezone then
        DateTimeZone.RemoveZone(DateTimeZone.ToUtc(value))
    else
        value"""


def m_text(value: str) -> str:
    """A text literal of M on one line."""
    escaped = value.replace("#(", "#(#)(").replace('"', '""')
    return '"' + escaped.replace("\r", "#(cr)").replace("\n", "#(lf)").replace("\t", "#(tab)") + '"'


def _let(steps: list[tuple[str, str]]) -> list[str]:
    """`let … in` the last step."""
    lines = ["let"]
    for number, (name, text) in enumerate(steps):
        comma = "," if number < len(steps) - 1 else ""
        first, *more = text.split("\n")
        lines += [f"    {name} = {first}", *(f"    {line}" for line in more)]
        lines[-1] += comma
    return [*lines, "in", f"    {steps[-1][0]}"]


def _postgresql_steps(table: ModelTable) -> Iterator[tuple[str, str]]:
    yield "Source", "PostgreSQL.Database(Server, Database)"
    text = m_text(select_text(table)).replace("#(lf)", "\n        ")
    sql = text.replace(SCHEMA_MARK, '""" & Schema & """')
    yield (
        "Rows",
        f"Value.NativeQuery(\n        Source,\n        {sql},\n        null,\n        [EnableFolding=true]\n    )",
    )


def _parquet_steps(table: ModelTable) -> Iterator[tuple[str, str]]:
    yield "Source", _file(table.name)
    last = "Source"
    instants = [column.name for column in table.columns if column.kind is Kind.INSTANT]
    if instants:
        changes = ", ".join(f'{{"{name}", ToUtc, type nullable datetime}}' for name in instants)
        yield "Instants", f"Table.TransformColumns({last}, {{{changes}}})"
        last = "Instants"
    for column in table.columns:
        if column.labels is not None:
            step = f"With_{column.name}"
            yield step, _labelled(last, column.labels)
            last = step
    lookups = [column.lookup for column in table.columns if column.lookup is not None]
    for by, from_table in dict.fromkeys((lookup.by, lookup.from_table) for lookup in lookups):
        wanted = [lookup for lookup in lookups if (lookup.by, lookup.from_table) == (by, from_table)]
        yield f"Joined_{by}", _joined(last, wanted)
        yield f"With_{by}", _expanded(f"Joined_{by}", wanted)
        last = f"With_{by}"


def _file(table: str) -> str:
    return f'Parquet.Document(File.Contents(DataFolder & "\\{table}.parquet"))'


def _labelled(before: str, labels: Labels) -> str:
    words = ", ".join(m_text(word) for _, word in sorted(labels.words.items()))
    first = min(labels.words)
    return f'Table.AddColumn({before}, "{labels.name}", each {{{words}}}{{[{labels.of}] - {first}}}, type text)'


def _joined(before: str, lookups: Sequence[Lookup]) -> str:
    one = lookups[0]
    key = _key_of(one)
    columns = ", ".join(f'"{name}"' for name in (key, *(lookup.take for lookup in lookups)))
    other = f"Table.SelectColumns({_file(one.from_table)}, {{{columns}}})"
    return f'Table.NestedJoin({before}, {{"{one.by}"}}, {other}, {{"{key}"}}, "{one.by} found", JoinKind.LeftOuter)'


def _expanded(before: str, lookups: Sequence[Lookup]) -> str:
    taken = ", ".join(f'"{lookup.take}"' for lookup in lookups)
    names = ", ".join(f'"{lookup.name}"' for lookup in lookups)
    return f'Table.ExpandTableColumn({before}, "{lookups[0].by} found", {{{taken}}}, {{{names}}})'


def _key_of(lookup: Lookup) -> str:
    return bi_model().table(lookup.from_table).key

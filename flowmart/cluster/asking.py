"""Answers questions about computed tables from the lake, for the computations that count."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import reduce
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds

from lake.computed import COMPUTATION, COMPUTED
from lake.opening import Lake, opened
from metrics.crossing.pool import Condition, Pool, Question

_OPERATORS: Mapping[str, Callable[[Any, Any], Any]] = {
    "==": operator.eq,
    ">=": operator.ge,
    "<=": operator.le,
    "is": lambda column, _: column.is_null(),
    "is not": lambda column, _: column.is_valid(),
}


def asking(lake: Lake, computations: Sequence[str]) -> Pool:
    """The pool of these computations. Reads the columns and the files that a question needs, some rows at a time."""

    def ask(question: Question) -> Iterator[tuple[Any, ...]]:
        for batch in batches(lake, question, computations):
            yield from zip(*(column.to_pylist() for column in batch.columns), strict=True)

    return ask


def batches(lake: Lake, question: Question, computations: Sequence[str]) -> Iterator[pa.RecordBatch]:
    """The answer as Arrow; nothing where no such table is."""
    table = opened(lake, COMPUTED, question.table)
    if table is None or not computations:
        return
    where = ds.field(COMPUTATION).isin(list(computations))
    if question.where:
        where &= reduce(operator.or_, (reduce(operator.and_, map(_holds, each)) for each in question.where))
    yield from table.to_pyarrow_dataset().to_batches(columns=list(question.columns), filter=where)


def in_order(lake: Lake, question: Question, computations: Sequence[str]) -> Sequence[float]:
    """The numbers of a question for one column, ascending: eight bytes each, however many there are."""
    found = pa.Table.from_batches(
        batches(lake, question, computations), pa.schema([(question.columns[0], pa.float64())])
    )
    column = found.column(0).combine_chunks()
    ordered = column.take(pc.sort_indices(column))
    return memoryview(ordered.buffers()[1] or b"").cast("d")[ordered.offset : ordered.offset + len(ordered)]


def _holds(condition: Condition) -> ds.Expression:
    name, word, value = condition
    return _OPERATORS[word](ds.field(name), value)

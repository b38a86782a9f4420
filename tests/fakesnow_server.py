"""Stands in for Snowflake on loopback: fakesnow's server, told what the newest connector asks beyond what it answers.

Run by the Python of the environment of snowflake.lock, never imported. Prints its port, then serves until its standard
input ends.
"""

from __future__ import annotations

import json
import os
import re
import sys
from importlib import import_module
from threading import Thread
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import uvicorn
from sqlglot.dialects.duckdb import DuckDB
from starlette.responses import JSONResponse
from starlette.routing import Route

if TYPE_CHECKING:
    from starlette.requests import Request

served = import_module("fakesnow.server")  # the package has a function of that name
_LOGIN = "/session/v1/login-request"
_VALID = {"validityInSeconds": 3_600, "masterValidityInSeconds": 14_400}
_KEY = re.compile(r",\s*CONSTRAINT \w+ PRIMARY KEY \(\w+\)")
_execute = served.FakeSnowflakeCursor.execute
_log_in, _stage_info, _to_sf = served.login_request, served.gcs_stage_info, served.to_sf


async def log_in(request: Request) -> JSONResponse:
    """What a session may do to renew itself, which the connector insists on since it is written in Rust."""
    answer = json.loads((await _log_in(request)).body)
    answer["data"] |= {"masterToken": "made-up", "sessionId": 1, **_VALID}
    # comments with an apostrophe break off in fakesnow, and nothing of ours reads them
    served.sessions[answer["data"]["token"]].nop_regexes = [r"^\s*COMMENT\s+ON\s"]
    return JSONResponse(answer)


def stage_info(request: Request, expression: Any, data: dict[str, Any]) -> dict[str, Any]:
    """Where a PUT goes, with a region. It overwrites, as ours say, and fakesnow does not tell."""
    data["overwrite"] = True
    return {**_stage_info(request, expression, data), "region": "us-east-1", "isClientSideEncrypted": False}


def to_sf(table: pa.Table, rowtype: Any) -> pa.Table:
    """Rows, with instants that are NULL marked as such: fakesnow gives a struct whose parts are NULL instead."""
    made = _to_sf(table, rowtype)
    columns = [
        _masked(column.combine_chunks(), plain.combine_chunks()) if pa.types.is_struct(column.type) else column
        for column, plain in zip(made.columns, table.columns, strict=True)
    ]
    return pa.Table.from_arrays(columns, schema=made.schema)


def _masked(made: pa.StructArray, plain: pa.Array) -> pa.Array:
    if not plain.null_count:
        return made
    parts = [part.fill_null(0) for part in made.flatten()]
    return pa.StructArray.from_arrays(parts, fields=list(made.type), mask=plain.is_null())


def execute(cursor: Any, command: str, *given: Any, **named: Any) -> Any:
    """A statement, without the primary keys of a new table: Snowflake notes them and lets every key be there twice."""
    return _execute(cursor, _KEY.sub("", command), *given, **named)


def main() -> None:
    """Serve until nobody holds the other end of the standard input."""
    DuckDB.Generator.RESERVED_KEYWORDS.add("at")  # a word of DuckDB's that Snowflake allows as a name
    served.FakeSnowflakeCursor.execute = execute
    served.gcs_stage_info, served.to_sf = stage_info, to_sf
    routes = served.app.router.routes
    routes[:] = [Route(_LOGIN, log_in, methods=["POST"]), *(one for one in routes if one.path != _LOGIN)]
    config = uvicorn.Config(served.app, host="127.0.0.1", port=0, log_level="warning")
    socket = config.bind_socket()
    print(socket.getsockname()[1], flush=True)  # noqa: T201 - whoever started it reads it
    Thread(target=_end, daemon=True).start()
    uvicorn.Server(config).run(sockets=[socket])


def _end() -> None:
    sys.stdin.read()
    os._exit(0)


main()

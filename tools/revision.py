"""Writes the next migration from the difference between the tables and the newest revision: revision.py ID MESSAGE."""

from __future__ import annotations

import sys

from alembic import command
from sqlalchemy import create_engine

import migrations


def main(revision: str, message: str) -> None:
    """Autogenerate against a fresh SQLite database at the newest revision."""
    engine = create_engine("sqlite://")
    with engine.begin() as connection:
        config = migrations._config()  # noqa: SLF001 - the tool belongs to the package
        config.attributes["connection"] = connection
        command.upgrade(config, "heads")
        command.revision(config, message, autogenerate=True, rev_id=revision)


if __name__ == "__main__":
    main(*sys.argv[1:])

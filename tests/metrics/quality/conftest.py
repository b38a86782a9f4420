"""What the tests of checks share: the findings of a company, and records with only what matters."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from warehouse.records import Issue, User, Version

Found = Callable[[Any, str], dict[str, str]]


@pytest.fixture(scope="session")
def found() -> Found:
    """(company, check) → entity id → evidence, after a computation."""

    def look(company: Any, check: str) -> dict[str, str]:
        company.computes("data_quality")
        return dict(company.rows("data_quality", "entity_id", "evidence", check_name=check))

    return look


@pytest.fixture(scope="session")
def finished(life: Any) -> Callable[..., Any]:
    """Makes an issue that is done at hour 5, after `via` at hour 1 if that is given."""

    def make(number: int, via: str | None = None, **values: Any) -> Any:
        one = life(number, **values)
        return (one.then(1, status=via) if via else one).then(5, status="Done")

    return make


@pytest.fixture(scope="session")
def user() -> Callable[[str], User]:
    """Makes a person of acme."""
    return lambda name: User(user_id=f"acme:{name}", source_id="acme", display_name=name)


@pytest.fixture(scope="session")
def version() -> Callable[..., Version]:
    """Makes a version of PAY."""

    def make(number: int, *, is_released: bool, released_on: date | None = None, **values: Any) -> Version:
        return Version(
            version_id=f"acme:{number}",
            project_id="acme:10",
            name=f"{number}.0",
            is_released=is_released,
            released_on=released_on,
            **values,
        )

    return make


@pytest.fixture(scope="session")
def changed() -> Callable[..., Issue]:
    """The record of an issue with other values."""

    def make(one: Any, **values: Any) -> Issue:
        one.others.update(values)
        issue: Issue = one.records()[0]
        return issue

    return make

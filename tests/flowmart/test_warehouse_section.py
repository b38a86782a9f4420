"""The section [warehouse]: what is secret in an address, and how long PostgreSQL may keep us waiting."""

from __future__ import annotations

import pytest

from flowmart.settings.warehouse import Warehouse
from warehouse.postgresql import Limits

SECRET = "p@ss/w:rd?"


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("postgresql://u:p%40ss%2Fw%3Ard%3F@h/d", "postgresql://u:***@h/d"),
        ("postgresql:///d?password=p%40ss%2Fw%3Ard%3F&sslmode=require", "postgresql:///d?sslmode=require"),
        ("postgresql://u@h/d?sslpassword=p%40ss%2Fw%3Ard%3F", "postgresql://u@h/d"),
    ],
)
def test_a_password_is_a_secret_wherever_it_stands_in_the_address(address: str, shown: str) -> None:
    section = Warehouse.model_validate({"url": address})
    assert list(section.secrets()) == [SECRET]
    assert section.shown == shown


def test_how_long_postgresql_may_keep_us_waiting_is_configured() -> None:
    section = Warehouse.model_validate({"lock_timeout": "90s", "statement_timeout": "2h"})
    assert section.limits == Limits(lock_seconds=90, statement_seconds=7_200)
    assert Warehouse().limits == Limits(lock_seconds=60, statement_seconds=3_600)

"""What keeps us out of a PostgreSQL server is told in one line without the password."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import URL

from tests.flowmart.conftest import PASSWORD, Call, one_line, warehouse
from tests.servers import certificate, introducing, standing_before


def test_a_wrong_password_is_one_line(call: Call, guarded: URL) -> None:
    ended = call("status", more=warehouse(guarded.set(password=PASSWORD)))
    assert one_line(ended) == "the server refuses the password; check user and password in warehouse.url"


def test_a_missing_password_is_one_line(call: Call, guarded: URL) -> None:
    bare = URL.create(**{**guarded._asdict(), "password": None})
    assert one_line(call("status", more=warehouse(bare))).startswith("the server wants a password; put ${PGPASSWORD}")


def test_an_unknown_database_or_user_is_one_line(call: Call, through: URL) -> None:
    ended = call("status", more=warehouse(through.set(database="not_there")))
    assert one_line(ended) == "there is no such database; create it, or correct warehouse.url"
    ended = call("status", more=warehouse(through.set(username="nobody_here", password=PASSWORD)))
    assert one_line(ended) in {
        "there is no such user; create it, or correct warehouse.url",
        "the server refuses the password; check user and password in warehouse.url",
    }


def test_an_unknown_host_is_one_line(call: Call) -> None:
    url = URL.create("postgresql+psycopg", "me", PASSWORD, "no-such-host.invalid", 5432, "db")
    assert one_line(call("status", more=warehouse(url))).startswith("the host is not known; ")


def test_a_server_without_tls_is_one_line_where_it_is_asked_for(call: Call, through: URL) -> None:
    ended = call("status", more=warehouse(through.update_query_dict({"sslmode": "require"})))
    assert one_line(ended).startswith("the server has no TLS, and warehouse.url asks for it; ")


@pytest.mark.parametrize(
    ("trusted", "host", "said"),
    [
        ("127.0.0.1", "localhost", "the server's certificate is for another host; "),
        ("other.example", "127.0.0.1", "the server's certificate is not of a known authority; "),
    ],
)
def test_a_server_that_is_not_the_one_meant_is_one_line(
    call: Call, server: tuple[str, int], through: URL, tmp_path: Path, trusted: str, host: str, said: str
) -> None:
    _, context = certificate(tmp_path, "127.0.0.1")
    authority = tmp_path / f"{trusted}.pem"
    if trusted != "127.0.0.1":
        certificate(tmp_path, trusted)
    with standing_before(*server, context) as port:
        url = through.set(host=host, port=port)
        options = {"sslmode": "verify-full", "sslrootcert": str(authority)}
        assert one_line(call("status", more=warehouse(url.update_query_dict(options)))).startswith(said)


def test_an_old_server_is_one_line(call: Call) -> None:
    with introducing(server_version="12.22", server_encoding="UTF8") as port:
        url = URL.create("postgresql+psycopg", "me", PASSWORD, "127.0.0.1", port, "db")
        ended = call("sync", more=warehouse(url))
    assert one_line(ended) == "the server is PostgreSQL 12.22; flowmart needs 13 or later: upgrade the server"


def test_an_option_that_cannot_be_read_is_one_line(call: Call, through: URL) -> None:
    ended = call("status", more=warehouse(through.update_query_dict({"connect_timeout": "soon"})))
    assert one_line(ended) == "bad value for connect_timeout: 'soon'; check the server and warehouse.url"


def test_a_password_among_the_options_is_not_shown(call: Call, through: URL) -> None:
    ended = call("status", "--json", more=warehouse(through.update_query_dict({"password": PASSWORD})))
    said = ended.out + ended.err  # whether the server takes it or not
    assert (ended.code, PASSWORD in said, through.render_as_string() in said) == (1, False, True)

"""What the configuration says of the network: plain text only on request, authorities, bounds."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import ValidationError

from flowmart.config import Config
from flowmart.settings.tableau import Publish
from flowmart.sources import NIGHTLY, http_settings
from tests.servers import certificate

if TYPE_CHECKING:
    from conftest import Call

JIRA = {"type": "jira", "token": "t", "url": "https://x"}
ADO = {"type": "azure_devops", "token": "t", "url": "https://x/y"}


def config(source: dict[str, Any], **sections: object) -> Config:
    return Config.model_validate({"sources": {"acme": source}, **sections})


@pytest.mark.parametrize("base", [JIRA, ADO], ids=["jira", "azure_devops"])
@pytest.mark.parametrize("host", ["tracker.example", "10.0.0.7", "localhost.example", "128.0.0.1:8080", "[fe80::1]"])
def test_threat_plain_text_to_another_machine_needs_a_word_of_consent(base: dict[str, Any], host: str) -> None:
    address = {"url": f"http://{host}"}
    with pytest.raises(ValidationError, match=r"url: http:// shows the login to the network; write https://"):
        config({**base, **address})
    assert config({**base, **address, "allow_http": True}).sources["acme"].url == f"http://{host}"


@pytest.mark.parametrize("base", [JIRA, ADO], ids=["jira", "azure_devops"])
@pytest.mark.parametrize("host", ["127.0.0.1:8080", "127.9.9.9", "localhost", "LOCALHOST.:1", "[::1]:80"])
def test_this_machine_may_be_asked_in_plain_text(base: dict[str, Any], host: str) -> None:
    assert config({**base, "url": f"http://{host}"}).sources["acme"].url == f"http://{host}"


@pytest.mark.parametrize("name", ["token_url", "gateway_url"])
def test_login_servers_are_held_to_the_same(name: str) -> None:
    login = {"client_id": "c", "client_secret": "s", "refresh_token_file": "x", "type": "jira", "url": "https://x"}
    with pytest.raises(ValidationError, match=f"{name}: http:// shows the login"):
        config({**login, name: "http://login.example"})


def test_so_are_the_servers_of_bi_tools() -> None:
    wanted = {"server": "http://tableau.example", "project": "p", "token_name": "n", "token": "t"}
    with pytest.raises(ValidationError, match="server: http:// shows the login"):
        Publish.model_validate(wanted)
    assert Publish.model_validate({**wanted, "allow_http": True}).server == "http://tableau.example"
    ids = {"workspace": "5c8b4a1e-7f89-4c33-9dd8-1f23c4567890", "dataset": "5c8b4a1e-7f89-4c33-9dd8-1f23c4567891"}
    refresh = {"tenant_id": "t", "client_id": "c", "client_secret": "s", **ids, "authority": "http://login.example"}
    export = {"format": "powerbi", "to": "x", "refresh": refresh}
    with pytest.raises(ValidationError, match=r"authority: http:// shows the login to the network; write https://"):
        config(JIRA, exports={"bi": export})


def test_plain_text_is_a_wrong_configuration_in_one_line(call: Call, tmp_path: Path) -> None:
    more = '[sources.old]\ntype = "jira"\nurl = "http://jira.example"\ntoken = "s3cret-two"\n'
    ended = call("check", more=more)
    assert (ended.code, ended.err) == (
        2,
        (
            f"{tmp_path}/flowmart.toml: sources.old: url: http:// shows the login to the network; "
            "write https://; or set allow_http = true\n"
        ),
    )


def test_init_writes_consent_only_when_told(call: Call, tmp_path: Path) -> None:
    path = tmp_path / "new.toml"
    asked = ("-c", str(path), "init", "--jira-url", "http://jira.example")
    refused = call(*asked)
    assert (refused.code, path.exists()) == (2, False)
    assert call(*asked, "--allow-http").code == 0
    assert 'url = "http://jira.example"\nallow_http = true\n' in path.read_text(encoding="utf-8")


def test_threat_password_on_the_command_line_is_refused(call: Call, tmp_path: Path) -> None:
    """Whoever lists processes would read it, and the file would hold it."""
    path = tmp_path / "new.toml"
    asked = ("-c", str(path), "init", "--jira-url", "https://jira.example", "--warehouse")
    ended = call(*asked, "postgresql://me:h1dden@db.example/flow")
    assert (ended.code, path.exists()) == (2, False)
    assert ended.err == (
        "flowmart: --warehouse: a password on the command line can be read by others; "
        "write '${PGPASSWORD}' in its place, in single quotes\n"
    )
    assert call(*asked, "postgresql://me:${PGPASSWORD}@db.example/flow").code == 0
    assert "me:${PGPASSWORD}@db.example" in path.read_text(encoding="utf-8")


def test_an_authority_must_be_a_file_with_certificates(tmp_path: Path) -> None:
    good, _ = certificate(tmp_path, "tracker.example")
    (tmp_path / "empty.pem").write_text("none", encoding="utf-8")
    assert config(JIRA, network={"ca_file": str(good)}).network.ca_file == good
    with pytest.raises(ValidationError, match=r"empty.pem holds no certificate in PEM form"):
        config(JIRA, network={"ca_file": str(tmp_path / "empty.pem")})
    with pytest.raises(ValidationError, match=r"/none.pem cannot be read: No such file"):
        config(JIRA, network={"ca_file": "/none.pem"})


def test_the_bounds_reach_the_client(tmp_path: Path) -> None:
    good, _ = certificate(tmp_path, "tracker.example")
    usual = http_settings(config(JIRA), attempts=NIGHTLY)
    assert (usual.max_answer_bytes, usual.answer_seconds, usual.ca_file) == (100_000_000, 600, None)
    network = {"ca_file": str(good), "max_answer_mb": 7, "answer_timeout": "90s"}
    made = http_settings(config(JIRA, network=network), attempts=NIGHTLY)
    assert (made.max_answer_bytes, made.answer_seconds, made.ca_file) == (7_000_000, 90, good)
    for wrong in ({"max_answer_mb": 0}, {"answer_timeout": "0s"}):
        with pytest.raises(ValidationError):
            config(JIRA, network=wrong)


@pytest.mark.parametrize("token", ["two\nlines", "nul\0", "tab\there"])
def test_threat_secret_with_control_characters_is_refused_without_showing_it(token: str) -> None:
    """An HTTP library would put such a header into its error."""
    with pytest.raises(ValidationError, match="must be one line without control characters") as caught:
        config({**JIRA, "token": token})
    assert token[:3] not in str(caught.value)


def test_a_bearer_token_that_no_header_can_hold_is_refused() -> None:
    with pytest.raises(ValidationError, match="token: a token without email has letters of ASCII only"):
        config({**JIRA, "token": "tökén"})
    assert config({**JIRA, "token": "pässword", "email": "me"}).sources["acme"].url == "https://x"

"""How the logins of the configuration reach the connectors."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from connectors.azure_devops.gateway.entra import EntraApplication, ManagedIdentity
from connectors.jira.gateway.oauth import OAuthApplication
from flowmart.config import Config, load_config
from flowmart.sources import azure_devops, connector, jira

SECRET = "s3cr3t/t0k@n"
ADO = '[sources.contoso]\ntype = "azure_devops"\nurl = "https://dev.azure.com/contoso"\n'
JIRA = '[sources.site]\ntype = "jira"\nurl = "https://site.example"\n'


def load(tmp_path: Path, text: str) -> Config:
    path = tmp_path / "flowmart.toml"
    path.write_text(text)
    return load_config(path, {"ACME_TOKEN": SECRET})


@pytest.mark.parametrize(
    ("login", "is_login"),
    [
        ('token = "pat"', "pat"),
        ('tenant_id = "t"\nclient_id = "c"\nclient_secret = "${ACME_TOKEN}"', EntraApplication),
        ("managed_identity = true", ManagedIdentity(client_id=None)),
        ('managed_identity = true\nclient_id = "c"', ManagedIdentity(client_id="c")),
    ],
)
def test_each_login_of_azure_devops_reaches_its_connector(tmp_path: Path, login: str, is_login: object) -> None:
    config = load(tmp_path, ADO + login)
    made = azure_devops.login(config.sources["contoso"])
    assert made == is_login or (isinstance(is_login, type) and isinstance(made, is_login))
    assert SECRET not in repr(made)
    tracker = connector(config, "contoso", recall=lambda _: {}, now=datetime(2026, 10, 2, tzinfo=UTC))
    tracker.close()


def test_an_oauth_login_reads_its_file_beside_the_configuration(tmp_path: Path) -> None:
    text = 'client_id = "c"\nclient_secret = "${ACME_TOKEN}"\nrefresh_token_file = "tokens/site"'
    config = load(tmp_path, JIRA + text)
    login = jira.login(config.sources["site"])
    assert isinstance(login, OAuthApplication)
    assert login.store.where == str(tmp_path / "tokens/site")
    assert login.token_url == "https://auth.atlassian.com/oauth/token"
    assert set(config.secrets()) == {SECRET}
    assert SECRET not in repr(login)
    tracker = connector(config, "site", recall=lambda _: {}, now=datetime(2026, 10, 2, tzinfo=UTC))
    tracker.close()


def test_an_oauth_login_may_ask_elsewhere(tmp_path: Path) -> None:
    text = (
        "client_id = 'c'\nclient_secret = 's'\nrefresh_token_file = 'f'\ntoken_url = 'http://127.0.0.1:1/oauth/token'"
    )
    login = jira.login(load(tmp_path, JIRA + text).sources["site"])
    assert isinstance(login, OAuthApplication)
    assert login.token_url == "http://127.0.0.1:1/oauth/token"

"""Secrets that are easy to find again: whatever is run, and whatever a tracker throws back, none of them comes out."""

from __future__ import annotations

import base64
import contextlib
import html
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import quote, quote_plus

import pytest

from flowmart.cli import main
from flowmart.commands.catalog import COMMANDS
from flowmart.sources import LIMITERS
from simulator.server import Running, serve

pytestmark = pytest.mark.usefixtures("logging_as_before")

SECRETS = {
    "JIRA": 'cnry-jira/+"q<1',
    "ADO": 'cnry-ado/+"q<2',
    "DATA_CENTER": 'cnry-dc/+"q<3',
    "OAUTH_SECRET": 'cnry-oauth/+"q<4',
    "REFRESH": 'cnry-refresh/+"q<5',
    "POWER_BI": 'cnry-powerbi/+"q<6',
    "LAKE": 'cnry-lake/+"q<7',
    "PROXY": "cnry-proxy-8",
    "PGPASSWORD": "cnry-pg-9",
}
CONFIG = """\
[sources.acme]
type = "jira"
url = "{jira}"
email = "{email}"
token = "${{JIRA}}"
[sources.legacy]
type = "jira"
url = "{data_center}"
token = "${{file:legacy.token}}"
[sources.contoso]
type = "azure_devops"
url = "{ado}"
token = "${{ADO}}"
[sources.spent]
type = "jira"
url = "{echo}"
client_id = "app"
client_secret = "${{OAUTH_SECRET}}"
refresh_token_file = "refresh"
token_url = "{echo}/oauth/token"
gateway_url = "{echo}"
[exports.all]
format = "csv"
to = "out/csv"
[exports.bi]
format = "powerbi"
to = "out/bi"
[exports.bi.refresh]
tenant_id = "tenant"
client_id = "app"
client_secret = "${{POWER_BI}}"
workspace = "5c8b4a1e-7f89-4c33-9dd8-1f23c4567890"
dataset = "5c8b4a1e-7f89-4c33-9dd8-1f23c4567891"
url = "{echo}"
authority = "{echo}"
[exports.lake]
format = "csv"
to = "memory://lake"
tables = ["sprints"]
storage = {{ secret = "${{LAKE}}" }}
"""


def forms(secret: str) -> set[str]:
    """How a secret may look in a text."""
    users = ("", "bot@acme.example") if secret == SECRETS["JIRA"] else ("",)
    packed = [base64.b64encode(text.encode()).decode() for text in (secret, *(f"{user}:{secret}" for user in users))]
    quoted = [json.dumps(secret)[1:-1], repr(secret)[1:-1], html.escape(secret)]
    return {secret, quote(secret), quote(secret, safe=""), quote_plus(secret), *packed, *quoted}


KNOWN = {form for secret in SECRETS.values() for form in forms(secret)}


class Echo(BaseHTTPRequestHandler):
    """A server that sends back, in an error, all that it was sent."""

    def _answer(self) -> None:
        sent = self.rfile.read(int(self.headers.get("content-length", 0))).decode()
        said = f"{self.path} {self.headers} {sent}"
        error = {"error": said, "error_description": said, "errorMessages": [said], "message": said}
        body, status = json.dumps(error).encode(), 400
        if "openid-configuration" in self.path:
            here = f"http://{self.headers['host']}/tenant"
            ends = {"issuer": f"{here}/v2.0", "authorization_endpoint": f"{here}/a", "token_endpoint": f"{here}/t"}
            body, status = json.dumps(ends).encode(), 200
        self.send_response(status, "echo")
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_OPTIONS = _answer  # noqa: N815 - the library's names

    def log_message(self, *_: object) -> None:
        """Nothing."""


@dataclass
class Place:
    """A folder with a configuration, and everything that commands have said there."""

    folder: Path
    environment: Mapping[str, str]
    said: str = ""
    codes: list[tuple[str, int]] = field(default_factory=list)

    def run(self, *words: str) -> str:
        out = io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
            code = main(words, self.environment)
        LIMITERS.forget()
        self.codes.append((" ".join(words), code))
        self.said += out.getvalue()
        return out.getvalue()

    def found(self) -> list[str]:
        """Where a secret came out: in what was said, or in a file that we wrote."""
        kept = {self.folder / "legacy.token", self.folder / "refresh"}
        files = {path: path.read_bytes() for path in self.folder.rglob("*") if path.is_file() and path not in kept}
        assert {"flowmart.db", "issues.csv", "flowmart.pbip"} <= {path.name for path in files}
        places = {**{str(path): content for path, content in files.items()}, "output": self.said.encode()}
        return [f"{place}: {form}" for place, content in places.items() for form in KNOWN if form.encode() in content]


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    with serve(issues=30) as simulator:
        simulator.trackers.site.token = SECRETS["JIRA"]
        simulator.trackers.organization.token = SECRETS["ADO"]
        simulator.trackers.data_center.site.token = SECRETS["DATA_CENTER"]
        yield simulator


@pytest.fixture(scope="module")
def echo() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Echo) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
def place(tmp_path: Path, running: Running, echo: str, monkeypatch: pytest.MonkeyPatch) -> Place:
    email, _ = running.jira_auth
    addresses = {"jira": running.jira_url, "ado": running.azure_devops_url, "echo": echo, "email": email}
    assert email == "bot@acme.example"
    text = CONFIG.format(**addresses, data_center=running.jira_data_center_url)
    (tmp_path / "flowmart.toml").write_text(text, encoding="utf-8")
    (tmp_path / "legacy.token").write_text(SECRETS["DATA_CENTER"], encoding="utf-8")
    (tmp_path / "refresh").write_text(SECRETS["REFRESH"], encoding="utf-8")
    environment = {
        **{name: SECRETS[name] for name in ("JIRA", "ADO", "OAUTH_SECRET", "POWER_BI", "LAKE", "PGPASSWORD")},
        "FLOWMART_CONFIG": str(tmp_path / "flowmart.toml"),
        "FLOWMART_NOW": str(running.connect["now"]),
        "https_proxy": f"http://me:{SECRETS['PROXY']}@127.0.0.1:9",  # used by none: all trackers are on loopback
    }
    for name in ("https_proxy", "PGPASSWORD"):
        monkeypatch.setenv(name, environment[name])
    return Place(tmp_path, environment)


def echoing(*names: str) -> dict[str, Any]:
    """An answer that repeats these secrets in every form."""
    said = " ".join(sorted(form for name in names for form in forms(SECRETS[name])))
    body = {"errorMessages": [said], "message": said, "errors": {"x": said}}
    return {"status": 400, "headers": {"RateLimit-Reason": said}, "body": body}


@pytest.mark.thorough
def test_threat_secrets_come_out_of_no_command_whatever_the_trackers_say(place: Place, running: Running) -> None:
    new = str(place.folder / "new.toml")
    jira = ("--jira-url", running.jira_url, "--jira-token-env", "JIRA", "--jira-email", running.jira_auth[0])
    for words in (
        *((name, "--help") for name in COMMANDS),
        ("-c", new, "init", *jira),
        ("-v", "check"),
        ("check", "--json"),
        ("-v", "run"),
        ("status",),
        ("status", "--json"),
        ("explain", "WEB-1"),
        ("migrate", "--check"),
    ):
        place.run(*words)
    codes = dict(place.codes)
    assert codes["-v run"] == 1, "the source that cannot log in"
    assert codes[f"-c {new} init {' '.join(jira)}"] == 0
    assert place.found() == []
    for tracker, secret in (("jira_cloud", "JIRA"), ("azure_devops", "ADO"), ("jira_data_center", "DATA_CENTER")):
        running.fault(tracker=tracker, times=10_000, **echoing(secret, "PROXY", "PGPASSWORD"))
    for words in (
        ("-c", new, "init", "--force", *jira),
        ("-v", "check"),
        ("--log-format", "json", "check", "--json"),
        ("-v", "sync"),
        ("-v", "--log-format", "json", "sync", "--full"),
        ("--log-format", "json", "reconcile"),
        ("-v", "export"),
        ("status",),
        ("status", "--json"),
        ("sync", SECRETS["JIRA"]),
        ("compute", SECRETS["ADO"]),
        ("explain", SECRETS["ADO"]),
    ):
        place.run(*words)
    running.clear_faults()
    assert place.said.count("***") > 20, "the trackers' words were shown, without the secrets"
    assert place.found() == []

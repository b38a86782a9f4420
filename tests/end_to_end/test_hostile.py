"""Bad logins, bad networks, full disks, broken-off runs: one clear line, the right exit code, nothing lost."""

from __future__ import annotations

import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.end_to_end.conftest import Done, Site

SECRETS = ("jira-7-token", "pat-7-token")


def failure(done: Done | subprocess.CompletedProcess[str]) -> str:
    """The last line of stderr; neither secrets nor tracebacks are shown."""
    assert "Traceback" not in done.stderr
    assert not any(secret in done.stderr + done.stdout for secret in SECRETS)
    return done.stderr.strip().splitlines()[-1]


def counts(site: Site) -> dict[str, int]:
    """Issues by source."""
    issues = site.tables()["issues"]
    return {name: sum(1 for issue in issues if issue[1] == name) for name in ("acme", "contoso")}


def test_a_wrong_token_ends_its_source_and_the_other_is_synced(site: Site) -> None:
    done = site.flowmart("run", DEMO_JIRA_TOKEN="wrong-and-secret")
    assert done.returncode == 1
    assert "acme: GET /rest/api/3/myself: the login is refused" in failure(done)
    assert "wrong-and-secret" not in done.stderr
    assert counts(site)["acme"] == 0
    assert counts(site)["contoso"] > 40


def test_trap_02_a_dead_pat_is_a_refused_login(site: Site) -> None:
    done = site.flowmart("run", DEMO_ADO_TOKEN="a-dead-pat")
    assert done.returncode == 1
    assert "contoso" in failure(done)
    assert "the login is refused" in failure(done)
    assert "make a new personal access token" in failure(done)
    assert counts(site)["contoso"] == 0


@pytest.mark.parametrize(("kind", "path"), [("lying_200", "/search/jql"), ("sign_in_203", "/workitemrevisions")])
def test_trap_01_a_login_that_lapses_in_mid_run_changes_nothing_that_is_there(site: Site, kind: str, path: str) -> None:
    assert site.flowmart("run").returncode == 0
    before = site.tables()
    site.trackers.fault(match=path, after=0, times=99, kind=kind)
    done = site.flowmart("sync", "--full")
    assert done.returncode == 1
    assert "login" in failure(done) or "sign-in" in failure(done)
    after = site.tables()
    assert {name: len(rows) for name, rows in after.items()} == {name: len(rows) for name, rows in before.items()}
    site.trackers.mend()
    assert site.flowmart("run").returncode == 0
    assert site.tables() == before


def test_trap_31_an_unknown_project_is_named_and_the_others_are_synced(site: Site) -> None:
    site.configure(('token = "${DEMO_JIRA_TOKEN}"', 'token = "${DEMO_JIRA_TOKEN}"\nprojects = ["WEB", "NOPE"]'))
    done = site.flowmart("run")
    assert done.returncode == 1
    assert "NOPE" in failure(done)
    assert counts(site)["acme"] > 20


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "answer", "status": 503, "body": "html"},
        {"kind": "answer", "status": 429, "headers": {"Retry-After": "0"}},
        {"kind": "reset_mid_body"},
    ],
    ids=["503", "429", "reset"],
)
def test_trap_47_passing_trouble_leaves_no_trace(
    site: Site, undisturbed: Mapping[str, list[Any]], fault: dict[str, Any]
) -> None:
    for path in ("/search/jql", "/changelog/bulkfetch", "/workitemrevisions", "/project/search"):
        site.trackers.fault(match=path, after=0, times=1, **fault)
    assert site.flowmart("run").returncode == 0
    assert site.tables() == undisturbed


def test_trap_46_a_wait_that_is_too_long_ends_the_source_and_says_when_to_come_back(site: Site) -> None:
    site.trackers.fault(match="/changelog/bulkfetch", after=1, times=99, status=429, headers={"Retry-After": "1847"})
    done = site.flowmart("run")
    assert done.returncode == 1
    assert "come back after" in failure(done)
    assert "1847 s" in failure(done)


@pytest.mark.thorough
@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGKILL])
def test_trap_85_a_run_that_is_broken_off_goes_on_from_there(
    site: Site, undisturbed: Mapping[str, list[Any]], stop: signal.Signals
) -> None:
    for line_before in ("contoso boards", "acme boards"):
        process = site.start("run")
        assert process.stderr is not None
        for line in process.stderr:
            if line_before in line:
                break
        process.send_signal(stop)
        _, told = process.communicate(timeout=60)
        assert process.returncode == (130 if stop == signal.SIGINT else -stop)
        assert "Traceback" not in told
    assert site.flowmart("run").returncode == 0
    assert site.tables() == undisturbed


@pytest.mark.thorough
@pytest.mark.skipif(sys.platform == "win32", reason="there is no limit on the size of files")
def test_a_full_disk_is_named_and_nothing_is_half_written(site: Site, undisturbed: Mapping[str, list[Any]]) -> None:
    done = site.with_little_disk(900, "run")  # room for some pages
    assert done.returncode == 1
    assert "disk" in failure(done)
    assert site.flowmart("run").returncode == 0
    assert site.tables() == undisturbed

"""Secrets from a keyring, and every form of a secret that is masked."""

from __future__ import annotations

import base64
import html
import json
import re
import sys
from typing import Any
from urllib.parse import quote, quote_plus

import pytest

from flowmart.secrets import from_keyring, masked, of_environment, resolve

SECRET = "t0p/s\"cr<t& kéy+'x"


def no_files(name: str) -> str:
    raise FileNotFoundError(2, "No such file or directory", name)


def from_a_ring(service: str, name: str) -> str | None:
    return {("acme/jira", "bot"): SECRET}.get((service, name))


def test_a_keyring_gives_what_it_has_for_a_service_and_a_name() -> None:
    resolved = resolve("${keyring:acme/jira/bot}", {}, no_files, from_a_ring)
    assert (resolved.tree, resolved.values, resolved.problems) == (SECRET, [SECRET], {})


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            "${keyring:acme/nobody}",
            "the keyring has nothing for acme/nobody; put it there by `keyring set acme nobody`",
        ),
        ("${keyring:acme}", "write ${keyring:SERVICE/NAME}"),
        ("${keyring:/x}", "write ${keyring:SERVICE/NAME}"),
        ("${keyring:x/}", "write ${keyring:SERVICE/NAME}"),
    ],
)
def test_what_no_keyring_can_have_is_told(text: str, problem: str) -> None:
    assert resolve(text, {}, no_files, from_a_ring).problems == {(): problem}


def test_without_the_package_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)
    problems = resolve("${keyring:acme/bot}", {}, no_files).problems
    assert problems == {(): "the keyring needs a package: pip install 'flowmart[keyring]'"}


@pytest.fixture
def ring() -> Any:
    """The library with a ring of the test's own behind it."""
    keyring = pytest.importorskip("keyring", reason="the keyring package is not installed: flowmart[keyring]")
    before = keyring.get_keyring()

    class Ring(keyring.backend.KeyringBackend):  # type: ignore[misc,name-defined]  # the library's hook
        priority = 1

        def get_password(self, service: str, name: str) -> str | None:
            if service == "locked":
                raise keyring.errors.KeyringLocked("the password is hunter2")
            return from_a_ring(service, name)

        def set_password(self, service: str, name: str, password: str) -> None:
            raise NotImplementedError

    keyring.set_keyring(Ring())
    yield keyring
    keyring.set_keyring(before)


@pytest.mark.usefixtures("ring")
def test_the_system_s_keyring_is_asked() -> None:
    assert from_keyring("acme/jira", "bot") == SECRET
    assert from_keyring("acme/jira", "nobody") is None
    with pytest.raises(LookupError, match=r"the keyring cannot be read \(KeyringLocked\); unlock it, or use"):
        from_keyring("locked", "bot")


@pytest.mark.parametrize(
    "form",
    [
        SECRET,
        quote(SECRET),
        quote(SECRET, safe=""),
        re.sub("%..", lambda found: found[0].lower(), quote(SECRET, safe="")),
        quote_plus(SECRET),
        repr(SECRET),
        json.dumps(SECRET),
        json.dumps(SECRET, ensure_ascii=False),
        html.escape(SECRET),
        base64.b64encode(SECRET.encode()).decode(),
        "Basic " + base64.b64encode(b":" + SECRET.encode()).decode(),
    ],
)
def test_threat_secret_in_any_form_is_masked(form: str) -> None:
    hidden = masked(f"x {form} y", [SECRET])
    assert hidden.strip("x y\"'Basic") == "***", hidden


def test_secrets_that_only_libraries_look_for_are_known() -> None:
    environment = {
        "HTTPS_PROXY": "http://me:pr%40xy@proxy.example:3128",
        "http_proxy": "me:other@proxy.example:3128",
        "no_proxy": "a@b",
        "PGPASSWORD": "h1dden",
        "PATH": "x",
    }
    assert set(of_environment(environment)) == {"pr%40xy", "pr@xy", "other", "h1dden"}

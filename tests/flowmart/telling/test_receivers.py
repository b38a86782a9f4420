"""Messages reach a webhook and a mail box on loopback; what goes wrong is told without a part of an address."""

from __future__ import annotations

import json
import logging
import socket
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from flowmart.settings.telling import Notify
from flowmart.telling.receivers import NOT_INSTALLED, Message, deliver, refusals

pytest.importorskip("apprise", reason="apprise comes with the extra `notify`")
# apprise looks for a module that Python 3.13 no longer has
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")

MESSAGE = Message("flowmart: 1 failure", "Failed:\n- acme: <refused> & 5 % more\n\nrun r on h", "failure")
TOKEN = "hook-t0ken-of-mine"


@dataclass
class Hook:
    """A webhook; answers with `code`."""

    port: int = 0
    code: int = 200
    bodies: list[dict[str, Any]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"json://me:s3cret-password@127.0.0.1:{self.port}/{TOKEN}"


@pytest.fixture
def hook() -> Iterator[Hook]:
    found = Hook()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            found.bodies.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(found.code)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found.port = server.server_port
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield found
    server.shutdown()
    server.server_close()
    thread.join()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
    return port


def to(*urls: str) -> Notify:
    return Notify.model_validate({"urls": list(urls)})


def test_a_webhook_gets_title_text_and_kind(hook: Hook) -> None:
    delivery = deliver(to(hook.url), MESSAGE)
    assert (delivery.reached, delivery.problems) == (1, ())
    (body,) = hook.bodies
    assert (body["title"], body["message"], body["type"]) == (MESSAGE.title, MESSAGE.body, "failure")


def test_a_mail_box_gets_subject_and_text() -> None:
    controller = pytest.importorskip("aiosmtpd.controller", reason="aiosmtpd is for development")
    mails: list[bytes] = []

    class Box:
        async def handle_DATA(self, _: object, __: object, envelope: Any) -> str:  # noqa: N802 - the library's name
            mails.append(envelope.content)
            return "250 taken"

    server = controller.Controller(Box(), hostname="127.0.0.1", port=free_port())
    server.start()
    try:
        url = f"mailto://127.0.0.1:{server.port}?from=flowmart@acme.example&to=team@acme.example&mode=insecure"
        assert deliver(to(url), MESSAGE).problems == ()
    finally:
        server.stop()
    (mail,) = (message_from_bytes(raw, policy=policy.default) for raw in mails)
    assert mail["subject"] == MESSAGE.title
    assert "acme: <refused> & 5 % more" in mail.get_body(("plain",)).get_content()  # type: ignore[union-attr]


def test_an_address_that_refuses_is_named_by_its_place_and_the_others_are_reached(
    hook: Hook, caplog: pytest.LogCaptureFixture
) -> None:
    hook.code = 500
    with caplog.at_level(logging.DEBUG):
        delivery = deliver(to(hook.url, "json://127.0.0.1:9/" + TOKEN, f"slack://{TOKEN}"), MESSAGE)
    assert delivery.reached == 0
    first, second, third = delivery.problems
    assert first.startswith("notify.urls.#1: ")
    assert "500" in first
    assert second.startswith("notify.urls.#2: ")
    assert third.startswith("notify.urls.#3: ")
    said = " ".join(delivery.problems) + caplog.text
    assert not [part for part in (TOKEN, "s3cret-password") if part in said]


def test_addresses_that_no_service_has_are_told_without_sending_anything(hook: Hook) -> None:
    assert refusals(to(hook.url)) == []
    (told,) = refusals(to(hook.url, f"nonsense://{TOKEN}"))
    assert told.startswith("notify.urls.#2: apprise cannot use this address")
    assert hook.bodies == []


def test_without_the_extra_a_line_says_what_to_install(hook: Hook, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "apprise", None)
    assert deliver(to(hook.url), MESSAGE).problems == (NOT_INSTALLED,)
    assert refusals(to(hook.url)) == (NOT_INSTALLED,)
    assert refusals(to()) == ()

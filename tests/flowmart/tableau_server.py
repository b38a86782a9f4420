"""A Tableau Server on loopback, as far as publishing a data source goes: it checks what comes and keeps it."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.parser import BytesParser
from email.policy import HTTP
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree as ET

NAMESPACE = "http://tableau.com/api"
SESSION = "session-of-the-stub"
Answer = tuple[int, str]


@dataclass(slots=True)
class Tableau:
    """What the server knows, and what it was asked."""

    token_name: str = "flowmart"
    token: str = "t0ken-of-the-stub"
    site: str = "acme"
    projects: list[tuple[str, str, str | None]] = field(default_factory=lambda: [("p1", "Flow", None)])
    """Id, name and the parent's id."""
    sources: dict[tuple[str, str], bytes] = field(default_factory=dict)
    """Project's id and name → content."""
    uploads: dict[str, list[bytes]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    is_signed_in: bool = False
    refusals: dict[str, Answer] = field(default_factory=dict)
    """End of a path → what it answers instead."""
    address: str = ""

    def answer(self, method: str, path: str, query: dict[str, list[str]], parts: dict[str, bytes]) -> Answer:
        """What the server says to one request."""
        for end, refusal in self.refusals.items():
            if path.endswith(end):
                return refusal
        if path == "/api/2.4/serverInfo":
            version = "<productVersion build='1'>2025.3.0</productVersion><restApiVersion>3.27</restApiVersion>"
            return 200, f"<serverInfo>{version}</serverInfo>"
        base = "/api/3.27/"
        action = path.removeprefix(base)
        if not path.startswith(base):
            return error(404, "404000", "Resource Not Found", path)
        if action == "auth/signin":
            return self._sign_in(parts[""])
        if not self.is_signed_in:
            return error(401, "401002", "Unauthorized Access", "Invalid authentication credentials were provided.")
        return self._signed_in_answer(method, action, query, parts)

    def _signed_in_answer(
        self, method: str, action: str, query: dict[str, list[str]], parts: dict[str, bytes]
    ) -> Answer:
        if action == "auth/signout":
            self.is_signed_in = False
            return 204, ""
        if (method, action) == ("GET", "sites/s1/projects"):
            return self._projects(query)
        if (method, action) == ("POST", "sites/s1/fileUploads"):
            self.uploads["u1"] = []
            return 201, "<fileUpload uploadSessionId='u1'/>"
        if (method, action) == ("PUT", "sites/s1/fileUploads/u1"):
            self.uploads["u1"].append(parts["tableau_file"])
            return 200, "<fileUpload uploadSessionId='u1' fileSize='1'/>"
        if (method, action) == ("POST", "sites/s1/datasources"):
            return self._publish(query, parts)
        return error(404, "404000", "Resource Not Found", action)

    def _sign_in(self, body: bytes) -> Answer:
        login = ET.fromstring(body).find("credentials")  # noqa: S314 - from our own client
        assert login is not None
        site = login.find("site")
        given = (login.get("personalAccessTokenName"), login.get("personalAccessTokenSecret"))
        if given != (self.token_name, self.token) or site is None or site.get("contentUrl") != self.site:
            return error(401, "401001", "Signin Error", "Error signing in to Tableau Server")
        self.is_signed_in = True
        inner = f"<site id='s1' contentUrl='{self.site}'/><user id='me'/>"
        return 200, f"<credentials token='{SESSION}'>{inner}</credentials>"

    def _projects(self, query: dict[str, list[str]]) -> Answer:
        name = query["filter"][0].removeprefix("name:eq:")
        found = [one for one in self.projects if one[1] == name]
        rows = "".join(_project(*one) for one in found)
        pages = f"<pagination pageNumber='1' pageSize='100' totalAvailable='{len(found)}'/>"
        return 200, f"{pages}<projects>{rows}</projects>"

    def _publish(self, query: dict[str, list[str]], parts: dict[str, bytes]) -> Answer:
        wanted = ET.fromstring(parts["request_payload"]).find("datasource")  # noqa: S314
        assert wanted is not None
        project = wanted.find("project")
        assert project is not None
        name, place = wanted.get("name") or "", project.get("id") or ""
        if (place, name) in self.sources and query.get("overwrite") != ["true"]:
            return error(409, "409000", "Resource Conflict", f"A data source {name} exists already.")
        whole = b"".join(self.uploads.pop("u1")) if "uploadSessionId" in query else parts["tableau_datasource"]
        self.sources[place, name] = whole
        inner = f"<project id='{place}' name='x'/><owner id='me'/><tags/>"
        return 201, f"<datasource id='d1' name='{name}' type='hyper'>{inner}</datasource>"


def _project(id_: str, name: str, parent: str | None) -> str:
    within = f" parentProjectId='{parent}'" if parent else ""
    return f"<project id='{id_}' name='{name}'{within}/>"


def error(status: int, code: str, summary: str, detail: str) -> Answer:
    """An error as Tableau tells it."""
    return status, f"<error code='{code}'><summary>{summary}</summary><detail>{detail}</detail></error>"


@contextmanager
def running(tableau: Tableau) -> Iterator[Tableau]:
    """The server, with its address, until the end of the block."""

    class Handler(BaseHTTPRequestHandler):
        def _handle(self) -> None:
            url = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            tableau.asked.append(f"{self.command} {re.sub(r'^/api/[0-9.]+/', '', url.path)}")
            if tableau.is_signed_in:
                assert self.headers["x-tableau-auth"] == SESSION
            query = parse_qs(url.query)
            status, text = tableau.answer(self.command, url.path, query, _parts(self.headers, body))
            content = f"<?xml version='1.0'?><tsResponse xmlns='{NAMESPACE}'>{text}</tsResponse>".encode()
            self.send_response(status)
            if status == 302:
                self.send_header("location", "http://127.0.0.1:9/elsewhere")
            self.send_header("content-type", "application/xml;charset=utf-8")
            self.send_header("content-length", str(len(content) if status != 204 else 0))
            self.end_headers()
            if status != 204:
                self.wfile.write(content)

        do_GET = do_POST = do_PUT = _handle  # noqa: N815 - the names that the library calls

        def log_message(self, *_: Any) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    tableau.address = f"http://127.0.0.1:{server.server_port}"
    try:
        yield tableau
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _parts(headers: Any, body: bytes) -> dict[str, bytes]:
    """The parts of a body by name; one that has no parts is called `""`."""
    kind = headers.get("content-type") or ""
    if not kind.startswith("multipart/"):
        return {"": body}
    # Tableau wants `mixed`, whose parts are read like a form's
    message = BytesParser(policy=HTTP).parsebytes(f"content-type: {kind}\r\n\r\n".encode() + body)
    found = {}
    for part in message.iter_parts():
        content = part.get_payload(decode=True)
        found[str(part.get_param("name", header="content-disposition"))] = bytes(content)
    return found

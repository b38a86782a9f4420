"""The Data Center beside its site: what it is, how it lets people in, and how far its search reaches."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request

from simulator.jira.site import Site

CONTEXT = "/jira"
DEFAULT_VERSION = "10.3.24"
DAY = 86_400_000


@dataclass(slots=True, eq=False, kw_only=True)
class Server:
    """A Jira Data Center; the fields after `issued_at` are switches.

    `search_window` is how far `startAt` and `maxResults` may reach together. A token that lives 0 days lives for ever.
    `token_requests` is how many more requests it is good for, so that it can die in mid-run; a negative number is none.
    """

    site: Site
    login: str
    password: str
    issued_at: int
    anonymous_allowed: bool = False
    search_window: int = 10_000
    deployment_type: str = "Server"
    token_days: int = 365
    token_requests: int = -1

    @property
    def expires_at(self) -> int | None:
        """When the token ends; None for never."""
        return self.issued_at + self.token_days * DAY if self.token_days else None

    def accepts(self, token: str) -> bool:
        """Whether this is the token and still opens the door; counts the requests that it is good for."""
        is_alive = self.expires_at is None or self.site.company.now < self.expires_at
        if token != self.site.token or not is_alive or self.token_requests == 0:
            return False
        self.token_requests -= self.token_requests > 0
        return True


def server_of(request: Request) -> Server:
    """The server that the request came to."""
    server: Server = request.scope["jira.server"]
    return server

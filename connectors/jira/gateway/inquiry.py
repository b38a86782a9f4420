"""What only a look round asks of Jira: permissions, tokens, and whether each kind of thing answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar
from urllib.parse import quote

import msgspec

from connectors.errors import AuthenticationError, SourceError
from connectors.http import SourceHttp, decode, error_message
from connectors.jira.gateway import answers
from connectors.jira.gateway.site_gateway import Refused

T = TypeVar("T")

_API = "rest/api/2"


class Inquiry:
    """Asks without insisting: what the site does not tell comes back as `Refused`.

    A refused login is an `AuthenticationError`, as everywhere. Methods are safe to call from several threads.
    """

    def __init__(self, http: SourceHttp) -> None:
        self._http = http

    def permissions(self, keys: Sequence[str], project_key: str | None = None) -> Mapping[str, bool] | Refused:
        """Which of the permissions the account has, in a project or globally; those that are not told are left out."""
        within = {"projectKey": project_key} if project_key else {}
        params = {"permissions": ",".join(keys), **within}
        told = self._ask("GET", f"{_API}/mypermissions", answers.Permissions, params=params)
        if isinstance(told, Refused):
            return told
        return {key: told.permissions[key].have_permission for key in keys if key in told.permissions}

    def has_levels(self, project_key: str) -> bool:
        """Whether a project is known to have levels of issue security."""
        path = f"{_API}/project/{quote(project_key, safe='')}/securitylevel"
        told = self._ask("GET", path, answers.SecurityLevels)
        return not isinstance(told, Refused) and bool(told.levels)

    def tokens(self) -> list[answers.PersonalToken] | Refused:
        """The account's personal access tokens (Data Center)."""
        return self._ask("GET", "rest/pat/latest/tokens", list[answers.PersonalToken])

    def refusal(
        self, method: str, path: str, *, params: Mapping[str, Any] | None = None, body: object = None
    ) -> Refused | None:
        """Why a request is refused; None when it is answered."""
        told = self._ask(method, path, msgspec.Raw, params=params, body=body)
        return told if isinstance(told, Refused) else None

    def _ask(
        self,
        method: str,
        path: str,
        type_: type[T],
        *,
        params: Mapping[str, Any] | None = None,
        body: object = None,
    ) -> T | Refused:
        try:
            response = self._http.send(method, path, params=params, body=body)
            if response.is_success:
                return decode(response, type_)
        except AuthenticationError:
            raise
        except SourceError as error:
            return Refused(0, str(error))
        return Refused(response.status_code, error_message(response))

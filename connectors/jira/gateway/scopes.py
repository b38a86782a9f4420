"""Which scopes a Cloud token needs for which part of the API, and what is lost without them."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """A part of the API: the scopes that a Cloud token with scopes needs for it, and what is lost without it."""

    what: str
    path: str
    """How the addresses begin, below `rest/`; a version is `*`."""
    classic: str
    granular: str
    lost: str

    @property
    def scopes(self) -> str:
        """What a token needs: one of the classic kind, or several granular ones."""
        return f"{self.classic}, or {self.granular}" if self.classic else self.granular

    def scopes_missing(self) -> str:
        """A sentence for a token that lacks the scopes."""
        return f"scope {self.scopes}: without it {self.lost}"


_WORK = "read:jira-work"
PROJECTS = Family(
    what="projects", path="api/*/project", classic=_WORK, granular="read:project:jira", lost="nothing can be synced"
)
FIELDS = Family(
    what="fields",
    path="api/*/field",
    classic=_WORK,
    granular="read:field:jira and read:field-configuration:jira",
    lost="no field can be told from another, and nothing can be synced",
)
TYPES = Family(
    what="issue types",
    path="api/*/issuetype",
    classic=_WORK,
    granular="read:issue-type:jira",
    lost="levels and defects are unknown",
)
STATUSES = Family(
    what="statuses",
    path="api/*/status",
    classic=_WORK,
    granular="read:status:jira",
    lost="no status has a category",
)
BOARDS = Family(
    what="boards",
    path="agile/1.0/board",
    classic="",
    granular="read:board-scope:jira-software and read:project:jira",
    lost="there are no boards, no sprints, and no board tells which field it estimates with",
)
SPRINTS = Family(
    what="sprints",
    path="agile/1.0/board/*/sprint",
    classic="",
    granular="read:sprint:jira-software",
    lost="sprints have no dates, and there are no sprint metrics",
)
SEARCH = Family(
    what="issue search",
    path="api/*/search",
    classic=_WORK,
    granular="read:issue-details:jira, read:field.default-value:jira, read:field.option:jira, read:field:jira and "
    "read:group:jira",
    lost="there are no issues",
)
HISTORIES = Family(
    what="histories of issues",
    path="api/*/changelog",
    classic=_WORK,
    granular="read:issue-meta:jira, read:avatar:jira and read:issue.changelog:jira",
    lost="there is no history, and nothing can be computed",
)
USERS = Family(
    what="people",
    path="api/*/user",
    classic="read:jira-user",
    granular="read:user:jira, read:application-role:jira, read:avatar:jira and read:group:jira",
    lost="only people whom issues name are known",
)
GROUPS = Family(
    what="members of groups",
    path="api/*/group",
    classic="manage:jira-configuration",
    granular="read:group:jira, read:user:jira and read:avatar:jira",
    lost="rules that ask for groups match nobody new",
)
WORKLOGS = Family(
    what="worklogs",
    path="api/*/worklog",
    classic=_WORK,
    granular="read:issue-worklog:jira and read:issue-worklog.property:jira",
    lost="there are no worklogs",
)
MYSELF = Family(
    what="the account itself",
    path="api/*/myself",
    classic="read:jira-user",
    granular="read:application-role:jira, read:group:jira, read:user:jira and read:avatar:jira",
    lost="the login cannot be proven",
)
PERMISSIONS = Family(
    what="permissions",
    path="api/*/mypermissions",
    classic=_WORK,
    granular="read:permission:jira",
    lost="permissions that are missing cannot be named",
)
_FAMILIES = (
    *(MYSELF, PERMISSIONS, PROJECTS, FIELDS, TYPES, STATUSES),
    *(SPRINTS, BOARDS, SEARCH, HISTORIES, USERS, GROUPS, WORKLOGS),
)


def lacks_scope(text: str) -> bool:
    """Whether a refusal says that the token's scopes are the reason: Atlassian's gateway answers 401 to that."""
    lowered = text.casefold()
    return "scope" in lowered and ("match" in lowered or "lacks" in lowered)


def scopes_for(path: str) -> str:
    """The scopes that a request needs, as a half sentence; empty where that is not known."""
    below = path.rpartition("/rest/")[2]
    found = next((each for each in _FAMILIES if fnmatchcase(below, f"{each.path}*")), None)
    return f"; it needs {found.scopes}" if found else ""

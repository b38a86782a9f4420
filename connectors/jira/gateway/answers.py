"""The shapes of Jira's answers, as far as they are read; what only one flavour sends is empty at the other."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

Moment = str | int | float
"""ISO text, or a number since 1970: milliseconds, in old answers seconds."""

Id = Annotated[str, msgspec.Meta(min_length=1, max_length=500)]
"""Never empty, and short enough to be a key on every engine. Trackers allow 255 at most."""

Name = Annotated[str, msgspec.Meta(max_length=500)]
"""Part of a key: a label, the name of a component."""

Seconds = Annotated[int, msgspec.Meta(ge=-(2**31), lt=2**31)]
"""As many as a column holds: 68 years."""


class Answer(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """Base of all shapes; what they do not name is skipped."""


class Account(Answer, frozen=True, gc=False, rename="camel"):
    """A person or app: Cloud tells its account id, Data Center its key, which stays, and its name, which does not."""

    account_id: Name = ""
    key: Name = ""
    name: Name = ""
    display_name: str = ""
    email_address: str | None = None
    active: bool | None = None
    time_zone: str | None = None

    @property
    def native_id(self) -> str:
        """The id that stays; empty when none is told."""
        return self.account_id or self.key or self.name


class ServerInfo(Answer, frozen=True, gc=False, rename="camel"):
    """What the server says of itself."""

    deployment_type: str = "Server"
    base_url: str = ""
    version: str | None = None
    version_numbers: tuple[int, ...] = ()
    server_time: Moment | None = None


class TenantInfo(Answer, frozen=True, gc=False, rename="camel"):
    """Where the site lives behind Atlassian's gateway."""

    cloud_id: str = ""


class Resource(Answer, frozen=True, gc=False, rename="camel"):
    """A site that an OAuth 2.0 login may use: its cloud id and its address for people."""

    id: str
    url: str = ""


class Named(Answer, frozen=True, gc=False, rename="camel"):
    """Anything with a name and, as a rule, an id."""

    name: str
    id: str = ""


class Project(Answer, frozen=True, gc=False, rename="camel"):
    """A project."""

    id: Id
    key: Id
    name: str = ""
    archived: bool = False


class ScopeProject(Answer, frozen=True, gc=False, rename="camel"):
    """The project that owns something."""

    id: Id


class Scope(Answer, frozen=True, gc=False, rename="camel"):
    """Tells that something belongs to one team-managed project."""

    project: ScopeProject | None = None


class FieldSchema(Answer, frozen=True, gc=False, rename="camel"):
    """The type of a field; `custom` is stable, names are not."""

    type: str = ""
    items: str | None = None
    custom: str | None = None


class Field(Answer, frozen=True, gc=False, rename="camel"):
    """A field of the site."""

    id: str
    name: str = ""
    untranslated_name: str | None = None
    custom: bool = False
    schema: FieldSchema | None = None
    scope: Scope | None = None

    @property
    def project_id(self) -> str | None:
        """The only project that has the field, if it is so."""
        return self.scope.project.id if self.scope and self.scope.project else None


class StatusCategory(Answer, frozen=True, gc=False, rename="camel"):
    """`new`, `indeterminate`, `done` or `undefined`."""

    key: str = ""


class Status(Answer, frozen=True, gc=False, rename="camel"):
    """A status."""

    id: Id
    name: str
    status_category: StatusCategory | None = None
    scope: Scope | None = None


class IssueType(Answer, frozen=True, gc=False, rename="camel"):
    """An issue type."""

    id: Id
    name: str
    subtask: bool = False
    hierarchy_level: int | None = None


class BoardLocation(Answer, frozen=True, gc=False, rename="camel"):
    """Where a board lives; a board may live with a person instead of a project."""

    project_id: int | None = None


class Board(Answer, frozen=True, gc=False, rename="camel"):
    """A board: `scrum`, `kanban` or `simple`."""

    id: int
    name: str
    type: str
    location: BoardLocation | None = None

    @property
    def project_id(self) -> str | None:
        """Id of the project it lives in."""
        found = self.location.project_id if self.location else None
        return None if found is None else str(found)


class Sprint(Answer, frozen=True, gc=False, rename="camel"):
    """A sprint, as boards list it (`origin_board_id`) and as the Sprint field holds it (`board_id`)."""

    id: int
    name: str = ""
    state: str = "closed"
    goal: str | None = None
    start_date: str | None = None
    end_date: str | None = None
    complete_date: str | None = None
    activated_date: str | None = None
    """Only Data Center tells it."""
    origin_board_id: int | None = None
    board_id: int | None = None


class ReportedIssue(Answer, frozen=True, gc=False, rename="camel"):
    """An issue in Jira's report on a sprint."""

    id: int
    key: str


class SprintReport(Answer, frozen=True, gc=False, rename="camel"):
    """Jira's own report on a sprint."""

    completed_issues: list[ReportedIssue] = []
    issues_not_completed_in_current_sprint: list[ReportedIssue] = []
    punted_issues: list[ReportedIssue] = []
    issues_completed_in_another_sprint: list[ReportedIssue] = []
    issue_keys_added_during_sprint: dict[str, bool] = {}


class SprintReportAnswer(Answer, frozen=True, gc=False, rename="camel"):
    """The report in its envelope."""

    contents: SprintReport


class Permission(Answer, frozen=True, gc=False, rename="camel"):
    """Whether the account has a permission."""

    have_permission: bool = False


class Permissions(Answer, frozen=True, gc=False, rename="camel"):
    """Permissions of the account by their names."""

    permissions: dict[str, Permission]


class SecurityLevels(Answer, frozen=True, gc=False, rename="camel"):
    """The levels by which single issues of a project can be hidden."""

    levels: list[Named] = []


class Version(Answer, frozen=True, gc=False, rename="camel"):
    """A version of a project."""

    id: Id
    name: str
    released: bool = False
    archived: bool | None = None
    release_date: str | None = None
    start_date: str | None = None


class Values(Answer, frozen=True, gc=False, rename="camel"):
    """A page of a list that is paged by `startAt`; `total` is often left out."""

    values: list[msgspec.Raw]
    is_last: bool | None = None
    total: int | None = None


class Count(Answer, frozen=True, gc=False, rename="camel"):
    """About how many issues a query has."""

    count: int


class PersonalToken(Answer, frozen=True, gc=False, rename="camel"):
    """A personal access token (Data Center); without `expiring_at` it stays."""

    name: str = ""
    last_accessed_at: Moment | None = None
    expiring_at: Moment | None = None


class FoundIssue(Answer, frozen=True, gc=False, rename="camel"):
    """An issue of a search page; its fields are read one issue at a time, so that a bad one can be named."""

    id: Id
    key: str = ""
    fields: msgspec.Raw = msgspec.Raw(b"null")
    changelog: msgspec.Raw = msgspec.Raw(b"null")
    """Only Data Center's search tells it, where it is asked to."""


class SearchPage(Answer, frozen=True, gc=False, rename="camel"):
    """A page of issues. It may be short or empty and still have a successor."""

    issues: list[FoundIssue]
    next_page_token: str | None = None


class StartPage(Answer, frozen=True, gc=False, rename="camel"):
    """A page of Data Center's search; `total` counts what the whole query has."""

    total: int
    issues: list[FoundIssue] = []


class Parent(Answer, frozen=True, gc=False, rename="camel"):
    """The parent of an issue."""

    id: Id


class LinkType(Answer, frozen=True, gc=False, rename="camel"):
    """A type of link, and what each side of such a link does to the other, in words."""

    name: str
    id: str = ""
    inward: str = ""
    outward: str = ""


class LinkTypes(Answer, frozen=True, gc=False, rename="camel"):
    """All of them."""

    issue_link_types: list[LinkType]


class LinkedIssue(Answer, frozen=True, gc=False, rename="camel"):
    """The other side of a link."""

    id: Id
    key: Id


class Link(Answer, frozen=True, gc=False, rename="camel"):
    """A link, seen from one side: `outward_issue` is there when this issue does it to that one."""

    id: Id
    type: LinkType
    inward_issue: LinkedIssue | None = None
    outward_issue: LinkedIssue | None = None


class Component(Answer, frozen=True, gc=False, rename="camel"):
    """A component of an issue, known by its name."""

    name: Name


class OfVersion(Answer, frozen=True, gc=False, rename="camel"):
    """A version of an issue, known by its id."""

    id: Id


class IssueFields(Answer, frozen=True, gc=False):
    """The system fields that have columns, by the names that Jira gives them."""

    created: Moment
    updated: Moment
    project: Project
    issuetype: IssueType
    status: Status
    summary: str | None = None
    priority: Named | None = None
    resolution: Named | None = None
    resolutiondate: Moment | None = None
    duedate: str | None = None
    assignee: Account | None = None
    reporter: Account | None = None
    creator: Account | None = None
    parent: Parent | None = None
    labels: list[Name] | None = None
    components: list[Component] | None = None
    fixVersions: list[OfVersion] | None = None  # noqa: N815 - Jira's name
    versions: list[OfVersion] | None = None
    issuelinks: list[Link] | None = None
    timeoriginalestimate: Seconds | None = None


class Item(Answer, frozen=True, gc=False, rename="camel"):
    """A change of one field. Halves that are null are left out, and so is the field's id at times."""

    field: str
    fieldtype: str = ""
    field_id: str | None = None
    from_: str | None = msgspec.field(name="from", default=None)
    from_string: str | None = None
    to: str | None = None
    to_string: str | None = None
    tmp_from_account_id: str | None = None
    tmp_to_account_id: str | None = None
    """Cloud: account ids where the halves name people, of whom old entries have other ids or none."""


class History(Answer, frozen=True, gc=False, rename="camel"):
    """One entry of an issue's history: what one person changed at one instant."""

    id: str | int
    created: Moment
    author: Account | None = None
    items: list[Item] = []


class Changelog(Answer, frozen=True, gc=False, rename="camel"):
    """The history within an answer of Data Center; it is cut off where `total` counts more."""

    histories: list[History] = []
    total: int = 0


class IssueChangelog(Answer, frozen=True, gc=False, rename="camel"):
    """Part of an issue's history; the rest may come on other pages."""

    issue_id: Id
    change_histories: msgspec.Raw = msgspec.Raw(b"[]")


class ChangelogPage(Answer, frozen=True, gc=False, rename="camel"):
    """A page of histories of many issues."""

    issue_change_logs: list[IssueChangelog]
    next_page_token: str | None = None


Json = dict[str, Any]
"""Fields as they come."""

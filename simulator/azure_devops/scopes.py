"""Which project, team, iteration or type a request's path means; names and ids are read in any case."""

from __future__ import annotations

from starlette.requests import Request

from simulator.azure_devops.organization import Organization, guid
from simulator.azure_devops.refusals import refuse
from simulator.company import IssueType, Product, Project, Sprint, Team


def asked_url(request: Request) -> str:
    """The address that was asked, without its query, as the client wrote it."""
    organization: Organization = request.app.state.organization
    return organization.url.removesuffix(organization.base) + str(request.scope["asked_path"])


def _product(request: Request) -> Product:
    organization: Organization = request.app.state.organization
    return organization.product


def asked_project(request: Request) -> Project:
    """The project of the path."""
    asked = request.path_params["project"].lower()
    organization: Organization = request.app.state.organization
    for project in organization.projects():
        if asked in {project.name.lower(), guid("project", project.id)}:
            return project
    message = (
        f"TF200016: The following project does not exist: {asked}. Verify that the name of the project is correct."
    )
    raise refuse(404, "ProjectDoesNotExistWithNameException", message)


def project_teams(product: Product, project: Project) -> list[Team]:
    """The project's teams; each project has at least one."""
    teams = [team for team in product.teams.values() if team.project_id == project.id]
    return teams or [Team(id=100 + project.id, name=f"{project.name} Team", project_id=project.id, members=())]


def asked_team(request: Request) -> Team:
    """The team of the path; without one the project's first team."""
    teams = project_teams(_product(request), asked_project(request))
    asked = request.path_params.get("team", teams[0].name).lower()
    for team in teams:
        if asked in {team.name.lower(), guid("team", team.id)}:
            return team
    message = f"The team with id '{asked}' does not exist, or you do not have permission to view it."
    raise refuse(404, "TeamNotFoundException", message)


def asked_sprint(request: Request) -> Sprint:
    """The iteration of the path."""
    asked, team = request.path_params["iteration"].lower(), asked_team(request)
    for sprint in _product(request).sprints.values():
        if team.id in sprint.team_ids and not sprint.is_deleted and guid("iteration", sprint.id) == asked:
            return sprint
    raise refuse(404, "InvalidTeamSettingsIterationException", f"The iteration with id '{asked}' does not exist.")


def asked_type(request: Request) -> IssueType:
    """The work item type of the path."""
    asked_project(request)
    asked = request.path_params["type"].lower()
    for kind in _product(request).types.values():
        if kind.name.lower() == asked:
            return kind
    raise refuse(
        404, "WorkItemTypeNotFoundException", f"TF401347: Work item type {asked} does not exist in the project."
    )

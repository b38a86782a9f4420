"""Names of the configuration that no tracker shows and the warehouse has not recorded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from connectors.base import Seen, Survey
from flowmart.config import Config
from flowmart.looking.crosscheck import Crosscheck, crosscheck, stray_note
from flowmart.looking.look import SourceLook
from flowmart.looking.recorded import Recorded, StrayStatus

EVERYWHERE = {"acme": frozenset({"Doing"}), "fab": frozenset({"Active"})}


def config(**sections: Any) -> Config:
    sources = {
        "acme": {"type": "jira", "url": "https://x.example", "token": "t0ken"},
        "fab": {"type": "azure_devops", "url": "https://y.example", "token": "t0ken"},
    }
    for name, more in sections.pop("sources", {}).items():
        sources[name] |= more
    return Config.model_validate({"sources": sources, **sections})


def look(source: str, *, statuses: Sequence[str] = (), types: Sequence[str] = (), fields: Sequence[str] = ()) -> Any:
    kinds = {"status": statuses, "issue type": types, "field": fields, "project": ["PAY"]}
    seen = [Seen(what=what, native_id=name, name=name) for what, names in kinds.items() for name in names]
    return SourceLook(source=source, type="jira", url="https://x.example", survey=Survey(seen=seen))


def found(
    settings: Config, recorded: Mapping[str, frozenset[str]] = EVERYWHERE, looks: Sequence[SourceLook] | None = None
) -> Crosscheck:
    shown = [
        look("acme", statuses=["To Do", "In Review"], types=["Bug", "Story"], fields=["Environment"]),
        look("fab", statuses=["New", "Closed"], types=["Bug", "Feature"], fields=["Where"]),
    ]
    return crosscheck(settings, looks or shown, Recorded(statuses=recorded))


def test_names_that_trackers_or_history_know_are_fine_in_any_case_of_letters() -> None:
    settings = config(workflow={"todo": ["to do"], "in_progress": ["DOING"], "done": ["closed"]}, defects={})
    assert found(settings) == Crosscheck()


@pytest.mark.parametrize(
    ("workflow", "place"),
    [
        ({"waiting": ["In Revue"]}, "workflow.waiting"),
        ({"blocked": ["In Revue"]}, "workflow.blocked"),
        ({"projects": {"PAY": {"done": ["In Revue"]}}}, "workflow.projects.PAY.done"),
        ({"types": {"Bug": {"removed": ["In Revue"]}}}, "workflow.types.Bug.removed"),
    ],
)
def test_a_status_that_nothing_knows_is_a_problem_with_the_nearest_name(workflow: dict[str, Any], place: str) -> None:
    said = f"{place}: no workflow and no history knows the status 'In Revue'; did you mean In Review?"
    assert found(config(workflow=workflow)).problems == (said,)


def test_before_the_first_sync_history_cannot_be_asked_and_it_is_a_note() -> None:
    result = found(config(workflow={"waiting": ["In Revue"]}), recorded={})
    assert result.problems == ()
    assert result.notes[0].startswith("workflow.waiting: no workflow of today knows the status 'In Revue'; histories")


def test_a_source_s_own_names_are_looked_for_in_that_source_only() -> None:
    settings = config(sources={"fab": {"workflow": {"waiting": ["In Review"]}}})
    (problem,) = found(settings).problems
    assert problem.startswith("sources.fab.workflow.waiting: no workflow and no history knows the status 'In Review'")


def test_nothing_is_said_where_a_source_could_not_be_asked() -> None:
    silent = SourceLook(source="fab", type="azure_devops", url="https://y.example", error="the login is refused")
    settings = config(workflow={"waiting": ["Nope"], "projects": {"Nope": {}}}, defects={"types": ["Nope"]})
    assert found(settings, looks=[look("acme", statuses=["To Do"], types=["Bug"]), silent]) == Crosscheck()


def test_types_of_defects_that_no_source_has_are_a_note() -> None:
    result = found(config(defects={"types": ["Bug", "Defct", "Featur"]}))
    assert result.problems == ()
    assert [note.partition("; known")[0] for note in result.notes] == [
        "defects.types: no source has the type 'Defct'",
        "defects.types: no source has the type 'Featur'; did you mean Feature?",
    ]


def test_the_default_types_are_spoken_of_only_if_none_of_them_is_there() -> None:
    assert found(config()).notes == ()
    other = [look("acme", types=["Story"]), look("fab", types=["Feature"])]
    (note,) = found(config(), looks=other).notes
    assert note == (
        "defects.types: no source has a type Bug or Defect or Incident, so nothing counts as a defect; name yours"
    )


def test_projects_types_and_fields_of_rules_that_no_source_has_are_notes() -> None:
    rules = [
        {"escaped": True, "field": "Enviroment", "values": ["x"]},
        {"escaped": True, "field": "Environment", "values": ["x"]},
        {"escaped": True, "field": "Found_In", "values": ["x"]},
        {"escaped": False, "types": ["Test Bug"]},
    ]
    workflow = {"projects": {"WEB": {}}, "types": {"Bugs": {}}}
    notes = [note.partition(";")[0] for note in found(config(workflow=workflow, defects={"rules": rules})).notes]
    assert notes == [
        "workflow.projects: no source shows 'WEB'",
        "workflow.types: no source shows 'Bugs'",
        "defects.rules 4: no source has the type 'Test Bug'",
        "defects.rules 1: no source has the field 'Enviroment'",
    ]


def test_a_stray_status_is_told_with_how_often_it_occurs() -> None:
    assert stray_note(StrayStatus(source="acme", name="QA", issues=1, changes=1_200)) == (
        "the status 'QA' (1 issue now, 1,200 changes) is in no workflow any more and has no stage; "
        "name it under todo, in_progress, done or removed in [workflow]"
    )

"""Life on command: one deed at the company's now, written down in the same histories as the nights."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from simulator.company import Issue, Product
from simulator.life import deeds, removal
from simulator.life.deeds import Given
from simulator.life.lookup import find_issue, find_product
from simulator.life.regrouping import regroup
from simulator.life.renames import rename
from simulator.life.world import World, flush

_TO_AN_ISSUE: dict[str, Callable[[World, Product, Issue, Given], Given]] = {
    "edit": deeds.change_fields,
    "move": deeds.move,
    "retype": deeds.retype,
    "delete": removal.delete,
    "restore": removal.restore,
    "destroy": removal.destroy,
    "link": deeds.link,
    "unlink": deeds.unlink,
    "log_work": deeds.log_work,
    "edit_worklog": deeds.edit_worklog,
    "delete_worklog": deeds.delete_worklog,
    "comment": deeds.comment,
}
_TO_A_PRODUCT: dict[str, Callable[[World, Product, Given], Given]] = {
    "create": deeds.create,
    "rename": rename,
    "regroup": regroup,
    "delete_sprint": removal.delete_sprint,
}
_ONLY_WITHOUT_DELETED = {"edit", "move", "retype", "link", "unlink", "log_work", "comment"}


def act(world: World, command: Given) -> Given:
    """Do what the command says: `do`, `tracker`, `issue` and whatever that deed needs; ValueError if it cannot be.

    Gives the issue's id and key and the time of its last change, and the ids of what else came to be.
    """
    given: dict[str, Any] = dict(command)
    do, product = given.pop("do", None), find_product(world.company, given.pop("tracker", None))
    try:
        if do in _TO_A_PRODUCT:
            found = _TO_A_PRODUCT[do](world, product, given)
        elif do in _TO_AN_ISSUE:
            found = _to_issue(world, product, do, given)
        else:
            raise ValueError(f"do is one of {', '.join((*_TO_AN_ISSUE, *_TO_A_PRODUCT))}")
    except KeyError as error:
        raise ValueError(f"{do} needs {error.args[0]}") from error
    finally:
        flush(world)
    return found


def _to_issue(world: World, product: Product, do: str, given: Given) -> Given:
    issue = find_issue(product, given.pop("issue"))
    if do in _ONLY_WITHOUT_DELETED and issue.deleted_at is not None:
        raise ValueError(f"issue {issue.id} is deleted")
    found = _TO_AN_ISSUE[do](world, product, issue, given)
    at = datetime.fromtimestamp(issue.touched_at / 1000, UTC).isoformat(timespec="milliseconds")
    return {"issue": issue.id, "key": product.key(issue), "at": at.replace("+00:00", "Z"), **found}

"""What a wrong configuration is answered with: one line a problem, with its key and the nearest valid name."""

from __future__ import annotations

import types
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from flowmart.secrets import Place
from flowmart.settings.base import nearest

_TAGS = frozenset({"jira", "azure_devops"})
_WORDS = {
    "string_type": "must be a text in quotes",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "bool_type": "must be true or false",
    "date_type": "must be a date without quotes, such as 2024-01-01",
    "tuple_type": "must be a list in [brackets]",
    "dict_type": "must be a table of keys",
    "mapping_type": "must be a table of keys",
    "model_type": "must be a table of keys",
    "model_attributes_type": "must be a table of keys",
    "missing": "is missing",
    "too_short": "must not be empty",
    "union_tag_not_found": 'is missing; add type = "jira" or type = "azure_devops"',
}


def lines(error: ValidationError, model: type[BaseModel], skip: Sequence[Place]) -> Iterator[tuple[Place, str]]:
    """Place and words of each problem, except those at or below a place of `skip`."""
    details = [(_place(detail), detail) for detail in error.errors(include_url=False)]
    for place, detail in details:
        if any(_is_within(place, known) for known in skip):
            continue
        if detail["type"] == "too_short" and any(_is_within(other, place) and other != place for other, _ in details):
            continue  # pydantic counts the good items only
        yield place, _words(detail, place, model)


def dotted(place: Place) -> str:
    """`sources.acme.token`, `defects.rules.#2.labels`."""
    return ".".join(f"#{part + 1}" if isinstance(part, int) else part for part in place)


def _is_within(place: Place, outer: Place) -> bool:
    return place[: len(outer)] == outer


def _place(detail: ErrorDetails) -> Place:
    """pydantic's location without what is no key of the file: the tag of a source's type, and `[key]`."""
    parts = detail["loc"]
    if len(parts) > _SOURCE_DEPTH and parts[0] == "sources" and parts[_SOURCE_DEPTH] in _TAGS:
        parts = (*parts[:_SOURCE_DEPTH], *parts[_SOURCE_DEPTH + 1 :])
    if detail["type"].startswith("union_tag"):
        parts = (*parts, "type")
    return tuple(part for part in parts if part != "[key]")


_SOURCE_DEPTH = 2


def _words(detail: ErrorDetails, place: Place, model: type[BaseModel]) -> str:
    kind, context = detail["type"], detail.get("ctx", {})
    if kind == "extra_forbidden":
        return f"unknown key{nearest(str(place[-1]), _keys_beside(model, place, detail))}"
    if kind == "literal_error":
        return _not_among(detail["input"], _split_words(context["expected"]))
    if kind == "union_tag_invalid":
        return _not_among(context["tag"], _split_words(context["expected_tags"]))
    if kind == "value_error":
        return str(context["error"])
    if kind == "missing" and place == ("sources",):
        return "is missing; add a table such as [sources.acme] with type, url and token"
    words = _WORDS.get(kind, detail["msg"].replace("Input should be", "must be"))
    return words[0].lower() + words[1:]


def _split_words(text: str) -> list[str]:
    return [word.strip("' ") for word in text.replace(" or ", ", ").split(", ")]


def _not_among(given: object, known: list[str]) -> str:
    return f"{given!r} is unknown{nearest(str(given), known)}"


def _keys_beside(model: type[BaseModel], place: Place, detail: ErrorDetails) -> list[str]:
    """The valid keys of the table in which the unknown key stands."""
    here: Any = model
    for part in detail["loc"][:-1]:
        here = _below(here, part)
    if not isinstance(here, type) or not issubclass(here, BaseModel):
        return []
    return [info.alias or name for name, info in here.model_fields.items() if place]


def _below(annotation: Any, part: str | int) -> Any:  # noqa: ANN401 - any annotation of a model
    """The annotation of what `part` leads to."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        for name, info in annotation.model_fields.items():
            if part in {name, info.alias}:
                return _bare(info.annotation)
        return None
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin in {Union, types.UnionType}:
        return next((option for option in arguments if _tag(option) == part), None)
    if origin in {dict, Mapping} or (isinstance(origin, type) and issubclass(origin, Mapping)):
        return _bare(arguments[1])
    return _bare(arguments[0]) if origin is tuple else None


def _bare(annotation: Any) -> Any:  # noqa: ANN401
    """The annotation without what is said about it, and without None as another possibility."""
    while get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    if get_origin(annotation) in {Union, types.UnionType}:
        options = [option for option in get_args(annotation) if option is not types.NoneType]
        return _bare(options[0]) if len(options) == 1 else annotation
    return annotation


def _tag(option: Any) -> str | None:  # noqa: ANN401
    info = option.model_fields.get("type") if isinstance(option, type) and issubclass(option, BaseModel) else None
    return get_args(info.annotation)[0] if info is not None and get_origin(info.annotation) is Literal else None

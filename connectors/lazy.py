"""A property that is worked out when it is first asked for, and kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar, overload

T = TypeVar("T")


class cached_property(Generic[T]):  # noqa: N801 - it stands in for the one of functools
    """As that of `functools` from Python 3.12 on: it waits for nobody.

    The one of 3.11 holds a lock that all objects of a class share while it works a value out, so that one source whose
    tracker is slow would keep the others from asking theirs.
    """

    def __init__(self, work_out: Callable[..., T]) -> None:
        self._work_out = work_out
        self.__doc__ = work_out.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, instance: None, owner: type) -> cached_property[T]: ...
    @overload
    def __get__(self, instance: object, owner: type) -> T: ...
    def __get__(self, instance: object | None, owner: type) -> cached_property[T] | T:
        if instance is None:
            return self
        # kept under the property's own name, where Python looks first the next time
        value: T = instance.__dict__.setdefault(self._name, self._work_out(instance))
        return value

"""Properties that are computed once though several threads ask."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar, overload

T = TypeVar("T")


class once(Generic[T]):  # noqa: N801
    """A property that is kept, and computed once though several threads ask.

    It neither holds up other objects, as the lock of ``cached_property`` does up to Python 3.11, nor computes in each thread,
    as ``cached_property`` does later. The object has a ``lock`` (an RLock) of its own.
    """

    def __init__(self, compute: Callable[[Any], T]) -> None:
        self._compute = compute
        self.__doc__ = compute.__doc__

    @overload
    def __get__(self, held_by: None, owner: type) -> once[T]: ...

    @overload
    def __get__(self, held_by: object, owner: type | None = None) -> T: ...

    def __get__(self, held_by: Any, owner: type | None = None) -> once[T] | T:
        if held_by is None:
            return self
        kept: dict[str, T] = held_by.__dict__
        name = self._compute.__name__
        with held_by.lock:
            if name not in kept:
                kept[name] = self._compute(held_by)
        return kept[name]

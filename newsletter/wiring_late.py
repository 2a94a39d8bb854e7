"""Adapters that are made when they are first asked for: a process that only sends loads no HTTP client, no parser."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Generic, TypeVar, overload

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


class Late:
    """Stands for what `make` gives, attribute for attribute, and makes it at the first one that is asked for."""

    def __init__(self, make: Callable[[], Any]) -> None:
        self._make, self._made, self._turn = make, None, threading.Lock()

    def __getattr__(self, name: str) -> Any:
        with self._turn:
            if self._made is None:
                self._made = self._make()
        return getattr(self._made, name)

    @property
    def is_made(self) -> bool:
        return self._made is not None


class LateTuple(Sequence[T], Generic[T]):
    """The same for several, as a sequence."""

    def __init__(self, make: Callable[[], tuple[T, ...]]) -> None:
        self._make, self._turn = make, threading.Lock()
        self._made: tuple[T, ...] | None = None

    @property
    def _all(self) -> tuple[T, ...]:
        with self._turn:
            if self._made is None:
                self._made = self._make()
            return self._made

    def __len__(self) -> int:
        return len(self._all)

    @overload
    def __getitem__(self, place: int) -> T: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[T, ...]: ...
    def __getitem__(self, place: int | slice) -> T | tuple[T, ...]:
        return self._all[place]

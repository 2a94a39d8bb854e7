"""Sources that another installed package brings, as entry points of the group `newsletter.sources`."""

from __future__ import annotations

from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any

from newsletter.collect.sources.sound import Sound
from newsletter.errors import UsageError
from newsletter.model.paper import Harvest, Problem

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from newsletter.collect.http import Http
    from newsletter.model.paper import Ask
    from newsletter.ports import Source

GROUP = "newsletter.sources"


class Unopened:
    """Stands for a source that could not be opened: it fails alone, and whoever asks is told why."""

    daily = False

    def __init__(self, name: str, why: Problem) -> None:
        self.name, self._why = name, why

    def probe(self) -> Problem:
        return self._why

    def fetch(self, ask: Ask) -> Harvest:
        note = f"{self.name}: {self._why.what}"
        return Harvest(self.name, "failed", problems=(self._why,), memory=dict(ask.memory), note=note)


def open_plugged(
    kind: str,
    *,
    name: str,
    http: Http,
    url: str = "",
    categories: Sequence[str] = (),
    path: str | Path = "",
    pace: float | None = None,
) -> Source:
    """The source that a package calls `kind`. Its factory gets all of these by name; `path` is absolute, `pace` in
    seconds or None.

    One that its package cannot open is there all the same, and fails whenever it is asked.

    Raises UsageError when no package has the kind.
    """
    found = next(iter(entry_points(group=GROUP, name=kind)), None)
    if found is None:
        cure = f"Install the package that has it among its entry points `{GROUP}`, into the same environment."
        raise UsageError(f'No source of the kind "{kind}" is installed.', cure=cure)
    package = found.dist.name if found.dist else found.value
    try:
        factory: Any = found.load()
        source: Source = factory(name=name, http=http, url=url, categories=tuple(categories), path=path, pace=pace)
    except Exception as error:  # noqa: BLE001 # edge: somebody else's code
        what = f'the source "{kind}" of {package} cannot be opened: {type(error).__name__}: {str(error)[:200]}'
        cure = f"Ask who made {package}, or take the source out of config.toml."
        return Unopened(name, Problem(name, what, cure, lasting=True))
    for wanted in ("name", "daily", "fetch", "probe"):
        if not hasattr(source, wanted):
            what = f'the source "{kind}" of {package} has no `{wanted}`'
            return Unopened(name, Problem(name, what, "docs/writing-a-source.md says what a source is.", lasting=True))
    return Sound(source)

"""Sources that another installed package brings, as entry points of the group `newsletter.sources`."""

from __future__ import annotations

from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any

from newsletter.collect.sources.sound import Sound
from newsletter.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from newsletter.collect.http import Http
    from newsletter.ports import Source

GROUP = "newsletter.sources"


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

    Raises UsageError when no package has it, or it cannot be opened: then the newsletter's own code is not at fault.
    """
    found = next(iter(entry_points(group=GROUP, name=kind)), None)
    if found is None:
        cure = f"Install the package that has it among its entry points `{GROUP}`, into the same environment."
        raise UsageError(f'No source of the kind "{kind}" is installed.', cure=cure)
    package = found.dist.name if found.dist else found.value
    try:
        factory: Any = found.load()
        source: Source = factory(name=name, http=http, url=url, categories=tuple(categories), path=path, pace=pace)
    except Exception as error:  # edge: somebody else's code
        what = f'The source "{kind}" of {package} cannot be opened: {type(error).__name__}: {str(error)[:200]}.'
        raise UsageError(what, cure=f"Ask who made {package}, or take the source out of config.toml.") from error
    for wanted in ("name", "daily", "fetch", "probe"):
        if not hasattr(source, wanted):
            what = f'The source "{kind}" of {package} has no `{wanted}`.'
            raise UsageError(what, cure="docs/writing-a-source.md says what a source is.")
    return Sound(source)

"""Names of time zones: whether one exists, and which one was meant."""

from __future__ import annotations

import difflib
import zoneinfo
from functools import cache, lru_cache

# Files of the time zone database, or beside it, that are no places: no zone at all ("-00"), what the machine itself
# has, and the same zones once more, without and with leap seconds (RFC 9636; the Makefile of tz).
_NO_PLACES = frozenset({"Factory", "localtime", "posixrules"})
_TWINS = ("posix/", "right/")


def is_place(name: str) -> bool:
    """Whether a name of the time zone database is one to live by: an area and city, UTC, or `Etc/GMT+5` and such."""
    return name not in _NO_PLACES and not name.startswith(_TWINS)


@cache
def zones() -> frozenset[str]:
    """The time zones that this machine knows; finding them reads hundreds of files."""
    return frozenset(filter(is_place, zoneinfo.available_timezones()))


def meant_zone(name: str) -> str:
    """The zone of this name, or the likeliest meant by it; empty when none is near."""
    return name if not zone_cure(name) else _meant(name)


def spelt(name: str) -> str:
    """A zone as it is written, whatever the case and the blanks of `name`; what is no zone comes back as it was."""
    wanted = name.strip().replace(" ", "_")
    return _by_fold().get(wanted.casefold(), name)


@cache
def _by_fold() -> dict[str, str]:
    return {zone.casefold(): zone for zone in zones()}


@lru_cache(maxsize=1024)
def zone_cure(name: str) -> str:
    """Empty when the time zone exists; else a sentence with the likeliest meant name."""
    try:
        zoneinfo.ZoneInfo(name)
    except (ValueError, OSError, zoneinfo.ZoneInfoNotFoundError):  # OSError: "Europe" is a folder
        known = False
    else:
        known = is_place(name)
    if known:
        return ""
    meant = _meant(name)
    return f'Did you mean "{meant}"?' if meant else 'Write it as area and city, such as "Europe/Berlin", or "UTC".'


def _meant(name: str) -> str:
    known = sorted(zones())
    wanted = name.strip().replace(" ", "_").lower()
    for zone in known:
        if wanted in {zone.lower(), zone.rpartition("/")[2].lower()}:
            return zone
    lowered = {zone.lower(): zone for zone in known}
    found = difflib.get_close_matches(wanted[:60], lowered, n=1, cutoff=0.7)
    return lowered[found[0]] if found else ""

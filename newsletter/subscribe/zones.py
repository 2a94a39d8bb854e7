"""Names of time zones: whether one exists, and which one was meant."""

from __future__ import annotations

import difflib
import zoneinfo
from functools import cache, lru_cache


def meant_zone(name: str) -> str:
    """The zone of this name, or the likeliest meant by it; empty when none is near."""
    return name if not zone_cure(name) else _meant(name)


def spelt(name: str) -> str:
    """A zone as it is written, whatever the case and the blanks of `name`; what is no zone comes back as it was."""
    wanted = name.strip().replace(" ", "_")
    return _by_fold().get(wanted.casefold(), name)


@cache
def _by_fold() -> dict[str, str]:
    return {zone.casefold(): zone for zone in zoneinfo.available_timezones()}


@lru_cache(maxsize=1024)
def zone_cure(name: str) -> str:
    """Empty when the time zone exists; else a sentence with the likeliest meant name."""
    try:
        zoneinfo.ZoneInfo(name)
    except (ValueError, OSError, zoneinfo.ZoneInfoNotFoundError):  # OSError: "Europe" is a folder
        meant = _meant(name)
        return f'Did you mean "{meant}"?' if meant else 'Write it as area and city, such as "Europe/Berlin", or "UTC".'
    return ""


def _meant(name: str) -> str:
    known = sorted(zoneinfo.available_timezones())
    wanted = name.strip().replace(" ", "_").lower()
    for zone in known:
        if wanted in {zone.lower(), zone.rpartition("/")[2].lower()}:
            return zone
    lowered = {zone.lower(): zone for zone in known}
    found = difflib.get_close_matches(wanted[:60], lowered, n=1, cutoff=0.7)
    return lowered[found[0]] if found else ""

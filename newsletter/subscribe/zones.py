"""Names of time zones: whether one exists, and which one was meant."""

from __future__ import annotations

import difflib
import zoneinfo
from functools import lru_cache


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

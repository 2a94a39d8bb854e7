"""Which time zones may be lived by."""

from __future__ import annotations

import pytest

from newsletter.subscribe.zones import is_place, meant_zone, spelt, zone_cure, zones


@pytest.mark.parametrize("name", ["Factory", "localtime", "posixrules", "posix/Europe/Berlin", "right/Europe/Berlin"])
def test_what_is_no_place_is_neither_offered_nor_taken_as_a_time_zone(name: str) -> None:
    assert (is_place(name), name in zones()) == (False, False)
    assert zone_cure(name) != ""
    assert spelt(name.upper()) == name.upper()


@pytest.mark.parametrize("name", ["UTC", "Etc/UTC", "Etc/GMT+5", "GMT", "Europe/Berlin", "Asia/Kathmandu", "EST5EDT"])
def test_places_and_plain_offsets_stay_time_zones(name: str) -> None:
    assert (name in zones(), zone_cure(name), spelt(name.lower()), meant_zone(name)) == (True, "", name, name)

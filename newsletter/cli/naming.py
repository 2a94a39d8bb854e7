"""Readers by address for the operator's eyes: runs and logs hold numbers, so that `forget` leaves no address there."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from newsletter.model.mail import Note
    from newsletter.press import Press

_READER = re.compile(r"\breader[ :](\d{1,18})\b")


def named(press: Press, note: Note) -> Note:
    """The note with `reader 12` as her address; a reader who is not in the table any more keeps the number."""
    numbers = {int(number) for text in (note.subject, note.text) for number in _READER.findall(text)}
    if not numbers:
        return note
    known = press.subscribers.get(numbers)

    def address(found: re.Match[str]) -> str:
        reader = known.get(int(found[1]))
        return reader.email if reader else found[0]

    return replace(note, subject=_READER.sub(address, note.subject), text=_READER.sub(address, note.text))

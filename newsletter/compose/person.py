"""One reader's own values as they stand on the wire: nearly all are made of usual characters, and are not encoded."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from markupsafe import escape

from newsletter.compose.encode import slot_value
from newsletter.compose.facts import person_words, reason
from newsletter.compose.ready import IN_TEXT, NOTHING, WRAPPED
from newsletter.compose.wrapping import wrap

if TYPE_CHECKING:
    from collections.abc import Mapping

    from newsletter.model.mail import ReaderLinks
    from newsletter.model.subscriber import Reader
    from newsletter.tongue.tongue import Tongue

# An address that `clean`, HTML and quoted-printable all leave as it is.
_USUAL = re.compile(r"[A-Za-z0-9_+-][A-Za-z0-9._+@-]*")
_LINE = 73  # octets that fit on a line of quoted-printable beside its soft break
_KEPT = 8192  # sentences of why a mail comes: readers share their choices


class People:
    """Makes the values of readers; `topic_names` are those of the newsletter, by slug."""

    def __init__(self, topic_names: Mapping[str, str]) -> None:
        self._topic_names = topic_names
        self._reasons: dict[tuple[str | None, tuple[str, ...], Tongue], tuple[bytes, bytes]] = {}

    def values(self, subscriber: Reader, links: ReaderLinks, tongue: Tongue) -> tuple[dict[str, bytes], bool]:
        """By the names that a `Ready` has, and whether they are `alike` in both of its parts."""
        address = subscriber.email
        # Of the links that of the preferences is never shorter than the others.
        if not links.plain or max(len(links.preferences), len(address)) > _LINE or not _USUAL.fullmatch(address):
            return self._unusual(subscriber, links, tongue)
        html, text = self._reason(subscriber, tongue)
        return {
            "email": address.encode(),
            "unsubscribe": links.unsubscribe.encode(),
            "preferences": links.preferences.encode(),
            "feedback": links.feedback.encode(),
            "reason": html,
            "text.reason": text,
            NOTHING: b"",
        }, True

    def _unusual(self, subscriber: Reader, links: ReaderLinks, tongue: Tongue) -> tuple[dict[str, bytes], bool]:
        said = person_words(subscriber, links, self._topic_names, tongue)
        alike = all(said.html[name] == value for name, value in said.text.items() if name not in WRAPPED)
        named = WRAPPED if alike else said.text.keys()
        return said.html | {IN_TEXT + name: said.text[name] for name in named} | {NOTHING: b""}, alike

    def _reason(self, subscriber: Reader, tongue: Tongue) -> tuple[bytes, bytes]:
        """In HTML and in the text part."""
        key = (subscriber.cadence, subscriber.topics, tongue)
        found = self._reasons.get(key)
        if found is None:
            if len(self._reasons) >= _KEPT:
                self._reasons.clear()
            said = reason(subscriber, self._topic_names, tongue)
            found = self._reasons[key] = (slot_value(str(escape(said))), slot_value(wrap(said)))
        return found

"""What a provider's report says, in our words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from newsletter.model.returns import What


@dataclass(frozen=True, slots=True)
class Event:
    """One report about one address. `key` is the provider's own id of it: a report that comes twice acts once.

    `what` is None for what is no news of an address: opened, deferred, and whatever a provider may add.
    `mail` is the Message-ID that we gave, where the report has it.
    """

    key: str
    what: What | None
    email: str
    detail: str = ""
    mail: str = ""


class Unverified(Exception):  # noqa: N818 - it is an answer, not a fault of ours
    """The report is not the provider's: nothing in it is believed. The text says why, for the operator's log."""


class Unread(Exception):  # noqa: N818 - as above
    """The report is the provider's, and cannot be understood."""

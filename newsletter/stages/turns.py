"""One turn at a host for all processes of a newsletter, kept with the records: arXiv wants one connection in all."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from newsletter.errors import NewsletterError
from newsletter.process import is_gone, myself

if TYPE_CHECKING:
    from newsletter.ports import Records

_KIND = "turn"  # records: host -> when its turn ends, as a Unix time, and whose it is while somebody asks


def _now() -> datetime:
    """The wall clock, whatever day a run pretends to be."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Turns:
    """The `Shared` of `newsletter.collect.pace`. A database that does not answer keeps nobody from asking the host."""

    records: Records
    host: str

    def take(self, hold: float) -> float:
        now = _now()
        until = now + timedelta(seconds=hold)
        mine = f"{until.timestamp()} {myself()}"
        try:
            if self.records.put_new(_KIND, self.host, mine, until=until, now=now):
                return 0.0
            held = self.records.get(_KIND, self.host, now=now) or "0"
            ends, _, owner = held.partition(" ")
            if owner and is_gone(owner):  # killed with the turn in its hand
                self.records.drop(_KIND, self.host, value=held)  # unless another who saw it has the turn by now
                if self.records.put_new(_KIND, self.host, mine, until=until, now=now):
                    return 0.0
        except NewsletterError:
            return 0.0
        return max(float(ends) - now.timestamp(), 0.05)

    def give_back(self, pause: float) -> None:
        """A turn of ours ends; a pause that lasts longer, or another's turn, stays."""
        now = _now()
        until = now + timedelta(seconds=pause)
        try:
            ends, _, owner = (self.records.get(_KIND, self.host, now=now) or "0").partition(" ")
            if owner != myself() and float(ends) >= until.timestamp():
                return
            self.records.put(_KIND, self.host, str(until.timestamp()), until=until)
        except NewsletterError:
            return  # it ends by itself

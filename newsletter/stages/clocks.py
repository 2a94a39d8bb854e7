"""Whether this machine's clock can be trusted: not behind an earlier run, not apart from the database server's."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from newsletter.errors import AttentionError, BusyError

if TYPE_CHECKING:
    from newsletter.press import Press

APART = timedelta(seconds=30)  # of two minutes that a lease lasts, renewed when a third is over
MEND = timedelta(hours=1)  # a clock may be set right by less than this without a word
CURE = "Set the clock right, best with NTP. If it is right now: `newsletter run --day today` goes on from here."


def went_back(press: Press) -> AttentionError | None:
    """The newest run of the ledger lies in the future: the clock is wrong, or it was. An edition of a day that is over
    must not be mailed by mistake.
    """
    now = press.clock.now()
    ahead = [run.started_at for run in press.runs.last(limit=1) if run.started_at > now + MEND]
    if not ahead:
        return None
    return AttentionError(
        f"It is {now:%Y-%m-%d %H:%M} UTC here, but a run was made at {ahead[0]:%Y-%m-%d %H:%M}.", cure=CURE
    )


def out_of_step(press: Press) -> BusyError | None:
    """The database is on a server whose clock says something else. Leases end by the clock: of two machines the one
    that is ahead would take what the other one is sending for left over, and send it too.
    """
    ahead = press.clock_ahead()
    if abs(ahead) <= APART:
        return None
    how = (
        f"{abs(ahead).total_seconds():,.0f} s {'ahead of' if ahead > timedelta(0) else 'behind'} the database server's"
    )
    return BusyError(
        f"This machine's clock is {how}: nothing is sent, since workers would send each other's mails again.",
        cure="Set both clocks right, best with NTP; what is queued goes out then.",
    )

"""Whether this machine's clock went back: an edition of a day that is over must not be mailed by mistake."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from newsletter.errors import AttentionError

if TYPE_CHECKING:
    from newsletter.press import Press

MEND = timedelta(hours=1)  # a clock may be set right by less than this without a word
CURE = "Set the clock right, best with NTP. If it is right now: `newsletter run --day today` goes on from here."


def went_back(press: Press) -> AttentionError | None:
    """The newest run of the ledger lies in the future: the clock is wrong, or it was."""
    now = press.clock.now()
    ahead = [run.started_at for run in press.runs.last(limit=1) if run.started_at > now + MEND]
    if not ahead:
        return None
    return AttentionError(
        f"It is {now:%Y-%m-%d %H:%M} UTC here, but a run was made at {ahead[0]:%Y-%m-%d %H:%M}.", cure=CURE
    )

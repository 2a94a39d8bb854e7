"""The other mission: bounces in, leases back, stale sign-ups out."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from newsletter.model.mail import Note
from newsletter.press import quiet

if TYPE_CHECKING:
    from newsletter.press import Press, Watch

STALE_SIGN_UP = timedelta(days=7)  # facts/mail.md 4.6: pending rows expire after a week and are wiped


def tend(press: Press, *, watch: Watch = quiet) -> tuple[Note, ...]:
    """Keep the house in order; safe at any time, and twice."""
    now = press.clock.now()
    run_id = press.runs.begin("tend", press.edition_day(now), at=now)
    if press.records is not None:
        press.records.sweep(now=now)  # ended sessions, counters and keys of the web pages
    notes = (*_wipe_stale_sign_ups(press), *_speak_of_uncertain(press))
    press.runs.note(run_id, notes)
    press.runs.finish(run_id, "done", at=press.clock.now())
    for note in notes:
        watch(note)
    return notes


def _wipe_stale_sign_ups(press: Press) -> tuple[Note, ...]:
    """Somebody who never confirmed did not agree to be remembered."""
    oldest = press.clock.now() - STALE_SIGN_UP
    stale = [
        reader.email
        for reader in press.subscribers.every()
        if reader.status == "pending" and reader.created_at is not None and reader.created_at < oldest
    ]
    for email in stale:
        press.subscribers.erase(email)
    return (Note("info", "sign-ups", f"{len(stale)} never confirmed within a week and were wiped"),)


def _speak_of_uncertain(press: Press) -> tuple[Note, ...]:
    uncertain = press.ledger.uncertain_since(now=press.clock.now())
    if not uncertain:
        return ()
    return (
        Note(
            "warning",
            "send",
            f"{len(uncertain)} mails got no answer after the final dot; [delivery] on_uncertain = "
            f'"{press.config.delivery.on_uncertain}" decides',
        ),
    )

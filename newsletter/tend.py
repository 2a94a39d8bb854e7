"""The other mission: bounces in, leases back, stale sign-ups out, suspended readers probed."""

from __future__ import annotations

from datetime import timedelta
from time import monotonic
from typing import TYPE_CHECKING

from newsletter.errors import NewsletterError
from newsletter.model.mail import Note
from newsletter.press import quiet
from newsletter.process import is_gone
from newsletter.running import running
from newsletter.stages.counting import count_readers
from newsletter.stages.probing import probe
from newsletter.stages.returning import Account, settle, take_in

if TYPE_CHECKING:
    from collections.abc import Callable

    from newsletter.press import Press, Watch

STALE_SIGN_UP = timedelta(days=7)  # facts/mail.md 4.6: pending rows expire after a week and are wiped
_AT_ONCE = 10_000
PRUNED, PRUNING = 2000, 20.0  # rows a transaction, seconds a time


def tend(press: Press, *, watch: Watch = quiet) -> tuple[Note, ...]:
    """Keep the house in order; safe at any time, twice, and at once with another.

    Each task stands alone: one that fails is noted as an error, and the others are done all the same.
    """
    with running(press, "tend", press.edition_day(press.clock.now()), watch) as log:
        for name, task in _TASKS:
            log.add(*_try(press, name, task))
        return tuple(log.notes)


def _try(press: Press, name: str, task: Callable[[Press], tuple[Note, ...]]) -> tuple[Note, ...]:
    try:
        return task(press)
    except NewsletterError as error:
        return (Note("error", name, str(error)),)


def _returns(press: Press) -> tuple[Note, ...]:
    """What a crash left open first, then what is new."""
    if press.returns is None:
        return ()
    account = Account()
    settle(press, press.returns.open(limit=_AT_ONCE, suspended=False), account)
    notes = list(account.changes)
    if words := account.words():
        notes.insert(0, Note("info", "returns", f"made up for what was left open: {words}"))
    for mailbox in press.mailboxes:
        notes += take_in(press, mailbox)
    if not press.mailboxes:
        notes.append(Note("info", "returns", "no mailbox is set up for bounces ([[returns]] in config.toml)"))
    press.returns.sweep(before=press.clock.now() - press.config.newsletter.keep)
    return tuple(notes)


def _give_leases_back(press: Press) -> tuple[Note, ...]:
    """What a worker held that was killed on this machine need not wait for its lease to run out."""
    now = press.clock.now()
    gone = [owner for owner in press.ledger.holders(now=now) if is_gone(owner)]
    for owner in gone:
        press.ledger.disown(owner, now=now)
    if not gone:
        return ()
    return (Note("info", "send", f"took back what {len(gone)} dead process{'es' * (len(gone) > 1)} held"),)


def _wipe_stale_sign_ups(press: Press) -> tuple[Note, ...]:
    """Somebody who never confirmed did not agree to be remembered. Who was a reader before has left, as she had when
    somebody, maybe not she, asked for her to come back: her choices and her proof of consent stay.
    """
    now = press.clock.now()
    stale = press.subscribers.stale(before=now - STALE_SIGN_UP)
    wiped = 0
    for email in stale:
        known = press.subscribers.by_email(email)
        if known is None or known.status != "pending" or (known.created_at or now) >= now - STALE_SIGN_UP:
            continue  # she confirmed, or asked anew, since the list was made
        if known.confirmed_at is not None:
            press.subscribers.remove(email, at=now)
        else:
            wiped += press.subscribers.erase(email)
    return (Note("info", "sign-ups", f"{wiped} never confirmed within a week and were wiped"),)


def _sweep_records(press: Press) -> tuple[Note, ...]:
    if press.records is not None:
        press.records.sweep(now=press.clock.now())
    return ()


def _prune(press: Press) -> tuple[Note, ...]:
    """A batch at a time, for a few seconds: a drain that goes on meanwhile waits for none of them longer than that."""
    before, until, gone = press.clock.now() - press.config.newsletter.keep, monotonic() + PRUNING, 0
    while monotonic() < until and (some := press.ledger.prune(before=before, limit=PRUNED)):
        gone += some
    runs = press.runs.sweep(before=before, limit=PRUNED)
    readings = press.papers.forget_readings(before=before)
    if not gone and not runs and not readings:
        return ()
    counted = [(gone, "mail"), (runs, "run"), (readings, "measurement")]
    parts = [f"{many} {what}{'s' * (many != 1)}" for many, what in counted]
    words = f"{parts[0]}, {parts[1]} and {parts[2]} of before {before:%Y-%m-%d} were erased"
    return (Note("info", "keep", f"{words}; how many mails there were stays counted"),)


def _speak_of_uncertain(press: Press) -> tuple[Note, ...]:
    uncertain = press.ledger.uncertain_since(now=press.clock.now())
    if not uncertain:
        return ()
    return (
        Note(
            "warning",
            "send",
            f"{len(uncertain)} mail{'s' * (len(uncertain) != 1)} got no answer after the final dot; "
            f'[delivery] on_uncertain = "{press.config.delivery.on_uncertain}" decides',
        ),
    )


_TASKS = (
    ("returns", _returns),
    ("probes", probe),
    ("send", _give_leases_back),
    ("sign-ups", _wipe_stale_sign_ups),
    ("records", _sweep_records),
    ("keep", _prune),
    ("readers", count_readers),
    ("send", _speak_of_uncertain),
)

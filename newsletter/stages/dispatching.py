"""Stage four: what is queued is composed, sent, and written down."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

from newsletter.config import rate_per_second
from newsletter.errors import NewsletterError, RelayConfigError, RelayError
from newsletter.model.mail import Note
from newsletter.patience import StoppedError, awaited
from newsletter.process import is_gone, kept_objects, myself
from newsletter.send.drain import DrainPolicy, drain
from newsletter.send.pace import Rate, SharedPacer
from newsletter.send.tally import Tally
from newsletter.stages.clocks import out_of_step
from newsletter.stages.composing import Renderer
from newsletter.stages.pacing import board, cap
from newsletter.stages.relaying import leave_alone, remember
from newsletter.stages.returning import refusals
from newsletter.stages.switch import paused, watched
from newsletter.tracing import traced

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from newsletter.model.mail import Reply
    from newsletter.press import Press
    from newsletter.stages.pacing import Cap


@dataclass(frozen=True, slots=True)
class Dispatch:
    """What one dispatch did. `attention`: running it again will not help, a person must look."""

    notes: tuple[Note, ...]
    tally: Tally | None = None
    attention: bool = False


@traced("dispatch")
def dispatch(
    press: Press, *, stop: Callable[[], bool] = lambda: False, on_progress: Callable[[Tally], None] | None = None
) -> Dispatch:
    """Drain what is due. The relay is checked before anything is claimed or composed."""
    if (nothing := _nothing_to_do(press)) is not None:
        return Dispatch((nothing,))
    transport, heard = press.open_transport(), _Heard(press, on_progress)
    leave_alone(press, transport)
    try:
        if (problem := awaited(transport.check, what="the mail server", stop=stop)) is not None:
            note = Note("error", "send", f"{problem.what} {problem.cure}".strip())
            return Dispatch((note,), attention=problem.lasting)
        with press.helpers() as helped, kept_objects(), _capped(press) as quota:
            tally = drain(
                press.ledger,
                transport,
                Renderer(press),
                clock=press.clock,
                owner=myself(),
                policy=_policy(press),
                stop=watched(press, stop),
                on_progress=heard,
                pacer=_pacer(press),
                board=board(press),
                quota=quota,
            )
        tally.sent += sum(helped)
    except StoppedError as error:
        return Dispatch((Note("info", "send", str(error)),), Tally(stop="asked", stopped_by=error.what))
    except (RelayError, RelayConfigError) as error:
        return Dispatch((Note("error", "send", str(error)),), attention=isinstance(error, RelayConfigError))
    finally:
        transport.close()
    heard.act(tally)
    said = remember(press, transport)
    left_out = press.open_composer().dropped() if tally.done else ()
    notes = (Note("warning", "compose", f"{p.where}: {p.what}. {p.cure}") for p in left_out)
    return Dispatch((*_notes(tally), *said, *notes, *heard.changes), tally, attention=tally.stop == "attention")


def _nothing_to_do(press: Press) -> Note | None:
    """Why nothing is sent now, if nothing is. Gives back what dead processes of this machine held."""
    now = press.clock.now()
    if (since := paused(press.records, now=now)) is not None:
        text = f"sending is paused by the operator since {since:%Y-%m-%d %H:%M} UTC; resume it on /operator"
        return Note("warning", "send", text)
    for owner in press.ledger.holders(now=now):
        if is_gone(owner):  # killed on this machine: what it held need not wait for the lease to run out
            press.ledger.disown(owner, now=now)
    if (when := press.ledger.next_due(now=now)) is None or when > now:
        text = "nothing is due" if when is None else f"the next try is due at {when:%Y-%m-%d %H:%M} UTC"
        return Note("info", "send", text)
    apart = out_of_step(press)
    return None if apart is None else Note("error", "send", str(apart))


class _Heard:
    """Acts on refusals as they are written down: a kill must not leave a reader active whose address is gone."""

    def __init__(self, press: Press, on_progress: Callable[[Tally], None] | None) -> None:
        self._press, self._on_progress, self._acted = press, on_progress, (0, 0)
        self.changes: list[Note] = []

    def __call__(self, tally: Tally) -> None:
        with suppress(NewsletterError):  # the last call, after the drain, says so
            self.act(tally)
        if self._on_progress is not None:
            self._on_progress(tally)

    def act(self, tally: Tally) -> None:
        new = [*tally.refused[self._acted[0] :], *tally.given_up[self._acted[1] :]]
        if new and self._press.returns is not None:
            seen = len(tally.refused), len(tally.given_up)
            self.changes += refusals(self._press, new)
            self._acted = seen


@contextmanager
def _capped(press: Press) -> Iterator[Cap | None]:
    quota = cap(press)
    try:
        yield quota
    finally:
        if quota is not None:
            quota.close()


def _pacer(press: Press) -> SharedPacer | None:
    """One rate for all processes on this database."""
    rate, reserve = _rate(press), press.reserve
    if rate is None or reserve is None:
        return None
    return SharedPacer(rate, lambda turns, ahead: reserve(turns, rate.per_second, now=press.clock.now(), ahead=ahead))


def _policy(press: Press) -> DrainPolicy:
    delivery = press.config.delivery
    return DrainPolicy(retry=delivery.retry, on_uncertain=delivery.on_uncertain, rate=_rate(press))


def _rate(press: Press) -> Rate | None:
    per_second = rate_per_second(press.config.delivery.rate)
    return None if per_second is None else Rate(per_second)


def _notes(tally: Tally) -> tuple[Note, ...]:
    counts = {
        "sent": tally.sent,
        "deferred": tally.deferred,
        "refused": len(tally.refused),
        "uncertain": tally.uncertain,
        "expired": tally.expired,
        "left meanwhile": tally.suppressed,
        "cancelled": tally.cancelled,
    }
    words = ", ".join(f"{count} {name}" for name, count in counts.items() if count)
    notes = [Note("info", "send", words or "nothing was due")]
    if tally.stopped_by:
        level: Literal["info", "error"] = "info" if tally.stop == "asked" else "error"
        notes.append(Note(level, "send", f"{tally.stopped_by} {tally.cure}".strip()))
    notes += [Note("warning", "send", text) for text in tally.notes]
    if tally.uncertain:
        mails, itself, it = (
            ("1 mail", "itself", "it") if tally.uncertain == 1 else (f"{tally.uncertain} mails", "themselves", "them")
        )
        text = f"{mails} got no answer and will not be sent again by {itself}"
        notes.append(Note("warning", "send", f"{text}: `newsletter send --resend-uncertain` sends {it} once more."))
    notes += [
        Note("warning", "send", f"reader {one.subscriber_id} refused: {_answer(one.reply)}")
        for one in tally.refused[:20]
    ]
    return tuple(notes)


def _answer(reply: Reply) -> str:
    return " ".join(str(part) for part in (reply.code, reply.enhanced, reply.text) if part)


def nowhere(press: Press) -> tuple[Note, ...]:
    """A warning when mails go out to others whose links open on this machine only."""
    settings = press.config
    local = urlsplit(settings.newsletter.base_url).hostname in {"localhost", "127.0.0.1", "::1"}
    if not local or settings.delivery.transport == "maildir":
        return ()
    if press.subscribers.counts().get("active", 0) < 2:  # one reader, for herself, on this machine
        return ()
    text = f"{settings.newsletter.base_url} opens on this machine only: links in mails, leaving included, lead nowhere."
    return (Note("warning", "base_url", f"{text} Set [newsletter] base_url."),)

"""What came back is kept, weighed and acted on: mail in the returns mailbox, webhooks, refusals of the next hop."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import TYPE_CHECKING

from newsletter.errors import NewsletterError
from newsletter.model.mail import Note
from newsletter.model.returns import Evidence
from newsletter.returns.decide import LAST_ISSUES, REMEMBERED, Decision, decide, standing_evidence, suspension
from newsletter.returns.read import read_return
from newsletter.returns.testify import reader_of, testify
from newsletter.returns.weigh import of_refusal
from newsletter.send.verdict import cause_of
from newsletter.stages.leaving import say_goodbye
from newsletter.subscribe.moves import MOVES, move

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from newsletter.model.mail import Reply
    from newsletter.model.returns import Letter
    from newsletter.model.subscriber import Subscriber
    from newsletter.ports import Mailbox, Returns
    from newsletter.press import Press
    from newsletter.returns.decide import Issues
    from newsletter.returns.read import Returned
    from newsletter.send.tally import Refusal
    from newsletter.subscribe.moves import Event

BATCH = 100  # letters between two commits, and so the most that a crash reads twice
MOST = 20_000  # letters of one mailbox in one run; the next run takes the rest
_WORDS = {  # what a person reads of each count, in this order
    "hard": "gone for good and suppressed",
    "complaint": "complained and suppressed",
    "leave": "left by mail",
    "suspended": "suspended for a week",
    "given up": "given up after the probe",
    "soft": "soft, counted",
    "blocked": "blocked by policy (nobody's address is at fault)",
    "ours": "for a fault of the mail itself",
    "accepted": "reported as delivered",
    "delayed": "only delayed",
    "answer": "automatic answers, ignored",
    "repeated": "seen before",
    "unverified": "not signed: kept, changed nothing",
    "aside": "put aside for a person",
}


@dataclass(slots=True)
class Account:
    """What one intake did: counts by the words above, and what each reader's change was."""

    counts: Counter[str] = field(default_factory=Counter)
    changes: list[Note] = field(default_factory=list)

    def words(self) -> str:
        return ", ".join(f"{self.counts[name]} {text}" for name, text in _WORDS.items() if self.counts[name])


def take_in(press: Press, mailbox: Mailbox) -> tuple[Note, ...]:
    """Read a mailbox of returns, act, and erase what was acted on: in this order, a batch at a time."""
    account, total, failures = Account(), 0, list[Note]()
    letters = mailbox.letters(limit=MOST)
    try:
        while batch := list(islice(letters, BATCH)):
            total += len(batch)
            aside = read_letters(press, batch, account)
            mailbox.finish([one.name for one in batch if one.name not in aside], sorted(aside))
    except NewsletterError as error:
        failures.append(Note("error", "returns", str(error)))
    text = f"{mailbox.name}: {total} read{': ' if total else ''}{account.words()}"
    return (Note("warning" if account.counts["aside"] else "info", "returns", text), *account.changes, *failures)


def read_letters(press: Press, letters: Sequence[Letter], account: Account) -> set[str]:
    """Act on what the letters say; the names of those that a person must look at."""
    returned = {one.name: read_return(one.data, press.config.secrets) for one in letters}
    seen = _store(press).seen(one.mail for one in returned.values())
    aside: set[str] = set()
    news: list[Evidence] = []
    for name, one in returned.items():
        if one.mail in seen:
            account.counts["repeated"] += 1
        elif one.sort == "answer":
            account.counts["answer"] += 1
        elif (said := _evidence(press, one)) is None:
            account.counts["aside"] += 1
            aside.add(name)
        else:
            account.counts["delayed"] += not said
            news += said
    act(press, news, account)
    return aside


def _evidence(press: Press, one: Returned) -> tuple[Evidence, ...] | None:
    """None: a person must look."""
    now = press.clock.now()
    if one.sort in {"unknown", "poison"}:
        return None
    if one.sort == "leave":
        return _leaving(press, one, now)
    if one.sort == "complaint" and (who := _by_token(press, one, now)):
        said = one.text or "complaint"
        return (Evidence(f"complaint:{one.mail}", "complaint", "arf", now, who, "", True, said, one.mail),)
    readers = press.subscribers.get({reader_of(key) for key in one.keys[:1]})
    known = {}
    if not one.keys:
        found = (press.subscribers.by_email(name) for name in one.named)
        known = {who.email.lower(): who.id for who in found if who is not None}
    emails = {number: reader.email for number, reader in readers.items()}
    return testify(one, emails=emails, known=known, judge=judge, at=now)


def _leaving(press: Press, one: Returned, now: datetime) -> tuple[Evidence, ...] | None:
    """A mail to the leave address with the token of List-Unsubscribe, or a complaint of the kind `opt-out`."""
    number = _by_token(press, one, now) or (reader_of(one.keys[0]) if one.keys else 0)
    if not number:
        return None
    who = number if press.subscribers.get([number]) else 0
    return (Evidence(f"leave:{one.mail}", "leave", "mailto", now, who, signed=True, mail=one.mail),)


def _by_token(press: Press, one: Returned, now: datetime) -> int:
    """The reader whose List-Unsubscribe holds the token, which only we can make; 0 without one."""
    claim = press.signer.read("unsubscribe", one.token, now) if one.token else None
    return claim.subscriber_id if claim else 0


def refusals(press: Press, refused: Iterable[Refusal]) -> tuple[Note, ...]:
    """What the next hop refused while an issue went out."""
    account, now = Account(), press.clock.now()
    act(press, [_of_refusal(one, now) for one in refused], account)
    return tuple(account.changes)


def _of_refusal(one: Refusal, now: datetime) -> Evidence:
    key = one.delivery_key
    text = f"{one.reply.code} {one.reply.enhanced}".strip()
    return Evidence(f"smtp:{key}", of_refusal(one.fault), "smtp", now, one.subscriber_id, key, True, text)


def judge(phase: str, reply: Reply) -> str:
    """The sending room's verdict, for a report that quotes a server."""
    return cause_of("rcpt" if phase == "rcpt" else "dot", reply)


def act(press: Press, evidence: Sequence[Evidence], account: Account) -> None:
    """Keep, decide, change, close: a crash between two of these does the rest at the next `tend`, and nothing twice."""
    returns = _store(press)
    wanted = [one for one in evidence if one.what != "accepted" or _is_wanted(press, one)]
    kept = returns.keep(wanted)
    account.counts["repeated"] += len({one.key for one in wanted}) - len(kept)
    settle(press, kept, account)


def settle(press: Press, kept: Sequence[Evidence], account: Account) -> None:
    """Act on open evidence."""
    returns, now = _store(press), press.clock.now()
    done = []
    for one in kept:
        if one.what != "suspended":
            _act_on(press, one, account, now)
            done.append(one.key)
    returns.close(done, at=now)


def _act_on(press: Press, one: Evidence, account: Account, now: datetime) -> None:
    reader = press.subscribers.get([one.subscriber_id]).get(one.subscriber_id)
    account.counts[one.what if one.signed else "unverified"] += 1
    if reader is None or not one.signed:
        return
    history: Sequence[Evidence] = ()
    issues: Issues = ()
    if one.what == "soft":
        history = _store(press).about([reader.id], since=now - REMEMBERED).get(reader.id, ())
        issues = press.ledger.latest(reader.id, limit=LAST_ISSUES)
    decision = decide(one, history, issues)
    if _apply(press, reader, decision, now):
        if (one.what, one.way) == ("leave", "mailto"):
            say_goodbye(press, reader, at=now)
        account.counts["suspended"] += decision.suspend_until is not None
        account.counts["given up"] += one.what == "soft" and decision.event == "bounce"
        account.changes.append(Note("info", f"reader:{reader.id}", _told(decision)))


def _apply(press: Press, reader: Subscriber, decision: Decision, now: datetime) -> bool:
    """Whether anything changed. Doing it twice changes nothing more."""
    changed = decision.event != "" and _move(press, reader, decision.event, now)
    if decision.suppress and reader.email not in press.subscribers.suppressed([reader.email]):
        press.subscribers.suppress(reader.email, decision.suppress, at=now)
        changed = True
    if decision.suspend_until is not None and reader.status == "active":
        until = max(decision.suspend_until, reader.paused_until or decision.suspend_until)
        press.subscribers.update(replace(reader, paused_until=until), reader)
        key = f"suspended:{reader.id}:{now.date().isoformat()}"
        mark = Evidence(key, "suspended", "tend", now, reader.id, signed=True, text=decision.why)
        _store(press).keep([mark])
        changed = True
    return changed


def _move(press: Press, reader: Subscriber | None, event: Event, now: datetime) -> bool:
    """Whether her status changed; decided anew when somebody else changed it meanwhile."""
    while reader is not None and (reader.status, event) in MOVES:
        moved = move(reader, event, at=now)
        if moved == reader:
            return False
        if press.subscribers.update(moved, reader):
            return True
        reader = press.subscribers.get([reader.id]).get(reader.id)
    return False


def _told(decision: Decision) -> str:
    if decision.suspend_until is not None:
        return f"suspended until {decision.suspend_until}, then one probe: {decision.why}"
    return f"not written to any more: {decision.why}"


def _is_wanted(press: Press, one: Evidence) -> bool:
    """An acceptance is worth a row only where it takes something back."""
    known = _store(press).about([one.subscriber_id], since=press.clock.now() - REMEMBERED)
    left = standing_evidence(known.get(one.subscriber_id, ()), ())
    return bool(left) or suspension(left) is not None


def _store(press: Press) -> Returns:
    assert press.returns is not None
    return press.returns

"""Tending a newsletter whose mail comes back: what is told to the reader table, once, whatever crashes."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

import pytest

from newsletter.config import read_config
from newsletter.errors import BusyError
from newsletter.model.mail import Delivered, NewDelivery, Reply
from newsletter.model.returns import Evidence
from newsletter.model.subscriber import Subscriber
from newsletter.process import myself
from newsletter.send.tally import Refusal
from newsletter.stages.returning import Account, act, refusals
from newsletter.subscribe.links import Signer
from newsletter.tend import tend
from newsletter.wiring import open_press
from tests.support import returned_mail as mail
from tests.support.fake_returns import FakeMailbox
from tests.support.fakes import FakeClock

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from newsletter.press import Press

START = datetime(2026, 11, 20, 9, tzinfo=UTC)
DAY = timedelta(days=1)


@dataclass
class House:
    press: Press
    clock: FakeClock
    path: Path

    def get(self, *letters: bytes) -> None:
        """Letters arrive in the Maildir."""
        for place, data in enumerate(letters):
            (self.path / "new" / f"{self.clock.now().timestamp():.0f}.{place}.host").write_bytes(data)

    def tend(self) -> dict[str, list[str]]:
        said: dict[str, list[str]] = {}
        for note in tend(self.press):
            said.setdefault(note.subject, []).append(note.text)
        return said

    def status(self, number: int = 1) -> tuple[str, bool]:
        who = self.press.subscribers.get([number])[number]
        return who.status, bool(self.press.subscribers.suppressed([who.email]))

    def left(self) -> int:
        return sum(1 for inner in ("new", "cur") for _ in (self.path / inner).iterdir())

    def aside(self) -> list[bytes]:
        return [one.read_bytes() for one in sorted((self.path / ".Aside" / "cur").glob("*"))]

    def sent(self, day: int, state: str = "sent") -> None:
        """Her digest of START plus `day` days went out."""
        ledger, when = self.press.ledger, START + day * DAY
        ledger.queue([NewDelivery("digest", when.date(), 1, "{}", when + DAY)], at=when)
        claim = ledger.claim("me", limit=9, now=when, lease=DAY)
        assert claim is not None
        ledger.settle([(Delivered(claim.deliveries[0].id), None)], now=when)
        ledger.release(claim)

    def soft(self, day: int) -> bytes:
        issue = (START + day * DAY).date()
        return mail.postfix(mail.verp(day=issue), status="5.2.2", said="smtp; 552 5.2.2 full", number=f"soft{day}")


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    path = tmp_path / "Maildir"
    for inner in ("new", "cur", "tmp"):
        (path / inner).mkdir(parents=True)
    config = read_config(
        {"newsletter": {"secret": mail.SECRET}, "returns": [{"kind": "maildir", "path": "Maildir"}]},
        {},
        tmp_path / "config.toml",
    )
    clock = FakeClock(START)
    with open_press(config, clock=clock) as press:
        for email in (mail.ADA, "bob@example.org"):
            assert press.subscribers.add(Subscriber(email=email))
        yield House(press, clock, path)


def test_one_bounce_of_an_address_that_is_gone_ends_it_and_a_second_tend_finds_nothing(house: House) -> None:
    house.get(mail.postfix(mail.verp()))

    said = house.tend()
    assert said["returns"] == [f"maildir {house.path}: 1 read: 1 gone for good and suppressed"]
    assert said["reader:1"] == ["not written to any more: there is no such mailbox"]
    assert (house.status(1), house.status(2), house.left()) == (("bounced", True), ("active", False), 0)

    assert house.tend()["returns"] == [f"maildir {house.path}: 0 read"]
    assert [(run.command, run.outcome) for run in house.press.runs.last()] == [("tend", "done"), ("tend", "done")]


def test_a_sign_up_that_nobody_confirmed_is_wiped_after_a_week_and_may_come_again(house: House) -> None:
    waiting = Subscriber(email="eve@example.org", status="pending", created_at=START)
    house.press.subscribers.add(waiting)
    house.clock.moment = START + 7 * DAY
    assert house.tend()["sign-ups"] == ["0 never confirmed within a week and were wiped"]

    house.clock.moment += timedelta(seconds=1)
    assert house.tend()["sign-ups"] == ["1 never confirmed within a week and were wiped"]
    assert house.press.subscribers.by_email("eve@example.org") is None
    assert house.press.subscribers.add(waiting) is not None


@pytest.mark.parametrize("was_a_reader", [False, True])
def test_who_confirms_or_asks_anew_while_stale_sign_ups_are_wiped_stays(house: House, *, was_a_reader: bool) -> None:
    class Late:
        """The list of stale sign-ups, read just before those on it acted."""

        def __getattr__(self, name: str) -> Any:
            return getattr(house.press.subscribers, name)

        def stale(self, *, before: datetime) -> tuple[str, ...]:
            return ("confirmed@example.org", "anew@example.org")

    confirmed_at = START + 8 * DAY
    house.clock.moment = START + 9 * DAY
    earlier = START - 90 * DAY if was_a_reader else None
    now = (
        Subscriber(email="confirmed@example.org", created_at=START, confirmed_at=confirmed_at),
        Subscriber(email="anew@example.org", status="pending", created_at=confirmed_at, confirmed_at=earlier),
    )
    for one in now:
        house.press.subscribers.add(one)
    tend(replace(house.press, subscribers=cast("Any", Late())))
    found = [house.press.subscribers.by_email(one.email) for one in now]
    assert [one and (one.status, one.confirmed_at) for one in found] == [
        ("active", confirmed_at),
        ("pending", earlier),
    ]


def test_what_a_dead_worker_held_is_taken_back(house: House) -> None:
    ledger = house.press.ledger
    ledger.queue([NewDelivery("digest", START.date(), 1, "{}", START + DAY)], at=START)
    host, _, process = myself().rpartition(" ")
    gone = f"{host} 999999.{process.partition('.')[2]}"
    assert ledger.claim(gone, limit=1, now=START, lease=DAY) is not None

    assert house.tend()["send"] == ["took back what 1 dead process held"]
    assert ledger.claim("me", limit=1, now=START, lease=DAY) is not None
    assert "send" not in house.tend()


def test_a_forged_bounce_changes_nobody_and_is_kept_as_unverified(house: House) -> None:
    foreign = mail.verp(secret="their secret, not ours")
    house.get(mail.postfix("papers@papers.example"), mail.postfix(foreign, number="2"), mail.complaint("<no@x>"))

    said = house.tend()

    assert said["returns"] == [f"maildir {house.path}: 3 read: 3 not signed: kept, changed nothing"]
    assert (house.status(), house.left()) == (("active", False), 0)
    (kept,) = house.press.returns.about([1], since=START - DAY).values()  # type: ignore[union-attr]
    assert [(one.what, one.way, one.signed) for one in kept] == [("hard", "dsn", False), ("hard", "dsn", False)]


def test_a_complaint_leaves_everything_and_a_mail_to_the_leave_address_leaves(house: House) -> None:
    token = Signer([mail.SECRET]).sign("unsubscribe", 2, 0)
    house.get(mail.complaint(mail.our_id()), mail.letter("leave@b.example", f"unsubscribe {token}"))

    said = house.tend()

    assert said["returns"] == [f"maildir {house.path}: 2 read: 1 complained and suppressed, 1 left by mail"]
    assert (house.status(1), house.status(2)) == (("complained", True), ("left", False))
    now, ledger = house.clock.now(), house.press.ledger
    goodbyes = [ledger.standing(kind="goodbye", day=now.date(), subscriber_id=who, now=now) for who in (1, 2)]
    assert [one and one.state for one in goodbyes] == [None, "queued"]


def test_a_wish_to_leave_with_a_token_that_is_not_ours_is_put_aside(house: House) -> None:
    token = Signer(["another secret altogether"]).sign("unsubscribe", 2, 0)
    forged, question = mail.letter("leave@b.example", f"unsubscribe {token}"), mail.letter("leave@b.example", "Why?")
    house.get(forged, question, b"\xff\x00", mail.postfix(mail.verp()))

    said = house.tend()

    assert said["returns"] == [
        f"maildir {house.path}: 4 read: 1 gone for good and suppressed, 3 put aside for a person"
    ]
    assert (house.status(2), house.aside()) == (("active", False), [forged, question, b"\xff\x00"])


def test_holidays_and_delays_say_nothing(house: House) -> None:
    house.get(
        mail.letter(mail.verp(), "Out of office"),
        mail.postfix(mail.verp(), action="delayed", status="4.4.1"),
        mail.postfix(mail.verp(), status="5.7.1", said="smtp; 550 5.7.1 blocked", number="2"),
    )

    said = house.tend()

    (told,) = said["returns"]
    assert told.partition(" read: ")[2] == (
        "1 blocked by policy (nobody's address is at fault), 1 only delayed, 1 automatic answers, ignored"
    )
    assert (house.status(), house.left()) == (("active", False), 0)


def test_a_bounce_of_an_address_that_is_not_hers_any_more_does_not_suppress_her_new_one(house: House) -> None:
    house.get(mail.postfix(mail.verp(), who="ada@old.example"))

    assert house.tend()["returns"] == [f"maildir {house.path}: 1 read: 1 soft, counted"]
    assert house.status() == ("active", False)


def test_a_guess_from_prose_is_soft_at_most(house: House) -> None:
    told = "The letter could not be delivered.\n\nReason: 550 5.1.1 no such user\n"
    house.get(mail.letter(mail.verp(), "Delivery failure", told, sender="Postmaster <postmaster@odd.example>"))

    assert house.tend()["returns"] == [f"maildir {house.path}: 1 read: 1 soft, counted"]
    assert house.status() == ("active", False)


def test_the_same_report_again_does_nothing_even_when_the_operator_lifted_what_it_did(house: House) -> None:
    house.get(mail.postfix(mail.verp()))
    house.tend()
    who = house.press.subscribers.get([1])[1]
    house.press.subscribers.unsuppress(mail.ADA)
    house.press.subscribers.update(replace(who, status="active"))

    house.get(mail.postfix(mail.verp()), mail.postfix(mail.verp(), number="sent again under another id"))

    assert house.tend()["returns"] == [f"maildir {house.path}: 2 read: 2 seen before"]
    assert house.status() == ("active", False)


def test_a_full_mailbox_suspends_her_until_a_probe_that_is_taken(house: House) -> None:
    for day in range(5):
        house.sent(day)
    house.clock.moment = START + 5 * DAY
    house.get(*(house.soft(day) for day in (0, 2, 4)))

    said = house.tend()
    assert said["returns"] == [f"maildir {house.path}: 3 read: 1 suspended for a week, 3 soft, counted"]
    assert said["reader:1"] == ["suspended until 2026-12-02, then one probe: 3 of 5 issues lost"]
    assert said["probes"] == ["1 suspended: each gets one issue after a week, as a probe"]
    who = house.press.subscribers.get([1])[1]
    assert (who.status, who.paused_until) == ("active", (START + 12 * DAY).date())

    house.sent(12)
    house.clock.moment = START + 14 * DAY
    assert house.tend()["probes"] == ["1 suspended: each gets one issue after a week, as a probe"]
    house.clock.moment = START + 15 * DAY
    assert house.tend()["reader:1"] == ["her probe was taken: she is on the list again"]
    assert "probes" not in house.tend()

    house.get(house.soft(15))
    assert house.tend()["returns"] == [f"maildir {house.path}: 1 read: 1 soft, counted"]
    assert house.status() == ("active", False)


def test_a_suspension_never_shortens_the_pause_that_she_chose(house: House) -> None:
    until = (START + 60 * DAY).date()
    house.press.subscribers.update(replace(house.press.subscribers.get([1])[1], paused_until=until))
    for day in range(3):
        house.sent(day)
    house.get(*(house.soft(day) for day in range(3)))

    house.tend()

    assert house.press.subscribers.get([1])[1].paused_until == until


def test_a_probe_that_comes_back_ends_it(house: House) -> None:
    for day in range(5):
        house.sent(day)
    house.get(*(house.soft(day) for day in (0, 2, 4)))
    house.tend()
    house.sent(12)
    house.clock.moment = START + 12 * DAY
    house.get(house.soft(12))

    said = house.tend()
    assert said["reader:1"] == ["not written to any more: the probe after a suspension came back too"]
    assert house.status() == ("bounced", False)
    assert "probes" not in house.tend()


def test_refusals_of_the_next_hop_go_the_same_way(house: House) -> None:
    gone = Refusal(2, Reply(550, "5.1.1", "no such user"), "address", "digest.2026-11-20.2")
    blocked = Refusal(1, Reply(550, "5.7.1", "blocked"), "policy", "digest.2026-11-20.1")

    notes = refusals(house.press, [gone, blocked])

    assert [(one.subject, one.text) for one in notes] == [
        ("reader:2", "not written to any more: there is no such mailbox")
    ]
    assert (house.status(1), house.status(2)) == (("active", False), ("bounced", True))
    full = [
        Refusal(1, Reply(552, "5.2.2", "full"), "mailbox-full", f"digest.{(START + day * DAY).date()}.1")
        for day in range(1, 6)
    ]
    assert [one.text for one in refusals(house.press, full)] == [
        "suspended until 2026-11-27, then one probe: soft bounces on 5 days"
    ]
    assert refusals(house.press, full) == ()


def test_only_an_acceptance_that_takes_something_back_is_kept(house: House) -> None:
    delivered = mail.postfix(mail.verp(day=START.date()), action="delivered", status="2.1.5", said="smtp; 250 ok")
    house.get(delivered)
    house.tend()
    assert house.press.returns.about([1], since=START - DAY) == {}  # type: ignore[union-attr]

    house.get(house.soft(-1))
    house.tend()
    house.get(delivered)
    assert house.tend()["returns"] == [f"maildir {house.path}: 1 read: 1 reported as delivered"]


class Faulty:
    """A store of readers that fails at the given call, once."""

    def __init__(self, real: Any, method: str) -> None:
        self._real, self._method = real, method

    def __getattr__(self, name: str) -> Any:
        if name == self._method:
            self._method = ""
            raise BusyError("the database is locked.")
        return getattr(self._real, name)


@pytest.mark.parametrize(
    ("port", "method"),
    [("subscribers", "update"), ("subscribers", "suppress"), ("returns", "keep"), ("returns", "close")],
)
def test_a_crash_anywhere_loses_no_bounce_and_blocks_nothing(house: House, port: str, method: str) -> None:
    house.get(mail.postfix(mail.verp()))
    whole = house.press
    house.press = replace(whole, **{port: Faulty(getattr(whole, port), method)})

    first = house.tend()
    assert "the database is locked." in str(first["returns"])
    assert house.left() == 1
    assert house.press.runs.last(limit=1)[0].outcome == "partial"
    house.press = whole
    house.tend()

    assert (house.status(), house.left()) == (("bounced", True), 0)


def test_what_a_crash_left_open_is_done_though_the_mail_is_gone(house: House) -> None:
    assert house.press.returns is not None
    house.press.returns.keep([Evidence("smtp:digest.2026-11-20.1", "hard", "smtp", START, 1, signed=True)])

    assert house.tend()["returns"][0] == "made up for what was left open: 1 gone for good and suppressed"
    assert house.status() == ("bounced", True)
    assert len(house.tend()["returns"]) == 1


def test_a_mailbox_that_cannot_be_read_stops_no_other(house: House) -> None:
    other = FakeMailbox(mail.postfix(mail.verp()))
    house.press = replace(house.press, mailboxes=(*house.press.mailboxes, other))
    (house.path / "new").rename(house.path.parent / "away")
    (house.path / "cur").rmdir()
    (house.path / "tmp").rmdir()
    house.path.rmdir()

    said = house.tend()

    assert any("is no folder" in text for text in said["returns"])
    assert (house.status(), other.inside) == (("bounced", True), {})


def test_many_returns_are_taken_a_batch_at_a_time(house: House) -> None:
    house.press = replace(
        house.press, mailboxes=(FakeMailbox(*(mail.letter("x@y", "Out of office", str(n)) for n in range(250))),)
    )

    assert house.tend()["returns"] == ["returns: 250 read: 250 automatic answers, ignored"]


def test_two_tends_at_once_lose_nothing_and_do_nothing_twice(house: House) -> None:
    readers = [Subscriber(email=f"reader{number}@example.org") for number in range(3, 43)]
    assert {said for _, said in house.press.subscribers.add_many(readers)} == {"added"}
    house.get(*(mail.postfix(mail.verp(one), number=str(one), who=f"reader{one}@example.org") for one in range(3, 43)))
    config = house.press.config

    def another(_: int) -> list[str]:
        with open_press(config, clock=house.clock) as press:
            return [note.subject for note in tend(press) if note.subject.startswith("reader:")]

    with ThreadPoolExecutor(3) as pool:
        told = [subject for some in pool.map(another, range(3)) for subject in some]

    assert {house.status(number) for number in range(3, 43)} == {("bounced", True)}
    assert set(told) == {f"reader:{number}" for number in range(3, 43)}
    assert (house.left(), house.aside()) == (0, [])


def test_two_accounts_of_the_same_evidence_at_once_agree(house: House) -> None:
    one = Evidence("smtp:x", "hard", "smtp", START, 1, signed=True)
    first, second = Account(), Account()
    act(house.press, [one], first)
    act(house.press, [one], second)

    assert (first.counts["hard"], second.counts["hard"], second.counts["repeated"]) == (1, 0, 1)


def test_nothing_that_is_kept_holds_an_address(house: House) -> None:
    house.get(
        mail.postfix(mail.verp(), said="smtp; 550 5.1.1 <ada@example.org>: stranger@else.example unknown"),
        mail.postfix("x@y", who="stranger@else.example", number="3"),
    )
    house.tend()

    with sqlite3.connect(house.path.parent / "subscribers.db") as database:
        rows = str(database.execute("SELECT * FROM returns").fetchall())
        assert "@" not in rows
        assert rows.count("'550 5.1.1 <address>") == 2
    database.close()


def test_a_complaint_whose_addresses_are_blotted_out_is_known_by_its_link_to_leave(house: House) -> None:
    signer = Signer([mail.SECRET])
    hers, foreign = signer.sign("unsubscribe", 2, 0), Signer(["another secret"]).sign("unsubscribe", 1, 0)
    house.get(
        mail.complaint(f"<no@x>\nList-Unsubscribe: <https://papers.example/unsubscribe/{hers}>"),
        mail.complaint(f"<no2@x>\nList-Unsubscribe: <https://papers.example/unsubscribe/{foreign}>", number="2"),
    )

    said = house.tend()

    assert said["returns"] == [
        f"maildir {house.path}: 2 read: 1 complained and suppressed, 1 not signed: kept, changed nothing"
    ]
    assert (house.status(1), house.status(2)) == (("active", False), ("complained", True))


def test_a_wish_to_leave_that_a_program_wrote_for_her_counts(house: House) -> None:
    token = Signer([mail.SECRET]).sign("unsubscribe", 2, 0)
    by_itself = "Auto-Submitted: auto-generated\nPrecedence: bulk\n"
    house.get(mail.letter("leave@b.example", f"unsubscribe {token}", more=by_itself))

    assert house.tend()["returns"] == [f"maildir {house.path}: 1 read: 1 left by mail"]
    assert house.status(2) == ("left", False)

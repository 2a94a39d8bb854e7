"""The heartbeat: what is due is done once, on time, and a beat with nothing to do leaves no trace."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from newsletter.config import load_config
from newsletter.errors import BusyError
from newsletter.model.mail import Deferred, Delivered, NewDelivery, Reply
from newsletter.model.paper import Problem
from newsletter.model.subscriber import Subscriber
from newsletter.schedule import Heart, Pulse, beat, heartbeat
from tests.support.desk import PAPERS, Desk

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from newsletter.model.edition import Edition
    from newsletter.model.mail import Message, Note, Outcome
    from newsletter.model.paper import Ask, Harvest
    from newsletter.ports import Editions
    from newsletter.press import Press

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
FRIDAY = date(2026, 11, 20)
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(slots=True)
class CountingTransport:
    """Takes every mail, or is down, and remembers who got one."""

    got: list[str] = field(default_factory=list)
    down: bool = False
    asked: int = 0

    def check(self) -> Problem | None:
        self.asked += 1
        return Problem("relay", "The mail server is away.", "Wait.") if self.down else None

    def deliver(self, messages: Iterable[Message]) -> Iterator[Outcome]:
        for message in messages:
            self.got.append(message.recipient)
            yield Delivered(message.delivery_id) if not self.down else Deferred(message.delivery_id, Reply(421))

    def close(self) -> None:
        pass


@dataclass(slots=True)
class House:
    """A newsletter whose clock is set by hand, and whose mail is only counted."""

    desk: Desk
    press: Press
    mail: CountingTransport

    def reader(self, email: str, **choices: object) -> Subscriber:
        stored = self.press.subscribers.add(
            Subscriber(email=email, created_at=LONG_AGO, confirmed_at=LONG_AGO, **choices)  # type: ignore[arg-type]
        )
        assert stored is not None
        return stored

    def at(self, text: str) -> None:
        self.desk.clock.moment = datetime.fromisoformat(text).replace(tzinfo=UTC)

    def runs(self) -> list[tuple[str, str]]:
        return [(f"{run.started_at:%d. %H:%M}", run.command) for run in reversed(self.press.runs.last(limit=500))]

    def live(self, heart: Heart, until: str, step: timedelta = MINUTE) -> dict[str, list[str]]:
        """Beat by beat until then; who got mail when."""
        end, got = datetime.fromisoformat(until).replace(tzinfo=UTC), dict[str, list[str]]()
        while self.desk.clock.moment < end:
            before = len(self.mail.got)
            heart.beat()
            heart.tend()
            for who in self.mail.got[before:]:
                got.setdefault(who, []).append(f"{self.desk.clock.moment:%d. %H:%M}")
            self.desk.clock.pass_(step)
        return got


@contextmanager
def opened(folder: Path) -> Iterator[House]:
    desk = Desk(folder)
    mail = CountingTransport()
    with desk.press(load_config(folder / "config.toml", {})) as press:
        yield House(desk, replace(press, open_transport=lambda: mail), mail)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with opened(tmp_path) as made:
        yield made


def test_each_reader_has_her_mail_at_her_hour_and_the_edition_is_printed_before_the_first(house: House) -> None:
    house.reader("ada@example.org", timezone="Europe/Berlin", send_hour=7)  # 06:00 UTC
    house.reader("bob@example.org")  # 08:00 UTC
    house.reader("cy@example.org", timezone="America/New_York", send_hour=9)  # 14:00 UTC
    house.at("2026-11-20T04:00")

    got = house.live(Heart(house.press), "2026-11-20T15:00")

    assert got == {
        "ada@example.org": ["20. 06:00"],
        "bob@example.org": ["20. 08:00"],
        "cy@example.org": ["20. 14:00"],
    }
    edition = house.press.editions.get(FRIDAY)
    assert edition is not None
    assert f"{edition.printed_at:%H:%M}" == "05:40"
    assert [run for run in house.runs() if run[1] not in {"collect", "tend"}] == [
        ("20. 05:40", "print"),
        ("20. 06:00", "cut"),
        ("20. 06:00", "send"),
        ("20. 08:00", "cut"),
        ("20. 08:00", "send"),
        ("20. 14:00", "cut"),
        ("20. 14:00", "send"),
    ]


def test_a_beat_with_nothing_to_do_leaves_no_trace(house: House) -> None:
    house.reader("ada@example.org")
    house.at("2026-11-20T08:00")
    heart = Heart(house.press)
    for _ in range(3):
        heart.beat()
        heart.tend()
        house.desk.clock.pass_(MINUTE)
    before = house.runs()

    house.live(heart, "2026-11-20T08:45")
    for _ in range(5):
        beat(house.press)  # nor one without a memory

    assert house.runs() == before
    assert house.mail.got == ["ada@example.org"]


def test_two_schedulers_on_one_database_do_nothing_twice(tmp_path: Path) -> None:
    with opened(tmp_path) as one, opened(tmp_path) as two:
        for number in range(40):
            one.reader(f"r{number}@example.org")
        one.at("2026-11-20T08:00")
        two.at("2026-11-20T08:00")
        threads = [threading.Thread(target=beat, args=(house.press,)) for house in (one, two) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for house in (one, two):
            beat(house.press)

        assert sorted(one.mail.got + two.mail.got) == sorted(f"r{number}@example.org" for number in range(40))


def test_the_edition_waits_for_a_source_that_failed_and_asks_it_again(house: House) -> None:
    house.reader("ada@example.org")
    house.at("2026-11-20T06:30")
    house.desk.source.failure = "429 Too Many Requests"
    said: list[Note] = []
    heart = Heart(house.press, watch=said.append)
    got = house.live(heart, "2026-11-20T08:05")
    assert got == {}
    assert [note.text for note in said if "waits" in note.text] == [
        "the edition of 2026-11-20 waits for huggingface until 08:20 UTC at most"
    ]

    house.desk.source.failure = ""

    assert house.live(heart, "2026-11-20T09:00") == {"ada@example.org": ["20. 08:10"]}
    assert [run[0] for run in house.runs() if run[1] == "collect"] == [
        "20. 06:30", "20. 07:30", "20. 07:40", "20. 07:50", "20. 08:00", "20. 08:10"
    ]  # fmt: skip


def test_a_list_that_never_comes_is_waited_for_within_bounds_and_the_ledger_says_so(house: House) -> None:
    house.reader("ada@example.org")
    house.at("2026-11-20T07:00")
    heart = Heart(house.press)
    house.live(heart, "2026-11-20T07:10")  # the first collecting went well
    house.desk.source.failure = "it is down"

    assert house.live(heart, "2026-11-20T09:00") == {"ada@example.org": ["20. 08:20"]}
    (printed,) = house.press.runs.last(command="print", limit=5)
    assert ("warning", "not waited for any longer: huggingface: it is down") in [
        (note.level, note.text) for note in printed.notes
    ]


def test_a_source_that_takes_minutes_holds_up_no_mail_and_the_edition_waits_for_it(house: House) -> None:
    house.reader("ada@example.org")
    early = house.reader("bob@example.org", status="pending")
    house.at("2026-11-20T08:00")
    asked, answer = threading.Event(), threading.Event()
    fetch = house.desk.source.fetch

    class Slow:
        name, daily = "huggingface", True

        def fetch(self, ask: Ask) -> Harvest:
            asked.set()
            assert answer.wait(20)
            return fetch(ask)

        def probe(self) -> None:
            return None

    heart = Heart(replace(house.press, sources=(Slow(),)))
    slow = threading.Thread(target=heart.collect)
    slow.start()
    assert asked.wait(10)
    now = house.desk.clock.moment
    house.press.ledger.queue([NewDelivery("confirm", FRIDAY, early.id, "{}", now + DAY)], at=now)
    heart.deliver()
    heart.mail()
    assert house.mail.got == ["bob@example.org"]
    assert house.press.editions.get(FRIDAY) is None

    answer.set()
    slow.join()
    heart.deliver()
    heart.mail()

    assert house.mail.got == ["bob@example.org", "ada@example.org"]


def test_days_of_downtime_are_made_up_for_with_one_issue(house: House) -> None:
    house.reader("ada@example.org")
    house.desk.source.lists[date(2026, 11, 18)] = PAPERS[:1]
    house.at("2026-11-18T07:00")
    assert house.live(Heart(house.press), "2026-11-18T09:00", 10 * MINUTE) == {"ada@example.org": ["18. 08:00"]}

    house.at("2026-11-20T22:00")  # back, with a new heart

    assert house.live(Heart(house.press), "2026-11-21T07:00", 10 * MINUTE) == {"ada@example.org": ["20. 22:00"]}


def test_a_day_without_papers_is_silent_and_says_why(house: House) -> None:
    ada = house.reader("ada@example.org")
    house.desk.source.lists.clear()
    house.at("2026-11-21T06:00")  # a Saturday

    assert house.live(Heart(house.press), "2026-11-21T23:00", 5 * MINUTE) == {}
    (silence,) = house.press.ledger.silences(day=date(2026, 11, 21), subscriber_id=ada.id)
    assert (silence.code, silence.text) == (
        "no-edition",
        "nothing printed for 2026-11-21: no new papers, as on most Saturdays",
    )
    assert {run[1] for run in house.runs()} == {"collect", "print", "tend"}


def test_after_a_weekend_without_papers_each_reader_has_her_mail_at_her_own_hour(house: House) -> None:
    house.reader("ada@example.org", send_hour=6)
    house.reader("bob@example.org", send_hour=18)
    house.desk.source.lists = {date(2026, 11, 23): PAPERS}
    house.at("2026-11-21T05:00")

    got = house.live(Heart(house.press), "2026-11-23T19:00", 15 * MINUTE)

    assert got == {"ada@example.org": ["23. 06:00"], "bob@example.org": ["23. 18:00"]}


def test_a_reader_who_comes_after_her_hour_has_the_days_issue_within_a_minute(house: House) -> None:
    house.at("2026-11-20T09:00")
    heart = Heart(house.press)
    house.live(heart, "2026-11-20T09:12")
    now = house.desk.clock.moment
    house.press.subscribers.add(Subscriber(email="new@example.org", created_at=now, confirmed_at=now))

    assert house.live(heart, "2026-11-20T09:20") == {"new@example.org": ["20. 09:12"]}


def test_what_web_pages_queue_goes_out_between_two_beats(house: House) -> None:
    ada = house.reader("ada@example.org", status="pending")
    house.at("2026-11-20T03:00")
    heart = Heart(house.press)
    heart.beat()
    now = house.desk.clock.moment
    house.press.ledger.queue([NewDelivery("confirm", FRIDAY, ada.id, "{}", now + DAY)], at=now)

    heart.mail()
    heart.mail()

    assert house.mail.got == ["ada@example.org"]
    assert [run[1] for run in house.runs()] == ["collect", "send"]


def test_an_edition_is_printed_while_an_earlier_ones_mail_is_still_going_out(house: House) -> None:
    ada, bob = house.reader("ada@example.org"), house.reader("bob@example.org", status="pending")
    house.at("2026-11-20T08:00")
    under_way, answer = threading.Event(), threading.Event()

    class Slow(CountingTransport):
        def deliver(self, messages: Iterable[Message]) -> Iterator[Outcome]:
            for message in messages:
                under_way.set()
                assert answer.wait(20)
                yield from super().deliver([message])

    mail = Slow()
    heart = Heart(replace(house.press, open_transport=lambda: mail))
    now = house.desk.clock.moment
    house.press.ledger.queue([NewDelivery("confirm", FRIDAY, bob.id, "{}", now + DAY)], at=now)
    drain = threading.Thread(target=heart.mail)
    drain.start()
    assert under_way.wait(10)

    heart.collect()
    heart.deliver()
    heart.mail()  # not beside the other one

    assert house.press.editions.get(FRIDAY) is not None
    assert mail.got == []
    answer.set()
    drain.join()
    assert mail.got == ["bob@example.org", "ada@example.org"], "what was queued meanwhile is the same drain's"
    assert ada.status == "active"


def test_a_mail_server_that_is_away_is_not_asked_at_every_beat(house: House) -> None:
    house.reader("ada@example.org")
    house.at("2026-11-20T07:30")
    house.mail.down = True
    heart = Heart(house.press)
    house.live(heart, "2026-11-20T09:00")
    assert 3 <= house.mail.asked <= 10

    house.mail.down = False

    assert list(house.live(heart, "2026-11-20T09:30")) == ["ada@example.org"]


def test_a_stopped_heart_begins_nothing(house: House) -> None:
    house.reader("ada@example.org")
    house.at("2026-11-20T08:00")

    Heart(house.press, stop=lambda: True).beat()

    assert house.mail.got == []
    assert [run[1] for run in house.runs()] == ["collect"]


def test_the_alarm_clock_rings_each_pulse_at_once_and_again_and_ends_when_asked() -> None:
    stop, rung = threading.Event(), {"quick": 0, "slow": 0}
    twice = threading.Event()

    def quick() -> None:
        rung["quick"] += 1
        if rung["quick"] >= 3:
            twice.set()

    def slow() -> None:
        rung["slow"] += 1
        stop.wait(20)

    pulses = [Pulse("quick", timedelta(seconds=0.2), quick), Pulse("slow", timedelta(seconds=0.2), slow)]
    with heartbeat(pulses, stop=stop):
        assert twice.wait(10)

    assert rung["slow"] == 1, "a pulse that takes longer is not doubled, and holds up no other"
    assert not [thread for thread in threading.enumerate() if thread.name in rung]


class Busy:
    """Editions that cannot be printed for the moment."""

    def __init__(self, editions: Editions) -> None:
        self._editions = editions

    def print(self, edition: Edition) -> Edition:
        raise BusyError("The database is locked.")

    def __getattr__(self, name: str) -> object:
        return getattr(self._editions, name)


def test_a_printing_that_failed_is_tried_again_in_minutes_and_no_reader_is_cut_without_it(house: House) -> None:
    house.reader("ada@example.org")
    house.at("2026-11-20T07:45")
    busy = replace(house.press, editions=Busy(house.press.editions))  # type: ignore[arg-type]
    with pytest.raises(BusyError):
        Heart(busy).beat()

    house.at("2026-11-20T07:46")
    heart = Heart(house.press)

    assert house.live(heart, "2026-11-20T09:00") == {"ada@example.org": ["20. 08:00"]}
    edition = house.press.editions.get(FRIDAY)
    assert edition is not None
    assert f"{edition.printed_at:%H:%M}" == "07:47"
    assert house.press.ledger.silences(day=FRIDAY) == ()


def test_a_newsletter_in_its_first_minute_waits_for_its_sources_and_complains_of_nothing(house: House) -> None:
    house.at("2026-11-20 12:00")
    house.reader("ada@example.org")
    said: list[str] = []
    heart = Heart(house.press, watch=lambda note: said.append(f"{note.level} {note.subject}: {note.text}"))
    heart.deliver()  # the sources are being asked beside it
    assert (house.runs(), said) == ([], ["info edition: the sources are asked for the first time"])
    heart.collect()
    heart.deliver()
    heart.mail()
    assert house.mail.got == ["ada@example.org"]
    assert not [one for one in said if one.startswith("warning")]

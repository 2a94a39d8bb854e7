"""A simulated year of the heartbeat: 24 zones, every cadence, schedulers that die; who got what, and how late.

The store, the calendar, the cutting, the ledger and the drain are the real ones. The papers are made up, mails are
composed to a word and counted. What each reader is due is worked out here anew, from the zones' clocks alone.
`python -m benchmarks.year`; `--quick` lives the weeks around the changes of the clock only.
"""

from __future__ import annotations

import bisect
import random
import sys
import tempfile
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from zoneinfo import ZoneInfo

from benchmarks.common import Row, options, report
from newsletter.config import load_config
from newsletter.model.mail import Delivered, Message
from newsletter.model.paper import Found, Harvest, Paper
from newsletter.model.subscriber import Subscriber
from newsletter.schedule import Heart
from newsletter.wiring import open_press

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from newsletter.model.mail import Delivery, Note, Outcome
    from newsletter.model.paper import Ask
    from newsletter.model.subscriber import Cadence
    from newsletter.press import Press

STEP = timedelta(minutes=15)
DAY = timedelta(days=1)
ZONES = (
    *("UTC", "Europe/Berlin", "Europe/London", "Europe/Lisbon", "Europe/Athens", "Africa/Casablanca"),
    *("America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles", "America/St_Johns"),
    *("America/Santiago", "America/Sao_Paulo", "Asia/Kathmandu", "Asia/Kolkata", "Asia/Tokyo", "Asia/Beirut"),
    *("Asia/Tehran", "Australia/Lord_Howe", "Australia/Adelaide", "Pacific/Auckland", "Pacific/Apia"),
    *("Pacific/Chatham", "Pacific/Kiritimati"),
)
CHOICES: tuple[tuple[Cadence, tuple[int, ...]], ...] = (
    ("daily", (0, 1, 2, 3, 8, 17, 23)),
    ("weekdays", (2, 8)),
    ("weekly", (0, 8)),
    ("monthly", (2, 8)),
)
QUICK: tuple[tuple[Cadence, tuple[int, ...]], ...] = (
    ("daily", (2, 8)),
    ("weekdays", (8,)),
    ("weekly", (8,)),
    ("monthly", (2,)),
)
QUICK_WEEKS = ("2027-03-27", "2027-04-03", "2027-10-02", "2027-10-30", "2027-11-06")  # three days each
CONFIG = """
[newsletter]
secret = "a secret of the simulated year"
[[sources]]
kind = "huggingface"
[[topics]]
slug = "all"
keywords = ["paper"]
top = 5
[ranking]
dense = false
lookback = "48h"
[schedule]
collect_every = "6h"
"""


@dataclass(slots=True)
class SetClock:
    moment: datetime

    def now(self) -> datetime:
        return self.moment


class Killed(BaseException):
    """The scheduler's process is gone, in the middle of whatever it did."""


@dataclass(slots=True)
class MadeUpPapers:
    """Two papers on each day but Sundays; fails now and then."""

    chance: random.Random
    name: str = "huggingface"
    daily: bool = True

    def fetch(self, ask: Ask) -> Harvest:
        if self.chance.random() < 0.05:
            return Harvest(self.name, "failed", note="503")
        found = [Found(one, day) for day in ask.days if day.weekday() != 6 for one in papers_of(day)]
        return Harvest(self.name, "ok", tuple(found), ask.days, note=f"{len(found)} papers")

    def probe(self) -> None:
        return None


def papers_of(day: date) -> Iterator[Paper]:
    chance = random.Random(day.toordinal())
    for number in (1, 2):
        title = "A paper on " + " ".join("".join(chance.choices("abcdefghijklmnopqrstuvwxyz", k=7)) for _ in range(6))
        number_ = f"{day:%y%m}.{day.day:02}{number:03}"
        yield Paper(id=number_, title=title, abstract=title, authors=("A. Author",), arxiv_id=number_)


@dataclass(slots=True)
class World:
    """What came out: (reader's address, day of the issue) and when."""

    clock: SetClock
    sent: list[tuple[str, date, datetime]] = field(default_factory=list)

    def check(self) -> None:
        return None

    def deliver(self, messages: Iterable[Message]) -> Iterator[Outcome]:
        for message in messages:
            day = date.fromisoformat(message.data.decode())
            self.sent.append((message.recipient, day, self.clock.moment))
            yield Delivered(message.delivery_id)

    def close(self) -> None:
        pass

    def digest(self, delivery: Delivery, reader: Subscriber, *_: object) -> Message:
        return Message(delivery.id, "", reader.email, delivery.day.isoformat().encode())

    def dropped(self) -> tuple[str, ...]:
        return ()


@dataclass(slots=True)
class Story:
    """The beats that were lived, when editions came out, and what befell the scheduler."""

    every: timedelta
    beats: list[datetime] = field(default_factory=list)
    printed: list[tuple[datetime, date]] = field(default_factory=list)
    cut_short: list[datetime] = field(default_factory=list)  # beats in which the scheduler died
    deaths: int = 0
    doubles: int = 0
    idle: list[float] = field(default_factory=list)
    runs: int = 0


def main() -> None:
    parser = options(__doc__ or "")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--few", action="store_true", help="the readers of --quick, for the whole year")
    parser.add_argument("--every", type=int, default=15, help="minutes between two beats")
    arguments = parser.parse_args()
    spans = spans_of(quick=arguments.quick)
    choices = QUICK if arguments.quick or arguments.few else CHOICES
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        world, story, readers = live(
            Path(folder), spans, choices, random.Random(arguments.seed), timedelta(minutes=arguments.every)
        )
    took = time.perf_counter() - began
    rows = judge(world, story, readers, spans)
    rows.append(Row("the simulated time took", took, "s"))
    report(rows, arguments.json)
    sys.exit(any(row.met is False for row in rows))


def spans_of(*, quick: bool) -> list[tuple[datetime, datetime]]:
    if not quick:
        return [(datetime(2027, 1, 1, tzinfo=UTC), datetime(2028, 1, 1, tzinfo=UTC))]
    starts = [datetime.fromisoformat(day).replace(tzinfo=UTC) for day in QUICK_WEEKS]
    return [(start, start + 3 * DAY) for start in starts]


def live(
    folder: Path,
    spans: Sequence[tuple[datetime, datetime]],
    choices: Sequence[tuple[Cadence, tuple[int, ...]]],
    chance: random.Random,
    every: timedelta = STEP,
) -> tuple[World, Story, tuple[Subscriber, ...]]:
    (folder / "config.toml").write_text(CONFIG, "utf-8")
    clock = SetClock(spans[0][0])
    world, story = World(clock), Story(every)
    with open_press(load_config(folder / "config.toml", {}), clock=clock) as real:
        press = replace(
            real,
            sources=(MadeUpPapers(chance),),
            filling=frozenset(),
            open_transport=lambda: world,
            open_composer=lambda: cast("Any", world),
        )
        old = spans[0][0] - 400 * DAY
        wanted = [
            Subscriber(
                email=f"{zone}-{cadence}-{hour}@example.org".replace("/", "."),
                timezone=zone,
                send_hour=hour,
                cadence=cadence,
                created_at=old,
                confirmed_at=old,
            )
            for zone in ZONES
            for cadence, hours in choices
            for hour in hours
        ]
        readers = tuple(one for one, _ in press.subscribers.add_many(wanted))
        for start, end in spans:
            beat_through(press, clock, story, chance, start, end)
        story.runs = len(press.runs.last(limit=10**6))
    return world, story, readers


def beat_through(
    press: Press, clock: SetClock, story: Story, chance: random.Random, start: datetime, end: datetime
) -> None:
    """Beat after beat, with deaths at any point of a beat, pauses, and second schedulers."""
    clock.moment = start
    hearts: list[Heart] = []
    while clock.moment < end:
        if chance.random() < 0.004 * (story.every / STEP):  # down for minutes or days
            story.deaths += 1
            hearts = []
            clock.moment += STEP * chance.choice((1, 2, 5, 20, 60, 100, 250))
            continue
        if not hearts or chance.random() < 0.02:
            hearts = [Heart(press) for _ in range(chance.choice((1, 1, 1, 2)))]
        if chance.random() < 0.01:
            hearts = [mortal(press, chance)]
        story.beats.append(clock.moment)
        try:
            beat_all(press, hearts, story)
        except Killed:
            story.deaths += 1
            story.cut_short.append(clock.moment)
            hearts = []
        note_edition(press, clock, story)
        clock.moment += story.every


def beat_all(press: Press, hearts: Sequence[Heart], story: Story) -> None:
    story.doubles += len(hearts) > 1
    for heart in hearts:
        before = press.runs.last(limit=1)
        began = time.perf_counter()
        heart.beat()
        heart.tend()
        took = time.perf_counter() - began
        if press.runs.last(limit=1) == before:
            story.idle.append(took)


def mortal(press: Press, chance: random.Random) -> Heart:
    """A heart that dies when one of its runs says something: after the print, after the cut, before the wire."""
    left = chance.randrange(4)

    def watch(_note: Note) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            raise Killed

    return Heart(press, watch=watch)


def note_edition(press: Press, clock: SetClock, story: Story) -> None:
    day = press.edition_day(clock.moment)
    if (not story.printed or story.printed[-1][1] != day) and press.editions.get(day) is not None:
        story.printed.append((clock.moment, day))


def judge(
    world: World, story: Story, readers: Sequence[Subscriber], spans: Sequence[tuple[datetime, datetime]]
) -> list[Row]:
    clocks = {zone: local_clock(ZoneInfo(zone), spans) for zone in ZONES}
    due: dict[tuple[str, date], tuple[datetime, datetime]] = {}  # since when, and the beat that should have sent it
    for reader in readers:
        due.update(due_of(reader, clocks[str(reader.timezone)], story))
    sent = Counter((who, day) for who, day, _ in world.sent)
    at = {(who, day): when for who, day, when in world.sent}
    gaps = [later - earlier for earlier, later in zip(story.beats, story.beats[1:], strict=False)]
    late = [key for key, (slot, _) in due.items() if key in at and at[key] - slot > timedelta(hours=1)]
    awake = [key for key in late if not slept(story, gaps, due[key][0], at[key])]
    off = [key for key, (_, beat) in due.items() if key in at and at[key] != beat]
    days: dict[str, int] = defaultdict(int)
    for who, _ in due:
        days[who] += 1
    idle = sorted(story.idle)
    return [
        Row("readers", len(readers), f"in {len(ZONES)} zones"),
        Row("beats", len(story.beats), f"of {story.every // timedelta(minutes=1)} minutes"),
        Row("deaths of the scheduler", story.deaths, ""),
        Row("beats of two schedulers at once", story.doubles, ""),
        Row("issues due", len(due), "", goal=1, met=bool(due)),
        Row("lost", len(due.keys() - sent.keys()), "issues", goal=0, met=not due.keys() - sent.keys()),
        Row("not due and sent", len(sent.keys() - due.keys()), "issues", goal=0, met=not sent.keys() - due.keys()),
        Row("doubled", sum(sent.values()) - len(sent), "issues", goal=0, met=sum(sent.values()) == len(sent)),
        Row("over an hour late with no downtime", len(awake), "issues", goal=0, met=not awake),
        Row("over an hour late by downtime", len(late) - len(awake), "issues"),
        Row("later than the first beat that could", len(off), "issues"),
        Row("runs in the ledger", story.runs, ""),
        Row("an idle beat, median", 1000 * idle[len(idle) // 2] if idle else 0.0, "ms"),
    ]


def slept(story: Story, gaps: Sequence[timedelta], slot: datetime, sent: datetime) -> bool:
    """True when a beat was missed, or was the scheduler's last, between the slot and the mail."""
    beats = story.beats
    if any(slot - story.every <= died <= sent for died in story.cut_short):
        return True
    first = max(0, bisect.bisect_left(beats, slot) - 1)
    return any(gap > story.every for gap in gaps[first : bisect.bisect_left(beats, sent)]) or beats[0] > slot


def local_clock(zone: ZoneInfo, spans: Sequence[tuple[datetime, datetime]]) -> list[tuple[datetime, datetime]]:
    """(UTC, what the wall shows) for each quarter of an hour, from six weeks before each span on."""
    found: dict[datetime, datetime] = {}
    for start, end in spans:
        now = start - 45 * DAY
        while now < end + DAY:
            found[now] = now.astimezone(zone).replace(tzinfo=None)
            now += STEP
    return sorted(found.items())


def due_of(
    reader: Subscriber, clock: Sequence[tuple[datetime, datetime]], story: Story
) -> dict[tuple[str, date], tuple[datetime, datetime]]:
    """Her issues: at the first beat after each of her slots, if an edition came out since her last issue (a first
    issue holds a day's, a week's or a month's). With each since when it was due: her hour, or the edition after it.

    An edition of a later day is for her next slot; but a week's or month's slot takes it in while that lasts.
    """
    slots = slots_of(reader, clock)
    times = [when for when, _ in story.printed]
    found: dict[tuple[str, date], tuple[datetime, datetime]] = {}
    last, fresh = date.min, {"daily": 1, "weekdays": 1, "weekly": 7, "monthly": 31}[str(reader.cadence)]
    for number, (slot, day, over) in enumerate(slots):
        until = slots[number + 1][0] if number + 1 < len(slots) else datetime.max.replace(tzinfo=UTC)
        for beat in story.beats[bisect.bisect_left(story.beats, slot) : bisect.bisect_left(story.beats, until)]:
            newest = bisect.bisect_right(times, beat)
            printed = story.printed[max(0, newest - 40) : newest]
            limit = slot.date() if reader.cadence in {"daily", "weekdays"} or beat >= over else beat.date()
            begin = limit - fresh * DAY if last == date.min else last
            new = [(when, out) for when, out in printed if begin < out <= limit]  # the newsletter's zone is UTC
            if new:
                last = new[-1][1]
                found[reader.email, day] = (max(slot, new[0][0]), beat)
                break
    return found


def slots_of(reader: Subscriber, clock: Sequence[tuple[datetime, datetime]]) -> list[tuple[datetime, date, datetime]]:
    """(UTC instant, day that names it, when its day, week or month is over): the wall's clock first shows her hour."""
    named: dict[date, tuple[datetime, date]] = {}
    periods: dict[object, datetime] = {}
    for now, wall in clock:
        day = wall.date()
        period: object = {"weekly": day.isocalendar()[:2], "monthly": (day.year, day.month)}.get(
            str(reader.cadence), day
        )
        periods[period] = now
        opens = {"weekly": day.weekday() == 0, "monthly": day.day == 1, "weekdays": day.weekday() < 5}
        if day not in named and wall.hour >= (reader.send_hour or 0) and opens.get(str(reader.cadence), True):
            named[day] = (now, period)  # type: ignore[assignment]
    return [(now, day, periods[period] + STEP) for day, (now, period) in sorted(named.items())]


if __name__ == "__main__":
    main()

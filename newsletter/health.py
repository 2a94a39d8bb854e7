"""Whether all is in order, late or broken: judged from runs and ledger, without asking the world. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from newsletter.model.mail import Run

State = Literal["ok", "late", "broken"]
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SILENT = timedelta(hours=26)  # cron that calls once a day, and is late
STALE = DAY  # without a good answer: a source's list of a day was missed
UNSENT = timedelta(hours=2)
_ASKING = {"collect", "run"}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it should be. `late`: it mends itself if it can; `broken`: a person must look."""

    state: Literal["late", "broken"]
    subject: str
    text: str


@dataclass(frozen=True, slots=True)
class Health:
    """`ok` without findings, else as bad as the worst of them."""

    findings: tuple[Finding, ...]

    @property
    def state(self) -> State:
        return max((one.state for one in self.findings), key=("late", "broken").index, default="ok")


def judge(
    runs: Sequence[Run],
    *,
    now: datetime,
    collect_every: timedelta,
    sources: Iterable[str],
    next_due: datetime | None,
) -> Health:
    """`runs`: the last ones, newest first, best some days of them; `next_due`: of the ledger, None when it is empty.

    A newsletter that has never run is in order. So is a day without papers: why that is so stands in its run.
    """
    if not runs:
        return Health(())
    mute = [
        Finding("broken" if now - since > STALE else "late", name, _source_words(name, since, said))
        for name, (since, said) in sorted(silent_sources(runs, sources).items())
    ]
    some_answer = len(mute) < len({*sources})
    if some_answer:  # the edition comes out of the others
        mute = [Finding("late", one.subject, one.text) for one in mute]
    return Health((*_awake(runs, now, collect_every), *_last_run(runs), *mute, *_mail(runs, now, next_due)))


def silent_sources(runs: Sequence[Run], sources: Iterable[str]) -> Mapping[str, tuple[datetime, str]]:
    """Sources whose last answer was a failure: since when, and what was said last."""
    found = {}
    for name in sources:
        bad = []
        for run in runs:
            said = [note for note in run.notes if note.subject == name and run.command in _ASKING]
            errors = [note.text for note in said if note.level == "error"]
            if errors:  # whatever else the run says of it
                bad.append((run.started_at, errors[0]))
            elif said:
                break
        if bad:
            found[name] = (bad[-1][0], bad[0][1])
    return found


def has_answered(runs: Sequence[Run], name: str) -> bool:
    """Whether the source gave anything in one of these runs."""
    return any(
        run.command in _ASKING and {note.level != "error" for note in run.notes if note.subject == name} == {True}
        for run in runs
    )


def missed_days(runs: Sequence[Run], printed: Iterable[date], *, today: date, back: int = 3) -> tuple[date, ...]:
    """Days before `today` on which nothing ran at all and no edition came out, though there were runs before."""
    have = {*printed, *(run.day for run in runs)}
    first = min((run.day for run in runs), default=today)
    days = [today - timedelta(days=n) for n in range(back, 0, -1)]
    return tuple(day for day in days if day > first and day not in have)


def _awake(runs: Sequence[Run], now: datetime, collect_every: timedelta) -> Iterator[Finding]:
    """Late: later than the runs so far have come. Broken: more than a day without one."""
    times = [run.started_at for run in runs if run.command in _ASKING][:6]
    if not times:
        return
    usual = min(DAY, max([collect_every, *(later - earlier for later, earlier in pairwise(times))]))
    since = now - times[0]
    text = f"The sources were last asked at {times[0]:%Y-%m-%d %H:%M} UTC."
    if since > max(SILENT, usual):
        yield Finding("broken", "schedule", f"{text} Is `newsletter serve`, cron or the timer still running?")
    elif since > usual + usual / 2 + HOUR / 2:
        yield Finding("late", "schedule", f"{text} That is later than usual.")


def _last_run(runs: Sequence[Run]) -> Iterator[Finding]:
    last = runs[0]
    words = f"The last {last.command}, of {last.started_at:%Y-%m-%d %H:%M} UTC,"
    if last.outcome == "died":
        yield Finding("late", "run", f"{words} ended in the middle; the next one goes on.")
    elif last.outcome == "failed" and not any(note.level == "error" for note in last.notes):
        yield Finding("late", "run", f"{words} failed.")
    for note in last.notes:
        if last.outcome == "failed" and note.level == "error" and note.subject == last.command:
            yield Finding("broken", "run", f"{words} failed: {note.text}")


def _mail(runs: Sequence[Run], now: datetime, next_due: datetime | None) -> Iterator[Finding]:
    """Mail in trouble since some hours is broken; one drain that failed is only late."""
    told = [(run.started_at, note) for run in runs for note in run.notes if note.subject == "send"]
    last_words: dict[datetime, str] = {}
    for at, note in told:
        if note.level == "error":
            last_words.setdefault(at, note.text)
    bad = []
    for at in dict.fromkeys(at for at, _ in told):
        if at not in last_words:
            break
        bad.append(at)
    if bad:
        state: Literal["late", "broken"] = "broken" if now - bad[-1] > UNSENT else "late"
        yield Finding(state, "send", f"No mail since {bad[-1]:%Y-%m-%d %H:%M} UTC: {last_words[bad[0]]}")
    elif next_due is not None and next_due <= now and now - runs[0].started_at > UNSENT:
        yield Finding("broken", "send", f"Mail is due, and nothing was sent since {runs[0].started_at:%H:%M} UTC.")


def _source_words(name: str, since: datetime, said: str) -> str:
    return f"{name} has given no answer since {since:%Y-%m-%d %H:%M} UTC: {said}"

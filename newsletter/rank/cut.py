"""Editions to one reader's issue: her topics, her cap, her taste, nothing twice; or a silence that names its reason."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from newsletter.model.edition import Issue, Section, Silence
from newsletter.rank.taste import opinions
from newsletter.rank.why import listed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import date

    from newsletter.model.edition import Edition, FollowUp, Pick, Topic
    from newsletter.model.subscriber import Feedback, Subscriber
    from newsletter.rank.settings import RankSettings
    from newsletter.rank.taste import Taste
    from newsletter.rank.text_model import Models

EXPLORATION = "exploration"  # slug of the section, and the mark of its picks


@dataclass(frozen=True, slots=True)
class Shelf:
    """One topic's picks over all editions, best first, each paper once."""

    slug: str
    name: str
    top: int
    picks: tuple[Pick, ...]


@dataclass(frozen=True, slots=True)
class Field:
    """Some editions as issues are cut from them: the same for every reader who starts and ends with the same day."""

    shelves: tuple[Shelf, ...]
    by_attention: tuple[tuple[str, Pick], ...]  # (slug of its shelf, pick), the most voted first


def lay_out(editions: Sequence[Edition]) -> Field:
    shelves = merge(editions)
    picks = [(-_attention(pick), pick.paper_id, shelf.slug, pick) for shelf in shelves for pick in shelf.picks]
    picks.sort(key=lambda one: one[:2])
    return Field(shelves, tuple(one[2:] for one in picks))


def cut(
    subscriber: Subscriber,
    editions: Sequence[Edition],
    *,
    day: date,
    seen: frozenset[str],
    topics: Sequence[Topic],
    settings: RankSettings,
    feedback: Sequence[Feedback] = (),
    taste: Taste | None = None,
    models: Models | None = None,
    issues_so_far: int = 0,
    field: Field | None = None,
) -> Issue | Silence:
    """Her issue of `day` from all editions since her last. `seen` are papers of her earlier issues.

    `issues_so_far` counts those issues: exploration is for the first `settings.exploring_issues`. `field` is
    `lay_out(editions)`, for whoever cuts many issues from the same editions.
    """
    field = field or lay_out(editions)
    shelves = field.shelves
    muted_papers, muted_topics = mutes(feedback)
    wanted = chosen_topics(subscriber, shelves, topics)
    open_ = [shelf for shelf in wanted if shelf.slug not in muted_topics]
    if not editions or not any(shelf.picks for shelf in open_):
        return _nothing(subscriber, editions, day, topics, wanted, open_)
    gone = seen | muted_papers
    if taste is not None and models is not None:
        left = [taste.reorder(shelf, editions, models, gone) for shelf in open_]
    elif gone:
        left = [replace(shelf, picks=tuple(p for p in shelf.picks if p.paper_id not in gone)) for shelf in open_]
    else:
        left = open_
    caps = {shelf.slug: max(1, shelf.top if subscriber.per_topic is None else subscriber.per_topic) for shelf in left}
    placed = deal(left, caps)
    taken = {pick.paper_id for picks in placed.values() for pick in picks}
    if not taken:
        text = "Every paper of your topics was in an earlier issue already, or you muted it."
        return Silence(subscriber.id, day, "nothing-new", text)
    sections = _sections(left, placed, taken)
    if settings.exploration > 0 and issues_so_far < settings.exploring_issues:
        known = {shelf.slug for shelf in wanted} | muted_topics
        sections += _exploration(field, known, gone | taken, settings.exploration)
    return Issue(
        subscriber.id,
        day,
        tuple(edition.day for edition in sorted(editions, key=lambda e: e.day)),
        tuple(sections),
        _follow_ups(editions, seen),
    )


def _sections(shelves: Sequence[Shelf], placed: Mapping[str, Sequence[Pick]], taken: set[str]) -> list[Section]:
    return [
        Section(s.slug, s.name, tuple(placed[s.slug]), sum(p.paper_id not in taken for p in s.picks))
        for s in shelves
        if placed[s.slug]
    ]


def merge(editions: Sequence[Edition]) -> tuple[Shelf, ...]:
    """Topics in the order of the newest edition. One edition keeps its places; several are merged by score."""
    by_slug: dict[str, Shelf] = {}
    newest_first = sorted(editions, key=lambda edition: edition.day, reverse=True)
    for edition in newest_first:
        for pool in edition.pools:
            shelf = by_slug.get(pool.slug) or Shelf(pool.slug, pool.name, pool.top, ())
            by_slug[pool.slug] = replace(shelf, picks=(*shelf.picks, *pool.picks))
    if len(editions) > 1:
        by_slug = {slug: replace(shelf, picks=_by_score(shelf.picks)) for slug, shelf in by_slug.items()}
    return tuple(by_slug.values())


def _by_score(picks: Sequence[Pick]) -> tuple[Pick, ...]:
    """Best score first, newer before older, each paper once: nothing is decayed, a week is one field."""
    best: dict[str, Pick] = {}
    for pick in sorted(picks, key=lambda p: (-p.score.total, -p.day.toordinal(), p.rank, p.paper_id)):
        best.setdefault(pick.paper_id, pick)
    return tuple(best.values())


def chosen_topics(subscriber: Subscriber, shelves: Sequence[Shelf], topics: Sequence[Topic]) -> tuple[Shelf, ...]:
    """Her topics among the shelves. None chosen, or a newsletter without topics: all. Unknown slugs are ignored."""
    known = {topic.slug for topic in topics}
    offered = [shelf for shelf in shelves if shelf.slug in known] if topics else list(shelves)
    if not subscriber.topics or not topics:
        return tuple(offered)
    return tuple(shelf for shelf in offered if shelf.slug in subscriber.topics)


def mutes(feedback: Sequence[Feedback]) -> tuple[frozenset[str], frozenset[str]]:
    """(papers, topics) that she muted and did not unmute since. `less` hides that paper too, until it is taken back."""
    topics: dict[str, bool] = {}
    for said in sorted(feedback, key=lambda f: f.at):
        if not said.paper_id and said.verb in {"mute", "unmute"}:
            topics[said.topic] = said.verb == "mute"
    return (
        frozenset(paper_id for paper_id, said in opinions(feedback).items() if said.verb in {"mute", "less"}),
        frozenset(topic for topic, muted in topics.items() if muted),
    )


def deal(shelves: Sequence[Shelf], caps: Mapping[str, int]) -> dict[str, list[Pick]]:
    """Hand out papers, each once: again and again the best head of all shelves with room goes to its shelf."""
    rest = {shelf.slug: iter(shelf.picks) for shelf in shelves}
    placed: dict[str, list[Pick]] = {slug: [] for slug in rest}
    taken: set[str] = set()
    heads = {slug: _head(picks, taken) for slug, picks in rest.items()}
    while True:
        best: tuple[float, str, Pick] | None = None
        for slug, picks in rest.items():
            head = heads[slug]
            if head is not None and head[1].paper_id in taken:
                head = heads[slug] = _head(picks, taken)
            if head is not None and (best is None or head[0] > best[0]) and len(placed[slug]) < caps[slug]:
                best = (head[0], slug, head[1])
        if best is None:
            return placed
        placed[best[1]].append(best[2])
        taken.add(best[2].paper_id)


def _head(picks: Iterator[Pick], taken: set[str]) -> tuple[float, Pick] | None:
    """The next of these that is not taken, with its score."""
    for pick in picks:
        if pick.paper_id not in taken:
            return pick.score.total, pick
    return None


def _exploration(
    field: Field, known: frozenset[str] | set[str], gone: frozenset[str] | set[str], count: int
) -> list[Section]:
    """The most voted papers of topics she did not choose, marked as such."""
    found: dict[str, Pick] = {}
    for slug, pick in field.by_attention:
        if slug not in known and pick.paper_id not in gone and pick.paper_id not in found:
            found[pick.paper_id] = pick
            if len(found) == count:
                break
    marked = tuple(replace(pick, marks=(*pick.marks, EXPLORATION)) for pick in found.values())
    return [Section(EXPLORATION, "Outside your topics", marked)] if marked else []


def _attention(pick: Pick) -> float:
    return sum(part.value for part in pick.score.parts if part.name == "trend")


def _follow_ups(editions: Sequence[Edition], seen: frozenset[str]) -> tuple[FollowUp, ...]:
    """News of papers that were in her own issues, the newest word on each."""
    news = {f.paper_id: f for e in sorted(editions, key=lambda e: e.day) for f in e.follow_ups if f.paper_id in seen}
    return tuple(news[paper_id] for paper_id in sorted(news))


def _nothing(
    subscriber: Subscriber,
    editions: Sequence[Edition],
    day: date,
    topics: Sequence[Topic],
    wanted: Sequence[Shelf],
    open_: Sequence[Shelf],
) -> Silence:
    if not editions:
        return Silence(subscriber.id, day, "no-edition", "No edition was printed since your last issue.")
    if not any(edition.pools for edition in editions) or not any(p.picks for e in editions for p in e.pools):
        days = listed([edition.day.isoformat() for edition in sorted(editions, key=lambda e: e.day)][-5:])
        notes = "; ".join(dict.fromkeys(note for edition in editions for note in edition.notes))
        text = f"The edition of {days} has no papers" + (f": {notes}." if notes else ".")
        return Silence(subscriber.id, day, "empty-edition", text)
    if not wanted:
        offered = listed([topic.slug for topic in topics]) if topics else "none"
        asked = listed(list(subscriber.topics)) if subscriber.topics else "none"
        return Silence(subscriber.id, day, "no-topic", f"Topics chosen: {asked}; topics of this newsletter: {offered}.")
    if not open_:
        return Silence(subscriber.id, day, "no-topic", "You muted all topics that you chose.")
    names = listed([shelf.name for shelf in open_])
    return Silence(subscriber.id, day, "empty-edition", f"No paper was close enough to your topics: {names}.")

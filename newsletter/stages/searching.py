"""Search the whole history by word and by meaning: pages that go on where they stopped, whatever arrives meanwhile."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from newsletter.errors import BusyError, UsageError
from newsletter.model.search import Found, Hit, Within
from newsletter.rank.search import ask, fingerprint, nearness, order, read_papers, read_question

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from newsletter.model.paper import Paper
    from newsletter.press import Press
    from newsletter.rank.search import Asked

REACH = 200  # candidates by word, and as many by meaning
ENOUGH = 50  # papers with every word of the question, from which those with some words are not looked for
ALIKE = 6  # words of a title that are searched
BATCH = 2048  # papers whose vectors are made at once
CATCH_UP = 4096  # papers without a vector that a search reads first; `collect` does them all


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """What a reader limits her search to."""

    topic: str = ""
    source: str = ""
    since: date | None = None
    until: date | None = None


@dataclass(frozen=True, slots=True)
class Scored:
    """A paper's place in one search's order, without the paper."""

    paper_id: str
    score: float
    words: float
    meaning: float


Remember = Callable[[str, Callable[[], tuple[Scored, ...]]], tuple[Scored, ...]]


def search(
    press: Press,
    query: str,
    filters: Filters | None = None,
    *,
    limit: int = 20,
    cursor: str = "",
    reach: int = REACH,
    remember: Remember | None = None,
) -> Found:
    """The next `limit` papers for a question, best first; the same order on every page of one search.

    A search sees the papers that were stored when its first page was made. `remember` may keep the order between two
    pages, which is most of the work. Raises UsageError for a cursor that is broken or belongs to another question.
    """
    filters = filters or Filters()
    asked = ask(query)
    sign = _sign(query, filters)
    place = _Place.read(cursor, sign)
    upto = place.upto if place else press.papers.last()
    fresh: dict[str, Hit] = {}

    def make() -> tuple[Scored, ...]:
        hits = find(press, asked, _within(filters, upto), reach=reach)
        fresh.update((hit.paper.id, hit) for hit in hits)
        return tuple(Scored(hit.paper.id, hit.score, hit.words, hit.meaning) for hit in hits)

    found = remember(f"{sign} {upto} {reach}", make) if remember else make()
    left = found if place is None else [one for one in found if place.is_before(one)]
    page = left[:limit]
    after = _Place(sign, upto, page[-1].score, page[-1].paper_id) if len(left) > limit and page else None
    return Found(_hits(press, page, fresh), after.write() if after else "", len(found))


def _hits(press: Press, page: Sequence[Scored], fresh: Mapping[str, Hit]) -> tuple[Hit, ...]:
    """The page's papers, as they were just read or as they are now; one that is gone meanwhile is left out."""
    known = press.papers.get([one.paper_id for one in page if one.paper_id not in fresh])
    later = {
        one.paper_id: Hit(known[one.paper_id], one.score, one.words, one.meaning)
        for one in page
        if one.paper_id in known
    }
    every = {**later, **fresh}
    return tuple(every[one.paper_id] for one in page if one.paper_id in every)


@dataclass(frozen=True, slots=True)
class _Place:
    """Behind which result of which search a page begins."""

    search: str
    upto: int
    score: float
    paper_id: str

    def is_before(self, one: Scored) -> bool:
        return (-one.score, self.paper_id) > (-self.score, one.paper_id)

    def write(self) -> str:
        plain = json.dumps([self.search, self.upto, self.score, self.paper_id], separators=(",", ":"))
        return base64.urlsafe_b64encode(plain.encode()).decode().rstrip("=")

    @classmethod
    def read(cls, cursor: str, search: str) -> _Place | None:
        if not cursor:
            return None
        try:
            raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
            found = json.loads(raw)
        except (binascii.Error, ValueError) as error:
            raise _broken() from error
        if not isinstance(found, list) or [type(one) for one in found] != [str, int, float, str] or found[0] != search:
            raise _broken()
        return cls(*found)


def _broken() -> UsageError:
    return UsageError("This cursor is not one of this search.", cure="Start again without it.")


def _sign(query: str, filters: Filters) -> str:
    """What tells one search from another: a cursor of one is no use in the other."""
    said = json.dumps([query.split(), asdict(filters)], default=str)
    return hashlib.blake2b(said.encode("utf-8", "replace"), digest_size=6).hexdigest()


def find(press: Press, asked: Asked, within: Within, *, reach: int = REACH) -> list[Hit]:
    """All that is within reach of a question, best first."""
    models = press.open_models()
    named = _named(press, asked)
    ids = dict.fromkeys([*named, *_by_word(press, asked, within, reach)])
    near: dict[str, float] = {}
    if models.search is not None and press.vectors is not None and press.rank_settings.dense:
        with suppress(BusyError):  # while another process writes, what has a vector is searched
            make_vectors(press, most=CATCH_UP)
        name, question = fingerprint(models.search), read_question(asked, models.search)
        near = dict(press.vectors.nearest(name, question, limit=reach, within=within))
        near |= press.vectors.cosines(name, question, [one for one in ids if one not in near])
    papers = {paper.id: paper for paper in press.papers.get([*ids, *(one for one in near if one not in ids)]).values()}
    if models.search is not None and near and (unread := [papers[one] for one in papers if one not in near]):
        near |= nearness(asked, unread, models.search)
    return order(asked, papers.values(), models.text, near, frozenset(named))


def alike(press: Press, paper: Paper, *, limit: int) -> tuple[str, ...]:
    """Ids of the papers nearest to one by meaning, nearest first; by the words of its title while none is read."""
    model, found = press.open_models().search, tuple[str, ...]()
    if model is not None and press.vectors is not None and press.rank_settings.dense:
        (vector,) = read_papers([paper], model)
        found = tuple(one for one, _ in press.vectors.nearest(fingerprint(model), vector, limit=limit + 1))
    if not found:
        found = press.papers.search(ask(paper.title).every[:ALIKE], limit=limit + 1)
    return tuple(one for one in found if one != paper.id)[:limit]


def make_vectors(press: Press, *, most: int | None = None) -> int:
    """Make the vectors that are due, `most` of them or all; returns how many."""
    model = press.open_models().search
    if model is None or press.vectors is None or not press.rank_settings.dense:
        return 0
    name, done = fingerprint(model), 0
    while most is None or done < most:
        due = press.vectors.due(name, limit=BATCH)
        if not due:
            break
        press.vectors.put(name, zip(due, read_papers([one.paper for one in due], model), strict=True))
        done += len(due)
    return done


def _by_word(press: Press, asked: Asked, within: Within, reach: int) -> list[str]:
    """Papers with every word, with two in a row, and, while those are few, with any of them."""
    if not asked.every:
        return []
    found = [*press.papers.search(asked.every, limit=reach, every=True, within=within)]
    if len(found) < reach and asked.pairs and not asked.phrases:
        found += press.papers.search(asked.pairs, limit=reach, every=False, within=within)
        found = [*dict.fromkeys(found)][:reach]
    if len(found) < min(ENOUGH, reach) and len(asked.every) > 1:
        found += press.papers.search(
            asked.phrases or asked.every, limit=reach, every=bool(asked.phrases), within=within
        )
    return found


def _named(press: Press, asked: Asked) -> list[str]:
    """Papers asked for by number: no filter hides them."""
    if not asked.names:
        return []
    known = [*press.papers.get(asked.names).values()]
    known += press.papers.find([f"{kind}:{name}" for name in asked.names for kind in ("doi", "arxiv")]).values()
    return [*dict.fromkeys(paper.id for paper in known)]


def _within(filters: Filters, upto: int) -> Within:
    return Within(**{**asdict(filters), "upto": upto})

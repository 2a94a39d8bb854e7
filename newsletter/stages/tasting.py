"""A reader's taste: what she brings becomes likes, what was learned can be seen, and all of it can be taken back."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from newsletter.model.paper import Paper, Problem, identity_keys, normalise_title, title_digest
from newsletter.model.subscriber import Feedback
from newsletter.rank.likings import Likings
from newsletter.rank.taste import Taste, taste_of
from newsletter.rank.words import name_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from typing import Literal

    from newsletter.model.subscriber import Subscriber
    from newsletter.press import Press
    from newsletter.subscribe.library import Entry

MOST_AUTHORS = 20  # that are shown
MOST_BROUGHT = 5_000  # papers that no source listed, of one reader: what she pastes must not fill the disk
READ = 4_000  # characters of their abstracts
PORTION = 10_000  # things said of papers whose readers' tastes are made together
REMEMBERED = 8192  # papers that readers liked, from block to block: about 25 MB
_BACK: dict[str, Literal["undo", "unsave", "unmute"]] = {
    "more": "undo",
    "less": "undo",
    "save": "unsave",
    "mute": "unmute",
}


@dataclass(frozen=True, slots=True)
class Brought:
    """What became of a reader's library."""

    liked: tuple[Paper, ...]  # new likes, in the order of the file
    known: int  # papers that she likes already
    unknown: tuple[str, ...]  # ids and DOIs that nobody could tell more about
    problems: tuple[Problem, ...] = ()


def bring(press: Press, reader: Subscriber, entries: Sequence[Entry], source: str) -> Brought:
    """Make her likes of a library's papers. What the store and the file do not tell is asked of arXiv, by id."""
    papers, problems = _resolve(press, reader, entries)
    return _like(press, reader, papers, source, problems)


def bring_author(press: Press, reader: Subscriber, author: str) -> Brought:
    """Make her likes of the papers of an arXiv author id: usually her own."""
    if press.lookup is None:
        return Brought((), 0, (author,))
    found, problems = press.lookup.by_author(author)
    known = press.papers.find({key for paper in found for key in identity_keys(paper)})
    papers = [next((known[key] for key in identity_keys(paper) if key in known), paper) for paper in found]
    return _like(press, reader, papers, f"arXiv author {author}", problems)


def tastes(
    press: Press, said: Mapping[int, Sequence[Feedback]], known: dict[str, Paper | None] | None = None
) -> dict[int, Taste]:
    """What each of some readers likes; readers who said nothing of any paper are left out. One look at the store.

    `known` are papers that were looked up before; what is looked up now is added, None for what no source gave.
    """
    now, half_life = press.clock.now(), press.rank_settings.taste_half_life
    found: dict[int, Taste] = {}
    for reader, papers in _papers_of(press, said, {} if known is None else known).items():
        feedback, now_named = said[reader], papers
        if any(name != paper.id for name, paper in papers.items()):
            feedback = [_of(one, papers) for one in feedback]
            now_named = {paper.id: paper for paper in papers.values()}
        found[reader] = taste_of(feedback, now_named, now=now, half_life=half_life)
    return {reader: taste for reader, taste in found.items() if taste.likes or taste.dislikes}


def _of(one: Feedback, papers: Mapping[str, Paper]) -> Feedback:
    """What was said of a paper that became another is said of that one."""
    paper = papers.get(one.paper_id)
    return one if paper is None or paper.id == one.paper_id else replace(one, paper_id=paper.id)


def _papers_of(
    press: Press, said: Mapping[int, Sequence[Feedback]], known: dict[str, Paper | None]
) -> dict[int, Mapping[str, Paper]]:
    """By reader and the id that she named: what sources say of each paper, else what she told of it herself."""
    hers = {reader: {one.paper_id for one in feedback if one.paper_id} for reader, feedback in said.items()}
    ids = {name for names in hers.values() for name in names}
    if new := ids - known.keys():
        known.update(dict.fromkeys(new) | dict(press.papers.get(new)))
        if unknown := {_key(name): name for name in new if known[name] is None}:
            known.update({unknown[key]: paper for key, paper in press.papers.find(unknown).items()})
    alone = [reader for reader, names in hers.items() if any(known[name] is None for name in names)]
    told = press.subscribers.brought(alone) if alone else {}
    return {
        reader: {name: paper for name in names if (paper := known[name] or told.get(reader, {}).get(name)) is not None}
        for reader, names in hers.items()
        if names
    }


def _key(paper_id: str) -> str:
    """The identity key of an id: a source may have listed the paper under another."""
    if paper_id.startswith("t-"):
        return f"title:{paper_id.removeprefix('t-')}"
    return f"doi:{paper_id.lower()}" if paper_id.startswith("10.") else f"arxiv:{paper_id}"


@dataclass(frozen=True, slots=True)
class Learned:
    """What was learned of one reader, to be shown to her: the surest words and authors first, the newest word first."""

    weight: float = 0.0  # share of her taste beside her topics, 0 to 0.7
    words: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()
    likes: tuple[Paper, ...] = ()
    dislikes: tuple[Paper, ...] = ()


def learned(press: Press, reader: Subscriber) -> Learned:
    """All that orders her issue beside her topics."""
    said = press.subscribers.said([reader.id]).get(reader.id, ())
    taste = tastes(press, {reader.id: said}).get(reader.id)
    if taste is None:
        return Learned()
    papers = _papers_of(press, {reader.id: said}, {})[reader.id]
    last = {_of(one, papers).paper_id: one.at for one in sorted(said, key=lambda one: one.at)}
    likes, dislikes = (
        tuple(sorted(some, key=lambda one: (-last[one.id].timestamp(), one.id)))
        for some in (taste.likes, taste.dislikes)
    )
    shares = taste.authors
    names = {" ".join(name_key(name)).strip(): name for paper in taste.likes for name in paper.authors}
    model = press.open_models().text
    return Learned(
        round(taste.weight, 3),
        taste.words(Likings(model)) if model else (),
        tuple(names[key] for key in sorted(shares, key=lambda key: (-shares[key], key))[:MOST_AUTHORS]),
        likes,
        dislikes,
    )


def forget(press: Press, reader: Subscriber, paper_ids: Sequence[str]) -> int:
    """Take back what she said of these papers; returns of how many she had said anything."""
    return _take_back(press, reader, frozenset(paper_ids), "forgotten")


class Tastes:
    """The tastes of readers whose issues are cut now, block by block: each paper is read once for all of them."""

    def __init__(self, press: Press) -> None:
        self._press = press
        self._likings: Likings | None = None
        self._known: dict[str, Paper | None] = {}

    def each(self, ids: Sequence[int], said: Mapping[int, Sequence[Feedback]]) -> Iterator[Taste | None]:
        """In the order of `ids`; of readers who brought thousands of papers only a few are in memory at once."""
        some: list[int] = []
        many = 0
        for place, reader in enumerate(ids, start=1):
            some.append(reader)
            many += len(said.get(reader, ()))
            if many >= PORTION or place == len(ids):
                found = self.of({one: said[one] for one in some if one in said})
                yield from (found.get(one) for one in some)
                some, many = [], 0

    def of(self, said: Mapping[int, Sequence[Feedback]]) -> Mapping[int, Taste]:
        """By reader; who said nothing of papers costs nothing."""
        if len(self._known) > REMEMBERED:
            self._known.clear()
        found = tastes(self._press, said, self._known)
        if found and self._likings is None and (model := self._press.open_models().text) is not None:
            self._likings = Likings(model)
        if self._likings is None:
            return found
        return {reader: replace(taste, likings=self._likings) for reader, taste in found.items()}


def reset(press: Press, reader: Subscriber) -> int:
    """Take back all that she ever said of papers; what she said of topics stays. Returns how many papers."""
    return _take_back(press, reader, None, "reset")


def _take_back(press: Press, reader: Subscriber, which: frozenset[str] | None, source: str) -> int:
    """Of `which` papers, under any id they had, or of all. What she told of them is forgotten too."""
    said = press.subscribers.said([reader.id]).get(reader.id, ())
    papers = _papers_of(press, {reader.id: said}, {}).get(reader.id, {})
    last: dict[tuple[str, str], Feedback] = {}
    for one in said:
        if one.paper_id and (which is None or {one.paper_id, _of(one, papers).paper_id} & which):
            kind = _BACK.get(one.verb, one.verb)
            last[one.paper_id, kind] = one
    standing = [one for one in last.values() if one.verb in _BACK]
    now = press.clock.now()
    taken = [Feedback(reader.id, one.paper_id, _BACK[one.verb], now, source=source) for one in standing]
    press.subscribers.say_all(taken)
    press.subscribers.drop_brought(reader.id, None if which is None else {one.paper_id for one in standing} | which)
    return len({one.paper_id for one in standing})


def _resolve(
    press: Press, reader: Subscriber, entries: Sequence[Entry]
) -> tuple[list[Paper | str], tuple[Problem, ...]]:
    """A paper for each entry, or its name where nothing is known of it."""
    drafts = [_draft(entry) for entry in entries]
    known = press.papers.find({key for draft in drafts for key in identity_keys(draft)})
    hers = press.subscribers.brought([reader.id]).get(reader.id, {})
    bare = [
        draft.arxiv_id
        for draft in drafts
        if draft.arxiv_id
        and not draft.abstract
        and draft.id not in hers
        and not any(key in known for key in identity_keys(draft))
    ]
    found: tuple[Paper, ...] = ()
    problems: tuple[Problem, ...] = ()
    if bare and press.lookup is not None:
        found, problems = press.lookup.by_id(bare)
    told = {paper.arxiv_id: paper for paper in found}
    papers: list[Paper | str] = []
    for draft in drafts:
        stored = next((known[key] for key in identity_keys(draft) if key in known), None)
        whole = stored or told.get(draft.arxiv_id) or (draft if draft.abstract else hers.get(draft.id, draft))
        papers.append(whole if whole.title else draft.id)
    return papers, problems


def _draft(entry: Entry) -> Paper:
    title = normalise_title(entry.title)
    return Paper(
        id=entry.arxiv_id or entry.doi or f"t-{title_digest(title)}",
        title=entry.title,
        abstract=entry.abstract,
        authors=entry.authors,
        published=entry.published,
        arxiv_id=entry.arxiv_id,
        doi=entry.doi,
        url=f"https://arxiv.org/abs/{entry.arxiv_id}"
        if entry.arxiv_id
        else f"https://doi.org/{entry.doi}"
        if entry.doi
        else "",
    )


def _like(
    press: Press, reader: Subscriber, papers: Iterable[Paper | str], source: str, problems: tuple[Problem, ...]
) -> Brought:
    whole = [paper for paper in papers if isinstance(paper, Paper)]
    unknown = tuple(paper for paper in papers if isinstance(paper, str))
    stored = press.papers.get([paper.id for paper in whole])
    now = press.clock.now()
    own = {paper.id: replace(paper, abstract=paper.abstract[:READ]) for paper in whole if paper.id not in stored}
    if own:
        had = press.subscribers.brought([reader.id]).get(reader.id, {})
        new = [name for name in own if name not in had]
        if over := {*new[max(0, MOST_BROUGHT - len(had)) :]}:
            own = {name: paper for name, paper in own.items() if name not in over}
            what = f"{MOST_BROUGHT:,} papers are kept of a reader: the rest was left out"
            problems = (*problems, Problem("library", what))
        press.subscribers.bring(reader.id, own.values())
    ours = {one.id: one for paper in whole if (one := stored.get(paper.id) or own.get(paper.id))}
    liked = {one.id for one in tastes(press, press.subscribers.said([reader.id])).get(reader.id, Taste()).likes}
    fresh = {name: paper for name, paper in ours.items() if name not in liked}
    press.subscribers.say_all([Feedback(reader.id, paper_id, "more", now, source=source) for paper_id in fresh])
    return Brought(tuple(fresh.values()), len(ours.keys() & liked), unknown, problems)

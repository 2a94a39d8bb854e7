"""What of a topic a paper's text says, in the paper's own letters: the words that a reader is shown as the reason."""

from __future__ import annotations

from typing import TYPE_CHECKING

from newsletter.rank.words import BODY_LIMIT, TITLE_LIMIT, line, spelling, stem

if TYPE_CHECKING:
    from collections.abc import Sequence

    from newsletter.model.paper import Paper
    from newsletter.rank.corpus import Corpus
    from newsletter.rank.relevance import Question
    from newsletter.rank.words import Spelling

TELLING = 3.0  # rarity of a word that tells something: one text in twenty, or fewer, has it
SAMPLE = 200  # liked papers that are read for how learned words are spelt
LONGEST = 80  # characters of one quotation
# Words that link others, and those with which every abstract announces itself: a pair with one of them tells nothing of
# a subject, however rare the pair is ("paper presents", "which can").
_ANYWHERE = (
    "about across after all also although among any approach art available because before between both but can "
    "com could demonstrate despite do does due during each effectively even existing experiment extensive "
    "extensively first framework furthermore github has have her his how however http https if into introduce "
    "investigate itself many may method moreover most much must no not novel off often only other over paper "
    "performance present previous propose provide rather recent remain result several she he should show shown "
    "significant significantly some state study such than their them then there therefore they those through "
    "thus toward under up use used using via well what when where whether which while who whose will within "
    "without work would yet you your"
)
_EMPTY = frozenset(map(stem, _ANYWHERE.split()))


def matched_words(paper: Paper, question: Question, corpus: Corpus, limit: int = 3) -> tuple[str, ...]:
    """Quoted phrases first, then runs of the topic's words, the longer the better, the rarer the better.

    Words that half of all papers say ("model", "learning") are named only where nothing rarer is said, and no word is
    quoted twice. A part of a hyphenated word is none: a paper that says "bench" does not say "SWE-bench".
    """
    spelt = spelling(f"{paper.title[:TITLE_LIMIT]}\n{paper.abstract[:BODY_LIMIT]}")
    here = {stem for stem, _, _ in spelt.spans}
    parts = _only_parts(question)
    runs = [run for run in question.runs if here.issuperset(run.split()) and run not in parts]
    runs.sort(key=lambda run: (-len(run.split()), -_rarity(run, corpus), run))
    telling = [run for run in runs if _rarity(run, corpus) >= TELLING]
    phrases = [phrase.strip() for _, phrase in question.phrases]
    return _quoted(spelt, [*phrases, *telling], limit) or _quoted(spelt, runs, limit)


def tells(term: str, rarity: float) -> bool:
    """Whether a term (`robot`, `imag_generation`) of this rarity says something of who likes papers that say it."""
    return rarity >= TELLING and _EMPTY.isdisjoint(term.split("_"))


def _quoted(spelt: Spelling, wanted: Sequence[str], limit: int) -> tuple[str, ...]:
    """The first of what is wanted that the text says, no stem twice."""
    found: list[str] = []
    said: set[str] = set()
    for phrase in wanted:
        stems = {*phrase.split()}
        if len(found) < limit and not stems & said and (words := spelt.of(phrase)):
            found.append(words[:LONGEST])
            said |= stems
    return tuple(found)


def spoken(learned: Sequence[str], papers: Sequence[Paper]) -> tuple[str, ...]:
    """Stemmed terms (`larg languag`) as the first of some papers that says them does (`large language`).

    A term whose words all stand in a longer one is left out.
    """
    stems = {term: line(term).split() for term in learned}
    whole = [term for term in learned if not any(set(stems[term]) < set(other) for other in stems.values())]
    found: dict[str, str] = {}
    pieces: dict[str, str] = {}  # of pairs that are said with a small word between them
    for paper in papers[:SAMPLE]:
        wanted = [term for term in whole if term not in found]
        if not wanted:
            break
        spelt = spelling(f"{paper.title[:TITLE_LIMIT]}\n{paper.abstract[:BODY_LIMIT]}")
        found |= {term: _small(words) for term in wanted if (words := spelt.of(" ".join(stems[term])))}
        for piece in {piece for term in wanted for piece in term.split()} - pieces.keys():
            if words := spelt.of(line(piece).strip()):
                pieces[piece] = _small(words)
    return tuple(dict.fromkeys(found.get(t) or " ".join(pieces.get(one, one) for one in t.split()) for t in whole))


def _small(words: str) -> str:
    """Without marks, and without the capital of a title or a sentence's beginning; `LLMs` and `mBERT` stay."""
    bare = "".join(c if c.isalnum() or c in "-+" else " " for c in words)
    return " ".join(word.lower() if word[1:].islower() else word for word in bare.split())


def _rarity(run: str, corpus: Corpus) -> float:
    return max(corpus.idf(term) for term in run.split())


def _only_parts(question: Question) -> frozenset[str]:
    """Stems that the topic says only as a part of a hyphenated word."""
    whole: set[str] = set()
    parts: set[str] = set()
    topic = question.topic
    for word in f"{topic.query or topic.name} {' '.join(topic.keywords)}".split():
        stems = line(word).split()
        (parts if len(stems) > 1 else whole).update(stems)
    return frozenset(parts - whole)

"""Whether a summary says only what the abstract says: its numbers, its names and most of its words stand there."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from newsletter.model.paper import Paper

LONGEST = 400
SHORTEST = 20
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
WORD = re.compile(r"[^\W\d_][\w'’-]*|\w*\d\w*", re.UNICODE)  # noqa: RUF001 - the apostrophe of typeset text
MOST = 0.5  # share of a summary's telling words that stand in title or abstract ...
SOME = 1 / 3  # ... and of each of its sentences
STEM = 5  # letters that two words share when they are taken to be one
_TELLING = re.compile(r"[^\W\d_]{4,}")
_SENTENCES = re.compile(r"(?<=[.!?])\s+")
# What any summary may say: little words, and those that speak of the paper itself.
_ANYBODY = frozenset(
    """
    about above across after again against also although among another around because been before being below
    between both cannot could does doing down during each even every from further have having here however into
    itself just many more most much must need only other others over rather same should since some still such than
    that their them themselves then there therefore these they this those though through thus toward towards under
    until upon very well were what when where whether which while whose will with within without would used uses
    using approach authors introduce introduces method methods paper present presents propose proposed proposes
    research show shows shown study work
    """.split()  # noqa: SIM905 - a list of 120 would be 120 lines
)
SENTENCE_END = re.compile(r"[.!?:]\s+$|^\s*$")
_SPELLED = frozenset(("two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "twelve", "hundred"))
_SPELLED |= {"thousand", "million", "billion", "trillion", "half", "twice", "double", "triple", "dozen"}
MARKUP = re.compile(
    r"https?:|www\.|<[a-z/!]|[\x00-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069]", re.IGNORECASE
)


def objection(summary: str, paper: Paper) -> str:
    """What speaks against showing this summary, in words; empty when nothing does.

    A name is a word with a capital or a digit inside, or one with a capital that does not begin a sentence. Numbers
    are compared as written, without thousands separators; number words must stand in the abstract too. So must half of
    all telling words, and a third of each sentence's, by their first five letters.
    """
    if not SHORTEST <= len(summary) <= LONGEST:
        return f"it has {len(summary)} characters"
    if MARKUP.search(summary):
        return "it holds a link, markup or control characters"
    source = f"{paper.title} {paper.abstract}"
    numbers = numbers_of(source)
    for number in _NUMBER.findall(summary):
        if plain(number) not in numbers:
            return f"the number {number} is not in the abstract"
    known = known_words(source)
    for word in WORD.finditer(summary):
        text = word.group()
        opens = bool(SENTENCE_END.search(summary[: word.start()]))
        parts = [part for part in re.split(r"[-'’]", text) if part and part != "s"]  # noqa: RUF001
        if text.casefold() in _SPELLED and text.casefold() not in known:
            return f"the number {text} is not in the abstract"
        if _is_name(text, opens=opens) and not all(stands(part, known) for part in parts):
            return f"the name {text} is not in the abstract"
    return _strange(summary, source)


def _strange(summary: str, source: str) -> str:
    """An objection when the summary, or a sentence of three telling words or more, is about something else.

    Of 3,420 summaries that people wrote of 1,237 papers (SciTLDR, Cachola et al. 2020) 81 % pass these shares, and
    1.7 % pass for another paper's abstract.
    """
    known = _stems(source)
    if (said := _stems(summary)) and len(said & known) < MOST * len(said):
        return "most of its words are not in the abstract"
    for sentence in _SENTENCES.split(summary):
        if len(said := _stems(sentence)) >= 3 and len(said & known) < SOME * len(said):
            return "a sentence of it speaks of something else than the abstract"
    return ""


def _stems(text: str) -> frozenset[str]:
    words = _TELLING.findall(text.casefold())
    return frozenset(word[:STEM] for word in words if word not in _ANYBODY)


def _is_name(word: str, *, opens: bool) -> bool:
    if word.isdigit():
        return False  # a number, which was looked up as one
    inner = any(c.isupper() or c.isdigit() for c in word[1:])
    return inner or (word[0].isupper() and not opens and len(word) > 1) or word[0].isdigit()


def numbers_of(source: str) -> frozenset[str]:
    """The numbers of a text, each as `plain` writes it."""
    return frozenset(plain(one) for one in _NUMBER.findall(source))


def known_words(source: str) -> frozenset[str]:
    """The words of a text in lower case, and the parts of those with a hyphen or an apostrophe."""
    return frozenset(
        word.casefold()
        for found in WORD.findall(source)
        for word in (found, *re.split(r"[-'’]", found))  # noqa: RUF001
    )


def stands(part: str, known: frozenset[str]) -> bool:
    """Whether a word is among the known ones, with or without an s at its end."""
    folded = part.casefold()
    return folded in known or folded.removesuffix("s") in known or f"{folded}s" in known


def plain(number: str) -> str:
    """A number with a point and without thousands separators."""
    return re.sub(r",(?=\d{3}(?!\d))", "", number).replace(",", ".").strip(".")

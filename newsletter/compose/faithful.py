"""Whether a summary says only what the abstract says: every number and every name in it must stand there."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from newsletter.model.paper import Paper

LONGEST = 400
SHORTEST = 20
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
WORD = re.compile(r"[^\W\d_][\w'’-]*|\w*\d\w*", re.UNICODE)  # noqa: RUF001 - the apostrophe of typeset text
SENTENCE_END = re.compile(r"[.!?:]\s+$|^\s*$")
_SPELLED = frozenset(("two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "twelve", "hundred"))
_SPELLED |= {"thousand", "million", "billion", "trillion", "half", "twice", "double", "triple", "dozen"}
MARKUP = re.compile(
    r"https?:|www\.|<[a-z/!]|[\x00-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069]", re.IGNORECASE
)


def objection(summary: str, paper: Paper) -> str:
    """What speaks against showing this summary, in words; empty when nothing does.

    A name is a word with a capital or a digit inside, or one with a capital that does not begin a sentence. Numbers
    are compared as written, without thousands separators; number words must stand in the abstract too.
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
    return ""


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

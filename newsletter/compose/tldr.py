"""The TL;DR of a paper without a model: the source's own, or the sentences that say problem, idea and result."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from newsletter.compose.detex import detex
from newsletter.compose.text import clean, shorten

if TYPE_CHECKING:
    from newsletter.model.paper import Paper

LIMIT = 280  # characters: two or three lines on a phone's card, one toot
_WORTH_CUTTING = 150  # characters left over
_READ = 6000  # characters of an abstract that are looked at
_SYNOPSIS = 4  # sentences; so short an abstract says what it is about first
_NAME = 2  # words of a thing's name, at most
_SHORTEST = 25  # characters; below, a "sentence" is a heading or the rest of an abbreviation

_NOTE = re.compile(r"(?<=[.!?])[¹²³⁴⁵⁶⁷⁸⁹⁰]+(?=\s|$)")  # the mark of a footnote that is not here
_ENDS = re.compile(r"(?<=[.!?])[\"”’)\]]?\s+(?=[\"“‘(\[]?[A-Z0-9À-ÞΑ-Ω])")
_ABBREVIATION = re.compile(
    r"(?:\b(?:e\.g|i\.e|et al|cf|vs|etc|resp|Fig|Figs|Sec|Eq|Eqs|Tab|Ref|Refs|No|Dr|Prof|St|approx|w\.r\.t|a\.k\.a"
    r"|[A-Z]))\.$"
)
_LEAD = re.compile(
    r"^(?:However|In contrast|By contrast|Conversely|On the other hand|Nevertheless|Nonetheless|Meanwhile|As a result"
    r"|Instead|Similarly|Likewise|Moreover|Furthermore|Additionally|In addition|Specifically|In particular|Notably"
    r"|Therefore|Thus|Hence|Subsequently|Besides"
    r"|Consequently|To this end|To address (?:this|these|it)[^,]{0,60}|In this (?:paper|work|study|article|report)"
    r"|Here|Finally|Overall|In summary|Importantly|Crucially)\s*,\s*",
)
# "Based on this hypothesis, we propose": the clause points at a sentence that is not shown.
_POINTING = re.compile(
    r"^(?:To|Based|In|Upon|On|By|With|Using|Given|From|Leveraging|Building|Motivated|Inspired|Guided|Following)\b"
    r"[^,]{0,70}\b(?:this|these|that|those|such|above|aforementioned|issues?|so|it|them|end|observations?|findings?)\b[^,]{0,30},\s*"
    r"(?=we\b|this\b|our\b|I\b)",
)
# Opens with a word that stands for something said before.
_HANGING = re.compile(
    r"^(?:They|It|Its|Their|These|Those|Here|There|Such|He|She|The (?:result|former|latter|same|two|other)\b"
    r"|This(?! (?:paper|work|study|article|report|survey|review|thesis)\b)|In (?:this|that) (?:way|setting|case)\b)\b"
)
_ITEM = re.compile(r"^\(?(?:\d{1,2}|[ivx]{1,4}|[a-h])[).]\s*(?=[A-Za-z])")  # the mark of a list's item
_OPEN = re.compile(r"\([^()]*$")  # a bracket that is still open where a sentence seems to end
_BRACKETED = 160  # characters that a bracket may go on for
# Points back at what a sentence before it told.
_BACK = re.compile(
    r"^(?:.{0,90}\b(?:these|those|such|this|the above|the aforementioned)\s+(?!paper|work|study|article)[a-z]"
    r"|\w+ing (?:it|them|this)\b)",
    re.IGNORECASE,
)
# Stands for what another sentence told, though not for the paper's own thing.
_THERE = re.compile(
    r"^(?:(?:On|In|For|With|Under|Among|Across|At) (?:this|these|those|such|it|them)\b"
    r"|(?:This|That) (?:implies|means|suggests|makes|allows|leads|enables|is|was)\b)"
)
# What a sentence does, by its words. The first sentence that does a thing best is taken.
_IDEA = re.compile(
    r"\b(?:we|this (?:paper|work|study|article|report|survey)|our (?:paper|work|study|article|survey))\s+"
    r"(?:\w+ly\s+|further\s+|also\s+|here\s+|then\s+)?"
    r"(?:propose|present|introduce|develop|describe|design|build|study|investigate|show that|argue|formali[sz]e|release"
    r"|propos|present|introduc|develop|explor|examin|analy[sz]e|revisit|find|prove|demonstrate|offer|provide|survey"
    r"|review|create|collect|address|tackle)\w*",
    re.IGNORECASE,
)
_NEW = re.compile(
    r"\b(?:propose|present|introduce|develop)s?\b|\b(?:is|are|was|were) (?:propos|present|introduc|develop)ed\b"
    r"|\bnovel\b|\bnew\b",
    re.IGNORECASE,
)
# Gives the thing its name: "a small model (SmolLM)", "a strategy called ROAST".
_NAMED = re.compile(r"\([A-Z]\w*[A-Z\d][\w-]*\)|\b(?:called|named|termed|dubbed|coined)\b", re.ASCII)
# Goes on about a thing that the sentence before has introduced.
_MORE = re.compile(
    r"^(?:In details?|Specifically|In particular|Additionally|In addition|Furthermore|Moreover|Besides|Also|Then"
    r"|Finally)\b"
)
_RESULT = re.compile(
    r"\b(?:experiment\w*|results?|outperform\w*|achiev\w*|improv\w*|surpass\w*|reduc\w*|state[- ]of[- ]the[- ]art|SOTA"
    r"|evaluat\w*|demonstrat\w*|show(?:s|ed)? that|find that|reveal\w*|yield\w*|gain\w*|faster|speed-?up)\b",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"(?<![\w.])\d+(?:[.,]\d+)*\s?(?:%|×|x\b|times\b|points?\b|K\b|M\b|B\b)?")
_WEAK = re.compile(
    r"\b(?:code|data|models?|dataset|project page|website|demo)\b.{0,40}"
    r"\b(?:available|released|made public|open-?sourced|at http)"
    r"|https?://|\bthe rest of\b|\bwe (?:hope|believe)\b|\bplease\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Summary:
    """At most 280 characters on one line; `by` names whose words they are when they are not the authors'."""

    text: str
    by: str = ""


def tldr(paper: Paper, told: str = "", told_by: str = "") -> Summary:
    """What was `told` in the reader's language, else the source's summary, each attributed, else the best one or two
    sentences of the abstract in their order.
    """
    for text, by in ((told, told_by), (paper.summary, paper.summary_by)):
        if own := detex(clean(text, 1500)):
            return Summary(shorten(own, LIMIT), clean(by, 60) or "its source")
    return Summary(extract(detex(clean(paper.abstract, _READ)), _name(detex(clean(paper.title, 300)))))


@lru_cache(maxsize=2048)
def extract(abstract: str, name: str = "") -> str:
    """One or two whole sentences within 280 characters where the abstract has such; else the best one, cut at a word.

    The idea comes first in worth, then the result, then the problem; `name` is what the title calls the paper's thing.
    Pure words and places: the same abstract gives the same sentences.
    """
    if len(abstract) <= LIMIT:
        return abstract
    found = sentences(abstract)
    if not found:
        return shorten(abstract, LIMIT)
    places = range(len(found))
    idea = max(places, key=lambda place: (_idea(found[place], place, len(found), name), -place))
    best = _told(found[idea])
    others = sorted(
        (place for place in places if place != idea),
        key=lambda place: (-_support(found[place], place, len(found), before=place < idea), place),
    )
    for place in others:
        if place > idea + 1 and _THERE.search(found[place]):
            continue  # what it points at is not shown
        if _support(found[place], place, len(found), before=place < idea) <= 0:
            break
        other = _told(found[place])
        if len(best) + 1 + len(other) <= LIMIT:
            return f"{other} {best}" if place < idea else f"{best} {other}"
    room = LIMIT - len(best) - 1
    if room >= _WORTH_CUTTING and idea + 1 < len(found) and not _WEAK.search(found[idea + 1]):
        return f"{best} {shorten(found[idea + 1], room)}"  # half of what follows says more than a lone half-line
    return shorten(best, LIMIT)


def sentences(text: str) -> list[str]:
    """The sentences of a text; abbreviations and initials do not end one."""
    out: list[str] = []
    for piece in _ENDS.split(_NOTE.sub("", text)):
        if out and (_ABBREVIATION.search(out[-1]) or len(out[-1]) < _SHORTEST or _inside(out[-1], piece)):
            out[-1] = f"{out[-1]} {piece}"
        elif piece.strip():
            out.append(piece.strip())
    return out


def _inside(before: str, piece: str) -> bool:
    """Whether a bracket that opened before closes in this piece: `key-value (abbr. KV) cache` is no two sentences."""
    close = piece.find(")", 0, _BRACKETED)
    return close >= 0 and "(" not in piece[:close] and _OPEN.search(before) is not None


def _name(title: str) -> str:
    """What a title names before its colon: `FreeSplat++: Generalizable ...`."""
    head, colon, _ = title.partition(":")
    return head.strip() if colon and len(head.split()) <= _NAME else ""


def _idea(sentence: str, place: int, count: int, name: str) -> float:
    worth = (
        2.0 * bool(_IDEA.search(sentence)) + 1.0 * bool(_NEW.search(sentence)) + 0.2 * bool(_RESULT.search(sentence))
    )
    worth += 0.8 * (place == 0 and count <= _SYNOPSIS) - 1.2 * bool(_HANGING.search(sentence))
    worth += 0.3 * bool(_NAMED.search(sentence)) - 0.4 * bool(_MORE.search(sentence))
    worth += 0.6 * bool(name and name in sentence)
    worth -= 2.5 * bool(_WEAK.search(sentence)) + 0.5 * (len(sentence) > LIMIT) + 0.6 * bool(_ITEM.search(sentence))
    return worth - 0.8 * place / count


def _support(sentence: str, place: int, count: int, *, before: bool) -> float:
    """What a second sentence adds: a result with figures most, the problem at the start some."""
    if (
        _WEAK.search(sentence)
        or _ITEM.search(sentence)
        or (before and (_HANGING.search(sentence) or _BACK.search(sentence)))
    ):
        return -1.0
    result = 1.2 * bool(_RESULT.search(sentence)) + 0.8 * bool(_NUMBER.search(sentence))
    if not before and result:
        return result + 0.3 * place / count
    return 0.6 - 0.3 * place / count if before else 0.1


def _told(sentence: str) -> str:
    """The sentence without the joint to the one before it."""
    bare = _POINTING.sub("", _LEAD.sub("", _ITEM.sub("", sentence, count=1), count=1), count=1)
    return bare[:1].upper() + bare[1:] if bare != sentence and len(bare) > _SHORTEST else sentence

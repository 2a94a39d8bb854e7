"""Text to terms: words, adjacent pairs and phrases, the same for papers, topics and models."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

TITLE_LIMIT = 2_000  # characters of a title that count; real titles end at about 400
BODY_LIMIT = 5_000  # characters of an abstract that count; real ones end there, and what is longer is no abstract

_STOP = frozenset(
    (
        "a",
        "an",
        "and",
        "are",
        "as",
        "at",
        "be",
        "been",
        "by",
        "for",
        "from",
        "in",
        "is",
        "it",
        "its",
        "of",
        "on",
        "or",
        "our",
        "that",
        "the",
        "these",
        "this",
        "those",
        "to",
        "was",
        "we",
        "were",
        "with",
    )
)
_WORD = re.compile(r"[^\W_](?:[^\W_]|[-+])*")
_TEX = re.compile(r"\\[a-zA-Z]+")
# Endings and what stays of them, tried in order, the first that fits wins. The packaged text model was fitted on
# exactly these, so a change here needs a new model (docs/ranking.md, "Retraining").
_ENDINGS = (
    ("ational", "ate"),
    ("izations", "ize"),
    ("ization", "ize"),
    ("isation", "ise"),
    ("ings", ""),
    ("ing", ""),
    ("ies", "y"),
    ("sses", "ss"),
    ("ers", "er"),
    ("ed", ""),
    ("es", "e"),
    ("s", ""),
)


def plain(text: str) -> str:
    """The text with TeX commands blanked out, character for character, so that places stay where they were."""
    return _TEX.sub(lambda command: " " * len(command.group()), text)


@lru_cache(maxsize=100_000)
def stem(word: str) -> str:
    """A word without case, accents and its commonest English endings."""
    folded = word.casefold()
    if not folded.isascii():
        folded = "".join(c for c in unicodedata.normalize("NFKD", folded) if not unicodedata.combining(c))
    if len(folded) <= 3:
        return folded
    for ending, rest in _ENDINGS:
        if folded.endswith(ending) and len(folded) - len(ending) >= 3 and not (ending == "s" and folded[-2] == "s"):
            folded = folded[: -len(ending)] + rest
            break
    return folded[:-1] if folded.endswith("e") and len(folded) > 4 else folded


@lru_cache(maxsize=100_000)
def _stems(word: str) -> tuple[str, ...]:
    """A word's terms: a hyphenated one is itself and its parts; stop words and single letters are none."""
    folded = word.casefold()
    parts = [folded, *folded.split("-")] if "-" in folded else [folded]
    return tuple(stem(p) for p in parts if p and p not in _STOP and (len(p) > 1 or p.isdigit()))


def is_stop(word: str) -> bool:
    """A word that every text says, in lower case."""
    return word in _STOP


def words(text: str) -> list[str]:
    """The stemmed words of a text in order, stop words left out."""
    return [term for word in _WORD.findall(plain(text)) for term in _stems(word)]


def terms(text: str) -> Counter[str]:
    """Words and adjacent pairs (`chain_thought`) with how often they occur."""
    stems = words(text)
    counts = Counter(stems)
    counts.update(map("_".join, pairwise(stems)))
    return counts


def joined(title: Counter[str], body: Counter[str]) -> Counter[str]:
    """Both together: `title + body` looks at every term of the longer one twice more."""
    both = body.copy()
    both.update(title)
    return both


def line(text: str) -> str:
    """All words of a text, stemmed, stop words kept, hyphens split, as ` one two three `: phrases are found in it."""
    parts = (part for word in _WORD.findall(plain(text)) for part in word.split("-"))
    return f" {' '.join(stem(part) for part in parts if part)} "


@dataclass(frozen=True, slots=True)
class Spelling:
    """Where each word of a text stands, so that a stemmed phrase can be shown in the text's own letters."""

    text: str
    spans: tuple[tuple[str, int, int], ...]  # (stem, start, end), hyphens split as in `line`

    def of(self, phrase: str) -> str:
        """The first place that says `phrase` (as `line` gives it); empty when none does."""
        wanted = phrase.split()
        stems = [stem_ for stem_, _, _ in self.spans]
        for first in range(len(stems) - len(wanted) + 1) if wanted else ():
            if stems[first : first + len(wanted)] == wanted:
                return " ".join(self.text[self.spans[first][1] : self.spans[first + len(wanted) - 1][2]].split())
        return ""


def spelling(text: str) -> Spelling:
    flat = plain(text)
    return Spelling(
        text,
        tuple(
            (stem(flat[start:end]), start, end)
            for word in _WORD.finditer(flat)
            for start, end in _parts(word.group(), word.start())
        ),
    )


def phrases_of(text: str, longest: int = 4) -> tuple[str, ...]:
    """Runs of up to `longest` words as `line` gives them, long before short, without stop words at their ends."""
    stems = line(text).split()
    runs = [stems[first : first + size] for size in range(longest, 0, -1) for first in range(len(stems) - size + 1)]
    return tuple(dict.fromkeys(" ".join(run) for run in runs if run[0] not in _STOP and run[-1] not in _STOP))


def _parts(word: str, offset: int) -> list[tuple[int, int]]:
    """Where the parts of a hyphenated word stand."""
    found = []
    for part in word.split("-"):
        if part:
            found.append((offset, offset + len(part)))
        offset += len(part) + 1
    return found


def unquote(keyword: str) -> tuple[str, bool]:
    """A keyword and whether it stands in double quotes, which makes it a phrase."""
    bare = keyword.strip()
    quoted = len(bare) > 1 and bare[0] in '"“' and bare[-1] in '"”'
    return (bare[1:-1].strip(), True) if quoted else (bare, False)


@lru_cache(maxsize=100_000)
def name_key(name: str) -> tuple[str, str]:
    """(given names, family name) of a person, folded; `Doe, Jane` and `Jane Doe` are the same."""
    turned = " ".join(reversed(name.split(",", 1))) if "," in name else name
    folded = "".join(c for c in unicodedata.normalize("NFKD", turned.casefold()) if not unicodedata.combining(c))
    parts = re.findall(r"[^\W_]+", folded)
    return (" ".join(parts[:-1]), parts[-1]) if parts else ("", "")


def same_person(one: str, other: str) -> bool:
    """Equal names, or equal family names where one side gives its first name as an initial only."""
    (given, family), (given_too, family_too) = name_key(one), name_key(other)
    if not family or family != family_too:
        return False
    if given == given_too:
        return True
    if not given or not given_too or given[0] != given_too[0]:
        return False
    return len(given.split()[0]) == 1 or len(given_too.split()[0]) == 1

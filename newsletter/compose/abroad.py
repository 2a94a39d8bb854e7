"""Whether a summary in another language says only what the abstract says, and whether it is in that language at all."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from newsletter.compose import abroad_tables as tables
from newsletter.compose.faithful import LONGEST, MARKUP, SENTENCE_END, WORD, known_words, numbers_of, plain, stands

if TYPE_CHECKING:
    from newsletter.model.paper import Paper

SHORTEST = 10  # Chinese says in ten characters what English says in thirty
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_GROUPED = re.compile(r"(?<![\d.,])\d{1,3}(?:[ \u00a0\u2009\u202f]\d{3})+(?!\d)")
_LATIN = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:[-.'’][A-Za-z0-9]+)*")  # noqa: RUF001 - the apostrophe of typeset text
_SPLIT = re.compile(r"[-.'’]")  # noqa: RUF001
_ARTICLE = re.compile(r"^(?:[cdjlmnst]|qu|un|dell|nell|all|dall|sull)['’]", re.IGNORECASE)  # noqa: RUF001
_POINTS = str.maketrans("\u066b\u066c", ".,")  # Arabic decimal and thousands separators
_OTHER_LETTERS = re.compile(r"[^\W\d_A-Za-z\u00c0-\u024f]")
_LEAST = 0.3  # of the letters, in the language's own script: the rest are names in Latin letters
_STOPS = 0.12  # of the words, at least, are its commonest ones


def language_name(language: str) -> str:
    """The English name of a language that can be checked, such as "German" for `de`; empty for all others."""
    return tables.NAMES.get(language, "")


def objection_abroad(summary: str, paper: Paper, language: str) -> str:
    """What speaks against showing this summary to a reader of `language` (`de`, `zh_Hant`); empty when nothing does.

    Numbers are compared as values of digits, whatever the script and the separators; number words must stand in the
    abstract as a digit or an English word. Where nouns have no capitals a name is told as in English. In German it is
    a word with a capital or a digit inside, two capitalised words in a row, or one of some well-known names. In other
    scripts every word in Latin letters must stand in the abstract, and so must those well-known names, transcribed.
    """
    if not SHORTEST <= len(summary) <= LONGEST:
        return f"it has {len(summary)} characters"
    if MARKUP.search(summary):
        return "it holds a link, markup or control characters"
    name = language_name(language)
    if not name or not _spoken(summary, language):
        return f"it is not in {name or language}"
    source = f"{paper.title} {paper.abstract}"
    text = unicodedata.normalize("NFKC", summary).translate(_POINTS)
    return _number(text, source, language) or _name(text, source, language)


def _spoken(summary: str, language: str) -> bool:
    """By script, and in Latin letters by the commonest words, of which no other language may have more."""
    if (script := tables.SCRIPTS.get(language)) is not None:
        letters = sum(map(str.isalpha, summary))
        own = len(re.findall(script, summary))
        return (
            own >= SHORTEST // 2
            and own >= _LEAST * letters
            and not re.search(tables.NEVER.get(language, "(?!)"), summary)
        )
    words = re.findall(r"[^\W\d_]+", summary.casefold())
    counts = {one: sum(word in stops for word in words) for one, stops in tables.STOPS.items()}
    own = counts.pop(language, 0)
    return own >= max(2, _STOPS * len(words)) and own >= max(counts.values()) and own > counts["en"]


def _number(text: str, source: str, language: str) -> str:
    known, values = known_words(source), numbers_of(source)
    values |= {value for value, said in tables.ENGLISH.items() if stands(said[0], known)}
    joined = _GROUPED.sub(lambda found: re.sub(r"\D", "", found[0]), text)
    for found in _NUMBER.finditer(joined):
        number = "".join(str(unicodedata.decimal(c, c)) for c in found[0])
        if plain(number) not in values and not (_dotted(number) and number.replace(".", "") in values):
            return f"the number {number} is not in the abstract"
        if joined[found.end() :].lstrip()[:1] in tables.SCALES:
            return f"the number {number} has another size in the abstract"
    whole = "{}" if language.startswith(("zh", "ja")) else r"(?<!\w){}(?!\w)"  # they put no blanks between words
    for word, value in tables.SPELLED.get(language.partition("_")[0], {}).items():
        if spelled := re.search(whole.format(word), joined.casefold()):
            said = tables.ENGLISH[value]
            if value not in values and not any(stands(one, known) for one in said):
                return f"the number {spelled[0]} is not in the abstract"
    return ""


def _dotted(number: str) -> bool:
    """Whether points may part thousands: 1.200.000, and 1.200 too."""
    return bool(re.fullmatch(r"\d{1,3}(?:\.\d{3})+", number))


def _name(text: str, source: str, language: str) -> str:
    known, folded = known_words(source), source.casefold()
    if known & {"ai", "artificial"}:
        known |= tables.INTELLIGENCE
    for word, english in tables.TRANSCRIBED.items():
        if word in text and english not in folded:
            return f"the name {word} is not in the abstract"
    if language in tables.SCRIPTS:
        for found in _LATIN.findall(text):
            if not all(stands(part, known) for part in _SPLIT.split(found) if len(part) > 1):
                return f"the name {found} is not in the abstract"
        return ""
    return _capital(text, known, german=language == "de")


def _capital(text: str, known: frozenset[str], *, german: bool) -> str:
    """A name by its capitals that does not stand in the abstract."""
    before = False  # whether a capitalised word of German stands right before, unknown to the abstract too
    for token in WORD.finditer(text):
        bare = _ARTICLE.sub("", token.group())
        parts = [part for part in _SPLIT.split(bare) if part and part != "s"]
        if german and len(parts) > 1:  # KI-Modell: its own nouns hang on names
            parts = [part for part in parts if _inner(part)]
        missing = not all(stands(part, known) for part in parts if part[:1].isupper() or not part.isalpha())
        capital = bare[:1].isupper() and not SENTENCE_END.search(text[: token.start()])
        inner = any(_inner(part) for part in parts) if german else _inner(bare)
        titled = (before or bare.casefold() in tables.WELL_KNOWN) if german else len(bare) > 1
        if missing and not bare.isdigit() and (inner or (capital and titled)):
            return f"the name {bare} is not in the abstract"
        before = german and missing and capital and text[token.end() : token.end() + 1] == " "
    return ""


def _inner(word: str) -> bool:
    return any(c.isupper() or c.isdigit() for c in word[1:])

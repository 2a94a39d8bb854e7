"""Text to the numbers that a BERT model reads: basic tokens, each cut into the longest pieces of a vocabulary."""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

LONGEST_WORD = 100  # characters; a longer one is unknown, as in BERT's own tokenizer
_IDEOGRAPHS = (
    (0x3400, 0x4DBF),
    (0x4E00, 0x9FFF),
    (0xF900, 0xFAFF),
    (0x20000, 0x2A6DF),
    (0x2A700, 0x2B73F),
    (0x2B740, 0x2B81F),
    (0x2B820, 0x2CEAF),
    (0x2F800, 0x2FA1F),
)


class WordPiece:
    """The uncased tokenizer of Devlin et al. 2018 (BERT): lower case, no accents, greedy longest pieces."""

    def __init__(self, vocabulary: Mapping[str, int]) -> None:
        self._vocabulary = vocabulary
        self._start, self._end = vocabulary["[CLS]"], vocabulary["[SEP]"]
        self._unknown = vocabulary["[UNK]"]
        self._word = lru_cache(maxsize=50_000)(self._pieces)

    def numbers(self, text: str, *, most: int) -> list[int]:
        """At most `most` numbers, the marks of beginning and end among them."""
        found = [self._start]
        for word in _words(text):
            found += self._word(word)
            if len(found) >= most:
                break
        return [*found[: most - 1], self._end]

    def _pieces(self, word: str) -> tuple[int, ...]:
        if len(word) > LONGEST_WORD:
            return (self._unknown,)
        pieces, start = [], 0
        while start < len(word):
            mark = "##" if start else ""
            for end in range(len(word), start, -1):
                number = self._vocabulary.get(mark + word[start:end])
                if number is not None:
                    pieces.append(number)
                    start = end
                    break
            else:
                return (self._unknown,)
        return tuple(pieces)


def _words(text: str) -> Iterator[str]:
    """Basic tokens: what blanks and punctuation part, each punctuation mark and ideograph by itself."""
    plain = unicodedata.normalize("NFD", "".join(map(_cleaned, text))).lower()
    word = ""
    for character in plain:
        kind = unicodedata.category(character)
        if kind == "Mn":
            continue
        if character == " " or _stands_alone(character, kind):
            if word:
                yield word
            word = ""
            if character != " ":
                yield character
        else:
            word += character
    if word:
        yield word


def _cleaned(character: str) -> str:
    if character in "\t\n\r" or unicodedata.category(character) == "Zs":
        return " "
    return "" if character in "\0\ufffd" or unicodedata.category(character)[0] == "C" else character


def _stands_alone(character: str, kind: str) -> bool:
    code = ord(character)
    sign = 33 <= code <= 47 or 58 <= code <= 64 or 91 <= code <= 96 or 123 <= code <= 126
    return sign or kind[0] == "P" or any(low <= code <= high for low, high in _IDEOGRAPHS)

"""Texts are cut as BERT's own tokenizer cuts them: the numbers below are what it gives."""

from __future__ import annotations

import lzma
from importlib import resources

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.collect.wordpiece import WordPiece

PIECES = (
    lzma.decompress((resources.files("newsletter.collect") / "wordpieces.txt.xz").read_bytes()).decode().split("\n")
)
TOKENIZER = WordPiece({piece: number for number, piece in enumerate(PIECES)})


def pieces(text: str, most: int = 256) -> list[str]:
    return [PIECES[number] for number in TOKENIZER.numbers(text, most=most)]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Protein folding", ["protein", "folding"]),
        ("Tokenizers’ naïveté", ["token", "##izer", "##s", "’", "naive", "##te"]),  # noqa: RUF001 - a typesetter's apostrophe
        ("GPT-4o scores 73.2%", ["gp", "##t", "-", "4", "##o", "scores", "73", ".", "2", "%"]),
        ("$\\alpha$-decay", ["$", "\\", "alpha", "$", "-", "decay"]),
        ("中文 a", ["中", "文", "a"]),
        ("x\u200b\x00y\tz", ["x", "##y", "z"]),
        ("a" * 101, ["[UNK]"]),
        ("", []),
    ],
)
def test_a_text_becomes_the_longest_pieces_of_the_vocabulary(text: str, said: list[str]) -> None:
    assert pieces(text) == ["[CLS]", *said, "[SEP]"]


def test_a_long_text_is_read_up_to_its_bound() -> None:
    assert pieces("one two three four", most=4) == ["[CLS]", "one", "two", "[SEP]"]


@given(st.text())
def test_any_text_can_be_read(text: str) -> None:
    numbers = TOKENIZER.numbers(text, most=64)

    assert (numbers[0], numbers[-1]) == (101, 102)
    assert len(numbers) <= 64

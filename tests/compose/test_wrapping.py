"""The text part on a terminal: no line is wider than it, in any script, and nothing is lost."""

from __future__ import annotations

import textwrap

from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.compose.wrapping import WIDTH, columns, wrap

CHINESE = "我们提出一种新的方法，可以在不增加参数的情况下提高模型的推理能力（见 GPT-4）；实验表明效果显著。" * 3
words = st.lists(st.text(st.sampled_from("ab中文，。（）가あé\u2068\u2069"), min_size=1, max_size=30), max_size=30)


def test_chinese_is_wrapped_by_its_width_and_no_line_begins_with_a_closing_sign() -> None:
    lines = wrap(CHINESE, "   ").split("\n")

    assert max(map(columns, lines)) <= WIDTH
    assert min(map(columns, lines[:-1])) > WIDTH - 6
    assert [line for line in lines if line.lstrip()[0] in "，。；）"] == []
    assert [line for line in lines if line.endswith("（")] == []
    assert "".join(line.strip() for line in lines).replace(" ", "") == CHINESE.replace(" ", "")


def test_a_wide_sign_takes_two_columns_and_what_joins_none() -> None:
    assert [columns(text) for text in ("abc", "中文", "e\u0301", "\u2068a\u2069", "ｆ")] == [3, 4, 1, 1, 2]


@settings(deadline=None)
@given(words)
def test_nothing_is_lost_and_only_what_cannot_part_is_wider(parts: list[str]) -> None:
    text = " ".join(parts)

    lines = wrap(text, "", "  ").split("\n")

    assert "".join("".join(lines).split()) == "".join(text.split())
    for line in lines:
        if columns(line) > WIDTH:
            assert " " not in line.strip()


@given(
    st.lists(st.text("ab-c.,:/", min_size=1, max_size=90), min_size=1, max_size=25),
    st.sampled_from(["", "  ", "* "]),
    st.sampled_from(["", "  ", "    "]),
)
def test_plain_words_are_wrapped_as_textwrap_does(words: list[str], first: str, rest: str) -> None:
    expected = textwrap.fill(
        " ".join(words),
        72,
        initial_indent=first,
        subsequent_indent=rest,
        break_long_words=False,
        break_on_hyphens=False,
    )
    assert wrap(" ".join(words), first, rest) == expected

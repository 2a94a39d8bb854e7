r"""TeX in titles and abstracts becomes characters, and nothing that was said is lost."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.compose.detex import detex
from tests.support.composing import shared_data

LATEX = {
    r"$\alpha$-divergence": "α-divergence",
    r"na\"ive Schr\"odinger": "naïve Schrödinger",
    r"Erd\H{o}s, \v{S}koda, \c{c}a, \O{}rsted, \o stergaard, Garc\'ia, Universit\'{e}": (
        "Erdős, Škoda, ça, Ørsted, østergaard, García, Université"
    ),
    r"$\mathcal{O}(n \log n)$ and $x_i^{2}$": "O(n log n) and xᵢ²",
    r"$\frac{a+b}{2}$ and $\sqrt{2}$": "(a+b)/2 and √2",
    r"$10^{-3}$ and $10^{5}$": "10⁻³ and 10⁵",
    r"$\pi_{0.5}$": "π_(0.5)",
    r"H$_2$O, I$^2$C, $\mathbb{R}^d$": "H₂O, I²C, ℝᵈ",
    r"$\hat{x}$, $\bar{y}$": "x̂, ȳ",
    r"\( x^2 \) and \[ y \]": "x² and y",
    r"10$\times$ faster at $\sim$60\%": "10× faster at ∼60%",
    r"\LaTeX\ rocks": "LaTeX rocks",
    r"{\bf bold} and \emph{et al.}": "bold and et al.",
    r"C\# and R\&D, \texttt{foo\_bar}": "C# and R&D, foo_bar",
    r"``sink'' tokens, `x' too": "“sink” tokens, ‘x’ too",
    "pages 1--5 --- and": "pages 1–5 — and",
    r"We introduce \name, which": "We introduce name, which",
    r"\href{https://a.example/b}{our page} is up": "our page (https://a.example/b) is up",
    r"\url{https://a.example/b_c}": "https://a.example/b_c",
    "{GPT}-4": "GPT-4",
    r"m\textsuperscript{2}": "m²",
    r"in O(n\log n) and $O(2\log\log n)$": "in O(n log n) and O(2 log log n)",
    r"$\max_i x$, $\log(n)$ and $k\exp{x}$": "maxᵢ x, log(n) and k exp x",
    "the ${token} and ${user_id}/${x2} stay": "the ${token} and ${user_id}/${x2} stay",
    "but ${MoE}_k$ does not": "but MoEₖ does not",
}
STRIPPED = {
    "recognition~(ASR) of 5~(of 9)": "recognition (ASR) of 5~(of 9)",
    "3.79times faster": "3.79× faster",
    "R^3 {times} S^2": "R³ × S²",
    "O(n^2) and KQ^top": "O(n²) and KQᵀ",
    r"90\% of": "90% of",
    r"at https://a.example/b_c{https://a.example/b\_c}.": "at https://a.example/b_c.",
    "$textbf{Foo": "Foo",
    r"\textbf{Positional \textbf{Integrity Encoding} (PIE).": "Positional Integrity Encoding (PIE).",
    "a tensor h in R^{C times T times d}": "a tensor h in R^(C × T × d)",
}
UNTOUCHED = [
    "costs $5 and $10 million",
    "it costs $20K, not $30K",
    "~60% of readers, a 5% overhead",
    "snake_case_name and __init__",
    "don't and it's",
    "the set {a, b}",
    "use --flag",
    "5 times faster",
    "https://a.example/~user/a_b?x=$1",
    "Reasoning to Attend: How <SEG> Token Works",
    "$",
    "^_",
    "",
]


@pytest.mark.parametrize(("tex", "plain"), [*LATEX.items(), *STRIPPED.items()])
def test_a_reader_sees_characters_where_the_source_had_tex(tex: str, plain: str) -> None:
    assert detex(tex) == plain


@pytest.mark.parametrize("text", UNTOUCHED)
def test_money_addresses_code_and_prose_stay_as_they_are(text: str) -> None:
    assert detex(text) == text


tricky = st.text(st.sampled_from("\\${}^_~`'\"-abcXY 19%&()[].\n"), max_size=80)
words = st.lists(
    st.sampled_from(["\\frac", "\\alpha", "{", "}", "$", "word", " ", "\\(", "\\)", "^", "_", "\\hat", "''", "``"]),
    max_size=40,
).map("".join)


def letters(text: str) -> int:
    return len(re.findall(r"[^\W\d_]", text))


@settings(max_examples=400)
@given(st.text(max_size=200) | tricky | words)
def test_no_string_breaks_it_or_loses_a_tenth_of_its_letters(text: str) -> None:
    prose = re.sub(r"\\[a-zA-Z]+", "", text)

    assert letters(detex(text)) >= 0.9 * letters(prose)


@pytest.mark.parametrize(
    "text",
    [
        r"\(" * 5000 + r"\)",
        r"\hat" * 3000,
        "{" * 20000,
        "$" * 20000,
        "`a" * 5000 + "'" * 5000,
        "x^{" * 5000,
        "a" * 10**5,
    ],
    ids=lambda text: text[:4],
)
def test_text_made_to_hurt_is_answered_at_once(text: str) -> None:
    assert letters(detex(text)) >= letters(re.sub(r"\\[a-z]+", "", text))


@pytest.mark.realdata
def test_real_titles_and_abstracts_keep_nine_letters_of_ten() -> None:
    rows = [json.loads(line) for line in shared_data("seeds.jsonl").read_text("utf-8").splitlines()]
    texts = {text for row in rows for text in (row["title"], row["abstract"])}

    assert [text for text in texts if letters(detex(text)) < 0.9 * letters(text)] == []

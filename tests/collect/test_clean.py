"""Text, links and names at the door: what is let in and what is not."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.collect import clean, ids, markup


@pytest.mark.parametrize(
    ("raw", "kept"),
    [
        ("  Two\r\nlines\tand\x0b more\u2028here ", "Two lines and more here"),
        ("nul\x00 esc\x1b[31m bell\x07 c1\x9b", "nul esc[31m bell c1"),
        ("\u202egnp.exe\u202c \u2066x\u2069 \u200fy", "gnp.exe x y"),
        ("zero\u200bwidth\ufeff soft\u00adhyphen \u2060word", "zerowidth softhyphen word"),
        ("lone \ud800 surrogate", "lone surrogate"),
        ("not \ufffe\uffff\ufdd0 characters", "not characters"),
        ("hidden\U000e0041\U000e0042 tags", "hidden tags"),
        ("\U0001f468\u200d\U0001f469\u200d\U0001f467 stays", "\U0001f468\u200d\U0001f469\u200d\U0001f467 stays"),
        ("rainbow \U0001f3f3\ufe0f\u200d\U0001f308", "rainbow \U0001f3f3\ufe0f\u200d\U0001f308"),
        ("a\u200db and a\u200cb", "ab and ab"),
        ("\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645", "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645"),
        ("\u0915\u094d\u200d\u0937", "\u0915\u094d\u200d\u0937"),
        ("Cafe\u0301", "Caf\u00e9"),
        ("z" + "\u0301" * 500, "\u017a" + "\u0301" * 5),
        ("<script>alert(1)</script> {{ 7*7 }} <mj-raw>", "<script>alert(1)</script> {{ 7*7 }} <mj-raw>"),
        (None, ""),
        (7, ""),
    ],
)  # fmt: skip
def test_text_loses_what_cannot_be_seen_and_keeps_what_can(raw: object, kept: str) -> None:
    assert clean.text(raw) == kept


def test_long_text_ends_at_a_word_with_an_ellipsis() -> None:
    assert clean.text("word " * 100_000, 12) == "word word…"
    assert clean.text("x" * 100_000, clean.TITLE) == "x" * 499 + "…"


@given(st.text(max_size=300), st.integers(2, 100))
def test_clean_text_is_one_line_within_bounds_and_stays_as_it_is(raw: str, limit: int) -> None:
    once = clean.text(raw, limit)
    assert len(once) <= limit
    assert clean.text(once, limit) == once
    assert unicodedata.normalize("NFC", once) == once
    assert not any(unicodedata.category(c) in {"Cc", "Cs"} for c in once)
    once.encode()


@pytest.mark.parametrize(
    ("raw", "kept"),
    [
        (" https://example.org/a?b=c#d ", "https://example.org/a?b=c#d"),
        ("HTTPS://Example.org:8443/x", "https://example.org:8443/x"),
        ("https://example.org/ä b", ""),
        ("https://example.org/ä", "https://example.org/%C3%A4"),
        ("https://bücher.example/", "https://xn--bcher-kva.example/"),
        ('https://example.org/"><script>', "https://example.org/%22%3E%3Cscript%3E"),
        ("javascript:alert(1)", ""),
        ("data:text/html,x", ""),
        ("//example.org/x", ""),
        ("https://user:pw@example.org/", ""),
        ("https://example.org:99999/", ""),
        ("https://", ""),
        ("https://[broken/", ""),
        ("https://example.org/" + "x" * 3_000, ""),
        ("https://example.org/\nHost: x", ""),
        ("https://exa\u202emple.org/", ""),
        (["https://example.org"], ""),
    ],
)
def test_only_plain_web_links_are_kept(raw: object, kept: str) -> None:
    assert clean.link(raw) == kept


@pytest.mark.parametrize(
    ("raw", "found"),
    [
        ("2601.00001", ("2601.00001", 0)),
        ("2601.00001v12", ("2601.00001", 12)),
        ("arXiv:2601.00001v2 [cs.CL]", ("2601.00001", 2)),
        ("oai:arXiv.org:2601.00001v1", None),
        ("https://arxiv.org/abs/math.GT/0309136v1", ("math/0309136", 1)),
        ("http://arxiv.org/pdf/2601.00001v3.pdf", ("2601.00001", 3)),
        ("https://huggingface.co/papers/2601.00001", ("2601.00001", 0)),
        ("10.48550/arXiv.2601.00001", ("2601.00001", 0)),
        ("2613.00001", None),
        ("version 1234.5678 of it", None),
        (7, None),
    ],
)
def test_an_arxiv_id_is_found_wherever_it_is_written(raw: object, found: tuple[str, int] | None) -> None:
    assert ids.arxiv_id(raw) == found


@pytest.mark.parametrize(
    ("raw", "found"),
    [
        ("10.1101/2026.01.02.123456v2.full", "10.1101/2026.01.02.123456"),
        ("https://doi.org/10.1038/S41586-026-00001-2.", "10.1038/s41586-026-00001-2"),
        ("doi:10.1145/3377811.3380330)", "10.1145/3377811.3380330"),
        ("10.48550/arXiv.2601.00001", ""),
        ("NA", ""),
        (None, ""),
    ],
)
def test_a_doi_has_one_spelling(raw: object, found: str) -> None:
    assert ids.doi(raw) == found


@pytest.mark.parametrize(
    ("raw", "found"),
    [
        ("https://github.com/o/r/", "https://github.com/o/r"),
        ("https://github.com/o/r.git", "https://github.com/o/r"),
        ("http://www.github.com/o/digit?tab=readme-ov-file", "https://github.com/o/digit"),
        ("https://github.com/o/r/tree/main/sub", "https://github.com/o/r"),
        (r"see https://github.com/o/my\_repo).", "https://github.com/o/my_repo"),
        ("https://x{https://github.com/o/r}", "https://github.com/o/r"),
        ("https://o.github.io/r", "https://o.github.io/r"),
        ("https://github.com/topics/nlp", ""),
        ("https://github.com/o", ""),
        ("https://gitlab.com/o/r", "https://gitlab.com/o/r"),
        ([], ""),
    ],
)
def test_a_repository_has_one_address(raw: object, found: str) -> None:
    assert ids.repository(raw) == found


@pytest.mark.parametrize(
    ("raw", "xml", "shown"),
    [
        ("<jats:p>We make it at 20 &lt; 30 C.</jats:p>", True, "We make it at 20 < 30 C."),
        ("&lt;jats:p&gt;Escaped &amp;lt; twice.&lt;/jats:p&gt;", True, "Escaped < twice."),
        ("&amp;lt;p class=&quot;x&quot;&amp;gt;Thrice &amp;amp; more&amp;lt;/p&amp;gt;", True, "Thrice & more"),
        ("H<sub>2</sub>O &lt;i&gt;in vivo&lt;/i&gt;", False, "H 2 O in vivo"),
        ("p <0.05, n <k and m> 3, a<b> c", False, "p <0.05, n <k and m> 3, a c"),
        (None, True, ""),
    ],
)
def test_markup_goes_however_often_it_was_escaped_and_numbers_stay(raw: object, xml: bool, shown: str) -> None:
    assert markup.plain(raw, 500, xml=xml) == shown

"""Sentences in a reader's language: filled in, counted, and apart from what runs the other way."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.compose import default_template_folder
from newsletter.tongue.catalogues import Tongues
from newsletter.tongue.reasons import sentence
from newsletter.tongue.tongue import ENGLISH
from tests.support.languages import LANGUAGES, REASONS

TONGUES = Tongues([default_template_folder()])
values = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)


def test_english_is_said_as_it_is_written() -> None:
    assert ENGLISH.say("Sent to {address}.", address="a{b}@example.org") == "Sent to a{b}@example.org."
    assert ENGLISH.count("{n} paper", "{n} papers", 1) == "1 paper"
    assert ENGLISH.count("{n} paper", "{n} papers", 1234) == "1,234 papers"
    assert ENGLISH.number(12.25) == "12.2"
    assert [ENGLISH.listed(items) for items in ([], ["a"], ["a", "b"], ["a", "b", "c"])] == [
        "",
        "a",
        "a and b",
        "a, b and c",
    ]


@pytest.mark.parametrize(
    ("locale", "said"),
    [
        ("de", ("1 Arbeit", "2 Arbeiten", "1.234 Arbeiten")),
        ("fr", ("1 article", "2 articles", "1\u202f234 articles")),
        ("zh", ("1 篇论文", "2 篇论文", "1,234 篇论文")),
        ("ar", ("ورقة واحدة", "ورقتان", "1,234 ورقة")),
        ("de-CH", ("1 Arbeit", "2 Arbeiten", "1’234 Arbeiten")),
    ],
)
def test_a_count_takes_the_plural_of_the_language_and_the_digits_of_the_locale(
    locale: str, said: tuple[str, str, str]
) -> None:
    tongue = TONGUES.of(locale)

    assert tuple(tongue.count("{n} paper", "{n} papers", n) for n in (1, 2, 1234)) == said


def test_dates_are_written_as_the_locale_does() -> None:
    day = date(2026, 11, 20)

    assert TONGUES.of("de").date(day) == "Freitag, 20. November 2026"
    assert TONGUES.of("zh").date(day) == "2026年11月20日星期五"
    assert TONGUES.of("en_GB").date(day, "medium") == "20 Nov 2026"
    assert TONGUES.of("en").date(day, "MMMMd") == "November 20"


def test_from_right_to_left_what_comes_from_outside_stands_apart_and_our_own_words_do_not() -> None:
    arabic = TONGUES.of("ar")

    assert arabic.say("Sent to {address}.", address="ada@example.org") == "أُرسلت إلى \u2068ada@example.org\u2069."
    assert "\u2068" not in sentence((("near",), ("votes", "upvotes", "", "1234", "8")), arabic)
    assert TONGUES.of("de").say("Sent to {address}.", address="ada@x.org") == "Gesendet an ada@x.org."


def test_why_a_paper_is_there_is_one_sentence_in_english() -> None:
    assert "\n".join(sentence(reasons) for reasons in REASONS) == (
        "By Ada Lovelace, whom this topic follows; from An institute (with brackets), which this topic follows; "
        "says “chain of thought” and “LLM”; is in cs.CL.\n"
        "Is like “Attention”; is close to the topic in meaning; 1,234 upvotes after 8 hours; "
        "1 point on hackernews after 3 days.\n"
        "Gained 11 votes in the last two days; no votes yet; 3 authors, code; "
        "fills up the topic, though two papers of the last author Grace Hopper are in already.\n"
        "No votes yet; no authors named, no code; fills up the topic, though one paper of An institute is in already.\n"
        "The best of what there was."
    )


def test_why_a_paper_is_there_is_one_sentence_in_german() -> None:
    assert sentence(REASONS[1], TONGUES.of("de")) == (
        "Ähnelt „Attention“; ist dem Thema inhaltlich nahe; 1.234 Upvotes nach 8 Stunden; "
        "1 Punkt auf hackernews nach 3 Tagen."
    )


def test_a_reason_of_a_later_version_shows_what_it_holds() -> None:
    assert sentence((("replicated", "twice", "by others"),)) == "Twice and by others."
    assert sentence((("votes", "claps", "forum", "1", "5"),)) == "1 clap on forum after 5 hours."


@pytest.mark.parametrize("language", LANGUAGES)
@settings(deadline=None)
@given(values)
def test_whatever_a_reason_holds_is_in_the_sentence_as_it_was(language: str, value: str) -> None:
    tongue = TONGUES.of(language)

    for kind in ("author", "organization", "category", "seed"):
        said = sentence(((kind, value),), tongue)
        assert value in said or value[0].upper() + value[1:] in said
    assert value in sentence((("near",), ("beyond", "author", "2", value)), tongue)

"""What a paper says of a question is counted as if every word had been read, though few are looked at."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from newsletter.model.paper import Paper
from newsletter.rank.saying import K1, KIN, root, spoken_words, wording

PIECES = [
    "token",
    "Tokens",
    "sharing",
    "shared",
    "share-token",
    "of",
    "the",
    "tokenization",
    "x",
    "study",
    "studies",
    "é",
]
TEXT = st.lists(st.sampled_from(PIECES), max_size=12).map(" ".join)


def one(term: str) -> float:  # every term is as rare as any other here
    return 1.0


def said(question: str, title: str, abstract: str = "") -> float:
    return wording(question, one).said(Paper(id="p", title=title, abstract=abstract)).words


@given(TEXT, TEXT, TEXT)
def test_no_word_that_is_meant_is_passed_over(question: str, title: str, abstract: str) -> None:
    asked = wording(question, one)
    counts: Counter[str] = Counter()
    for text, times in ((title, 2), (abstract, 1)):
        stems = spoken_words(text)
        for term in [*stems, *map("_".join, pairwise(stems))]:
            if term in asked.rarity:
                counts[term] += times
    kin = {root(term) for term in asked.rarity if "_" not in term}
    alike = [w for w in spoken_words(f"{title} . {abstract}") if w not in asked.rarity and root(w) in kin]
    norm = K1 * (0.25 + 0.75 * (2 * len(title) + len(abstract)) / 1340)
    whole = sum(asked.rarity.values()) * (K1 + 1)
    expected = sum(asked.rarity[t] * n * (K1 + 1) / (n + norm) for t, n in sorted(counts.items()))

    if not alike:
        assert said(question, title, abstract) == (round(expected / whole, 6) if whole else 0.0)
    else:
        assert said(question, title, abstract) >= round(expected / whole, 6)


def test_a_word_counts_in_any_ending_and_its_kin_a_quarter() -> None:
    long = "word " * 250

    assert said("compression", "x", f"{long} compression") == said("compressions", "x", f"{long} compression") > 0
    assert said("compression", "x", f"{long} compressed") < said("compression", "x", f"{long} compression") / 2
    assert said("compression", "x", f"{long} compression of compressions") > said(
        "compression", "x", f"{long} compression"
    )
    assert said("compression", "x", long) == 0
    assert KIN < 1


def test_words_that_stand_together_count_more_hyphens_and_small_words_aside() -> None:
    apart = said("token sharing", "Token merging and sharing")

    assert said("token sharing", "Token sharing and merging") > apart
    assert said("token sharing", "Token-sharing and merging") > apart
    assert said("sharing tokens", "Sharing of the tokens and merging") > said(
        "sharing tokens", "Sharing mere tokens, and merging"
    )


def test_the_question_letter_for_letter_is_told_apart_from_its_words() -> None:
    asked = wording("Token  Sharing", one)

    assert asked.said(Paper(id="1", title="On token sharing")).letters > 0
    assert asked.said(Paper(id="2", title="Shared tokens")).letters == 0
    assert asked.said(Paper(id="3", title="", abstract="")).words == 0
    assert wording("the", one).said(Paper(id="4", title="the")).words == 0


def test_commands_of_tex_are_no_words_and_accents_none() -> None:
    assert said("alpha", r"On \alpha") == 0
    assert said("Erdos", "On Erdős graphs") == said("Erdős", "On Erdos graphs") > 0

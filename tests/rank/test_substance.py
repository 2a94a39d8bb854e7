"""A text that says little, or the same over and over, does not win a topic."""

from __future__ import annotations

from typing import TYPE_CHECKING

from newsletter.model.edition import Topic
from newsletter.rank.corpus import read
from tests.support.ranking import candidate, paper, print_day

if TYPE_CHECKING:
    from newsletter.model.paper import Paper

QUERY = "robot arms that grasp cups with a camera"
TOPIC = Topic(slug="robots", name="Robots", query=QUERY, top=3)
ABOUT = (
    "We train a robot arm to grasp cups and bottles that it has never seen before. A small camera at the wrist looks "
    "for edges, a network proposes where fingers may touch, and a planner chooses the safest among ten proposals. In "
    "four hundred trials on kitchen tables our system lifts nine of ten objects, spills nothing, and recovers after "
    "most collisions without human help. Code, recordings and drawings of the gripper are free for everybody."
)
OTHER = (
    "Folding proteins from sequence alone remains slow for long chains. Here a coarse network first predicts contacts "
    "between distant residues, then a finer one moves single atoms until energies agree with known physics. Compared "
    "to earlier pipelines the predicted structures deviate less from crystals while computing takes one hour instead "
    "of several days. We release weights, training scripts and predictions for eleven thousand bacterial families."
)


def _first(*hostile: Paper) -> str:
    usual = [paper(1, "Grasping in kitchens", ABOUT), *(paper(n, f"Proteins {n}", OTHER) for n in range(2, 12))]
    edition = print_day([candidate(one) for one in (*usual, *hostile)], TOPIC)
    return next(pick.paper_id for pick in edition.pools[0].picks if pick.rank == 1)


def test_an_abstract_of_one_phrase_a_thousand_times_takes_no_first_place() -> None:
    assert _first(paper(900, "Results", f"{QUERY} " * 1_000)) == "2611.00001"


def test_the_same_words_in_changing_order_take_none_either() -> None:
    said = QUERY.split()
    shuffled = " ".join(said[(7 * n + n // 5) % len(said)] for n in range(2_000))
    assert _first(paper(900, "Results", shuffled)) == "2611.00001"


def test_abstracts_of_a_few_words_take_no_first_place() -> None:
    few = (QUERY, f"We study {QUERY}.", f"We do {QUERY} well.")
    assert _first(*(paper(900 + n, f"Note {n}", text) for n, text in enumerate(few))) == "2611.00001"


def test_short_texts_among_their_like_lose_nothing() -> None:
    """A source may give titles alone: they are compared with each other."""
    titles = [paper(n, f"Grasping cup number {n} by hand", " ") for n in range(9)]
    assert read(titles, None).substance.tolist() == [1.0] * 9

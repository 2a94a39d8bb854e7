"""Fields that the text model does not know are ranked by their words."""

from __future__ import annotations

import numpy as np

from newsletter.model.edition import Topic
from newsletter.rank.corpus import read
from newsletter.rank.relevance import ask, relevance, trust
from tests.support.ranking import models, paper

ORGANS = ("kidney", "spleen", "larynx", "retina", "colon", "femur")
FOREIGN = [
    paper(
        number,
        f"Histology of the {ORGANS[number % 6]} in newborn rabbits, part {number}",
        f"Sections of the {ORGANS[number % 6]} were stained with haematoxylin. Mitoses were scarce in litter {number}.",
    )
    for number in range(48)
]
QUERY = "the larynx of newborn rabbits, its histology and its mitoses under the microscope"


def test_a_topic_of_a_foreign_field_is_ranked_by_its_words() -> None:
    corpus, model = read(FOREIGN, models().text), models().text
    found = relevance(corpus, ask(Topic(slug="t", name="T", query=QUERY), {}), model)

    best = np.argsort(-found.total, kind="stable")[:8]
    assert all("larynx" in FOREIGN[row].title for row in best)
    assert found.passes[best[:5]].all()
    assert not found.close.any()


def test_the_text_model_is_believed_at_home_and_as_far_as_it_knows_the_words_elsewhere() -> None:
    home = read([paper(number) for number in range(30)], models().text)
    foreign = read(FOREIGN, models().text)
    known, unknown = (ask(Topic(slug="t", name="T", query=query), {}) for query in ("language models", QUERY))

    assert foreign.familiar < 0.8 < home.familiar
    assert (trust(home, known), trust(foreign, known)) == (1.0, 1.0)
    assert trust(foreign, unknown) < trust(home, unknown) < 1
    assert trust(read(FOREIGN, None), unknown) == 1.0

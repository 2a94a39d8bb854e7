"""On real papers: every sentence under a pick is true of its paper and its score."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from pathlib import Path

import pytest

from newsletter.model.edition import Edition, Topic
from newsletter.model.paper import Candidate, Listing, Paper, Reading
from tests.support.ranking import DAY, MIDNIGHT, print_day

DATA = Path(__file__).parents[2].parent / "shared" / "data" / "ranking"
TOPICS = (
    Topic(slug="llm", name="Language models", query="large language models: reasoning and alignment"),
    Topic(slug="video", name="Video", query="video generation", keywords=('"diffusion model"', "editing")),
    Topic(slug="robots", name="Robots", keywords=("robot", '"vision-language-action"')),
    Topic(slug="images", name="Images", query="text-to-image generation"),
    Topic(slug="code", name="Code", query="code generation and software", exclude=("image",)),
    Topic(slug="audio", name="Audio", query="speech and audio generation"),
    Topic(slug="medicine", name="Medicine", query="medical imaging and clinical language"),
)
pytestmark = [
    pytest.mark.realdata,
    pytest.mark.skipif(not DATA.exists(), reason="the shared data are not beside this checkout"),
]


def edition() -> Edition:
    with (DATA / "papers.jsonl").open(encoding="utf-8") as lines:
        rows = [json.loads(line) for _, line in zip(range(600), lines, strict=False)]
    papers = [Paper(id=r["id"], title=r["title"], abstract=r["abstract"], authors=tuple(r["authors"])) for r in rows]
    seen = MIDNIGHT + timedelta(hours=2)
    return print_day(
        [
            Candidate(
                paper,
                seen,
                (Listing(paper.id, "huggingface", DAY, "listed", seen),),
                (Reading(paper.id, "huggingface.upvotes", n % 40, seen + timedelta(hours=6)),) if n % 3 else (),
            )
            for n, paper in enumerate(papers)
        ],
        *(Topic(slug=t.slug, name=t.name, query=t.query, keywords=t.keywords, top=17) for t in TOPICS),
    )


def test_every_sentence_of_a_real_day_is_true() -> None:
    printed = edition()
    picks = [pick for pool in printed.pools for pick in pool.picks]
    cards = {card.paper.id: card for card in printed.cards}

    assert len(picks) >= 200
    for pick in picks:
        card, parts = cards[pick.paper_id], {part.name: part for part in pick.score.parts}
        text = " ".join(f"{card.paper.title} {card.paper.abstract}".split())
        quoted = re.findall("“([^”]+)”", pick.why)
        assert all(words in text for words in quoted), (pick.why, card.paper.title)
        votes = re.search(r"(\d+) upvotes? after", pick.why)
        assert (int(votes.group(1)) if votes else None) == (card.upvotes or None)
        assert ("no votes yet" in pick.why.lower()) == (card.upvotes is None)
        if "close to the topic in meaning" in pick.why:
            assert parts["meaning"].value > 0
            assert float(parts["meaning"].detail.split()[1]) >= 0.4
        assert len(set(quoted)) == len(quoted)

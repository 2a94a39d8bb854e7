"""On real papers: every sentence under a pick is true of its paper and its score."""

from __future__ import annotations

import json
import re
from dataclasses import replace
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


def real_day() -> list[Candidate]:
    with (DATA / "papers.jsonl").open(encoding="utf-8") as lines:
        rows = [json.loads(line) for _, line in zip(range(600), lines, strict=False)]
    papers = [Paper(id=r["id"], title=r["title"], abstract=r["abstract"], authors=tuple(r["authors"])) for r in rows]
    seen = MIDNIGHT + timedelta(hours=2)
    return [
        Candidate(
            paper,
            seen,
            (Listing(paper.id, "huggingface", DAY, "listed", seen),),
            (Reading(paper.id, "huggingface.upvotes", n % 40, seen + timedelta(hours=6)),) if n % 3 else (),
        )
        for n, paper in enumerate(papers)
    ]


def edition() -> Edition:
    topics = (Topic(slug=t.slug, name=t.name, query=t.query, keywords=t.keywords, top=17) for t in TOPICS)
    return print_day(real_day(), *topics)


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
        assert not pick.why.startswith(("No votes yet", "The best of"))


def test_without_topics_every_sentence_of_a_real_day_says_what_put_a_paper_there() -> None:
    candidates = [
        replace(one, readings=one.readings[:0] if n % 2 else one.readings) for n, one in enumerate(real_day())
    ]

    (pool,) = print_day(candidates, Topic(slug="trending", name="Trending", top=200)).pools

    assert len(pool.picks) >= 500
    for pick in pool.picks:
        trend, age = pick.score.parts
        voted = "after" in trend.detail
        told = re.fullmatch(
            r"Listed (\d+) hours ago; (resembles papers that get votes; )?no votes yet(, with code)?(; fills up .*)?\.",
            pick.why,
        )
        assert (told is None) == voted, pick.why
        if told is not None:
            assert f"{told.group(1)} hours" in age.detail
            assert bool(told.group(2)) == (float(trend.detail.split()[-2]) > 0)

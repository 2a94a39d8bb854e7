"""A post says the edition in a chat's own markup: within its length, and with nothing of a stranger's active in it."""

from __future__ import annotations

import html
import re
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.compose import default_template_folder
from newsletter.compose.posts import DIALECTS, edition_post, size
from newsletter.model.edition import Edition, Pool
from newsletter.tongue.catalogues import Tongues
from tests.support.composing import DAY, card, pick

if TYPE_CHECKING:
    from newsletter.model.channel import ChannelKind, Post

KINDS: tuple[ChannelKind, ...] = ("webhook", "slack", "discord", "telegram", "matrix")
CHATS: tuple[ChannelKind, ...] = KINDS[1:]
HOSTILE = (
    "<!channel> <!here|x> @everyone @here @room <@U123> <@&99> <#C1> *b* _i_ ~s~ `c` **x** [t](http://evil.example) "
    "<https://evil.example|x> </a><b>hi</b> & ||spoiler|| # h"
)


def edition(*titles: str, topic: str = "language", top: int = 50) -> Edition:
    cards = tuple(
        replace(made := card(number), paper=replace(made.paper, title=title)) for number, title in enumerate(titles)
    )
    picks = tuple(pick(one.paper.id, topic) for one in cards)
    return Edition(DAY, datetime.now(UTC), (Pool(topic, "Language & more", top, picks),), cards)


def post(kind: ChannelKind, made: Edition, topics: tuple[str, ...] = ()) -> Post:
    found = edition_post(made, kind, key="k", newsletter="Papers", base_url="https://papers.example.org", topics=topics)
    assert found is not None
    return found


@pytest.mark.parametrize("kind", CHATS)
@given(title=st.one_of(st.just(HOSTILE), st.text(min_size=1, max_size=300)))
def test_no_title_pings_anybody_or_opens_a_link_or_a_tag_of_its_own(kind: ChannelKind, title: str) -> None:
    text = post(kind, edition(title)).text
    assert size(text) <= DIALECTS[kind].most
    assert not re.search(r"@(everyone|here|room|channel|[\w<&!])", text)
    if kind == "slack":
        allowed = re.findall(r"<https://[^|<>]+\|[^<>]*>", text)
        rest = re.sub(r"<https://[^|<>]+\|[^<>]*>", "", text)
        assert len(allowed) == 2
        assert "<" not in rest
        assert not re.search(r"&(?!amp;|lt;|gt;)", text)
    elif kind == "discord":
        links = re.findall(r"\[[^\[\]]*\]\(<https://[^>]+>\)", text)
        assert len(links) == 2
        assert text.count("[") == text.count("]") == 2
    else:
        tags = set(re.findall(r"</?([a-z]+)", text))
        assert tags <= {"a", "b", "strong", "br"}
        assert len(re.findall(r"<a ", text)) == 2
        assert re.findall(r'href="([^"]*)"', text)[1].startswith("https://arxiv.example/")


@pytest.mark.parametrize("kind", KINDS)
def test_a_title_reads_as_it_was_written(kind: ChannelKind) -> None:
    text = post(kind, edition("Attention & memory: x < y")).text
    shown = html.unescape(text) if kind in {"slack", "telegram", "matrix"} else text.replace("\\", "")
    assert "Attention & memory: x < y" in shown


def test_slack_marks_in_a_title_are_shown_by_signs_that_look_alike() -> None:
    text = post("slack", edition("*bold* snake_case _it_ `x`")).text
    assert "\u2217bold\u2217 snake_case \u02cdit\u02cd \u02cbx\u02cb" in text


@pytest.mark.parametrize("kind", CHATS)
@pytest.mark.parametrize("many", [1, 8, 40])
def test_what_does_not_fit_is_said_shorter_and_the_rest_is_counted(kind: ChannelKind, many: int) -> None:
    titles = [f"Paper {number} " + "of many long words " * 8 for number in range(many)]
    text = post(kind, edition(*titles)).text
    assert size(text) <= DIALECTS[kind].most
    shown = len(re.findall(r"Paper \d+ ", text))
    assert shown >= min(many, 6)
    counted = re.search(r"and (\d+) more", text)
    assert (int(counted[1]) if counted else 0) == many - shown
    if shown < many:
        assert text.count("https://papers.example.org/day/") == 2


def test_only_the_topics_that_were_asked_for_are_posted_and_no_paper_twice() -> None:
    made = edition("One", "Two")
    pools = (*made.pools, Pool("vision", "Vision", 5, made.pools[0].picks[:1]))
    both = replace(made, pools=pools)
    assert [one["slug"] for one in post("webhook", both).document["topics"]] == ["language"]
    only = post("webhook", both, topics=("vision",)).document["topics"]
    assert [(one["slug"], [paper["title"] for paper in one["papers"]]) for one in only] == [("vision", ["One"])]
    assert edition_post(both, "slack", key="k", newsletter="P", base_url="https://x.org", topics=("no",)) is None


def test_a_paper_below_the_fold_is_not_posted() -> None:
    assert "Two" not in post("telegram", edition("One", "Two", top=1)).text


def test_a_post_is_in_the_language_of_the_newsletter() -> None:
    made = edition(*(f"Paper {number}" for number in range(40)))
    german = Tongues([default_template_folder()]).of("de")

    found = edition_post(
        made, "discord", key="k", newsletter="Papers", base_url="https://papers.example.org", tongue=german
    )
    few = edition_post(
        edition("One"), "matrix", key="k", newsletter="Papers", base_url="https://papers.example.org", tongue=german
    )

    assert found is not None
    assert few is not None
    assert re.search(r"und \d+ weitere", found.text)
    assert "Warum" in few.text
    assert not re.search(r"votes|Why", found.text + few.text)


def test_a_post_tells_the_summary_in_the_language_of_the_newsletter() -> None:
    made = edition("One")
    told = replace(made, cards=tuple(replace(card, told=(("de", "Kurz und gut.", "m"),)) for card in made.cards))
    german = Tongues([default_template_folder()]).of("de_AT")

    post_in = partial(edition_post, told, "matrix", key="k", newsletter="Papers", base_url="https://papers.example.org")
    assert "Kurz und gut." in post_in(tongue=german).text
    assert "Kurz und gut." not in post_in().text

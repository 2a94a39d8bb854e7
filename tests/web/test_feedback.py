"""More, less, save, mute: shown first, done by one POST, undone by another."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from newsletter.model.subscriber import Feedback, Subscriber
from newsletter.web.taste import saved_ids, standing

if TYPE_CHECKING:
    from tests.support.website import Site

PAPER = "2511.12609"
VERBS = ("more", "less", "save", "unsave", "mute", "unmute", "undo")


def start(site: Site) -> tuple[Subscriber, str]:
    who = site.press.subscribers.add(Subscriber(email="ada@example.org"))
    assert who is not None
    return who, f"/feedback/{site.press.signer.sign('feedback', who.id, 0)}"


def verbs(site: Site, who: Subscriber) -> list[tuple[str, str, str]]:
    return [(one.paper_id, one.topic, one.verb) for one in site.press.subscribers.said([who.id]).get(who.id, ())]


def test_a_vote_is_shown_then_confirmed_then_taken_back(site: Site) -> None:
    who, path = start(site)
    browser = site.client()

    shown = browser.get(f"{path}?paper={PAPER}&choice=less")
    assert re.search(r'value="less" checked', shown.text)
    assert "Uni-MoE" in shown.text
    assert verbs(site, who) == []

    done = browser.post(path, data={"paper": PAPER, "choice": "less"})
    assert "fewer papers like this" in done.text
    undo = re.search(r'name="choice" value="(\w+)"', done.text)
    assert undo
    site.clock.move(timedelta(seconds=9))
    browser.post(path, data={"paper": PAPER, "choice": undo[1]})

    assert verbs(site, who) == [(PAPER, "", "less"), (PAPER, "", "undo")]
    assert standing(site.press.subscribers.said([who.id])[who.id]).opinions == {}


def test_the_mail_s_own_link_confirms_with_an_empty_post(site: Site) -> None:
    who, path = start(site)

    assert site.client().post(f"{path}?paper={PAPER}&choice=save").status_code == 200
    assert verbs(site, who) == [(PAPER, "", "save")]


def test_a_topic_is_muted_and_brought_back_from_the_preferences(site: Site) -> None:
    who, path = start(site)
    browser = site.client()
    assert "Mute this topic?" in browser.get(f"{path}?topic=vision&choice=mute").text

    browser.post(path, data={"topic": "vision", "choice": "mute"})
    site.clock.move(timedelta(seconds=1))
    preferences = f"/preferences/{site.press.signer.sign('preferences', who.id, 0)}"
    assert "Bring it back" in browser.get(preferences).text
    browser.post(preferences, data={"action": "unmute", "topic": "vision"})

    assert verbs(site, who) == [("", "vision", "mute"), ("", "vision", "unmute")]


def test_saved_papers_come_newest_first_and_leave_as_bibtex_ris_and_json(site: Site) -> None:
    who, path = start(site)
    browser = site.client()
    for paper in ("2511.07403", PAPER, "2511.07448"):
        browser.post(path, data={"paper": paper, "choice": "save"})
        site.clock.move(timedelta(minutes=1))
    browser.post(path, data={"paper": "2511.07448", "choice": "unsave"})
    saved = f"/preferences/{site.press.signer.sign('preferences', who.id, 0)}/saved"

    page, bib, ris, plain = (
        browser.get(f"{saved}{query}") for query in ("", "?format=bib", "?format=ris", "?format=json")
    )

    assert re.findall(r'<h2[^>]*><a href="/paper/([^"]+)"', page.text) == [PAPER, "2511.07403"]
    assert re.findall(r"eprint = {([^}]+)}", bib.text) == [PAPER, "2511.07403"]
    assert ris.text.count("TY  - ") == ris.text.count("ER  - ") == 2
    assert [one["id"] for one in json.loads(plain.text)] == [PAPER, "2511.07403"]


def test_what_names_nothing_or_nobody_is_refused_and_kept_nowhere(site: Site) -> None:
    who, path = start(site)
    browser = site.client()

    answers = [
        browser.post(path).status_code,
        browser.post(f"{path}?paper=9999.99999&choice=more").status_code,
        browser.post(f"{path}?paper={PAPER}&choice=explode").status_code,
        browser.post(f"{path}?topic=nothing&choice=mute").status_code,
        browser.post(f"{path}?topic=vision&choice=undo").status_code,
        browser.post(f"{path}?topic=vision").status_code,
    ]

    assert (answers, verbs(site, who)) == ([400, 404, 400, 400, 400, 400], [])


@given(st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from(VERBS)), max_size=30))
def test_the_last_word_counts(said: list[tuple[str, str]]) -> None:
    start_at = datetime(2026, 1, 1, tzinfo=UTC)
    feedback = [
        Feedback(1, paper, verb, start_at + timedelta(minutes=n), paper)  # type: ignore[arg-type]
        for n, (paper, verb) in enumerate(said)
    ]

    found = standing(reversed(feedback))

    for paper in "ab":
        mine = [verb for one, verb in said if one == paper]
        opinion = next((verb for verb in reversed(mine) if verb in ("more", "less", "undo")), "undo")
        kept = next((verb for verb in reversed(mine) if verb in ("save", "unsave")), "unsave")
        muted = next((verb for verb in reversed(mine) if verb in ("mute", "unmute")), "unmute")
        assert found.opinions.get(paper, "undo") == opinion
        assert (paper in found.saved) == (paper in saved_ids(feedback)) == (kept == "save")
        assert (paper in found.topics) == (muted == "mute")

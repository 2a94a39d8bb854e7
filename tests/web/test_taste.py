"""A reader sees what was learned of her, takes back any of it, starts over, and brings papers that she likes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from newsletter.model.subscriber import Feedback, Subscriber
from newsletter.stages.tasting import learned

if TYPE_CHECKING:
    from tests.support.website import Site

PAPER = "2511.12609"
BIB = """@article{a, title={Learning recipes from kitchens}, abstract={We bake bread and cook soup.},
 eprint={2101.00001}, year=2021}
@article{b, title={Bread and <b>soup</b> by machines}, abstract={Recipes for bread and soup.},
 doi={10.1000/SOUP}, year=2020}
"""


def start(site: Site) -> tuple[Subscriber, str]:
    who = site.press.subscribers.add(Subscriber(email="ada@example.org"))
    assert who is not None
    return who, f"/preferences/{site.press.signer.sign('preferences', who.id, 0)}/taste"


def test_nothing_learned_is_said_so(site: Site) -> None:
    _, path = start(site)

    shown = site.client().get(path)

    assert shown.status_code == 200
    assert "your topics alone decide" in shown.text
    assert "Start over" not in shown.text


def test_what_she_said_is_shown_and_any_of_it_is_taken_back(site: Site) -> None:
    who, path = start(site)
    site.press.subscribers.say(Feedback(who.id, PAPER, "more", site.clock.now()))
    browser = site.client()

    shown = browser.get(path)
    assert "Uni-MoE" in shown.text
    assert "counts 25 %" in " ".join(shown.text.split())

    done = browser.post(path, data={"action": "forget", "paper": PAPER})
    assert "Taken back." in done.text
    assert learned(site.press, who).likes == ()
    again = browser.post(path, data={"action": "forget", "paper": PAPER})
    assert "Nothing is held of this paper." in again.text


def test_a_pasted_library_becomes_likes_and_is_taken_back_at_once(site: Site) -> None:
    who, path = start(site)
    browser = site.client()

    done = browser.post(path, data={"action": "bring", "library": f"{BIB}\n@misc{{c, eprint={{2101.00999}}}}"})

    assert "2 papers more that you like, 0 known already. Nothing is known here of 2101.00999." in done.text
    known = learned(site.press, who)
    assert {one.id for one in known.likes} == {"2101.00001", "10.1000/soup"}
    assert {"bread", "soup"} <= set(known.words)
    assert "<b>soup</b>" not in re.sub(r"Papers that say <b>.*?</b>", "", done.text)

    one = browser.post(path, data={"action": "bring", "library": "@misc{d, title={A paper on its own}, year=2020}"})
    assert "1 paper more that you like, 0 known already" in one.text
    over = browser.post(path, data={"action": "reset"})
    assert "All is taken back: 3 papers." in over.text
    assert learned(site.press, who).likes == ()


def test_what_a_reader_pasted_is_shown_to_her_and_to_nobody_else(site: Site) -> None:
    _, path = start(site)
    browser = site.client()

    done = browser.post(path, data={"action": "bring", "library": BIB})

    assert '<a href="https://arxiv.org/abs/2101.00001">' in done.text
    for address in ("/paper/2101.00001", "/paper/2101.00001.bib", "/api/v1/papers/2101.00001"):
        assert site.client().get(address).status_code == 404
    for question in ("recipes", "2101.00001", "10.1000/soup"):
        assert "kitchens" not in site.client().get("/search", params={"q": question}).text
        found = site.client().get("/api/v1/search", params={"q": question}).json()["items"]
        assert not {"2101.00001", "10.1000/soup"} & {one["id"] for one in found}


def test_a_paste_that_is_no_library_is_said_so(site: Site) -> None:
    _, path = start(site)

    assert site.client().post(path, data={"action": "bring", "library": "hello"}).status_code == 400
    assert site.client().post(path, data={"action": "dance"}).status_code == 400
    assert site.client().get(path.replace("/taste", "x/taste")).status_code in {400, 403, 404, 410}

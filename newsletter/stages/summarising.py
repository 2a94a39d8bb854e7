"""Summaries by a language model for the papers that an edition shows: kept, checked, within a budget, never needed."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from typing import TYPE_CHECKING

from newsletter.compose.faithful import objection
from newsletter.model.mail import Note
from newsletter.model.paper import Problem
from newsletter.stages.purse import Purse

if TYPE_CHECKING:
    from newsletter.model.edition import Edition
    from newsletter.model.paper import Paper
    from newsletter.press import Press

GIVE_UP = 3  # failures in a row, after which the endpoint is left alone until the next edition
TOKEN = 3  # characters a token has at least: a guess before the bill, on the dear side
OVERHEAD = 300  # tokens of the order and the answer's frame
ANSWER = 200


def summarise(press: Press, edition: Edition) -> tuple[Edition, tuple[Note, ...]]:
    """The edition with a summary on every shown card that has none of its own; each that fails stays as it is.

    A summary is asked for once and kept. One that says a number or a name that the abstract does not is dropped, and
    the sentences that are picked without a model stand in its place. Without an endpoint only kept ones are used.
    """
    model = press.config.summaries.model
    if press.records is None or not press.config.summaries.url:
        return edition, ()
    shown = {pick.paper_id for pool in edition.pools for pick in pool.shown}
    purse, failures, problems, made = _purse(press, edition), 0, list[str](), 0
    cards = []
    for card in edition.cards:
        paper = card.paper
        text = ""
        if paper.id in shown and paper.abstract and not paper.summary:
            text = _kept(press, model, paper) or ""
            unknown = _kept(press, model, paper) is None
            if unknown and press.summarizer is not None and failures < GIVE_UP and purse.allows(_guess(press, paper)):
                told = _ask(press, purse, paper)
                if isinstance(told, Problem):
                    failures += 1
                    problems.append(told.what)
                else:
                    failures, text = 0, told
                    made += 1
        cards.append(replace(card, paper=replace(paper, summary=text, summary_by=model)) if text else card)
    notes = [Note("info", "summaries", f"{made} asked of {model}")] if made else []
    notes += [Note("warning", "summaries", problem) for problem in dict.fromkeys(problems)]
    return replace(edition, cards=tuple(cards)), tuple(notes)


def _ask(press: Press, purse: Purse, paper: Paper) -> str | Problem:
    """A new summary, empty when it was not fit to be shown; kept either way."""
    assert press.summarizer is not None
    assert press.records is not None
    answer = press.summarizer.tell(paper)
    if isinstance(answer, Problem):
        purse.pay(0.0)
        return answer
    text, asked, answered = answer
    guess = (len(paper.title) + len(paper.abstract)) / TOKEN + OVERHEAD
    purse.pay(_cost(press, asked or guess, answered or ANSWER))
    text = "" if objection(text, paper) else text
    press.records.put("summary", _key(press.config.summaries.model, paper), text, until=None)
    return text


def _kept(press: Press, model: str, paper: Paper) -> str | None:
    assert press.records is not None
    return press.records.get("summary", _key(model, paper), now=press.clock.now())


def _key(model: str, paper: Paper) -> str:
    """Another model or another text asks anew."""
    said = json.dumps([model, paper.title, paper.abstract])
    return f"{paper.id} {hashlib.blake2b(said.encode('utf-8', 'replace'), digest_size=12).hexdigest()}"


def _purse(press: Press, edition: Edition) -> Purse:
    assert press.records is not None
    given, day = press.config.summaries, edition.day.isoformat()
    return Purse.open(
        press.records,
        press.clock,
        "summaries-spent",
        day,
        budget=given.daily_budget,
        most=given.daily_papers,
    )


def _guess(press: Press, paper: Paper) -> float:
    size = (len(paper.title) + len(paper.abstract)) / TOKEN + OVERHEAD
    return _cost(press, size, ANSWER)


def _cost(press: Press, asked: float, answered: float) -> float:
    given = press.config.summaries
    return (asked * given.price_in + answered * given.price_out) / 1e6

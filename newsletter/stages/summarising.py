"""Summaries by a language model for the papers that an edition shows: kept, checked, within a budget, never needed."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from newsletter.compose.faithful import objection
from newsletter.model.mail import Note
from newsletter.model.paper import Problem

if TYPE_CHECKING:
    from newsletter.model.edition import Edition
    from newsletter.model.paper import Paper
    from newsletter.press import Press

GIVE_UP = 3  # failures in a row, after which the endpoint is left alone until the next edition
TOKEN = 3  # characters a token has at least: a guess before the bill, on the dear side
OVERHEAD = 300  # tokens of the order and the answer's frame
ANSWER = 200


@dataclass(slots=True)
class _Purse:
    """What a day has cost so far; kept in the store, so that another run does not begin anew."""

    press: Press
    day: str
    spent: float = 0.0
    asked: int = 0

    @classmethod
    def open(cls, press: Press, day: str) -> _Purse:
        assert press.records is not None
        kept = press.records.get("summaries-spent", day, now=press.clock.now())
        spent, asked = json.loads(kept) if kept else (0.0, 0)
        return cls(press, day, spent, asked)

    def allows(self, paper: Paper) -> bool:
        given = self.press.config.summaries
        size = (len(paper.title) + len(paper.abstract)) / TOKEN + OVERHEAD
        cost = _cost(self.press, size, ANSWER)
        return self.asked < given.daily_papers and self.spent + cost <= given.daily_budget

    def pay(self, cost: float) -> None:
        assert self.press.records is not None
        self.spent, self.asked = self.spent + cost, self.asked + 1
        self.press.records.put("summaries-spent", self.day, json.dumps([self.spent, self.asked]), until=None)


def summarise(press: Press, edition: Edition) -> tuple[Edition, tuple[Note, ...]]:
    """The edition with a summary on every shown card that has none of its own; each that fails stays as it is.

    A summary is asked for once and kept. One that says a number or a name that the abstract does not is dropped, and
    the sentences that are picked without a model stand in its place. Without an endpoint only kept ones are used.
    """
    model = press.config.summaries.model
    if press.records is None or not press.config.summaries.url:
        return edition, ()
    shown = {pick.paper_id for pool in edition.pools for pick in pool.shown}
    purse, failures, problems, made = _Purse.open(press, edition.day.isoformat()), 0, list[str](), 0
    cards = []
    for card in edition.cards:
        paper = card.paper
        text = ""
        if paper.id in shown and paper.abstract and not paper.summary:
            text = _kept(press, model, paper) or ""
            unknown = _kept(press, model, paper) is None
            if unknown and press.summarizer is not None and failures < GIVE_UP and purse.allows(paper):
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


def _ask(press: Press, purse: _Purse, paper: Paper) -> str | Problem:
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


def _cost(press: Press, asked: float, answered: float) -> float:
    given = press.config.summaries
    return (asked * given.price_in + answered * given.price_out) / 1e6

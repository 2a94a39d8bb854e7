"""Summaries by a language model for the papers that an edition shows: kept, checked, within a budget, never needed."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Literal

from newsletter.compose.abroad import language_name, objection_abroad
from newsletter.compose.faithful import objection
from newsletter.model.edition import language_of
from newsletter.model.mail import Note
from newsletter.model.paper import Problem
from newsletter.stages.purse import Purse
from newsletter.tongue.catalogues import read_locale

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from newsletter.model.edition import Card, Edition
    from newsletter.model.paper import Paper
    from newsletter.ports import Records
    from newsletter.press import Press

GIVE_UP = 3  # failures in a row, after which the endpoint is left alone until the next edition
PATIENCE = timedelta(minutes=10)  # that all of an edition's questions may take
TOKEN = 3  # characters a token has at least: a guess before the bill, on the dear side
OVERHEAD = 300  # tokens of the order and the answer's frame
ANSWER = 200
ENGLISH = ""


def summarise(
    press: Press, edition: Edition, *, locales: Sequence[str] = (), again: Edition | None = None
) -> tuple[Edition, tuple[Note, ...]]:
    """The edition with a summary on every shown card that has none of its own; each that fails stays as it is.

    With `[summaries] translate` also one in each other language that active readers have, and that of `locales`; with
    `again`, a printed edition, in its languages. A summary is asked for once and kept. One that says a number or a name
    that the abstract does not is dropped, and the sentences that are picked without a model, or the English ones, stand
    in its place. Without an endpoint only kept ones are used.
    """
    config = press.config.summaries
    if press.records is None or not config.url:
        return edition, ()
    shown = {pick.paper_id for pool in edition.pools for pick in pool.shown}
    teller = _Teller(press, press.records, config.model, _purse(press, edition), press.clock.now() + PATIENCE)
    cards = {card.paper.id: card for card in edition.cards}
    wanted = [card.paper.id for card in edition.cards if card.paper.id in shown and card.paper.abstract]
    for one in wanted:
        if not cards[one].paper.summary and (text := teller.tell(cards[one].paper, ENGLISH)):
            paper = replace(cards[one].paper, summary=text, summary_by=config.model)
            cards[one] = replace(cards[one], paper=paper)
    languages = _told_in(again) if again else _languages(press, locales)
    for language in languages:
        for one in wanted:
            if text := teller.tell(cards[one].paper, language):
                cards[one] = _with(cards[one], language, text, config.model)
    return replace(edition, cards=tuple(cards.values())), teller.notes()


def _with(card: Card, language: str, text: str, by: str) -> Card:
    return replace(card, told=tuple(sorted((*card.told, (language, text, by)))))


def _told_in(edition: Edition) -> tuple[str, ...]:
    return tuple(sorted({language for card in edition.cards for language, *_ in card.told}))


def _languages(press: Press, locales: Sequence[str]) -> tuple[str, ...]:
    """What is to be told in, beside English: the languages of most readers first. Only those that can be checked."""
    if not press.config.summaries.translate:
        return ()
    default, readers = press.config.newsletter.locale, Counter[str]()
    for locale, many in press.subscribers.locales().items():
        readers[language_of(str(read_locale(locale or default)))] += many
    readers.update(language_of(str(read_locale(locale))) for locale in (default, *locales) if locale)
    ordered = sorted(readers, key=lambda one: (-readers[one], one))
    return tuple(one for one in ordered if language_name(one))


@dataclass(slots=True)
class _Teller:
    """Asks, checks and keeps; what is kept is not asked for again."""

    press: Press
    records: Records
    model: str
    purse: Purse
    until: datetime
    failures: int = 0
    made: int = 0
    unfit: int = 0
    problems: tuple[str, ...] = ()

    def tell(self, paper: Paper, language: str) -> str:
        """The summary, empty when there is none to be shown."""
        key = _key(self.model, paper, language)
        kept = self.records.get("summary", key, now=self.press.clock.now())
        if kept is not None:
            return kept
        if (
            self.press.summarizer is None
            or self.failures >= GIVE_UP
            or not self.purse.allows(_guess(self.press, paper))
        ):
            return ""
        if self.press.clock.now() >= self.until:
            self._say(f"the endpoint took {PATIENCE.total_seconds() / 60:.0f} minutes; the rest goes without")
            return ""
        answer = self.press.summarizer.tell(paper, language_name(language))
        if isinstance(answer, Problem):
            self.purse.pay(0.0)
            self.failures += 1
            self._say(answer.what)
            return ""
        self.failures = 0
        text, asked, answered = answer
        self.purse.pay(_cost(self.press, asked or _size(paper), answered or ANSWER))
        against = objection_abroad(text, paper, language) if language else objection(text, paper)
        self.unfit += bool(against)
        self.made += 1
        told = "" if against else text
        until = self.press.clock.now() + self.press.config.newsletter.keep  # a printed edition has its own copy
        self.records.put("summary", key, told, until=until)
        return told

    def _say(self, problem: str) -> None:
        self.problems = tuple(dict.fromkeys((*self.problems, problem)))

    def notes(self) -> tuple[Note, ...]:
        unfit = f"; {self.unfit} not fit to be shown" if self.unfit else ""
        level: Literal["info", "warning"] = "warning" if 2 * self.unfit > self.made else "info"
        made = [Note(level, "summaries", f"{self.made} asked of {self.model}{unfit}")] if self.made else []
        return (*made, *(Note("warning", "summaries", problem) for problem in self.problems))


def _key(model: str, paper: Paper, language: str) -> str:
    """Another model, another text or another language asks anew."""
    said = json.dumps([model, paper.title, paper.abstract, *([language] if language else [])])
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


def _size(paper: Paper) -> float:
    return (len(paper.title) + len(paper.abstract)) / TOKEN + OVERHEAD


def _guess(press: Press, paper: Paper) -> float:
    return _cost(press, _size(paper), ANSWER)


def _cost(press: Press, asked: float, answered: float) -> float:
    given = press.config.summaries
    return (asked * given.price_in + answered * given.price_out) / 1e6

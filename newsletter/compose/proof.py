"""Neutral sample issues that every template set has to pass before it may write to anybody."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from newsletter.compose.facts import SLOTS, for_html, for_text
from newsletter.compose.lint import Rendered, lint
from newsletter.compose.pieces import CannotCutError
from newsletter.compose.splice import join_raw
from newsletter.errors import TemplateError
from newsletter.model.edition import Card, FollowUp, Issue, Part, Pick, Score, Section
from newsletter.model.paper import Paper

if TYPE_CHECKING:
    from collections.abc import Mapping

    from newsletter.compose.digester import Digester

_DAY = date(2026, 1, 5)


def prove(digester: Digester) -> None:
    """Render the samples whole and joined: leftovers are a TemplateError, a difference switches the fast path off."""
    values = {name: f"sample {name}" for name in SLOTS} | {
        name: "" if name in digester.empty else f"https://papers.example.org/{name}/x?a=1&b=2"
        for name in ("unsubscribe", "preferences", "view", "feedback")
    }
    for issue, beyond in SAMPLES:
        html, text = digester.whole(issue, CARDS, values, beyond)
        _check(html, text, values)
        digester.cuttable = digester.cuttable and _same(digester, issue, beyond, values, (html, text))


def _check(html: str, text: str, values: Mapping[str, str]) -> None:
    rendered = Rendered(values["headline"], values["preheader"], html, text, leave=values["unsubscribe"])
    if problems := lint(rendered):
        told = "; ".join(f"{problem.where} {problem.what}" for problem in problems[:3])
        cure = next((problem.cure for problem in problems if problem.cure), "Correct the template.")
        raise TemplateError(f"The digest's templates (email/digest.*) do not make a fit mail: {told}.", cure=cure)


def _same(digester: Digester, issue: Issue, beyond: int, values: Mapping[str, str], expected: tuple[str, str]) -> bool:
    try:
        html, text = digester.pieces(issue, CARDS, digester.entries(issue, CARDS), beyond)
    except CannotCutError:
        return False
    joined = (join_raw(html, for_html(values)), join_raw(text, for_text(values)))
    return joined == (expected[0].encode(), expected[1].encode())


def _card(number: int, **facts: object) -> Card:
    paper = Paper(
        id=f"2601.0000{number}", title=f"A sample paper, number {number}", url=f"https://a.example/abs/{number}"
    )
    full = {
        "authors": ("Ada Lovelace", "Grace Hopper", "Emmy Noether", "Mary Shelley", "Marie Curie"),
        "abstract": "A sentence that says what the problem is. We propose an idea. It improves the result by 12%.",
        "pdf_url": f"https://a.example/pdf/{number}",
        "code_url": f"https://code.example/{number}",
        "project_url": f"https://project.example/{number}",
        "discussion_url": f"https://talk.example/{number}",
    }
    if not facts:
        return Card(paper, _DAY)
    named = Paper(**{"id": paper.id, "title": paper.title, "url": paper.url, **full, **facts})  # type: ignore[arg-type]
    return Card(named, _DAY, upvotes=1234, comments=1, stars=56)


def _pick(number: int, topic: str, *marks: str) -> Pick:
    return Pick(f"2601.0000{number}", topic, _DAY, number, Score((Part("words", 1.0),)), f"Reason {number}.", marks)


CARDS: dict[str, Card] = {
    card.paper.id: card
    for card in (
        _card(1, summary="What the source says of it.", summary_by="Somebody"),
        _card(2),
        _card(3, withdrawn=True),
        _card(4, organization="An institute"),
    )
}
_FIRST = Section("first", "First topic", (_pick(1, "first", "exploration"), _pick(2, "first")), 3)
_SECOND = Section("second", "Second & last topic", (_pick(3, "second", "late-bloomer"), _pick(4, "second")))
_EMPTY = Section("third", "A topic without papers", ())
_NEWS = (
    FollowUp("2601.00001", "code", "Code was released."),
    FollowUp("2601.99999", "published", "It was published."),
)

SAMPLES: tuple[tuple[Issue, int], ...] = (
    (Issue(1, _DAY, (_DAY,), (_FIRST, _SECOND, _EMPTY), _NEWS), 2),
    (Issue(1, _DAY, (_DAY,), (_SECOND, _FIRST)), 0),
    (Issue(1, _DAY, (_DAY,), (Section("first", "First topic", _FIRST.picks[::-1], 3),)), 0),
    (Issue(1, _DAY, (_DAY,), (), _NEWS[::-1]), 0),
)

"""In which order the pieces of an issue stand, and under which key each is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

    from newsletter.model.edition import Card, Issue

Key: TypeAlias = "tuple[object, ...]"
Layout: TypeAlias = "list[tuple[str, Key, int]]"


def block_kinds(issue: Issue, beyond: int) -> list[str]:
    """What an issue is made of, in order, up to its end `$`."""
    return ["section"] * len(issue.sections) + ["follow"] * bool(issue.follow_ups) + ["beyond"] * bool(beyond) + ["$"]


def layout(issue: Issue, cards: Mapping[str, Card], beyond: int) -> Layout:
    """The pieces of an issue in order: (label, key, place of the paper or -1). The templates give the same labels."""
    kinds = block_kinds(issue, beyond)
    plan: Layout = [("", ("", kinds[0]), -1)]
    place = 0
    for number, section in enumerate(issue.sections):
        plan.append(("section", ("section", section.slug, section.name), -1))
        for _ in section.picks:
            plan.append(("card", (), place))
            place += 1
        plan.append(("tail", ("tail", section.slug, section.name, section.more), -1))
        plan.append(("end", ("section", kinds[number + 1]), -1))
    return plan + after_sections(issue, cards, beyond, kinds)


def after_sections(issue: Issue, cards: Mapping[str, Card], beyond: int, kinds: list[str]) -> Layout:
    plan: Layout = []
    if issue.follow_ups:
        plan.append(("follow", ("follow",), -1))
        for news in issue.follow_ups:
            card = cards.get(news.paper_id)
            about = (card.paper.title, card.paper.url) if card else ()
            plan.append(("item", ("item", news.paper_id, news.kind, news.text, *about), -1))
        plan.append(("end", ("follow", kinds[len(issue.sections) + 1]), -1))
    if beyond:
        plan.append(("beyond", ("beyond", beyond), -1))
        plan.append(("end", ("beyond", "$"), -1))
    return plan

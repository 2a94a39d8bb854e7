"""An issue with every kind of reason, mark and news, for looking at it in each language."""

from __future__ import annotations

import dataclasses

from newsletter.compose import default_template_folder
from newsletter.model.edition import FollowUp, Issue, Section
from newsletter.tongue.catalogues import Tongues
from tests.support.composing import DAY, by_id, card, pick

LANGUAGES = Tongues([default_template_folder()]).languages()
RTL = ("ar",)
REASONS = (
    (
        ("author", "Ada Lovelace"),
        ("organization", "An institute (with brackets)"),
        ("words", "chain of thought", "LLM"),
        ("category", "cs.CL"),
    ),
    (
        ("seed", "Attention"),
        ("near",),
        ("votes", "upvotes", "", "1234", "8"),
        ("votes", "points", "hackernews", "1", "72"),
    ),
    (("gained", "11"), ("prior", "3", "1"), ("beyond", "author", "2", "Grace Hopper")),
    (("prior", "0", "0"), ("beyond", "organization", "1", "An institute")),
    (),
)
_FIRST = card(1, summary="A summary.", summary_by="Somebody", code_url="https://code.example/1", upvotes=1)
_CARDS = (
    _FIRST,
    card(2, withdrawn=True, authors=tuple(f"Author {name}" for name in "ABCDE")),
    card(3, title=r"$\alpha$-Divergence (part 2): what C++ has to say!"),
    dataclasses.replace(card(4, project_url="https://project.example"), comments=2, stars=1234),
    card(5, title=""),
)
CARDS = by_id(*_CARDS)
_MARKS = (("late-bloomer",), (), (), (), ("exploration",))
_PICKS = tuple(
    dataclasses.replace(pick(one.paper.id, "language", why="In English."), reasons=reasons, marks=marks)
    for one, reasons, marks in zip(_CARDS, REASONS, _MARKS, strict=True)
)
NEWS = (
    FollowUp("2611.00001", "version", "Version 2 is out.", "2"),
    FollowUp("2611.00002", "withdrawn", "Withdrawn by its authors."),
    FollowUp("2611.00003", "published", "Published: A Journal.", "A Journal"),
    FollowUp("2611.00004", "code", "A new version names its code."),
)
ISSUE = Issue(
    17,
    DAY,
    (DAY,),
    (
        Section("language", "Language models", _PICKS[:3], 3),
        Section("vision", "Vision", _PICKS[3:4], 1),
        Section("exploration", "Outside your topics", _PICKS[4:]),
    ),
    NEWS,
)

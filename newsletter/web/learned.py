"""What was learned of a reader's taste: she sees it, takes back any of it or all, and brings papers that she likes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from newsletter.stages import tasting
from newsletter.subscribe.library import read_library
from newsletter.tongue.tongue import marked
from newsletter.web.paper import cards
from newsletter.web.readers import reader

if TYPE_CHECKING:
    from starlette.responses import Response

    from newsletter.model.subscriber import Subscriber
    from newsletter.stages.tasting import Brought
    from newsletter.web.ask import Ask
    from newsletter.web.desk import Desk

SHOWN = 100  # papers of each kind on the page
BROUGHT = 500  # papers of one library: what is more is left out, and she is told


def taste(desk: Desk, ask: Ask) -> Response:
    """`/preferences/<token>/taste`; POST `action` is `forget` with `paper`, `reset`, or `bring` with `library`."""
    who = reader(desk, "preferences", ask.params["token"])
    if who is None:
        return desk.bad_link()
    if ask.method != "POST":
        return _page(desk, ask, who)
    match ask.first("action"):
        case "forget":
            count = tasting.forget(desk.press, who, [ask.first("paper")])
            return _page(
                desk, ask, who, notice=marked("Taken back.") if count else marked("Nothing is held of this paper.")
            )
        case "reset":
            count = tasting.reset(desk.press, who)
            notice = desk.tongue.count(
                "All is taken back: {n} paper. Your topics alone decide now.",
                "All is taken back: {n} papers. Your topics alone decide now.",
                count,
            )
            return _page(desk, ask, who, notice=notice)
        case "bring":
            return _bring(desk, ask, who)
    return _page(desk, ask, who, problem=marked("This form is not known here."), status=400)


def _bring(desk: Desk, ask: Ask, who: Subscriber) -> Response:
    """Read what she pasted. Nothing is asked of other servers from here: what is not known is named."""
    library = read_library(ask.first("library").encode())
    if not library.entries:
        problem = marked(
            "No papers are recognised in it. Paste BibTeX, RIS, Zotero's CSV, RDF or CSL JSON, OPML, or a list of "
            "arXiv ids and DOIs."
        )
        return _page(desk, ask, who, problem=problem, status=400)
    brought = tasting.bring(replace(desk.press, lookup=None), who, library.entries[:BROUGHT], "brought on the web")
    return _page(desk, ask, who, notice=_told(desk, brought, len(library.entries)))


def _told(desk: Desk, brought: Brought, given: int) -> str:
    say, count = desk.tongue.say, desk.tongue.count
    told: list[str] = [
        count(
            "{n} paper more that you like, {known} known already.",
            "{n} papers more that you like, {known} known already.",
            len(brought.liked),
            known=brought.known,
        )
    ]
    if brought.unknown:
        names, more = ", ".join(brought.unknown[:5]), len(brought.unknown) - 5
        told.append(
            count(
                "Nothing is known here of {names} and {n} more.",
                "Nothing is known here of {names} and {n} more.",
                more,
                names=names,
            )
            if more > 0
            else say("Nothing is known here of {names}.", names=names)
        )
    if given > BROUGHT:
        told.append(say("The first {read} of {given} were read.", read=BROUGHT, given=given))
    return " ".join(told)


def _page(desk: Desk, ask: Ask, who: Subscriber, *, notice: str = "", problem: str = "", status: int = 200) -> Response:
    known = tasting.learned(desk.press, who)
    return desk.page(
        "taste.html.j2",
        status=status,
        token=ask.params["token"],
        notice=notice,
        problem=problem,
        known=known,
        likes=cards(desk, known.likes[:SHOWN]),
        dislikes=cards(desk, known.dislikes[:SHOWN]),
        private=True,
        signup=False,
        scripts=False,
    )

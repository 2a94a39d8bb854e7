"""More, less, save, mute: GET shows the paper with the choice made, one POST confirms it, and it can be undone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from newsletter.model.subscriber import Feedback
from newsletter.tongue.tongue import marked
from newsletter.web.consent import preferences_path
from newsletter.web.paper import cards
from newsletter.web.readers import reader
from newsletter.web.taste import standing

if TYPE_CHECKING:
    from starlette.responses import Response

    from newsletter.model.subscriber import Subscriber
    from newsletter.web.ask import Ask
    from newsletter.web.desk import Desk
    from newsletter.web.views import CardView

Verb = Literal["more", "less", "save", "unsave", "mute", "unmute", "undo"]

# verb: (what the button says, what is said once it is done, what takes it back)
PAPER_VERBS: dict[Verb, tuple[str, str, Verb]] = {
    "more": (marked("More like this"), marked("We will pick more papers like this one for you."), "undo"),
    "less": (marked("Less like this"), marked("We will pick fewer papers like this one for you."), "undo"),
    "save": (marked("Save it"), marked("It is on your saved list."), "unsave"),
    "unsave": (marked("Take it off the list"), marked("It is off your saved list."), "save"),
    "undo": (marked("Undo"), marked("Taken back: this paper says nothing about your taste."), "more"),
}
TOPIC_VERBS: dict[Verb, tuple[str, str, Verb]] = {
    "mute": (marked("Mute this topic"), marked("Your issues leave this topic out from now on."), "unmute"),
    "unmute": (marked("Bring it back"), marked("Your issues bring this topic again."), "mute"),
}


def feedback(desk: Desk, ask: Ask) -> Response:
    """`/feedback/<token>?paper=ID&choice=more` or `?topic=SLUG&choice=mute`."""
    who = reader(desk, "feedback", ask.params["token"])
    if who is None:
        return desk.bad_link()
    posted = ask.method == "POST"
    paper_id = (ask.first("paper") if posted else "") or ask.wanted("paper")
    topic = (ask.first("topic") if posted else "") or ask.wanted("topic")
    choice = (ask.first("choice") if posted else "") or ask.wanted("choice")
    if paper_id:
        return _about_paper(desk, ask, who, paper_id, choice)
    if topic in desk.topics:
        return _about_topic(desk, ask, who, topic, choice)
    return desk.lost("This link names no paper and no topic.", status=400, title=marked("Something is missing"))


def _about_paper(desk: Desk, ask: Ask, who: Subscriber, paper_id: str, choice: str) -> Response:
    known = desk.press.papers.get([paper_id]).get(paper_id)
    if known is None:
        return desk.lost("We do not know this paper.")
    verb = next((one for one in PAPER_VERBS if one == choice), None)
    if ask.method == "POST":
        if verb is None:
            return desk.lost("This choice is not known here.", status=400, title=marked("That did not work"))
        desk.press.subscribers.say(Feedback(who.id, paper_id, verb, desk.now()))
        return _done(desk, ask, who, verb, card=cards(desk, [known])[0])
    said = standing(desk.press.subscribers.said([who.id]).get(who.id, ()))
    return desk.page(
        "feedback.html.j2",
        card=cards(desk, [known])[0],
        topic=None,
        choice=verb or "more",
        verbs={one: PAPER_VERBS[one][0] for one in ("more", "less", "save")},
        opinion=said.opinions.get(paper_id, ""),
        is_saved=paper_id in said.saved,
        token=ask.params["token"],
        private=True,
        signup=False,
        scripts=False,
    )


def _about_topic(desk: Desk, ask: Ask, who: Subscriber, topic: str, choice: str) -> Response:
    known = next((one for one in TOPIC_VERBS if one == choice), None)
    verb: Verb = known or "mute"
    if ask.method == "POST":
        if known is None:
            return desk.lost("This choice is not known here.", status=400, title=marked("That did not work"))
        desk.press.subscribers.say(Feedback(who.id, "", verb, desk.now(), topic))
        return _done(desk, ask, who, verb, topic=topic)
    return desk.page(
        "feedback.html.j2",
        card=None,
        topic=desk.topics[topic],
        choice=verb,
        verbs={verb: TOPIC_VERBS[verb][0]},
        opinion="",
        is_saved=False,
        token=ask.params["token"],
        private=True,
        signup=False,
        scripts=False,
    )


def _done(
    desk: Desk, ask: Ask, who: Subscriber, verb: Verb, *, card: CardView | None = None, topic: str = ""
) -> Response:
    _, said, inverse = (PAPER_VERBS | TOPIC_VERBS)[verb]
    return desk.page(
        "feedback_done.html.j2",
        card=card,
        topic=desk.topics.get(topic),
        said=said,
        inverse=inverse,
        inverse_label=marked("Undo")
        if inverse in ("undo", "unsave", "unmute")
        else (PAPER_VERBS | TOPIC_VERBS)[inverse][0],
        token=ask.params["token"],
        preferences=preferences_path(desk, who),
        private=True,
        signup=False,
        scripts=False,
    )

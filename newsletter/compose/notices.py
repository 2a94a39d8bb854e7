"""The short mails around a subscription: confirm, welcome, goodbye, link, address, notice, test."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from newsletter.compose.facts import reason, tongue_facts
from newsletter.compose.lint import Rendered, lint
from newsletter.compose.text import clean, subject_line, web_link
from newsletter.errors import TemplateError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from newsletter.compose.facts import Newsletter
    from newsletter.compose.templates import Templates
    from newsletter.model.mail import Kind, ReaderLinks
    from newsletter.model.subscriber import Reader
    from newsletter.tongue.tongue import Tongue

_LINKS = ("unsubscribe", "preferences", "view", "confirm")
# A stranger may have typed the address and the name into the form, so these hold nothing that a person typed:
# else the form would be a way to send one's own words to anybody.
_FROM_A_FORM = frozenset({"confirm"})
_LEAVABLE = frozenset({"welcome", "notice", "test"})
_TEXT = 4000


def notice_facts(
    newsletter: Newsletter,
    subscriber: Reader,
    links: ReaderLinks,
    topic_names: Mapping[str, str],
    facts: Mapping[str, Any],
    tongue: Tongue,
) -> dict[str, Any]:
    """Every name that a notice's templates may use; docs/writing-a-template.md lists the same."""
    return {
        "newsletter": newsletter,
        "reader": {"email": clean(subscriber.email), "reason": reason(subscriber, topic_names, tongue)},
        "links": {name: web_link(getattr(links, name)) for name in _LINKS},
        "facts": {name: _fact(value) for name, value in facts.items()},
        **tongue_facts(tongue),
    }


def render_notice(templates: Templates, kind: Kind, facts: dict[str, Any]) -> Rendered:
    """Subject, text and HTML. Raises TemplateError, also for a notice that holds leftovers."""
    if kind in _FROM_A_FORM:
        facts = {**facts, "reader": {}, "facts": {}}
    facts = {**facts, "leavable": kind in _LEAVABLE}
    name = f"email/notices/{kind}"
    rendered = Rendered(
        subject=subject_line(templates.text(f"{name}.subject.txt.j2", facts), 0),
        preheader="",
        html=templates.html(f"{name}.mjml.j2", facts),
        text=templates.text(f"{name}.txt.j2", facts),
        data=tuple(_texts(facts["facts"].values())) + tuple(facts["reader"].values()),
        leave=facts["links"]["unsubscribe"] if kind in _LEAVABLE else "",
    )
    if problems := lint(rendered):
        told = "; ".join(f"{problem.where} {problem.what}" for problem in problems[:3])
        raise TemplateError(f"{name}.* do not make a fit mail: {told}.", cure="Correct the template.")
    return rendered


def _fact(value: Any) -> Any:
    if isinstance(value, str):
        return "\n".join(map(clean, value[:_TEXT].splitlines()))
    if isinstance(value, list | tuple):
        return [_fact(item) for item in value]
    return value


def _texts(values: Any) -> list[str]:
    found: list[str] = []
    for value in values:
        if isinstance(value, str):
            found += [value, *value.splitlines()]
        elif isinstance(value, list):
            found += _texts(value)
    return found

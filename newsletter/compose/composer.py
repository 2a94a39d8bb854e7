"""Composes mails: the one door of this package."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, get_args

from newsletter.compose import body
from newsletter.compose.digester import Digester
from newsletter.compose.facts import newsletter_facts, person_words
from newsletter.compose.headers import Headers, wire_address
from newsletter.compose.issue import HTML_BUDGET, trim, without
from newsletter.compose.lint import Rendered, data_of
from newsletter.compose.notices import notice_facts, render_notice
from newsletter.compose.person import People
from newsletter.compose.proof import prove
from newsletter.compose.ready import SharedIssues
from newsletter.compose.splice import encode_whole
from newsletter.compose.templates import Templates, default_template_folder
from newsletter.errors import TemplateError
from newsletter.model.mail import Kind, Message, ReaderLinks
from newsletter.model.paper import Problem
from newsletter.model.subscriber import Subscriber
from newsletter.tongue.catalogues import Tongues

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from newsletter.compose.ready import Ready
    from newsletter.model.edition import Card, Issue, Topic
    from newsletter.model.mail import Delivery, Letterhead
    from newsletter.model.subscriber import Reader
    from newsletter.tongue.tongue import Tongue

_DIGESTERS = 24  # locales times kinds of links, each with its compiled pieces
_NAMED = 1000  # papers that could not be shown; locales
_NONE: frozenset[str] = frozenset()


@dataclass(slots=True)
class _Fitted:
    """An issue that renders and is small enough, and its parts as they go over the wire."""

    digester: Digester
    issue: Issue
    beyond: int
    values: dict[str, str]
    text: body.Part
    html: body.Part


class Composer:
    """Edition and reader to message. The same delivery gives the same octets, whichever mails came before it.

    `template_folders` are looked into in order: the operator's own first, `default_template_folder()` last.
    """

    def __init__(
        self,
        letterhead: Letterhead,
        *,
        template_folders: Sequence[Path],
        secret: str,
        topics: Iterable[Topic] = (),
        default_locale: str = "en",
    ) -> None:
        self._templates = Templates(template_folders)
        self._own_templates = any(folder != default_template_folder() for folder in template_folders)
        self._headers = Headers(letterhead, secret=secret)
        self._newsletter = newsletter_facts(letterhead)
        self._topic_names = {topic.slug: topic.name for topic in topics}
        self._locale = default_locale
        self._tongues = Tongues(template_folders)
        self._digesters: dict[tuple[str, frozenset[str]], Digester] = {}
        self._named: dict[tuple[str, frozenset[str]], Digester] = {}  # the same, by locales as readers write them
        self._cuttable: dict[tuple[str, frozenset[str]], bool] = {}
        self._dropped: dict[str, Problem] = {}
        self._people = People(self._topic_names)
        self._shared_issues = SharedIssues()

    def digest(
        self,
        delivery: Delivery,
        subscriber: Reader,
        issue: Issue,
        cards: Mapping[str, Card],
        links: ReaderLinks,
        *,
        again: bool = False,
    ) -> Message:
        """One reader's issue as a message; `cards` are those of the issue's editions, by paper id.

        `again`: the same issue object comes again, for another reader; this changes what it costs, and not the message.
        A paper without a card, or one that cannot be rendered, is left out and named by `dropped`.
        Raises TemplateError when the templates are at fault, AddressError when the reader cannot be written to.
        """
        recipient, smtputf8 = wire_address(subscriber.email)
        line = body.boundary_of(delivery.kind, delivery.day)
        digester = self._digester(subscriber.locale or self._locale, links)
        values, alike = self._people.values(subscriber, links, digester.tongue)
        ready = self._shared_issues.get(digester, issue, cards, (line, alike, links.view), again=again)
        data = b""
        if ready is not None:
            subject = ready.subject or self._subject(digester, ready, subscriber, links)
            headers = self._headers.write(delivery, recipient, subject, links)
            data = (ready.text if subscriber.text_only else ready.mail).fill(values, headers)
            # Who has text only gets the papers of those who have both, so the size of both decides for her as well.
            if (subscriber.text_only or len(data) > HTML_BUDGET) and not ready.fits(values, HTML_BUDGET):
                data = b""
        if not data:
            subject, content = self._own(digester, subscriber, issue, cards, links, line)
            headers = self._headers.write(delivery, recipient, subject, links)
            data = b"".join((headers, *content))
        return Message(
            delivery.id,
            self._headers.envelope_from(delivery),
            recipient,
            data,
            smtputf8,
            vetted=True,
            seven_bit=headers.isascii(),  # both parts are quoted-printable or base64
        )

    def notice(self, delivery: Delivery, subscriber: Reader, links: ReaderLinks, **facts: Any) -> Message:
        """A mail of the kinds confirm, welcome, goodbye, link, address, notice and test.

        `facts` are further names for its templates (`email/notices/KIND.*`), strings; see docs/writing-a-template.md.
        """
        recipient, smtputf8 = wire_address(subscriber.email)
        rendered = self.render_notice(delivery.kind, subscriber, links, **facts)
        headers = self._headers.write(delivery, recipient, rendered.subject, links)
        text = encode_whole(rendered.text)
        if subscriber.text_only:
            content = body.text_only(text)
        else:
            line = body.boundary_of(delivery.kind, delivery.day)
            content = body.alternative(line, text, encode_whole(rendered.html))
        data = b"".join((headers, *content))
        return Message(delivery.id, self._headers.envelope_from(delivery), recipient, data, smtputf8, vetted=True)

    def render(self, subscriber: Reader, issue: Issue, cards: Mapping[str, Card], links: ReaderLinks) -> Rendered:
        """A digest before it is encoded, by Jinja and MJML for this reader alone: for previews and as the yardstick."""
        digester = self._digester(subscriber.locale or self._locale, links)
        fitted = self._fit(digester, subscriber, issue, cards, links)
        html, text = fitted.digester.whole(fitted.issue, cards, fitted.values, fitted.beyond)
        return Rendered(
            subject=fitted.digester.subject(fitted.values),
            preheader=fitted.values["preheader"],
            html="" if subscriber.text_only else html,
            text=text,
            data=data_of(
                fitted.issue,
                fitted.digester.entries(fitted.issue, cards),
                fitted.digester.news(fitted.issue, cards),
            ),
            leave=fitted.values["unsubscribe"],
        )

    def render_notice(self, kind: Kind, subscriber: Reader, links: ReaderLinks, **facts: Any) -> Rendered:
        """A notice before it is encoded."""
        tongue = self._tongues.of(subscriber.locale or self._locale)
        known = notice_facts(self._newsletter, subscriber, links, self._topic_names, facts, tongue)
        return render_notice(self._templates, kind, known)

    def check(self) -> None:
        """Render the sample issues and every notice, in the newsletter's language; TemplateError says what is wrong."""
        link = "https://papers.example.org/place?a=1&b=2"
        links = ReaderLinks(link, link, link, link, link, link)
        prove(self._new_digester(self._tongues.of(self._locale), frozenset()))
        for kind in get_args(Kind):
            if kind != "digest":
                self.render_notice(kind, Subscriber(email="reader@example.org"), links, subject="A note", text="Words.")

    def dropped(self) -> tuple[Problem, ...]:
        """The papers that could not be shown since this composer was made, each once, with the reason."""
        return tuple(self._dropped.values())

    def _subject(self, digester: Digester, ready: Ready, subscriber: Reader, links: ReaderLinks) -> str:
        """Of a template whose subject holds something of the reader's own."""
        person = person_words(subscriber, links, self._topic_names, digester.tongue)
        return digester.subject(ready.texts | person.texts)

    def _own(
        self,
        digester: Digester,
        subscriber: Reader,
        issue: Issue,
        cards: Mapping[str, Card],
        links: ReaderLinks,
        line: bytes,
    ) -> tuple[str, list[bytes]]:
        """(subject, all after the headers) of an issue that is fitted for this reader alone."""
        fitted = self._fit(digester, subscriber, issue, cards, links)
        subject = fitted.digester.subject(fitted.values)
        if subscriber.text_only:
            return subject, body.text_only(fitted.text)
        return subject, body.alternative(line, fitted.text, fitted.html)

    def _fit(
        self, digester: Digester, subscriber: Reader, issue: Issue, cards: Mapping[str, Card], links: ReaderLinks
    ) -> _Fitted:
        if missing := [pick.paper_id for s in issue.sections for pick in s.picks if pick.paper_id not in cards]:
            self._name(missing, "has no card in the edition")
            issue = without(issue, missing)
        try:
            return self._cut_to_size(digester, subscriber, issue, cards, links)
        except TemplateError as error:
            broken = [
                card_id for card_id in dict.fromkeys(issue.paper_ids) if not digester.renders(issue, cards, card_id)
            ]
            if not broken or not digester.renders(issue, cards, None):
                raise
            self._name(broken, str(error))
        return self._cut_to_size(digester, subscriber, without(issue, broken), cards, links)

    def _cut_to_size(
        self, digester: Digester, subscriber: Reader, issue: Issue, cards: Mapping[str, Card], links: ReaderLinks
    ) -> _Fitted:
        person = person_words(subscriber, links, self._topic_names, digester.tongue)
        beyond = 0
        while True:
            entries = digester.entries(issue, cards)
            said = digester.told(issue, entries) | person
            text, html = digester.parts(issue, cards, entries, said, beyond)
            size = sum(map(len, html[0]))
            over = size - HTML_BUDGET
            if over <= 0 or not (issue.sections or issue.follow_ups):
                return _Fitted(digester, issue, beyond, said.texts, text, html)
            issue, lost = trim(issue, over, digester.sizes(issue, entries, said.texts, size))
            beyond += lost

    def _digester(self, locale: str, links: ReaderLinks) -> Digester:
        empty = (
            _NONE
            if links.unsubscribe and links.preferences and links.view and links.feedback
            else frozenset(
                name for name in ("unsubscribe", "preferences", "view", "feedback") if not getattr(links, name)
            )
        )
        return self._named.get((locale, empty)) or self._named_anew(locale, empty)

    def _named_anew(self, locale: str, empty: frozenset[str]) -> Digester:
        tongue = self._tongues.of(locale)
        digester = self._digesters.pop((tongue.locale, empty), None)
        if digester is None:
            digester = self._new_digester(tongue, empty)
            if (tongue.language, empty) not in self._cuttable:
                if self._own_templates:  # a test has proved those that come with the program
                    prove(digester)
                self._cuttable[tongue.language, empty] = digester.cuttable
            digester.cuttable = self._cuttable[tongue.language, empty]
        if len(self._digesters) >= _DIGESTERS:
            self._digesters.pop(next(iter(self._digesters)))
            self._named.clear()
        if len(self._named) >= _NAMED:
            self._named.clear()
        self._named[locale, empty] = self._digesters[tongue.locale, empty] = digester
        return digester

    def _new_digester(self, tongue: Tongue, empty: frozenset[str]) -> Digester:
        return Digester(
            self._templates, self._newsletter, tongue=tongue, empty=empty, topics=frozenset(self._topic_names)
        )

    def _name(self, paper_ids: Iterable[str], why: str) -> None:
        for paper_id in paper_ids:
            if len(self._dropped) < _NAMED:
                self._dropped.setdefault(paper_id, Problem(f"paper {paper_id}", why, "It was left out of the mail."))

"""Digests of one locale: compiled, cut and kept by paper, so that a reader's mail is a join of pieces."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING

from newsletter.compose.facts import SLOTS, as_slots, digest_facts, for_html, for_text, issue_values, view_words
from newsletter.compose.issue import without
from newsletter.compose.layout import after_sections, block_kinds, layout
from newsletter.compose.pieces import CannotCutError, Entry, keep, same
from newsletter.compose.ready import Ready, make_ready
from newsletter.compose.slots import SLOT, mark, no_mark, slot
from newsletter.compose.splice import (
    Words,
    as_base64,
    base64_pays,
    encode_whole,
    join,
    join_raw,
    merge,
    words,
)
from newsletter.compose.view import FollowUpView, SectionView, Viewer
from newsletter.errors import TemplateError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from newsletter.compose.body import Part
    from newsletter.compose.facts import Newsletter
    from newsletter.compose.issue import Sizes
    from newsletter.compose.layout import Key
    from newsletter.compose.ready import Shape
    from newsletter.compose.splice import Fragment, Placed
    from newsletter.compose.templates import Templates
    from newsletter.compose.view import CardView
    from newsletter.model.edition import Card, Issue, Pick, Section
    from newsletter.tongue.tongue import Tongue

HTML, TEXT, SUBJECT = "email/digest.mjml.j2", "email/digest.txt.j2", "email/digest.subject.txt.j2"
_RUNS = 1024  # sections as single pieces, about 12 kB each, for those that many readers share
_KEPT = 5000  # papers of topics in one locale, about 7 kB each; beyond, all start anew


class Digester:
    """Makes digests in one language. A value with nothing in it has no slot, so `empty` is part of its identity."""

    def __init__(
        self,
        templates: Templates,
        newsletter: Newsletter,
        *,
        tongue: Tongue,
        empty: frozenset[str],
        topics: frozenset[str] = frozenset(),
    ) -> None:
        self._templates = templates
        self._newsletter = newsletter
        self.tongue = tongue
        self.empty = empty
        self._topics = topics
        self._slotted = self.viewer("" if "feedback" in empty else slot("feedback"))
        self._entries: dict[Key, Entry] = {}
        self._html: dict[Key, Fragment] = {}
        self._text: dict[Key, Fragment] = {}
        self._runs: dict[Key, tuple[()] | tuple[Placed, Placed]] = {}  # (): seen once
        self._told: dict[Key, Words] = {}
        self._made = 0
        self._dates = lru_cache(maxsize=64)(self._slotted.dates)
        slots = as_slots(dict.fromkeys(SLOTS, "x") | dict.fromkeys(empty, ""))
        facts = digest_facts(newsletter, slots, (), (), 0, viewer=self._slotted, mark=no_mark)
        self._subject = SLOT.split(templates.text(SUBJECT, facts))
        self.cuttable = True

    def viewer(self, feedback: str) -> Viewer:
        return Viewer(base_url=self._newsletter.base_url, tongue=self.tongue, feedback=feedback, topics=self._topics)

    def news(self, issue: Issue, cards: Mapping[str, Card]) -> tuple[FollowUpView, ...]:
        return tuple(self._slotted.follow_up(one, cards.get(one.paper_id)) for one in issue.follow_ups)

    def renders(self, issue: Issue, cards: Mapping[str, Card], paper_id: str | None) -> bool:
        """Whether the templates can show this paper alone (None: the issue without papers)."""
        alone = without(issue, set(issue.paper_ids) - {paper_id})
        values = dict.fromkeys(SLOTS, "x") | dict.fromkeys(self.empty, "")
        try:
            self.whole(alone, cards, values, 0)
        except TemplateError:
            return False
        return True

    def entries(self, issue: Issue, cards: Mapping[str, Card]) -> list[Entry]:
        """One entry for each pick, in order."""
        if len(self._entries) > _KEPT:
            self._entries.clear()
        return [self._entry(pick, cards[pick.paper_id]) for section in issue.sections for pick in section.picks]

    def _entry(self, pick: Pick, card: Card) -> Entry:
        key = (pick.paper_id, pick.topic, pick.day, pick.marks)
        entry = self._entries.get(key)
        why = (pick.why, pick.reasons)
        if entry is None or (entry.card is not card and entry.card != card) or entry.why != why:
            self._made += 1
            view = self._slotted.card(pick, card, slot("number"))
            entry = Entry(card, why, view, self._made, view.words)
            self._entries[key] = entry
        return entry

    def whole(self, issue: Issue, cards: Mapping[str, Card], values: Mapping[str, str], beyond: int) -> tuple[str, str]:
        """(HTML, text) by the full path: Jinja and MJML for this reader alone."""
        viewer = self.viewer(values["feedback"])
        picks = [pick for section in issue.sections for pick in section.picks]
        shown = [viewer.card(pick, cards[pick.paper_id], str(place)) for place, pick in enumerate(picks, 1)]
        return self._render(issue, cards, values, shown, beyond, viewer=viewer, mark=no_mark)

    def subject(self, values: Mapping[str, str]) -> str:
        """The Subject of a digest, one line."""
        pieces = self._subject.copy()
        pieces[1::2] = [values[name] for name in pieces[1::2]]
        return "".join(pieces).strip()

    def told(self, issue: Issue, entries: list[Entry]) -> Words:
        """The issue's own values: its headline, date and sums."""
        day = max((issue.day, *issue.editions))  # a weekly issue that is caught up holds later papers than its own day
        key = (day, len(issue.sections), *(entry.serial for entry in entries))
        values = self._told.get(key)
        if values is None:
            if len(self._told) > _RUNS:
                self._told.clear()
            values = self._told[key] = words(
                issue_values(
                    tuple(entry.view.title for entry in entries),
                    entries[0].view.tldr if len(entries) == 1 else "",
                    len(issue.sections),
                    sum(entry.words for entry in entries),
                    self._dates(day),
                    self.tongue,
                ),
                wrapped={},
            )
        return values

    def ready(self, issue: Issue, cards: Mapping[str, Card], shape: Shape) -> Ready | None:
        """All but a reader's values in place; None: a paper does not render, or a part is base64 or cannot be cut."""
        if not self.cuttable or not all(paper_id in cards for paper_id in issue.paper_ids):
            return None
        try:
            told = self.told(issue, self.entries(issue, cards))
            html, text = self.pieces(issue, cards, self.entries(issue, cards), 0)
        except (CannotCutError, TemplateError):
            return None
        if base64_pays(html) or base64_pays(text):
            return None
        subject = self.subject(told.texts) if set(self._subject[1::2]) <= set(told.texts) else ""
        said = told | view_words(shape[2])
        return make_ready(html, text, (said.html, said.text), subject, told.texts, shape)

    def parts(
        self, issue: Issue, cards: Mapping[str, Card], entries: list[Entry], said: Words, beyond: int
    ) -> tuple[Part, Part]:
        """(text, HTML) as they go over the wire; compiles what was not needed before.

        Raises TemplateError when the templates do not render.
        """
        if self.cuttable:
            try:
                html, text = self.pieces(issue, cards, entries, beyond)
            except CannotCutError:
                self.cuttable = False
            else:
                return (
                    _encoded(text, said.text, for_text, said.texts),
                    _encoded(html, said.html, for_html, said.texts),
                )
        whole_html, whole_text = self.whole(issue, cards, said.texts, beyond)
        return encode_whole(whole_text), encode_whole(whole_html)

    def sizes(self, issue: Issue, entries: list[Entry], values: Mapping[str, str], html: int) -> Sizes:
        """The octets of each pick in an HTML part of `html` octets and, for None, of a section without any."""
        if not self.cuttable:
            each = html // (len(entries) + len(issue.sections) + 1)
            return lambda _: each
        link = len(values["feedback"])
        sizes = {
            id(pick): entry.html.size + len(entry.html.slots) * link if entry.html else 0
            for pick, entry in zip((p for s in issue.sections for p in s.picks), entries, strict=True)
        }
        between = self._html.get(("section", "section"))
        return lambda pick: sizes[id(pick)] if pick else 300 + (between.size if between else 300)

    def pieces(
        self, issue: Issue, cards: Mapping[str, Card], entries: list[Entry], beyond: int
    ) -> tuple[Placed, Placed]:
        """(HTML, text) as pieces in order; compiles what is missing. Raises CannotCutError."""
        try:
            return self._placed(issue, cards, entries, beyond)
        except KeyError:
            self._compile(*self._missing(issue, entries), cards, 0)
        try:
            return self._placed(issue, cards, entries, beyond)
        except KeyError:
            self._compile(issue, entries, cards, beyond)
            return self._placed(issue, cards, entries, beyond)

    def _missing(self, issue: Issue, entries: list[Entry]) -> tuple[Issue, list[Entry]]:
        """The issue with no paper that was compiled for another one: each is compiled once."""
        rest = iter(entries)
        new = [
            [(pick, entry) for pick in section.picks if not (entry := next(rest)).html] for section in issue.sections
        ]
        sections = tuple(
            replace(section, picks=tuple(pick for pick, _ in some))
            for section, some in zip(issue.sections, new, strict=True)
            if some or ("tail", section.slug, section.name, section.more) not in self._html
        )
        return replace(issue, sections=sections, follow_ups=()), [entry for some in new for _, entry in some]

    def _placed(
        self, issue: Issue, cards: Mapping[str, Card], entries: list[Entry], beyond: int
    ) -> tuple[Placed, Placed]:
        """KeyError: a piece is not compiled yet."""
        html: Placed = []
        text: Placed = []
        kinds = block_kinds(issue, beyond)
        key: Key = ("", kinds[0])
        start = 0
        for number, section in enumerate(issue.sections):
            stop = start + len(section.picks)
            run = self._run(section, entries[start:stop], start)
            html.append((self._html[key], ""))
            text.append((self._text[key], ""))
            html += run[0]
            text += run[1]
            key = ("section", kinds[number + 1])
            start = stop
        for rest in (key, *(later for _, later, _ in after_sections(issue, cards, beyond, kinds))):
            html.append((self._html[rest], ""))
            text.append((self._text[rest], ""))
        return html, text

    def _run(self, section: Section, entries: list[Entry], start: int) -> tuple[Placed, Placed]:
        """(HTML, text) of a whole section. One that comes a second time becomes one piece: many readers share it."""
        key = (section.slug, section.name, section.more, start, *(entry.serial for entry in entries))
        run = self._runs.get(key)
        if run:
            return run
        head = ("section", section.slug, section.name)
        tail = ("tail", section.slug, section.name, section.more)
        placed = [(entry, str(place)) for place, entry in enumerate(entries, start + 1)]
        html = [(self._html[head], ""), *((entry.piece(0), place) for entry, place in placed), (self._html[tail], "")]
        text = [
            (self._text[head], ""),
            *((entry.piece(1), place) for entry, place in placed),
            (self._text[tail], ""),
        ]
        if run is None:
            if len(self._runs) > _RUNS:
                self._runs.clear()
            self._runs[key] = ()
            return html, text
        merged = self._runs[key] = ([(merge(html), "")], [(merge(text), "")])
        return merged

    def _compile(self, issue: Issue, entries: list[Entry], cards: Mapping[str, Card], beyond: int) -> None:
        if len(self._html) > _KEPT:
            self._html.clear()
            self._text.clear()
        slots = as_slots(dict.fromkeys(SLOTS, "x") | dict.fromkeys(self.empty, ""))
        shown = [entry.view for entry in entries]
        html, text = self._render(issue, cards, slots, shown, beyond, viewer=self._slotted, mark=mark)
        plan = layout(issue, cards, beyond)
        for entry, piece in zip(entries, keep(html, self._html, plan), strict=True):
            entry.html = same(entry.html, piece)
        for entry, piece in zip(entries, keep(text, self._text, plan), strict=True):
            entry.text = same(entry.text, piece)

    def _render(
        self,
        issue: Issue,
        cards: Mapping[str, Card],
        values: Mapping[str, str],
        shown: Sequence[CardView],
        beyond: int,
        *,
        viewer: Viewer,
        mark: Callable[[str], str],
    ) -> tuple[str, str]:
        rest = iter(shown)
        sections: tuple[SectionView, ...] = tuple(
            viewer.section(section, tuple(next(rest) for _ in section.picks)) for section in issue.sections
        )
        news = self.news(issue, cards)
        facts = digest_facts(self._newsletter, values, sections, news, beyond, viewer=viewer, mark=mark)
        html = self._templates.html(HTML, facts)
        plain = values if mark is not no_mark else for_text(values)
        facts = digest_facts(self._newsletter, plain, sections, news, beyond, viewer=viewer, mark=mark)
        return html, self._templates.text(TEXT, facts)


def _encoded(
    pieces: Placed,
    coded: Mapping[str, bytes],
    shaped: Callable[[Mapping[str, str]], Mapping[str, str]],
    texts: Mapping[str, str],
) -> Part:
    if base64_pays(pieces):
        return as_base64(join_raw(pieces, shaped(texts)))
    return join(pieces, coded), b"quoted-printable"

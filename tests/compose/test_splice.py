"""The fast path: joined from pieces, and yet what the full path renders, for every reader and any paper."""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from quopri import decodestring

from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.compose.slots import slot
from newsletter.compose.splice import fragment, join, join_raw, merge, words
from newsletter.model.edition import FollowUp, Issue, Section
from newsletter.model.mail import ReaderLinks
from newsletter.send.transports.wire import clean, dotted
from newsletter.subscribe.links import Signer, places
from tests.support.composing import ADA, DAY, by_id, card, composer, delivery, links, parsed, part, pick, wire_faults
from tests.support.languages import LANGUAGES, REASONS

EVIL = [
    "Plain title",
    "A <b>&amp; \"quoted\" 'title'",
    "=41 %s {{ x }} \ufdd0card\ufdd1",
    ".leading dot",
    "From here",
    "注意 " * 30,
    "x" * 300,
    "e\u0301 👩‍👩‍👧‍👦 ",
    "\u202etitle\0",
    r"$\alpha$ and \\ backslash",
    "",
]
titles = st.sampled_from(EVIL) | st.text(max_size=60)
POOL = [card(n) for n in range(12)]
tokens = st.text(st.sampled_from("abcXYZ019-_~.=%&;'\"<> é中\r\n"), max_size=90)


@st.composite
def issues(draw: st.DrawFn) -> tuple[Issue, dict[str, object]]:
    cards = {
        one.paper.id: dataclasses.replace(
            one,
            paper=dataclasses.replace(
                one.paper,
                title=draw(titles),
                summary=draw(st.sampled_from(["", "A summary."])),
                summary_by="Somebody",
                code_url=draw(st.sampled_from(["", "https://code.example/x?a=1&b=2"])),
                withdrawn=draw(st.booleans()),
            ),
            upvotes=draw(st.sampled_from([None, 0, 1, 1234])),
        )
        for one in POOL[: draw(st.integers(0, 12))]
    }
    order = draw(st.permutations(list(cards)))
    sections = []
    while order:
        size = draw(st.integers(0, 4))
        marks = draw(st.sampled_from([(), ("exploration",), ("late-bloomer",)]))
        picks = tuple(
            dataclasses.replace(
                pick(one, "t", *marks, why=draw(st.sampled_from(["", "Why & <so>.", "注"]))),
                reasons=draw(st.sampled_from(REASONS)),
            )
            for one in order[:size]
        )
        sections.append(Section(f"topic-{len(sections)}", draw(titles), picks, draw(st.integers(0, 3))))
        order = order[max(size, 1) :]
    news = tuple(
        FollowUp(one, draw(st.sampled_from(["code", "version"])), draw(titles))
        for one in draw(st.lists(st.sampled_from([one.paper.id for one in POOL]), max_size=2))
    )
    return Issue(17, DAY, (DAY,), tuple(sections), news), cards  # type: ignore[return-value]


@st.composite
def reader_links(draw: st.DrawFn) -> ReaderLinks:
    """Those of the product, from the places of an operator's choice, or of anybody's."""
    if draw(st.booleans()):
        base = draw(
            st.sampled_from(["https://x.example", "http://localhost:8000", f"https://x.example/{'p/' * 20}a_b"])
        )
        since = draw(st.sampled_from([None, DAY - timedelta(days=3)]))
        where = places(Signer(["secret"]), base, DAY, since=since, unsubscribe_address="leave@x.example")
        return where.links(
            dataclasses.replace(ADA, id=draw(st.integers(1, 2**40)), generation=draw(st.integers(0, 300)))
        )
    token = draw(tokens)
    return ReaderLinks(
        unsubscribe=f"https://x.example/u/{token}?a=1&b=2",
        preferences=f"https://x.example/p/{token}",
        view=draw(st.sampled_from(["https://x.example/v", "https://x.example/v?a=1&b=.é"])),
        feedback=f"https://x.example/f/{token}" if draw(st.booleans()) else "",
    )


addresses = st.sampled_from(["ada@example.net", "a&b'=@example.net", "+a@example.net", f"{'a.' * 40}b@example.net"])
PRESS = composer()


@settings(max_examples=60, deadline=None)
@given(issues(), reader_links(), tokens, addresses, st.sampled_from(LANGUAGES))
def test_a_joined_mail_is_what_the_full_path_renders(
    made: tuple[Issue, dict[str, object]], token_links: ReaderLinks, name: str, address: str, language: str
) -> None:
    issue, cards = made
    reader = dataclasses.replace(ADA, topics=(name, "vision"), email=address, locale=language)

    message = PRESS.digest(delivery(), reader, issue, cards, token_links)  # type: ignore[arg-type]
    for _ in range(2):  # the same issue again, as other readers have it: by the shortest way
        assert PRESS.digest(delivery(), reader, issue, cards, token_links) == message  # type: ignore[arg-type]
    whole = PRESS.render(reader, issue, cards, token_links)  # type: ignore[arg-type]

    mail = parsed(message)
    assert part(mail, "html") == whole.html
    assert part(mail, "plain") == whole.text
    assert wire_faults(message.data) == []
    # What `vetted` promises: a transport that looked at every octet would have changed none.
    assert message.vetted
    assert message.seven_bit == message.data.isascii()
    assert dotted(clean(dataclasses.replace(message, vetted=False)), vetted=False) == message.data
    assert [one.cuttable for one in PRESS._digesters.values()] == [True] * len(PRESS._digesters)


def test_what_was_composed_before_does_not_change_a_mail() -> None:
    """A worker that has sent ten thousand mails and one that has sent none write the same octets."""
    issue = Issue(17, DAY, (DAY,), (Section("a", "A", (pick(POOL[1].paper.id), pick(POOL[0].paper.id)), 2),))
    cards = by_id(*POOL)
    old = composer()
    for n in range(1, 6):
        some = tuple(pick(one.paper.id) for one in POOL[n : n + 5])
        other = Issue(n, DAY, (DAY,), (Section("b", "B", some, n), Section("a", "A", some[:2])))
        old.digest(delivery(reader=n), ADA, other, cards, links(f"token{n}"))

    assert old.digest(delivery(), ADA, issue, cards, links()) == composer().digest(
        delivery(), ADA, issue, cards, links()
    )


values = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r"), max_size=200)
plain = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\U0001d0f4\U0001d0f5"), max_size=100)


@given(st.lists(plain, min_size=1, max_size=6), values, values)
def test_a_value_in_a_slot_breaks_no_line_and_reads_as_it_was(texts: list[str], one: str, two: str) -> None:
    source = "".join(f"{text}{slot('view' if n % 2 else 'email')}" for n, text in enumerate(texts))
    pieces = [fragment(source + "."), fragment(f"{slot('number')}{slot('number')}\n")]
    given_values = {"view": one, "email": two, "number": "7"}

    merged = merge([(pieces[0], ""), (pieces[1], "7")])
    coded = b"".join(join([(merged, "")], words(given_values, wrapped={}).text))

    expected = join_raw([(piece, "7") for piece in pieces], given_values)
    assert decodestring(coded).replace(b"\r\n", b"\n") == expected
    assert max(map(len, coded.split(b"\r\n"))) <= 76
    assert not [line for line in coded.split(b"\r\n") if line.startswith(b".")]
    assert merged.coded[-1].endswith(b"\r\n")

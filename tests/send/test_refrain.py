"""Whole transactions that are read at once end as they do when each reply is read by itself."""

from __future__ import annotations

from itertools import cycle
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from newsletter.model.mail import Reply
from newsletter.send.transports.chunking import Chunking
from newsletter.send.transports.conversation import Conversation
from newsletter.send.transports.item import Item
from newsletter.send.transports.patience import Patience
from newsletter.send.transports.wire import Features, ProtocolFault
from tests.send.sending import numbered

if TYPE_CHECKING:
    from collections.abc import Sequence

FEATURES = Features(frozenset({"PIPELINING", "CHUNKING", "8BITMIME"}))
OK, ALL = b"250 2.0.0 ok\r\n", 1_000_000
GOOD = OK * 3 + b"250 2.0.0 Ok: queued as 4F2\r\n"  # RSET, MAIL, RCPT and the chunk
ODD = (
    *(b"550 5.1.1 no such user\r\n", b"451 4.7.1 later\r\n", b"421 4.3.2 going down\r\n", b"503 5.5.1 eh?\r\n"),
    *(b"250-2.0.0 of two\r\n250 2.0.0 lines\r\n", b"250 2.1.5 with a bare end\n", b"250\r\n", b"251 forwarded\r\n"),
    *(
        b"250 " + b"x" * 250 + b"\r\n",
        b"hello\r\n",
        b"\r\n",
        b"250ok\r\n",
        b"354 go on\r\n",
        b"250-2.0.0 one\r\n550 two\r\n",
    ),
)
REPLIES = st.one_of(st.just(GOOD), st.just(GOOD), st.just(GOOD), st.just(OK), st.sampled_from(ODD))


class EachByItself:
    def taken(self, data: bytes, *_: object) -> bytes:
        return data


def told(replies: Sequence[bytes], cuts: Sequence[int], writes: Sequence[int], *, at_once: bool) -> dict[str, Any]:
    """What becomes of twelve messages: the replies come in pieces of `cuts` octets, between which the kernel takes
    `writes` octets of ours."""
    talk = Conversation(FEATURES, Patience(), Chunking(), lmtp=False, window=12, most=12)
    if not at_once:
        talk._refrain = EachByItself()  # type: ignore[assignment]
    todo, outcomes, fault = [Item(one) for one in numbered(12)], [], ""
    data, sizes, taken = OK * 3 + b"".join(replies), cycle(cuts), cycle(writes)
    size, written = len(OK) * 3, ALL  # the first mail alone, whole: it proves that the server knows chunks
    while data and not fault:
        while todo and talk.room > 0:
            talk.take(todo.pop(0))
        talk.wrote(min(written, sum(len(octets) for octets, _ in talk.out)))
        try:
            talk.receive(data[:size], outcomes)
        except ProtocolFault as found:
            fault = str(found)
        data, size, written = data[size:], next(sizes), next(taken)
    decided = list(outcomes)
    ended, back = talk.end(Reply(0, "", "hung up"))
    return {
        "decided": decided,
        "ended": ended,
        "back": [(item.message.delivery_id, item.tries) for item in back],
        "fault": fault,
        "answered": talk.answered,
        "closing": talk.closing,
    }


@settings(max_examples=150, deadline=None)
@given(
    st.lists(REPLIES, max_size=14),
    st.lists(st.integers(1, 400), min_size=1, max_size=6),
    st.lists(st.sampled_from([ALL, ALL, ALL, 0, 70, 300]), min_size=1, max_size=5),
)
@example([GOOD] * 11, [ALL], [ALL])
@example([GOOD] * 12, [ALL], [ALL])
@example([GOOD, OK + OK + ODD[0] + ODD[3], GOOD, GOOD], [ALL], [ALL])
@example([GOOD] * 6, [ALL], [300])
def test_any_replies_cut_anywhere_mean_the_same(
    replies: Sequence[bytes], cuts: Sequence[int], writes: Sequence[int]
) -> None:
    assert told(replies, cuts, writes, at_once=True) == told(replies, cuts, writes, at_once=False)


@pytest.mark.parametrize("cut", [1, 7, 57, ALL])
def test_twelve_good_mails_are_twelve_delivered(cut: int) -> None:
    found = told([GOOD] * 11, [cut], [ALL], at_once=True)
    assert ([one.delivery_id for one in found["decided"]], found["back"], found["fault"]) == ([*range(1, 13)], [], "")

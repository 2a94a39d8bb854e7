"""Whatever a server refuses, drops or delays: every message has one outcome, and the outcome is true."""

from __future__ import annotations

import contextlib
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from newsletter.model.mail import Deferred, Delivered, Refused, Uncertain
from newsletter.send.transports.wire import ProtocolFault, ReplyReader
from tests.send.sending import CALM, MODES, QUICK, numbered, send, send_broken
from tests.support.smtp_server import Drop, SmtpServer, Taken, trouble

if TYPE_CHECKING:
    from collections.abc import Sequence

COUNT = 24
REFUSALS = ["550 5.1.1 no such user", "550 5.7.1 blocked", "451 4.7.1 later", "552 5.2.2 full", "503 5.5.1 eh?"]


@pytest.mark.parametrize("mode", MODES)
@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    refused=st.dictionaries(
        st.integers(1, COUNT), st.tuples(st.sampled_from(["mail", "rcpt", "data", "dot"]), st.sampled_from(REFUSALS))
    ),
    connections=st.integers(1, 3),
    lone_dots=st.booleans(),
)
def test_any_pattern_of_refusals_leaves_no_transaction_open_and_loses_nobody(
    mode: str, refused: dict[int, tuple[str, str]], connections: int, lone_dots: bool
) -> None:
    script: dict[Any, dict[str, str]] = {"mail": {}, "rcpt": {}, "data": {}, "dot": {}}
    for n, (phase, answer) in refused.items():
        if phase == "data" and mode == "chunks":
            phase = "dot"  # noqa: PLW2901
        script[phase][f"b+{n}@news.example" if phase == "mail" else f"r{n}@example.org"] = answer
    with SmtpServer(
        extensions=MODES[mode],
        script=script,
        data_without_recipient="354 go on" if lone_dots else "554 5.5.1 no valid recipients",
    ) as server:
        out = send(server, COUNT, connections=connections, patience=CALM)
    assert server.faults == []
    assert sorted(out) == list(range(1, COUNT + 1))
    assert {n for n, one in out.items() if isinstance(one, Delivered)} == set(out) - set(refused)
    assert server.recipients == sorted(f"r{n}@example.org" for n in set(out) - set(refused))


@pytest.mark.parametrize("mode", MODES)
@settings(max_examples=6, deadline=None)
@given(drops=st.lists(st.integers(1, 60), max_size=4, unique=True), taken=st.booleans(), reset=st.booleans())
def test_hangups_in_mid_session_double_nobody_and_leave_only_true_doubts(
    mode: str, drops: Sequence[int], taken: bool, reset: bool
) -> None:
    def at_dot(event: Any) -> Any:
        drop = Drop(reset=reset)
        return (Taken(drop) if taken else drop) if event.asked in drops else None

    with SmtpServer(extensions=MODES[mode], script={"dot": at_dot}) as server:
        out, _ = send_broken(server, COUNT, connections=2, window=4, backoff=QUICK * 3, patience=CALM)
    assert server.faults == []
    assert sorted(out) == list(range(1, COUNT + 1))
    got = Counter(server.recipients)
    assert set(got.values()) <= {1}
    for n, one in out.items():
        if isinstance(one, Delivered):
            assert got[f"r{n}@example.org"] == 1
        if isinstance(one, Deferred | Refused):
            assert got[f"r{n}@example.org"] == 0
    doubts = sum(isinstance(one, Uncertain) for one in out.values())
    assert doubts <= len(drops) * (4 if mode == "chunks" else 1)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("seed", range(2))
def test_all_kinds_of_trouble_at_once_are_lived_through(mode: str, seed: int) -> None:
    todo, got, doubtful = dict(enumerate(numbered(60), start=1)), Counter[str](), set[str]()
    with SmtpServer(extensions=MODES[mode], script=trouble(seed, 0.06, stall=0.3)) as server:
        for _ in range(40):
            out, _ = send_broken(server, list(todo.values()), connections=3, window=4, backoff=QUICK)
            for n, one in out.items():
                if isinstance(one, Delivered):
                    del todo[n]
                if isinstance(one, Uncertain):
                    doubtful.add(f"r{n}@example.org")
            if not todo:
                break
        got.update(server.recipients)
    assert todo == {}
    assert server.faults == []
    assert len(got) == 60
    assert {address for address, count in got.items() if count > 1} <= doubtful


@settings(max_examples=150, deadline=None)
@given(st.lists(st.binary(max_size=40), max_size=20))
def test_no_octets_make_the_reply_reader_fail_otherwise_than_in_words(parts: list[bytes]) -> None:
    reader = ReplyReader()
    with contextlib.suppress(ProtocolFault):
        for part in parts:
            for reply in reader.feed(part):
                assert 200 <= reply.code <= 599
                assert len(reply.text) <= 500
                assert reply.text.isprintable()


@given(st.lists(st.sampled_from([b"250 ok\r\n", b"250-a\r\n250 b\r\n", b"550 5.1.1 no\r\n", b"354 go\n"])), st.data())
def test_replies_are_read_alike_however_the_network_cuts_them(replies: list[bytes], data: st.DataObject) -> None:
    whole = b"".join(replies)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(whole)), max_size=8)))
    pieces = [whole[a:b] for a, b in zip([0, *cuts], [*cuts, len(whole)], strict=True)]
    reader = ReplyReader()
    assert [reply for piece in pieces for reply in reader.feed(piece)] == list(ReplyReader().feed(whole))
    assert not reader.partial

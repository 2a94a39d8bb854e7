"""What becomes of every row, whatever the relay, the renderer and the operator do."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from types import SimpleNamespace
from typing import TYPE_CHECKING, Literal

import pytest

from newsletter.errors import BusyError, RelayError, TemplateError
from newsletter.model.mail import Deferred, Delivered, Dropped, NewDelivery, Refused, Reply, Uncertain
from newsletter.send.drain import DrainPolicy, drain
from newsletter.send.pace import Pacer, Rate
from newsletter.send.tally import Refusal, Tally
from tests.send.ledger import DAY, NOW, HandClock, MemoryLedger, delivery, message
from tests.support.fake_ledger import FakeLedger

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from newsletter.model.mail import Delivery, Message, Outcome
    from newsletter.model.paper import Problem


class ScriptedTransport:
    """Answers each message with `answer(message)`; an exception that it returns ends the delivery."""

    def __init__(self, answer: Callable[[Message], Outcome | Exception]) -> None:
        self.answer = answer
        self.seen: list[int] = []

    def check(self) -> Problem | None:
        return None

    def deliver(self, messages: Iterable[Message]) -> Iterator[Outcome]:
        for one in messages:
            self.seen.append(one.delivery_id)
            result = self.answer(one)
            if isinstance(result, Exception):
                yield Deferred(one.delivery_id, Reply(0, "", "not sent"), charged=False)
                raise result
            yield result

    def close(self) -> None:
        pass


def render(deliveries: Sequence[Delivery]) -> Iterator[Message | Dropped]:
    for row in deliveries:
        yield message(row.id)


def accept(one: Message) -> Outcome:
    return Delivered(one.delivery_id, Reply(250, "2.0.0", "queued"))


def run(
    ledger: MemoryLedger,
    answer: Callable[[Message], Outcome | Exception] = accept,
    *,
    policy: DrainPolicy | None = None,
    render: Callable[[Sequence[Delivery]], Iterator[Message | Dropped]] = render,
    stop: Callable[[], bool] = lambda: False,
    clock: HandClock | None = None,
) -> Tally:
    clock = clock or HandClock()
    return drain(
        ledger,  # type: ignore[arg-type]
        ScriptedTransport(answer),
        render,
        clock=clock,
        owner="test",
        policy=policy,
        stop=stop,
        sleep=clock.sleep,
    )


def test_every_reader_is_sent_her_mail_and_every_lease_is_given_back() -> None:
    ledger = MemoryLedger(delivery(n) for n in range(1, 1201))
    assert run(ledger) == Tally(sent=1200)
    assert set(ledger.states().values()) == {"sent"}
    assert ledger.leased == {}


@pytest.mark.parametrize(("on_uncertain", "marked"), [("hold", True), ("drop", True), ("resend", False)])
def test_where_nothing_may_be_doubled_a_row_is_marked_before_its_message_leaves(
    on_uncertain: Literal["hold", "drop", "resend"], marked: bool
) -> None:
    ledger = MemoryLedger(delivery(n) for n in range(1, 200))

    def answer(one: Message) -> Outcome:
        assert (one.delivery_id in ledger.started) is marked
        return accept(one)

    assert run(ledger, answer, policy=DrainPolicy(on_uncertain=on_uncertain)).sent == 199


def test_a_row_that_is_too_old_is_not_sent() -> None:
    ledger = MemoryLedger([delivery(1), delivery(2, hours=-1)])
    assert run(ledger) == Tally(sent=1, expired=1)
    assert ledger.outcomes[2] == Dropped(2, "expired", "not sent in time")


def test_one_mail_that_does_not_render_costs_nobody_else_theirs() -> None:
    def bad_at_3(deliveries: Sequence[Delivery]) -> Iterator[Message | Dropped]:
        for row in deliveries:
            if row.id == 3:
                raise TemplateError("leftover {{ in the subject")
            yield message(row.id)

    ledger = MemoryLedger(delivery(n) for n in range(1, 7))
    tally = run(ledger, render=bad_at_3)
    reply = Reply(0, "", "not rendered: leftover {{ in the subject")
    assert tally == Tally(sent=5, refused=[Refusal(3, reply, "message", delivery(3).key)])
    assert ledger.outcomes[3] == Refused(3, reply, "message")


def broken(deliveries: Sequence[Delivery]) -> Iterator[Message | Dropped]:
    raise TemplateError("no such block")


def test_a_broken_template_costs_no_reader_her_issue_however_often_it_is_tried() -> None:
    ledger = MemoryLedger(delivery(n) for n in range(1, 1001))
    clock = HandClock()
    for _ in range(4):
        tally = run(ledger, render=broken, clock=clock)
        assert (tally.stop, tally.refused) == ("attention", [])
        assert tally.stopped_by.endswith("did not render, nobody was refused for it: no such block")
        clock.at += timedelta(minutes=15)
    assert set(ledger.states().values()) == {"deferred", "queued"}
    assert run(ledger, clock=clock) == Tally(sent=1000)


def test_a_broken_template_costs_a_small_list_nothing_either() -> None:
    ledger = MemoryLedger(delivery(n) for n in range(1, 4))
    tally = run(ledger, render=broken)
    assert (tally.stop, tally.refused, tally.deferred) == ("attention", [], 3)
    assert run(ledger, clock=_later()) == Tally(sent=3)


def test_a_broken_digest_costs_no_reader_hers_while_confirmations_go_out() -> None:
    def digests_break(deliveries: Sequence[Delivery]) -> Iterator[Message | Dropped]:
        for row in deliveries:
            if row.kind == "digest":
                raise TemplateError("no such block")
            yield message(row.id)

    rows = [replace(delivery(n), kind="digest" if n % 2 else "confirm") for n in range(1, 101)]
    ledger = MemoryLedger(rows)
    tally = run(ledger, render=digests_break)
    assert (tally.sent, tally.deferred, tally.refused, tally.stop) == (50, 50, [], "attention")


def test_twenty_bad_rows_at_the_head_of_the_queue_are_refused_and_the_others_go_on() -> None:
    def bad_to_40(deliveries: Sequence[Delivery]) -> Iterator[Message | Dropped]:
        for row in deliveries:
            if row.id <= 40:
                raise TemplateError("a paper that breaks")
            yield message(row.id)

    ledger = MemoryLedger(delivery(n) for n in range(1, 201))
    tally = run(ledger, render=bad_to_40)
    assert (tally.sent, len(tally.refused), tally.stop) == (160, 40, "")


def test_a_reader_who_left_is_dropped_by_the_renderer_and_counted() -> None:
    def left(deliveries: Sequence[Delivery]) -> Iterator[Message | Dropped]:
        for row in deliveries:
            yield Dropped(row.id, "suppressed", "left") if row.id == 2 else message(row.id)

    ledger = MemoryLedger(delivery(n) for n in range(1, 4))
    assert run(ledger, render=left) == Tally(sent=2, suppressed=1)


def test_a_row_that_the_renderer_forgets_is_refused_and_not_left_in_limbo() -> None:
    ledger = MemoryLedger([delivery(1), delivery(2)])
    tally = run(ledger, render=lambda rows: (message(row.id) for row in rows if row.id == 2))
    assert [one.reply.text for one in tally.refused] == ["not rendered: the renderer gave nothing for this row"]


def test_a_relay_that_goes_down_leaves_every_row_to_a_later_run() -> None:
    ledger = MemoryLedger(delivery(n) for n in range(1, 101))

    def answer(one: Message) -> Outcome | Exception:
        return RelayError("Mail relay down.", cure="Later.") if one.delivery_id == 5 else accept(one)

    tally = run(ledger, answer)
    assert (tally.sent, tally.deferred, tally.stop) == (4, 1, "later")
    assert (tally.stopped_by, tally.cure) == ("Mail relay down.", "Later.")
    states = ledger.states()
    assert [states[n] for n in (4, 5, 64, 65, 100)] == ["sent", "deferred", "queued", "queued", "queued"]
    assert ledger.leased == {}
    assert run(ledger, clock=_later()).sent == 96


def _later() -> HandClock:
    clock = HandClock()
    clock.at = NOW + timedelta(hours=1)
    return clock


def test_only_an_address_that_was_refused_is_reported_as_such() -> None:
    answers = {
        1: Refused(1, Reply(550, "5.1.1", "no such user"), "address"),
        2: Refused(2, Reply(552, "5.2.2", "full"), "mailbox-full"),
        3: Delivered(3),
    }
    ledger = MemoryLedger(delivery(n) for n in (1, 2, 3))
    tally = run(ledger, lambda one: answers[one.delivery_id])
    assert tally.refused == [
        Refusal(1, Reply(550, "5.1.1", "no such user"), "address", delivery(1).key),
        Refusal(2, Reply(552, "5.2.2", "full"), "mailbox-full", delivery(2).key),
    ]


def test_a_refused_sender_keeps_the_rows_and_opens_the_breaker() -> None:
    ledger = MemoryLedger(delivery(n) for n in range(1, 101))
    tally = run(ledger, lambda one: Refused(one.delivery_id, Reply(550, "5.7.1", "sender not verified"), "sender"))
    assert tally.stop == "attention"
    assert "sender not verified" in tally.stopped_by
    assert tally.refused == []
    assert set(ledger.states().values()) == {"deferred", "queued"}


def test_the_breaker_stops_claiming_after_three_policy_blocks_in_a_row_and_says_why() -> None:
    ledger = MemoryLedger(delivery(n) for n in range(1, 101))
    tally = run(ledger, lambda one: Refused(one.delivery_id, Reply(550, "5.7.26", "unauthenticated"), "policy"))
    assert len(tally.refused) == 3
    assert tally.stopped_by.endswith("the last with: 550 5.7.26 unauthenticated.")
    assert sum(state == "refused" for state in ledger.states().values()) == 3


def test_a_server_that_finds_fault_with_every_mail_costs_nobody_hers() -> None:
    ledger, clock = MemoryLedger(delivery(n) for n in range(1, 101)), HandClock()
    for _ in range(5):
        tally = run(ledger, lambda one: Refused(one.delivery_id, Reply(500, "5.5.1", "what?"), "message"), clock=clock)
        assert (tally.refused, tally.deferred, tally.stop) == ([], 3, "attention")
        clock.at += timedelta(minutes=1)
    clock.at += timedelta(minutes=30)
    assert run(ledger, clock=clock).sent == 100


def test_a_mail_that_is_refused_before_others_are_taken_is_refused() -> None:
    ledger = MemoryLedger(delivery(n) for n in range(1, 11))

    def answer(one: Message) -> Outcome:
        return Refused(1, Reply(554, "5.6.0", "no"), "message") if one.delivery_id == 1 else accept(one)

    tally = run(ledger, answer)
    assert (tally.sent, [one.subscriber_id for one in tally.refused]) == (9, [1])
    assert ledger.states()[1] == "refused"
    alone = MemoryLedger([delivery(1)])
    assert len(run(alone, answer).refused) == 1


@pytest.mark.parametrize(
    ("policy", "states"),
    [("resend", {1: "deferred"}), ("hold", {1: "uncertain"}), ("drop", {1: "cancelled"})],
)
def test_silence_after_the_dot_is_treated_as_the_operator_chose(policy: str, states: dict[int, str]) -> None:
    ledger = MemoryLedger([delivery(1)])
    silent = Uncertain(1, Reply(0, "", "no answer in time"))
    run(ledger, lambda one: silent, policy=DrainPolicy(on_uncertain=policy))  # type: ignore[arg-type]
    assert ledger.states() == states


def test_silence_is_answered_with_tries_that_grow_rare_until_the_server_answers() -> None:
    ledger, clock, tries = MemoryLedger([delivery(1)]), HandClock(), list[datetime]()

    def answer(one: Message) -> Outcome:
        tries.append(clock.at)
        return Uncertain(1, Reply(0, "", "no answer in time")) if len(tries) < 8 else accept(one)

    while 1 not in ledger.outcomes:
        run(ledger, answer, clock=clock)
        clock.at = ledger.not_before.get(1, clock.at)
    assert ledger.states() == {1: "sent"}
    pauses = [(later - earlier) / timedelta(minutes=1) for earlier, later in pairwise(tries)]
    wanted = [0.5, 2, 5, 15, 30, 60, 120]
    assert all(0.8 * want <= got <= 1.2 * want for got, want in zip(pauses, wanted, strict=True))


def test_a_mail_in_doubt_to_the_end_is_uncertain_and_not_called_expired() -> None:
    ledger, clock, tries = MemoryLedger([delivery(1)]), HandClock(), 0
    while 1 not in ledger.outcomes:
        tries += 1
        run(ledger, lambda one: Uncertain(1, Reply(0, "", "no answer in time")), clock=clock)
        clock.at = ledger.not_before.get(1, clock.at)
    assert ledger.outcomes[1] == Uncertain(1, Reply(0, "", "uncertain: no answer in time"), final=True)
    assert tries == 10
    assert clock.at < delivery(1).expires_at
    assert ledger.uncertain_since(now=clock.at) == ()  # nobody asks again but a person


def test_a_mail_behind_one_without_an_answer_is_sent_again_as_often_as_it_takes() -> None:
    ledger, clock = MemoryLedger([delivery(1)]), HandClock()
    silent = Uncertain(1, Reply(0, "", "no answer in time"), behind=True)
    for _ in range(5):
        run(ledger, lambda one: silent, clock=clock)
        clock.at += timedelta(minutes=1)

    assert ledger.states() == {1: "deferred"}
    assert run(ledger, clock=clock) == Tally(sent=1)


@pytest.mark.parametrize(("policy", "state"), [("hold", "uncertain"), ("drop", "cancelled")])
def test_rows_that_a_killed_run_left_in_doubt_are_not_sent_again_when_the_operator_said_so(
    policy: str, state: str
) -> None:
    ledger = MemoryLedger([delivery(1), delivery(2)])
    ledger.claim("dead", limit=1, now=NOW - timedelta(hours=1), lease=timedelta(minutes=1))
    ledger.start([1], now=NOW)
    tally = run(ledger, policy=DrainPolicy(on_uncertain=policy))  # type: ignore[arg-type]
    assert ledger.states() == {1: state, 2: "sent"}
    assert tally.sent == 1


def test_a_mail_that_waits_for_a_person_is_told_of_once() -> None:
    ledger = MemoryLedger([delivery(1)])
    policy = DrainPolicy(on_uncertain="hold")
    silent = Uncertain(1, Reply(0, "", "no answer in time"))
    assert run(ledger, lambda one: silent, policy=policy) == Tally(uncertain=1)
    assert run(ledger, lambda one: silent, policy=policy) == Tally()


def test_a_retry_that_would_come_too_late_ends_as_expired_with_the_last_answer() -> None:
    ledger = MemoryLedger([delivery(1, hours=0.001)])
    run(ledger, lambda one: Deferred(1, Reply(451, "4.7.1", "greylisted")))
    assert ledger.outcomes[1] == Dropped(1, "expired", "too late to try again; last answer: 451 4.7.1 greylisted")


@pytest.mark.parametrize(
    ("reply", "charged", "counted"),
    [
        (Reply(452, "4.2.2", "mailbox full"), True, True),
        (Reply(451, "", "try later"), True, True),
        (Reply(450, "4.7.1", "greylisted"), True, False),
        (Reply(421, "4.7.28", "unusual rate"), False, False),
        (Reply(0, "", "the server closed the connection"), False, False),
    ],
)
def test_only_what_her_own_side_put_off_until_it_expired_counts_against_an_address(
    reply: Reply, charged: bool, counted: bool
) -> None:
    ledger = MemoryLedger([delivery(1, hours=0.001)])
    tally = run(ledger, lambda one: Deferred(1, reply, charged=charged))
    assert ledger.states() == {1: "expired"}
    assert tally.given_up == ([Refusal(1, reply, "mailbox-full", delivery(1).key)] if counted else [])


def test_a_patient_run_waits_for_a_deferral_that_comes_due_soon() -> None:
    ledger = MemoryLedger([delivery(1)])
    clock = HandClock()

    def answer(one: Message) -> Outcome:
        return Deferred(1, Reply(450, "", "busy")) if ledger.rows[1].attempt == 1 else accept(one)

    tally = run(ledger, answer, policy=DrainPolicy(patience=timedelta(minutes=2)), clock=clock)
    assert ledger.states() == {1: "sent"}
    assert (tally.sent, tally.deferred) == (1, 0), "what was put off and sent after all was sent"
    assert clock.at - NOW < timedelta(seconds=40)


def test_a_stop_settles_what_is_out_and_releases_the_rest() -> None:
    ledger = MemoryLedger(delivery(n) for n in range(1, 301))
    sent: list[int] = []

    def answer(one: Message) -> Outcome:
        sent.append(one.delivery_id)
        return accept(one)

    tally = run(ledger, answer, stop=lambda: len(sent) >= 100)
    assert (tally.sent, tally.stop) == (100, "asked")
    states = ledger.states()
    assert {n for n, state in states.items() if state == "sent"} == set(sent)
    assert ledger.leased == {}
    assert run(ledger, clock=_later()).sent == 200


def test_a_ledger_that_fails_while_settling_is_tried_again_before_the_run_gives_up() -> None:
    class Failing(MemoryLedger):
        failures = 2

        def settle(self, outcomes: Iterable[tuple[Outcome, datetime | None]], *, now: datetime) -> None:
            if self.failures:
                self.failures -= 1
                raise BusyError("database is locked")
            super().settle(outcomes, now=now)

    ledger = Failing(delivery(n) for n in range(1, 4))
    with pytest.raises(BusyError):
        run(ledger)
    assert ledger.states()[1] == "sent"
    assert ledger.leased == {}
    run(ledger)
    assert set(ledger.states().values()) == {"sent"}


def test_a_row_that_meets_a_defect_is_put_off_alone_and_the_others_go_on() -> None:
    def buggy(deliveries: Sequence[Delivery]) -> Iterator[Message | Dropped]:
        for row in deliveries:
            if row.id == 200:
                raise KeyError("edition")
            yield message(row.id)

    ledger = MemoryLedger(delivery(n) for n in range(1, 301))
    tally = run(ledger, render=buggy, policy=DrainPolicy(window=64))
    assert (tally.sent, tally.deferred, tally.stop) == (299, 1, "")
    assert tally.notes == ["digest.2026-11-20.200 met a defect of the program and was put off: KeyError: 'edition'"]
    assert ledger.states()[200] == "deferred"
    assert run(ledger, clock=_later()) == Tally(sent=1)


def test_a_defect_that_every_row_meets_halts_and_loses_nobody() -> None:
    def buggy(deliveries: Sequence[Delivery]) -> Iterator[Message | Dropped]:
        raise KeyError("edition")

    ledger = MemoryLedger(delivery(n) for n in range(1, 301))
    tally = run(ledger, render=buggy)
    assert (tally.stop, tally.sent, tally.refused) == ("attention", 0, [])
    assert run(ledger, clock=_later()) == Tally(sent=300)


def test_a_database_that_fails_while_rendering_ends_the_run_after_what_is_out_was_written_down() -> None:
    def fails(deliveries: Sequence[Delivery]) -> Iterator[Message | Dropped]:
        for row in deliveries:
            if row.id == 200:
                raise BusyError("database is locked")
            yield message(row.id)

    ledger = MemoryLedger(delivery(n) for n in range(1, 301))
    with pytest.raises(BusyError):
        run(ledger, render=fails, policy=DrainPolicy(window=64))
    states = ledger.states()
    assert sum(state == "sent" for state in states.values()) == 199
    assert ledger.leased == {}


def test_a_rate_limit_spreads_the_messages_over_time() -> None:
    ledger = MemoryLedger(delivery(n) for n in range(1, 31))
    times: list[float] = []
    run(ledger, lambda one: (times.append(1.0), accept(one))[1], policy=DrainPolicy(rate=Rate(1000.0)))
    assert len(times) == 30


def test_a_domain_that_blocks_us_is_put_off_while_the_others_get_their_mail() -> None:
    ledger = MemoryLedger(delivery(n) for n in range(1, 41))

    def mixed(deliveries: Sequence[Delivery]) -> Iterator[Message | Dropped]:
        for row in deliveries:
            yield message(row.id, to=f"r{row.id}@{'corp' if row.id > 10 and row.id % 2 else 'open'}.example")

    def answer(one: Message) -> Outcome:
        if "corp" in one.recipient:
            return Refused(one.delivery_id, Reply(550, "5.7.1", "filtered"), "policy")
        return accept(one)

    tally = run(ledger, answer, render=mixed, policy=DrainPolicy(window=4))
    assert tally.stop == ""
    assert tally.sent == 25
    assert 3 <= len(tally.refused) <= 5
    assert tally.deferred == 15 - len(tally.refused)
    assert tally.notes == ["corp.example takes nothing from us: 550 5.7.1 filtered"]


@pytest.mark.parametrize(("share", "seconds_to_wait"), [(1.0, 7), (0.25, 9)])
def test_a_confirmation_leaves_within_seconds_in_the_middle_of_a_thousand_digests_at_one_a_second(
    share: float, seconds_to_wait: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Alone, and for a worker that has a quarter of the rate beside three others."""
    ledger, clock, left = FakeLedger(), HandClock(), list[tuple[str, datetime]]()
    ledger.queue([NewDelivery("digest", DAY, n, "{}", NOW + timedelta(hours=20)) for n in range(1000)], at=NOW)
    asked = NOW + timedelta(seconds=30)

    def answer(one: Message) -> Outcome:
        if clock.at >= asked and not any(kind == "confirm" for kind, _ in left):
            ledger.queue([NewDelivery("confirm", DAY, 2000, "{}", NOW + timedelta(hours=20))], at=clock.at)
        left.append((ledger.records[one.delivery_id].delivery.kind, clock.at))
        return accept(one)

    def seconds() -> float:
        return clock.at.timestamp()

    monkeypatch.setattr("newsletter.send.feed.time", SimpleNamespace(monotonic=seconds))
    pacer = Pacer(Rate(share), now=seconds, sleep=clock.sleep)
    tally = drain(
        ledger,
        ScriptedTransport(answer),
        render,
        clock=clock,
        owner="test",
        policy=DrainPolicy(rate=Rate(1.0)),
        stop=lambda: len(left) >= 60,
        sleep=clock.sleep,
        pacer=pacer,
    )

    assert tally.sent == 60
    (at,) = (at for kind, at in left if kind == "confirm")
    assert at - asked <= timedelta(seconds=seconds_to_wait)

"""A worker that was stopped for longer than its lease, a suspended laptop say, and goes on: what it may still send."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from newsletter.model.mail import Delivered, Dropped, NewDelivery, Outcome, Reply
from newsletter.send.drain import DrainPolicy, drain
from newsletter.send.pace import Rate
from newsletter.store.open import open_store
from tests.send.ledger import DAY, NOW, HandClock, MemoryLedger, delivery, message
from tests.send.test_drain import ScriptedTransport
from tests.support.stores import SECRET, fresh_url

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from newsletter.model.mail import Delivery, Message
    from newsletter.send.drain import OnUncertain
    from newsletter.send.tally import Tally
    from newsletter.store.open import Store

READERS, SLEEPS_AT = 9, 3
NIGHT = timedelta(hours=3)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    found = open_store(fresh_url("sqlite", tmp_path), secret=SECRET, folder=tmp_path)
    found.ledger.queue(
        [NewDelivery("digest", DAY, n, "{}", NOW + timedelta(hours=20)) for n in range(1, READERS + 1)], at=NOW
    )
    yield found
    found.close()


class Readers:
    """Who left is dropped by the renderer, which looks all of a batch up at its start, as the product's does."""

    def __init__(self) -> None:
        self.left: set[int] = set()

    def __call__(self, deliveries: Sequence[Delivery]) -> Iterator[Message | Dropped]:
        left = set(self.left)
        for row in deliveries:
            yield Dropped(row.id, "suppressed", "left") if row.subscriber_id in left else message(row.id)


def sent(
    store: Store,
    owner: str,
    clock: HandClock,
    render: Callable[[Sequence[Delivery]], Iterator[Message | Dropped]] | None = None,
    *,
    at: int = 0,
    meanwhile: Callable[[], object] = lambda: None,
    on_uncertain: OnUncertain = "resend",
) -> tuple[list[int], Tally]:
    """A drain whose process is stopped for a night when message `at` is on the wire; what it sent."""

    def answer(one: Message) -> Outcome:
        if one.delivery_id == at:
            clock.at += NIGHT
            meanwhile()
        return Delivered(one.delivery_id, Reply(250, "2.0.0", "ok"))

    wire = ScriptedTransport(answer)
    policy = DrainPolicy(settle_within=3600.0, on_uncertain=on_uncertain)
    tally = drain(store.ledger, wire, render or Readers(), clock=clock, owner=owner, policy=policy, sleep=clock.sleep)
    return wire.seen, tally


@pytest.mark.parametrize("on_uncertain", ["resend", "hold"])
def test_a_worker_whose_mails_another_one_sent_meanwhile_sends_none_of_them_when_it_wakes(
    store: Store, on_uncertain: OnUncertain
) -> None:
    clock, others = HandClock(), list[int]()

    def meanwhile() -> None:
        others.extend(sent(store, "other", clock, on_uncertain=on_uncertain)[0])

    mine, tally = sent(store, "me", clock, at=SLEEPS_AT, meanwhile=meanwhile, on_uncertain=on_uncertain)

    assert mine == [1, 2, 3]
    assert tally.sent == 3
    # Answered and not written down yet: in doubt after a kill as after a sleep. Where nothing may be doubled the rows
    # that were marked wait for the operator.
    doubled = [one for one, many in Counter([*mine, *others]).items() if many > 1]
    if on_uncertain == "resend":
        assert 3 in doubled
        assert set(doubled) <= {1, 2, 3}
    else:
        assert doubled == []
    whole = {"sent": READERS} if on_uncertain == "resend" else {"sent": 3, "uncertain": READERS - 3}
    assert store.ledger.counts(now=clock.now()) == whole


def test_a_worker_that_nobody_replaced_goes_on_and_mails_nobody_who_left_while_it_slept(store: Store) -> None:
    clock, readers = HandClock(), Readers()

    mine, tally = sent(store, "me", clock, readers, at=SLEEPS_AT, meanwhile=lambda: readers.left.update({4, 9}))

    assert mine == [1, 2, 3, 5, 6, 7, 8]
    assert (tally.sent, tally.suppressed) == (7, 2)
    assert store.ledger.counts(now=clock.now()) == {"sent": 7, "suppressed": 2}


def test_a_day_that_the_operator_stopped_while_its_worker_slept_stays_stopped(store: Store) -> None:
    clock = HandClock()

    mine, _ = sent(store, "me", clock, at=SLEEPS_AT, meanwhile=lambda: store.ledger.cancel(day=DAY, now=clock.now()))

    assert mine == [1, 2, 3]
    assert store.ledger.counts(now=clock.now()) == {"sent": 3, "cancelled": READERS - 3}


def test_who_leaves_while_her_mail_waits_for_its_turn_is_not_mailed() -> None:
    clock, readers, ledger = HandClock(), Readers(), MemoryLedger(delivery(n) for n in range(1, 4))

    def sleep(seconds: float) -> None:
        clock.sleep(seconds)
        if clock.at >= NOW + timedelta(seconds=70):  # the first leaves at once, the second after a minute
            readers.left.add(3)

    wire = ScriptedTransport(lambda one: Delivered(one.delivery_id, Reply(250, "", "ok")))
    pacer = SlowTurns(sleep)
    drain(
        ledger,  # type: ignore[arg-type]
        wire,
        readers,
        clock=clock,
        owner="me",
        policy=DrainPolicy(rate=Rate(1 / 60), settle_rows=1),
        pacer=pacer,  # type: ignore[arg-type]
        sleep=sleep,
    )

    assert wire.seen == [1, 2]
    assert ledger.states() == {1: "sent", 2: "sent", 3: "suppressed"}


class SlowTurns:
    """One turn a minute, the first at once."""

    def __init__(self, sleep: Callable[[float], None]) -> None:
        self._sleep, self._waits = sleep, 0

    def delay(self) -> float:
        return 60.0 * bool(self._waits)

    def take(self) -> None:
        for _ in range(6 * bool(self._waits)):
            self._sleep(10.0)
        self._waits += 1

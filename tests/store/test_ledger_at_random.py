"""Whatever workers do, in whatever order: nobody is lost, nobody is held twice, the counters are the rows."""

from __future__ import annotations

import tempfile
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import hypothesis.strategies as st
from hypothesis import HealthCheck, settings
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, multiple, rule

from newsletter.model.mail import Claim, Deferred, Delivered, Dropped, Kind, NewDelivery, Refused, Reply, Uncertain
from newsletter.store.open import open_store
from tests.support.fakes import FakeLedger
from tests.support.stores import SECRET, fresh_url

DAY = date(2026, 11, 25)
NOW = datetime(2026, 11, 25, 8, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
ALL = ["queued", "claimed", "sending", "sent", "deferred", "refused", "uncertain", "expired", "suppressed", "cancelled"]


class Ledgers(RuleBasedStateMachine):
    """The ledger on SQLite beside the fake: the same moves, the same answers, and the invariants of both."""

    claims = Bundle("claims")

    @initialize()
    def open(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        folder = Path(self.folder.name)
        self.store = open_store(fresh_url("sqlite", folder), secret=SECRET, folder=folder)
        self.real, self.fake = self.store.ledger, FakeLedger()
        self.now = NOW
        self.held: dict[int, tuple[int, datetime]] = {}  # delivery -> (lease, until), as the claims said
        self.settled: dict[int, str] = {}

    def teardown(self) -> None:
        if hasattr(self, "store"):
            self.store.close()
            self.folder.cleanup()

    @rule(readers=st.lists(st.integers(1, 40), max_size=12))
    def queue(self, readers: list[int]) -> None:
        kinds: tuple[Kind, ...] = ("digest", "digest", "confirm")
        rows = [NewDelivery(kinds[one % 3], DAY, one, "{}", NOW + (15, 600)[one % 2] * MINUTE) for one in readers]
        # The fake numbers rows without gaps, as SQLite does when the rows that are there already are left out.
        known = {one.delivery.subscriber_id for one in self.fake.records.values()}
        rows = [row for row in rows if row.subscriber_id not in known]
        rows = list({row.subscriber_id: row for row in rows}.values())
        assert self.real.queue(rows, at=self.now) == self.fake.queue(rows, at=self.now) == len(rows)

    @rule(minutes=st.integers(1, 7))
    def time_passes(self, minutes: int) -> None:
        self.now += minutes * MINUTE

    @rule(target=claims, owner=st.sampled_from("abc"), limit=st.integers(1, 9), lease=st.integers(1, 10))
    def claim(self, owner: str, limit: int, lease: int) -> object:
        found = self.real.claim(owner, limit=limit, now=self.now, lease=lease * MINUTE)
        other = self.fake.claim(owner, limit=limit, now=self.now, lease=lease * MINUTE)
        if found is None or other is None:
            assert found == other
            return multiple()
        assert found.deliveries == other.deliveries
        for one in found.deliveries:
            assert one.id not in self.settled
            assert one.id not in self.held or self.held[one.id][1] <= self.now, "held by two"
            self.held[one.id] = (found.lease_id, found.until)
        return found, other

    @rule(both=claims, minutes=st.integers(1, 9))
    def renew(self, both: tuple[Claim, Claim], minutes: int) -> None:
        real, fake = both
        until = self.now + minutes * MINUTE
        kept = self.real.renew(real, until=until)
        if kept:
            self.held |= {
                one: (real.lease_id, until) for one, (lease, _) in self.held.items() if lease == real.lease_id
            }
        taken_over = any(self.held[one.id][0] != real.lease_id for one in real.deliveries if one.id not in self.settled)
        assert not (kept and taken_over)
        # The fake looks through all leases that ran out, the real one only until its claim is full.
        self.fake.owners[fake.lease_id] = fake.owner if kept else ""
        assert self.fake.renew(fake, until=until) == kept

    @rule(both=claims, picks=st.sets(st.integers(0, 8), max_size=5))
    def start(self, both: tuple[Claim, Claim], picks: set[int]) -> None:
        ids = [one.id for n, one in enumerate(both[0].deliveries) if n in picks]
        self.real.start(ids, now=self.now)
        self.fake.start(ids, now=self.now)

    @rule(both=claims, kinds=st.lists(st.sampled_from("sdrux-"), max_size=9), wait=st.integers(0, 5))
    def settle(self, both: tuple[Claim, Claim], kinds: list[str], wait: int) -> None:
        """Also from a lease that was lost, also twice."""
        reply, due = Reply(450, "4.2.0", "words"), self.now + wait * MINUTE
        outcomes = []
        for one, kind in zip(both[0].deliveries, kinds, strict=False):
            outcome = {
                "s": Delivered(one.id, reply),
                "d": Deferred(one.id, reply, charged=bool(wait % 2)),
                "r": Refused(one.id, reply, "address"),
                "u": Uncertain(one.id, reply),
                "x": Dropped(one.id, "suppressed", "left"),
            }.get(kind)
            if outcome is not None:
                outcomes.append((outcome, due if kind == "d" else None))
                if kind in "srx":
                    self.settled.setdefault(one.id, kind)
        self.real.settle(outcomes, now=self.now)
        self.fake.settle(outcomes, now=self.now)

    @rule(both=consumes(claims))
    def release(self, both: tuple[Claim, Claim]) -> None:
        real, fake = both
        self.real.release(real)
        self.fake.release(fake)
        for one in real.deliveries:
            if self.held[one.id][0] == real.lease_id:
                self.held[one.id] = (0, self.now)

    @rule(wait=st.integers(0, 5))
    def resend(self, wait: int) -> None:
        doubtful = [one.id for one in self.real.uncertain_since(now=self.now)]
        due = self.now + wait * MINUTE
        assert self.real.resend(doubtful, now=self.now, not_before=due) == len(doubtful)
        assert self.fake.resend(doubtful, now=self.now, not_before=due) == len(doubtful)
        assert self.real.resend(doubtful, now=self.now, not_before=due) == 0

    @rule()
    def cancel(self) -> None:
        before = self.real.counts(now=self.now)
        assert self.real.cancel(day=DAY, now=self.now) == self.fake.cancel(day=DAY, now=self.now)
        assert before.get("claimed", 0) == self.real.counts(now=self.now).get("claimed", 0)

    @rule()
    def expire(self) -> None:
        before = self.real.counts(now=self.now)
        assert self.real.expire(now=self.now) == self.fake.expire(now=self.now)
        assert before.get("claimed", 0) == self.real.counts(now=self.now).get("claimed", 0)

    @invariant()
    def counters_are_the_rows_and_both_agree(self) -> None:
        if not hasattr(self, "store"):
            return
        counts = dict(self.real.counts(now=self.now))
        rows = self.real.standings(day=DAY, states=ALL, limit=100, now=self.now)  # type: ignore[arg-type]
        assert sum(counts.values()) == len(self.fake.records) == len(rows)
        assert counts == dict(Counter(one.state for one in rows))
        assert rows == self.fake.standings(day=DAY, states=ALL, limit=100, now=self.now)  # type: ignore[arg-type]
        assert self.real.uncertain_since(now=self.now) == self.fake.uncertain_since(now=self.now)
        assert self.real.next_due(now=self.now) == self.fake.next_due(now=self.now)

    @rule()
    def in_the_end_everybody_is_served(self) -> None:
        """From any state, one worker with time finishes the day; only what is uncertain stays so."""
        for _ in range(200):
            self.now += 10 * MINUTE
            found = self.real.claim("last", limit=50, now=self.now, lease=MINUTE)
            other = self.fake.claim("last", limit=50, now=self.now, lease=MINUTE)
            if found is None or other is None:
                assert found == other
                break
            outcomes = [(Delivered(one.id), None) for one in found.deliveries]
            self.settled |= dict.fromkeys((one.id for one in found.deliveries), "s")
            self.held |= {one.id: (found.lease_id, found.until) for one in found.deliveries}
            self.real.settle(outcomes, now=self.now)
            self.fake.settle(outcomes, now=self.now)
        assert self.real.next_due(now=self.now) is None
        assert not {"queued", "claimed", "sending", "deferred"} & set(self.real.counts(now=self.now))


TestLedgers = Ledgers.TestCase
TestLedgers.settings = settings(
    max_examples=50, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
)

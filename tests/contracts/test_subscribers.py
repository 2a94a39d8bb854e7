"""The contract of the subscribers: one row an address, and nobody is written to who must not be."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from newsletter.errors import AddressError
from newsletter.model.paper import Paper, identity_keys
from newsletter.model.subscriber import Addressee, Feedback, Hours, Subscriber

if TYPE_CHECKING:
    from newsletter.ports import Subscribers
    from tests.support.stores import Stores

NOW = datetime(2026, 11, 20, 8, 0, 0, 123456, tzinfo=UTC)
ADA = Subscriber(
    email="Ada.Lovelace@Example.ORG",
    name="Ada “Ünï” Lovelace",
    status="pending",
    topics=("lm", "vision"),
    cadence="weekly",
    send_hour=0,
    timezone="Europe/London",
    locale="en",
    per_topic=3,
    text_only=True,
    created_at=NOW,
    confirmed_at=NOW + timedelta(minutes=1),
    paused_until=date(2026, 12, 24),
    consent="web form v1",
    generation=2,
)


def added(subscribers: Subscribers, email: str, **fields: object) -> Subscriber:
    stored = subscribers.add(Subscriber(email=email, **fields))  # type: ignore[arg-type]
    assert stored is not None
    return stored


def test_a_reader_comes_back_as_she_was_under_any_spelling_of_her_address(store: Stores) -> None:
    stored = store.subscribers.add(ADA)

    assert stored is not None
    assert stored.id > 0
    assert stored == replace(ADA, id=stored.id)
    assert store.subscribers.by_email(" ada.lovelace@EXAMPLE.org ") == stored
    assert store.subscribers.get([stored.id, 99]) == {stored.id: stored}
    assert store.subscribers.add(replace(ADA, email="ADA.LOVELACE@example.org")) is None
    assert store.subscribers.by_email("nobody@example.org") is None


def test_a_reader_with_nothing_but_an_address_has_nothing_else(store: Stores) -> None:
    stored = added(store.subscribers, "b@example.org")

    assert store.subscribers.by_email("b@example.org") == Subscriber(id=stored.id, email="b@example.org")


def test_an_import_says_of_each_row_what_became_of_it_in_order(store: Stores) -> None:
    store.subscribers.suppress("Barred@example.org", "complained", at=NOW)
    added(store.subscribers, "known@example.org")
    rows = [
        Subscriber(email=one) for one in ("a@x.org", "BARRED@example.org", "Known@example.org", "b@x.org", "A@x.org")
    ]

    results = list(store.subscribers.add_many(iter(rows)))

    assert [(one.email, result) for one, result in results] == [
        ("a@x.org", "added"),
        ("BARRED@example.org", "suppressed"),
        ("Known@example.org", "known"),
        ("b@x.org", "added"),
        ("A@x.org", "known"),
    ]
    assert [one.id > 0 for one, _ in results] == [True, False, False, True, False]
    assert store.subscribers.get([results[0][0].id]) == {results[0][0].id: results[0][0]}


def test_a_long_list_streams_and_is_paged_by_id(store: Stores) -> None:
    stream = store.subscribers.add_many(Subscriber(email=f"r{n}@x.org") for n in range(2500))
    assert sum(result == "added" for _, result in stream) == 2500
    left = store.subscribers.by_email("r0@x.org")
    assert left is not None
    store.subscribers.update(replace(left, status="left"))

    everybody = list(store.subscribers.every())
    assert [one.email for one in everybody] == [f"r{n}@x.org" for n in range(2500)]
    first = store.subscribers.active(limit=1000)
    second = store.subscribers.active(after_id=first[-1].id, limit=2000)
    assert (*first, *second) == tuple(everybody[1:])
    assert store.subscribers.active(after_id=second[-1].id) == ()
    assert store.subscribers.counts() == {"active": 2499, "left": 1}


def test_a_change_is_kept_whole_and_takes_nobody_s_address(store: Stores) -> None:
    stored = added(store.subscribers, "a@x.org")
    added(store.subscribers, "b@x.org")
    changed = replace(ADA, id=stored.id, email="new@x.org")
    store.subscribers.update(changed)

    assert store.subscribers.by_email("new@x.org") == changed
    assert store.subscribers.by_email("a@x.org") is None
    with pytest.raises(AddressError, match="Another subscriber"):
        store.subscribers.update(replace(changed, email="B@X.org"))
    assert store.subscribers.by_email("new@x.org") == changed


def test_who_left_is_not_mailed_and_may_come_back(store: Stores) -> None:
    stored = added(store.subscribers, "a@x.org")

    assert store.subscribers.remove("A@x.org", at=NOW)
    assert not store.subscribers.remove("nobody@x.org", at=NOW)
    assert store.subscribers.active() == ()
    assert store.subscribers.by_email("a@x.org") == replace(stored, status="left")
    store.subscribers.update(replace(stored, status="active"))
    assert store.subscribers.active() == (stored,)


def test_a_leave_is_not_undone_by_who_read_her_row_before_it(store: Stores) -> None:
    people = store.subscribers
    before = added(people, "a@x.org")
    assert people.remove("a@x.org", at=NOW)

    assert people.update(replace(before, paused_until=date(2026, 12, 1), topics=("vision",)), before)
    assert not people.update(replace(before, status="bounced"), before)
    assert not people.update(replace(before, generation=before.generation + 1), before)
    assert people.update(before, before)

    left = replace(before, status="left", paused_until=date(2026, 12, 1), topics=("vision",))
    assert people.by_email("a@x.org") == left
    assert people.update(replace(left, status="pending", generation=7), left)
    assert people.by_email("a@x.org") == replace(left, status="pending", generation=7)


def test_who_complained_and_leaves_is_still_known_to_have_complained(store: Stores) -> None:
    stored = replace(added(store.subscribers, "a@x.org"), status="complained")
    store.subscribers.update(stored)
    assert store.subscribers.remove("a@x.org", at=NOW)
    assert store.subscribers.by_email("a@x.org") == stored


def test_who_is_forgotten_leaves_a_hash_and_her_number_is_never_another_s(store: Stores) -> None:
    added(store.subscribers, "a@x.org")
    last = added(store.subscribers, "Eve@x.org")
    store.subscribers.say(Feedback(last.id, "2611.1", "more", NOW))

    assert store.subscribers.forget("eve@X.org", at=NOW)
    assert not store.subscribers.forget("eve@x.org", at=NOW)
    assert store.subscribers.by_email("eve@x.org") is None
    assert store.subscribers.said([last.id]) == {}
    ((hashed, reason, since),) = store.subscribers.suppressions()
    assert (len(hashed), "eve" in hashed, reason, since) == (64, False, "forgotten", NOW)
    with pytest.raises(AddressError, match="may not be written to"):
        store.subscribers.add(Subscriber(email="EVE@x.org"))
    assert store.subscribers.unsuppress("eve@x.org")
    assert added(store.subscribers, "eve@x.org").id > last.id


def test_who_never_confirmed_is_erased_without_a_trace(store: Stores) -> None:
    stored = added(store.subscribers, "a@x.org", status="pending")
    store.subscribers.say(Feedback(stored.id, "p", "more", NOW))

    assert store.subscribers.erase("A@x.org")
    assert not store.subscribers.erase("a@x.org")
    assert list(store.subscribers.suppressions()) == []
    assert store.subscribers.said([stored.id]) == {}
    assert added(store.subscribers, "a@x.org").id > stored.id


def test_a_suppression_keeps_its_first_reason_until_it_is_lifted(store: Stores) -> None:
    store.subscribers.suppress("a@x.org", "bounced", at=NOW)
    store.subscribers.suppress("A@X.org", "complained", at=NOW + timedelta(days=1))

    assert store.subscribers.suppressed(["A@x.org", "a@x.org", "b@x.org"]) == {"A@x.org", "a@x.org"}
    assert [one[1:] for one in store.subscribers.suppressions()] == [("bounced", NOW)]
    assert store.subscribers.unsuppress("a@x.org")
    assert not store.subscribers.unsuppress("a@x.org")
    assert store.subscribers.suppressed(["a@x.org"]) == frozenset()


def test_feedback_is_kept_in_order_and_only_of_readers_there_are(store: Stores) -> None:
    one, two = added(store.subscribers, "a@x.org"), added(store.subscribers, "b@x.org")
    later = Feedback(one.id, "p", "less", NOW + timedelta(hours=1))
    first = Feedback(one.id, "", "mute", NOW, topic="lm")
    for said in (later, first, Feedback(999, "p", "more", NOW)):
        store.subscribers.say(said)

    assert store.subscribers.said([one.id, two.id, 999]) == {one.id: (first, later)}


def test_a_sign_up_that_is_erased_may_come_again(store: Stores) -> None:
    added(store.subscribers, "ada@example.org", status="pending")

    assert store.subscribers.erase("ADA@example.org") is True
    assert store.subscribers.erase("ada@example.org") is False
    assert store.subscribers.by_email("ada@example.org") is None
    assert store.subscribers.suppressed(["ada@example.org"]) == frozenset()


def test_the_hours_of_active_readers_are_counted_by_choice(store: Stores) -> None:
    assert store.subscribers.hours() == {}
    for number in range(3):
        added(store.subscribers, f"{number}@example.org", timezone="Asia/Kathmandu", send_hour=0, cadence="weekly")
    added(store.subscribers, "default@example.org")
    added(store.subscribers, "left@example.org", status="left")

    assert store.subscribers.hours() == {Hours("Asia/Kathmandu", 0, "weekly"): 3, Hours(None, None, None): 1}


def test_the_languages_of_active_readers_are_counted(store: Stores) -> None:
    assert store.subscribers.locales() == {}
    for number in range(3):
        added(store.subscribers, f"{number}@example.org", locale="de_AT")
    added(store.subscribers, "default@example.org")
    added(store.subscribers, "left@example.org", status="left", locale="fr")

    assert store.subscribers.locales() == {"de_AT": 3, None: 1}


def test_whoever_never_confirmed_is_known_after_a_while(store: Stores) -> None:
    for email, status, created in (
        ("old@example.org", "pending", NOW - timedelta(days=8)),
        ("new@example.org", "pending", NOW - timedelta(days=6)),
        ("undated@example.org", "pending", None),
        ("reader@example.org", "active", NOW - timedelta(days=8)),
    ):
        store.subscribers.add(Subscriber(email=email, status=status, created_at=created))  # type: ignore[arg-type]

    assert store.subscribers.stale(before=NOW - timedelta(days=7)) == ("old@example.org",)


def test_a_mail_is_told_of_a_reader_what_it_needs_and_whether_she_may_be_written_to(store: Stores) -> None:
    ada = store.subscribers.add(
        Subscriber(email="Ada@x.org", topics=("a", "b"), cadence="weekly", locale="de", text_only=True, generation=3)
    )
    bob = added(store.subscribers, "bob@x.org")
    assert ada is not None
    plain = Addressee(ada.id, "Ada@x.org", "active", ("a", "b"), "weekly", "de", True, 3)
    other = Addressee(bob.id, "bob@x.org", "active", (), None, None, False, 0)
    assert store.subscribers.addressees([ada.id, bob.id, 999]) == {ada.id: plain, bob.id: other}

    store.subscribers.suppress("ada@X.org", "complained", at=NOW)

    assert store.subscribers.addressees([ada.id, bob.id]) == {ada.id: plain._replace(barred=True), bob.id: other}


def test_a_whole_library_is_said_at_once_and_strangers_leave_no_word(store: Stores) -> None:
    ada = added(store.subscribers, "ada@example.org")
    words = [Feedback(ada.id, f"2611.0000{n}", "more", NOW + timedelta(seconds=n), source="mine.bib") for n in range(3)]
    store.subscribers.say_all([*words, Feedback(ada.id + 99, "2611.00009", "more", NOW)])
    store.subscribers.say_all([])
    assert store.subscribers.said([ada.id, ada.id + 99]) == {ada.id: tuple(words)}


def test_what_a_reader_brings_is_hers_alone_and_goes_with_her(store: Stores) -> None:
    ada, bob = added(store.subscribers, "ada@example.org"), added(store.subscribers, "bob@example.org")
    paper = Paper(id="2601.00001", arxiv_id="2601.00001", title="A paper that everybody waits for", abstract="Mine.")
    other = Paper(id="10.1000/x", doi="10.1000/x", title="Another paper that everybody waits for")
    store.subscribers.bring(ada.id, [paper, other])
    store.subscribers.bring(ada.id, [replace(paper, abstract="Mine, corrected.")])
    store.subscribers.bring(bob.id, [replace(paper, title="Buy my book")])
    store.subscribers.bring(bob.id + 99, [paper])

    assert store.papers.get([paper.id]) == store.papers.find(identity_keys(paper)) == {}
    assert store.papers.count() == 0
    assert store.subscribers.brought([ada.id, bob.id, bob.id + 99]) == {
        ada.id: {
            paper.id: replace(paper, abstract="Mine, corrected.", brought=True),
            other.id: replace(other, brought=True),
        },
        bob.id: {paper.id: replace(paper, title="Buy my book", brought=True)},
    }
    store.subscribers.drop_brought(ada.id, [other.id, "2601.09999"])
    assert [*store.subscribers.brought([ada.id])[ada.id]] == [paper.id]
    store.subscribers.drop_brought(ada.id, None)
    store.subscribers.forget("bob@example.org", at=NOW)
    assert store.subscribers.brought([ada.id, bob.id]) == {}

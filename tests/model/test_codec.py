"""Editions and issues survive being written down."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime

from newsletter.model.codec import edition_from_json, edition_to_json, issue_from_payload, issue_to_payload
from newsletter.model.edition import Card, Edition, FollowUp, Issue, LeftOut, Part, Pick, Pool, Score, Section
from newsletter.model.paper import Paper

DAY = date(2026, 11, 20)
PICK = Pick(
    "2611.00001",
    "language-models",
    DAY,
    1,
    Score((Part("words", 1.5, "alignment"), Part("trend", 0.25, "12 upvotes"))),
    "It matches alignment and has 12 upvotes.",
    ("exploration",),
)
EDITION = Edition(
    DAY,
    datetime(2026, 11, 20, 8, tzinfo=UTC),
    (Pool("language-models", "Language models", 5, (PICK,)),),
    (
        Card(
            Paper(id="2611.00001", title="Ünïcode “quotes”", authors=("A. B.",), published=DAY),
            DAY,
            upvotes=12,
            trend=(("2026-11-20T08:00:00+00:00", 12.0),),
        ),
    ),
    (LeftOut("2611.00002", "language-models", "below the gate"),),
    ("huggingface: 23 papers",),
    (FollowUp("2611.00001", "code", "Code is out."),),
)


def test_an_edition_read_back_is_the_same_edition_and_the_same_bytes() -> None:
    text = edition_to_json(EDITION)

    assert edition_from_json(text) == EDITION
    assert edition_to_json(edition_from_json(text)) == text


def test_an_issue_is_kept_as_its_picks_and_comes_back_with_their_scores() -> None:
    issue = Issue(7, DAY, (DAY,), (Section("language-models", "Language models", (PICK,), 3),), EDITION.follow_ups)

    payload = issue_to_payload(issue)

    assert json.loads(payload)["sections"] == [
        [
            "language-models",
            "Language models",
            3,
            [["2611.00001", "2026-11-20", "language-models", "exploration"]],
        ]
    ]
    assert issue_from_payload(payload, subscriber_id=7, day=DAY, editions=[EDITION]) == issue

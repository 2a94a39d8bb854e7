"""Whatever is asked, the answer is an answer: never a fault, always with the headers."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import quote

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from newsletter.model.paper import Paper
from newsletter.web.citing import bibtex, ris
from newsletter.web.doors import doors
from newsletter.web.stamps import Stamps
from tests.support.website import SetClock

if TYPE_CHECKING:
    from tests.support.website import Site

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
FEW = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@FEW
@given(data=st.data())
def test_no_door_can_be_made_to_fail(week: Site, data: st.DataObject) -> None:
    door = data.draw(st.sampled_from(doors()))
    part = st.one_of(TEXT, st.sampled_from(["2025-11-20", "2511.12609", "vision", "../..", "%2e%2e", "~", "2025-W47"]))
    path = re.sub(r"\{[^}]+\}", lambda _: quote(data.draw(part), safe="/%~.") or "x", door.path)
    names = st.sampled_from(
        ["q", "cursor", "after", "limit", "from", "to", "topic", "paper", "choice", "by", "day", "email"]
    )
    query = data.draw(st.dictionaries(names, TEXT, max_size=4))
    browser = week.client()

    answer = browser.get(path, params=query)

    assert answer.status_code < 500
    assert "content-security-policy" in answer.headers
    assert "location" not in answer.headers


@FEW
@given(
    body=st.one_of(st.binary(max_size=200), TEXT.map(str.encode)),
    kind=st.sampled_from(
        ["application/json", "multipart/form-data; boundary=x", "application/x-www-form-urlencoded", "text/plain", ""]
    ),
)
def test_no_body_can_make_a_door_fail(week: Site, body: bytes, kind: str) -> None:
    for path in (
        "/subscribe",
        "/link",
        "/unsubscribe/x",
        "/feedback/x",
        "/api/v1/subscriptions",
        "/hooks/ses",
        "/operator/login",
    ):
        answer = week.client().post(path, content=body, headers={"Content-Type": kind} if kind else {})
        assert 200 <= answer.status_code < 500, path


@given(title=TEXT, author=TEXT, journal=TEXT)
def test_no_paper_can_break_out_of_its_citation(title: str, author: str, journal: str) -> None:
    paper = Paper(id="2511.00001", arxiv_id="2511.00001", title=title, authors=(author,), journal=journal)

    entry, record = bibtex([paper]), ris([paper])

    bare = re.sub(r"\\text\w+\{\}|\\.", "", entry)
    assert bare.count("{") == bare.count("}")
    assert len(re.findall(r"(?m)^@", entry)) == 1
    assert re.findall(r"(?m)^[A-Z]{2}(?=  - )", record)[0] == "TY"
    assert record.count("\r\nER  - \r\n") == 1
    assert all(re.match(r"[A-Z]{2}  - ", line) for line in record.rstrip("\r\n").split("\r\n"))


@given(st.text(max_size=60))
def test_a_form_is_fresh_only_with_our_stamp(text: str) -> None:
    clock, stamps = SetClock(datetime(2026, 1, 1, tzinfo=UTC)), Stamps("secret")
    stamp = stamps.stamp(clock.now())

    assert not stamps.fresh(text, clock.now() + timedelta(minutes=1))
    assert not stamps.fresh(stamp, clock.now() + timedelta(seconds=1))
    assert stamps.fresh(stamp, clock.now() + timedelta(minutes=1))
    assert not Stamps("other").fresh(stamp, clock.now() + timedelta(minutes=1))
    assert not stamps.fresh(stamp, clock.now() + timedelta(days=2))

"""The API: cursors, keys, errors, and a document that is true of it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from newsletter.model.mail import Note
from newsletter.model.subscriber import Subscriber
from newsletter.web.doors import doors
from tests.support.website import FAST, open_site

if TYPE_CHECKING:
    from pathlib import Path

    from starlette.testclient import TestClient

    from tests.support.website import Site


JSON = {"Content-Type": "application/json"}


def walk(browser: TestClient, path: str, limit: int, **headers: str) -> list[Any]:
    items, cursor = [], ""
    for _ in range(100):
        page = browser.get(f"{path}?limit={limit}&cursor={cursor}", headers=headers).json()
        items += page["items"]
        if page["next"] is None:
            return items
        cursor = page["next"]
    raise AssertionError("the pages never end")


def test_papers_and_editions_come_whole_through_any_page_size(week: Site) -> None:
    browser = week.client()
    papers = walk(browser, "/api/v1/papers", 100)

    assert walk(browser, "/api/v1/papers", 3) == papers
    keys = [(one["edition"], one["id"]) for one in papers]
    assert len(set(keys)) == len(keys)
    assert [one["edition"] for one in papers] == sorted((one["edition"] for one in papers), reverse=True)
    assert [one["day"] for one in walk(browser, "/api/v1/editions", 2)] == [
        f"2025-11-{day}" for day in range(21, 16, -1)
    ]


def test_an_edition_says_why_each_paper_is_in_it(week: Site) -> None:
    edition = week.press.editions.get(date(2025, 11, 20))
    assert edition is not None

    answer = week.client().get("/api/v1/editions/2025-11-20").json()

    pick = edition.pools[0].shown[0]
    first = answer["topics"][0]["papers"][0]
    assert (first["id"], first["rank"], first["why"]) == (pick.paper_id, 1, pick.why)
    assert [(one["name"], one["value"]) for one in first["score"]] == [(p.name, p.value) for p in pick.score.parts]
    paper = week.client().get(f"/api/v1/papers/{pick.paper_id}").json()
    assert paper["readings"][0]["signal"] == "huggingface.upvotes"


@pytest.mark.parametrize(
    ("path", "status"),
    [
        *(("papers/9999.1", 404), ("papers/", 404), ("editions/2020-01-01", 404), ("editions/x", 404), ("nope", 404)),
        *(("papers?limit=0", 400), ("papers?limit=x", 400), ("papers?cursor=x", 400), ("editions?cursor=x", 400)),
        *(("search", 400), ("search?q=a&cursor=!", 400), ("search?q=a&to=", 400), ("subscribers", 401), ("runs", 401)),
    ],
)
def test_errors_are_problem_json(week: Site, path: str, status: int) -> None:
    answer = week.client().get(f"/api/v1/{path}")

    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert answer.json()["status"] == status


def test_a_sign_up_with_a_key_is_done_once_and_answered_the_same(site: Site) -> None:
    browser, key = site.client(), {"Idempotency-Key": "one"}

    answers = [browser.post("/api/v1/subscriptions", json={"email": "a@example.org"}, headers=key) for _ in range(15)]
    other = browser.post("/api/v1/subscriptions", json={"email": "b@example.org"}, headers=key)

    assert {(one.status_code, one.text) for one in answers} == {(202, '{"status":"accepted"}')}
    assert other.status_code == 409
    assert len(site.send()) == 1


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 400),
        ([], 400),
        ({"email": 1}, 400),
        ({"email": "a@example.org", "role": "admin"}, 400),
        ({"email": "a@example.org", "send_hour": 24}, 400),
        ({"email": "a@example.org", "send_hour": True}, 400),
        ({"email": "a@example.org", "topics": "vision"}, 400),
        ({"email": "a@example.org", "send_hour": 5.5}, 400),
        ({"email": "a@example.org", "send_hour": float("inf")}, 400),
        ({"email": "a@example.org", "topics": ["vision"], "cadence": "weekly", "send_hour": 5.0}, 202),
        ({"email": "nobody"}, 422),
        ({"email": "a@example.org", "topics": ["vision", "nope"]}, 422),
        ({"email": "a@example.org", "timezone": "Mars/Base"}, 422),
        ({"email": "a@example.org", "timezone": "localtime"}, 422),
        ({"email": "a|b@example.org"}, 403),
        ({"email": "a@example.org", "topics": ["vision"], "cadence": "weekly", "send_hour": 5}, 202),
    ],
)
def test_a_body_is_held_to_the_document(site: Site, body: object, status: int) -> None:
    answer = site.client().post("/api/v1/subscriptions", content=json.dumps(body), headers=JSON)

    assert answer.status_code == status
    if status == 202:
        added = site.press.subscribers.by_email("a@example.org")
        assert added is not None
        assert (added.status, added.topics, added.cadence, added.send_hour) == ("pending", ("vision",), "weekly", 5)


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        ('{"email": "a@example.org"}', "text/plain", 415),
        ('{"email": "a@example.org"}', "", 415),
        ('{"email": "a@example.org"}', "application/x-www-form-urlencoded", 415),
        ('{"email": "a@example.org", "email": "b@example.org"}', "application/json", 400),
        ('{"email": "a@example.org"}', "Application/JSON; charset=utf-8", 202),
    ],
)
def test_a_write_is_json_says_so_and_says_nothing_twice(site: Site, body: str, kind: str, status: int) -> None:
    answer = site.client().post("/api/v1/subscriptions", content=body, headers={"Content-Type": kind} if kind else {})

    assert answer.status_code == status
    assert (site.press.subscribers.by_email("a@example.org") is not None) == (status == 202)
    assert site.press.subscribers.by_email("b@example.org") is None


def test_a_search_s_cursor_is_good_for_that_search_alone(week: Site) -> None:
    browser = week.client()
    cursor = browser.get("/api/v1/search?q=robot&limit=2").json()["next"]

    assert browser.get(f"/api/v1/search?q=robot&limit=2&cursor={cursor}").status_code == 200
    assert browser.get(f"/api/v1/search?q=other&limit=2&cursor={cursor}").status_code == 409
    assert browser.get(f"/api/v1/search?q=robot&cursor={cursor[:20]}").status_code == 400


@pytest.mark.parametrize(
    "name", ["2511.12609v3", "arXiv:2511.12609", "10.48550/arXiv.2511.12609", "https://arxiv.org/pdf/2511.12609v1.pdf"]
)
def test_a_paper_is_found_by_whatever_a_person_pastes(week: Site, name: str) -> None:
    page = week.client().get(f"/paper/{name}", follow_redirects=False)

    assert week.client().get(f"/api/v1/papers/{name}").json()["id"] == "2511.12609"
    assert (page.status_code, page.headers["location"]) == (301, "/paper/2511.12609")


def test_the_operator_s_token_opens_readers_and_runs(tmp_path: Path, collected: Path) -> None:
    site = open_site(tmp_path / "site", like=collected, settings=replace(FAST, operator_token="a-long-token"))
    for n in range(5):
        site.press.subscribers.add(Subscriber(email=f"r{n}@example.org"))
    run = site.press.runs.begin("run", date(2025, 11, 21), at=site.clock.now())
    site.press.runs.note(run, [Note("info", "edition", "printed")])
    browser, headers = site.client(), {"Authorization": "Bearer a-long-token"}

    assert [one["email"] for one in walk(browser, "/api/v1/subscribers", 2, **headers)] == [
        f"r{n}@example.org" for n in range(5)
    ]
    runs = browser.get("/api/v1/runs", headers=headers).json()
    assert [(one["command"], one["notes"][0]["text"]) for one in runs["items"]] == [("run", "printed")]
    later = [site.press.runs.begin("tend", date(2025, 11, 21), at=site.clock.now()) for _ in range(4)]
    assert [one["id"] for one in walk(browser, "/api/v1/runs", 2, **headers)] == [*reversed(later), run]
    assert browser.get("/api/v1/runs", headers={"Authorization": "Bearer wrong"}).status_code == 401
    assert browser.get("/api/v1/runs").headers["www-authenticate"] == "Bearer"
    site.store.close()


def test_the_document_names_every_address_of_the_api_and_every_schema_it_points_to(week: Site) -> None:
    document = week.client().get("/api/v1/openapi.json").json()

    paths = {door.path.replace(":path}", "}") for door in doors() if door.path.startswith("/api/")}
    assert set(document["paths"]) == paths
    assert document["servers"] == [{"url": "http://localhost:8000"}]
    text = str(document)
    for name in {part.split("'")[0] for part in text.split("#/components/schemas/")[1:]}:
        assert name in document["components"]["schemas"]


def test_answers_have_what_the_document_promises(week: Site) -> None:
    browser = week.client()
    document = browser.get("/api/v1/openapi.json").json()
    schemas = document["components"]["schemas"]
    samples = {"{id}": "2511.12609", "{day}": "2025-11-20"}
    for path, entry in document["paths"].items():
        if "get" not in entry or entry["get"].get("security"):
            continue
        real = path
        for name, value in samples.items():
            real = real.replace(name, value)
        answer = browser.get(real, params={"q": "robot"}).json()
        schema = entry["get"]["responses"]["200"]["content"]["application/json"]["schema"]["$ref"].split("/")[-1]
        assert set(schemas[schema].get("required", ())) <= set(answer), path
        if "items" in schemas[schema].get("properties", {}):
            item = schemas[schema]["properties"]["items"]["items"]["$ref"].split("/")[-1]
            assert answer["items"], path
            assert set(schemas[item]["required"]) <= set(answer["items"][0]) <= set(schemas[item]["properties"]), path

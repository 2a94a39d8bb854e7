"""What every answer wears, and what a request may not do."""

from __future__ import annotations

import socket
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from http.client import HTTPConnection
from threading import Thread
from time import monotonic, sleep
from typing import TYPE_CHECKING

import pytest
import uvicorn

from newsletter.model.subscriber import Subscriber
from newsletter.web.ask import client_of, prefix_of
from newsletter.web.server import Punctual, configure
from newsletter.web.settings import WebSettings
from tests.support.browsing import serving
from tests.support.website import FAST, open_site

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.website import Site

JSON = {"Content-Type": "application/json"}
TOKENS = ("confirm", "preferences", "unsubscribe", "feedback")


def links(site: Site) -> list[str]:
    who = site.press.subscribers.by_email("h@example.org") or site.press.subscribers.add(
        Subscriber(email="h@example.org")
    )
    assert who is not None
    query = "?paper=2511.12609&choice=more"
    return [f"/{kind}/{site.press.signer.sign(kind, who.id, who.generation)}{query}" for kind in TOKENS]


@pytest.mark.parametrize("path", ["/", "/day/2025-11-20", "/paper/2511.12609", "/search?q=x", "/nothing", "/api/v1/x"])
def test_every_answer_forbids_foreign_scripts_frames_and_sniffing(week: Site, path: str) -> None:
    headers = week.client().get(path).headers

    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert "set-cookie" not in headers


def test_pages_behind_a_link_are_kept_indexed_and_referred_by_nobody(site: Site) -> None:
    for path in [*links(site), "/confirm/forged"]:
        answer = site.client().get(path)
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["x-robots-tag"] == "noindex, nofollow"
        assert "script-src" not in answer.headers["content-security-policy"]
        assert "<script" not in answer.text
        assert "set-cookie" not in answer.headers
        outside = [part for part in answer.text.split('"') if part.startswith(("http://", "https://", "//"))]
        assert [one for one in outside if "arxiv.org" not in one and "github.com" not in one] == []


def test_a_poisoned_host_header_changes_no_link(week: Site) -> None:
    for path in ("/", "/feed.atom", "/sitemap.xml", "/api/v1/editions", "/day/2025-11-20/", "//evil.example/"):
        answer = week.client().get(path, headers={"Host": "evil.example", "X-Forwarded-Host": "evil.example"})
        assert "evil.example" not in answer.text
        assert "location" not in answer.headers


def test_bodies_that_are_too_long_broken_or_strange_are_refused_in_words(site: Site) -> None:
    browser = site.client()
    leave = links(site)[2]
    multipart = {"Content-Type": "multipart/form-data; boundary=x"}

    answers = [
        browser.post("/subscribe", data={"email": "x" * 70_000}),
        browser.post("/subscribe", content=(b"x" * 30_000 for _ in range(3))),
        browser.post("/subscribe", content=b"&".join(b"a=1" for _ in range(300))),
        browser.post("/subscribe", content=b"--x\r\nbroken", headers=multipart),
        browser.post("/link", content=b"no boundary", headers={"Content-Type": "multipart/form-data"}),
        browser.post("/api/v1/subscriptions", content=b"[" * 50_000, headers=JSON),
        browser.post("/api/v1/subscriptions", content=b'{"email": "\\ud800@example.org"}', headers=JSON),
        browser.request("TRACE", "/subscribe"),
        browser.request("DELETE", leave),
        browser.put("/", content=b"x"),
    ]

    assert [one.status_code for one in answers] == [413, 413, 400, 400, 400, 400, 403, 405, 405, 405]
    assert site.press.subscribers.by_email("h@example.org") is not None


def test_a_request_that_names_the_whole_address_is_answered_for_its_path(site: Site) -> None:
    leave = links(site)[2].partition("?")[0]
    with serving(site.app) as base, socket.create_connection(("127.0.0.1", int(base.rpartition(":")[2]))) as line:
        head = [f"POST http://evil.example{leave} HTTP/1.1", "Host: evil.example", "Content-Length: 0"]
        line.sendall("\r\n".join([*head, "Connection: close", "", ""]).encode())
        line.settimeout(5)
        answer = b"".join(iter(lambda: line.recv(65536), b""))

    who = site.press.subscribers.by_email("h@example.org")
    assert (answer[:15], b"evil" in answer, who.status if who else "") == (b"HTTP/1.1 200 OK", False, "left")


def test_a_body_that_trickles_in_is_not_waited_for(tmp_path: Path, collected: Path) -> None:
    slow = replace(FAST, body_time_limit=timedelta(milliseconds=200))
    site = open_site(tmp_path / "slow", like=collected, settings=slow)
    with serving(site.app) as base, socket.create_connection(("127.0.0.1", int(base.rpartition(":")[2]))) as line:
        line.sendall(b"POST /subscribe HTTP/1.1\r\nHost: x\r\nContent-Length: 900\r\n\r\nemail=")
        line.settimeout(5)
        answer = line.recv(4096)
    site.store.close()

    assert answer.startswith(b"HTTP/1.1 408 ")


def test_a_head_that_trickles_in_is_not_waited_for(week: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Punctual, "head_time", 0.3)
    with serving(week.app) as base:
        port = int(base.rpartition(":")[2])
        good = HTTPConnection("127.0.0.1", port, timeout=5)
        with socket.create_connection(("127.0.0.1", port)) as slow, closing(good):
            good.request("GET", "/robots.txt")
            first = good.getresponse()
            assert (first.status, first.read()[:10]) == (200, b"User-agent")
            with pytest.raises(OSError, match=r"pipe|reset"):  # noqa: PT012 - the third byte or the thirtieth
                for _ in range(100):
                    slow.sendall(b"G")
                    sleep(0.05)
            good.request("GET", "/robots.txt")  # on the same connection
            assert good.getresponse().status == 200


def test_a_page_is_not_held_back_until_the_browser_acknowledges_its_head(week: Site) -> None:
    with socket.create_server(("127.0.0.1", 0)) as place:  # as `newsletter serve` opens it
        server = uvicorn.Server(configure(week.app, "127.0.0.1", place.getsockname()[1]))
        thread = Thread(target=server.run, kwargs={"sockets": [place]})
        thread.start()
        line = HTTPConnection("127.0.0.1", place.getsockname()[1], timeout=10)
        while not server.started:
            sleep(0.01)
        line.request("GET", "/robots.txt")
        line.getresponse().read()
        held = [
            one.transport.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)  # type: ignore[union-attr]
            for one in server.server_state.connections
        ]
        line.close()
        server.should_exit = True
        thread.join(10)

    assert held == [1]


def test_every_answer_to_a_sign_up_takes_the_same_least_time(tmp_path: Path, collected: Path) -> None:
    site = open_site(tmp_path / "even", like=collected, settings=WebSettings())
    site.press.subscribers.add(Subscriber(email="known@example.org"))
    site.press.subscribers.suppress("gone@example.org", "asked", at=site.clock.now())
    took = []
    for email in ("known@example.org", "new@example.org", "gone@example.org"):
        for path in ("/subscribe", "/link"):
            start = monotonic()
            site.client(f"198.51.{len(took)}.1").post(path, data={"email": email})
            took.append(monotonic() - start)
    site.store.close()

    assert min(took) >= 0.25


def test_logs_never_hold_a_token(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    for path in links(site):
        site.client().get(path)
        site.client().post(path)

    tokens = [path.split("/")[2].split("?")[0] for path in links(site)]
    ours = [record.getMessage() for record in caplog.records if record.name.startswith(("newsletter", "uvicorn"))]
    assert not any(token in line for token in tokens for line in ours)


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("203.0.113.9", "1.1.1.1", "203.0.113.9"),  # no proxy of ours: the header is a lie
        ("10.0.0.1", "198.51.100.7", "198.51.100.7"),
        ("10.0.0.1", "6.6.6.6, 198.51.100.7", "198.51.100.7"),  # only the last step was written by our proxy
        ("10.0.0.1", "198.51.100.7, 10.0.0.2", "198.51.100.7"),  # a chain of our proxies
        ("10.0.0.1", "nonsense", "10.0.0.1"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("", "1.1.1.1", ""),
    ],
)
def test_only_configured_proxies_say_who_the_client_is(peer: str, forwarded: str, client: str) -> None:
    assert client_of(peer, forwarded, ("10.0.0.0/8",)) == client


def test_limits_count_networks_not_single_addresses() -> None:
    assert prefix_of("203.0.113.9") == prefix_of("203.0.113.200") == prefix_of("::ffff:203.0.113.4") == "203.0.113.0/24"
    assert prefix_of("2001:db8:1:2::1") == prefix_of("2001:db8:1:ff::9") == "2001:db8:1::/56"
    assert prefix_of("testclient") == "testclient"


def test_styles_are_kept_for_ever_under_an_address_with_their_hash(week: Site) -> None:
    page = week.client().get("/").text
    href = page.split('rel="stylesheet" href="')[1].split('"')[0]

    answer = week.client().get(href)

    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["content-type"].startswith("text/css")
    assert FAST.body_limit == 65536


@pytest.mark.parametrize("path", ["/", "/day/2025-11-20", "/paper/2511.12609", "/feed.atom", "/search?q=reasoning"])
def test_a_page_that_a_reader_has_already_is_not_sent_again(week: Site, path: str) -> None:
    first = week.client().get(path)
    again = week.client().get(path, headers={"If-None-Match": f'"other", {first.headers["etag"]}'})
    other = week.client().get(path, headers={"If-None-Match": '"other"'})

    assert (again.status_code, again.content) == (304, b"")
    assert [again.headers[name] for name in ("etag", "cache-control", "content-security-policy")] == [
        first.headers[name] for name in ("etag", "cache-control", "content-security-policy")
    ]
    assert (other.status_code, other.headers["etag"]) == (200, first.headers["etag"])


def test_a_form_that_a_browser_kept_is_renewed_before_its_stamp_ends(tmp_path: Path, printed: Path) -> None:
    site = open_site(tmp_path / "kept", like=printed)
    first = site.client().get("/").headers["etag"]
    site.clock.move(timedelta(hours=12))
    answer = site.client().get("/", headers={"If-None-Match": first})
    site.store.close()

    assert (answer.status_code, 'name="stamp"' in answer.text) == (200, True)

"""The HTTP client, tried against every fault that a server on loopback can have."""

from __future__ import annotations

import gzip
import threading
import tracemalloc
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from newsletter import __version__
from newsletter.collect.answers import Answer, Failed, Fetched, NotModified
from newsletter.collect.body import BodyError, Unpacker
from newsletter.collect.guard import is_public
from newsletter.collect.http import Http
from newsletter.collect.pace import retry_after, said_now
from tests.support.collecting import FakeTime, client
from tests.support.sources_server import SourcesServer

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def server() -> Iterator[SourcesServer]:
    with SourcesServer() as running:
        running.world.pages["/page"] = b"hello " * 200
        yield running


def ask(server: SourcesServer, path: str = "/page", clock: FakeTime | None = None, **limits: float) -> Answer:
    http = client(clock, **limits)
    try:
        return http.session(server.url).get(server.url + path)
    finally:
        http.close()


def test_a_page_arrives_unpacked_and_says_who_asked(server: SourcesServer) -> None:
    answer = ask(server)
    assert isinstance(answer, Fetched)
    assert answer.body == b"hello " * 200
    sent = server.log[0].headers
    assert sent["user-agent"] == f"trending-papers/{__version__} (+mailto:papers@example.org)"
    assert sent["accept-encoding"] == "gzip, deflate"


def test_what_we_have_is_not_sent_again(server: SourcesServer) -> None:
    http = client()
    session = http.session(server.url)
    first = session.get(server.url + "/page")
    assert isinstance(first, Fetched)
    assert session.get(server.url + "/page", etag=first.etag) == NotModified()
    http.close()


@pytest.mark.parametrize("kind", ["429", "500", "502", "503", "504", "truncated", "reset"])
def test_trouble_that_passes_is_waited_out(server: SourcesServer, kind: str) -> None:
    server.inject("/page", kind, times=2)
    clock = FakeTime()
    assert isinstance(ask(server, clock=clock), Fetched)
    assert len(server.log) == 3
    assert 2 < sum(clock.slept) < 10


@pytest.mark.parametrize("kind", ["429", "503", "truncated", "reset"])
def test_trouble_that_stays_is_reported_after_a_few_tries_with_growing_pauses(server: SourcesServer, kind: str) -> None:
    server.inject("/page", kind)
    clock = FakeTime()
    answer = ask(server, clock=clock)
    assert isinstance(answer, Failed)
    assert answer.later
    assert len(server.log) == 4
    pauses = [pause for pause in clock.slept if pause > 0.5]
    assert pauses == sorted(pauses)
    assert len(pauses) == 3


@pytest.mark.parametrize(("header", "seconds"), [("7", 7), ("Wed, 07 Jan 2026 12:00:09 GMT", 9)])
def test_the_wish_for_a_pause_is_honoured_in_both_its_forms(server: SourcesServer, header: str, seconds: int) -> None:
    server.inject("/page", "429", times=1, retry_after=header)
    clock = FakeTime()
    assert isinstance(ask(server, clock=clock), Fetched)
    assert seconds <= sum(clock.slept) <= seconds * 1.1 + 1


def test_a_wish_for_a_year_of_quiet_ends_the_asking_at_once_and_for_all_who_ask_that_host(
    server: SourcesServer,
) -> None:
    server.inject("/page", "429", times=1, retry_after="31536000")
    clock = FakeTime()
    http = client(clock)
    answer = http.session(server.url).get(server.url + "/page")
    assert answer == Failed("too many requests (429), and asks for days of quiet", status=429)
    again = http.session(server.url).get(server.url + "/page")
    assert isinstance(again, Failed)
    assert len(server.log) == 1
    assert sum(clock.slept) == 0
    http.close()


@pytest.mark.parametrize("junk", ["soon", "-5", "", "1e99", "Wed, 99 Foo 2026", "\uff19"])
def test_a_wish_that_makes_no_sense_is_replaced_by_our_own_pause(junk: str) -> None:
    assert retry_after(junk, datetime(2026, 1, 7, tzinfo=UTC)) is None


@pytest.mark.parametrize("status", ["400", "401", "403", "404", "410", "418"])
def test_a_refusal_is_not_asked_twice(server: SourcesServer, status: str) -> None:
    server.inject("/page", status)
    answer = ask(server)
    assert isinstance(answer, Failed)
    assert answer.status == int(status)
    assert len(server.log) == 1


@pytest.mark.parametrize(
    ("kind", "said"), [("huge", "larger than"), ("endless", "larger than"), ("gzip-bomb", "larger than")]
)
def test_a_monstrous_body_is_left_where_it_is_and_memory_stays_flat(
    server: SourcesServer, kind: str, said: str
) -> None:
    server.inject("/page", kind)
    tracemalloc.start()
    answer = ask(server, packed=2**20, unpacked=2**21)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert isinstance(answer, Failed)
    assert said in answer.reason
    assert not answer.later
    assert peak < 40 * 2**20  # the bomb's own maker in this process takes 16 MB of it
    assert len(server.log) == 1


@pytest.mark.parametrize("kind", ["drip", "drip-headers", "stall"])
def test_a_server_that_never_finishes_costs_a_deadline_and_not_the_day(server: SourcesServer, kind: str) -> None:
    server.inject("/page", kind)
    answer = ask(server, deadline=0.4, quiet=0.3)
    assert answer == Failed("127.0.0.1 did not answer in time")
    assert len(server.log) == 2


def test_headers_without_end_are_refused(server: SourcesServer) -> None:
    server.inject("/page", "headers")
    answer = ask(server)
    assert isinstance(answer, Failed)


def test_redirects_are_followed_within_reason(server: SourcesServer) -> None:
    server.inject("/start", "redirect", to="/page")
    assert isinstance(ask(server, "/start"), Fetched)


def test_a_redirect_in_circles_ends(server: SourcesServer) -> None:
    server.inject("/start", "loop")
    answer = ask(server, "/start")
    assert answer == Failed("it redirects in circles, or too often", "Check the address of the source.", later=False)
    assert len(server.log) == 1


def test_an_endless_chain_of_redirects_ends(server: SourcesServer) -> None:
    for step in range(20):
        server.inject(f"/step{step}.", "redirect", to=f"/step{step + 1}.")
    assert isinstance(ask(server, "/step0."), Failed)
    assert len(server.log) == 6


@pytest.mark.parametrize(
    "to",
    [
        "file:///etc/passwd",
        "ftp://example.org/x",
        "http://169.254.169.254/latest/meta-data/",
        "http://10.0.0.1/",
        "http://[::1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://2130706433/",
        "http://0x7f000001/",
        "http://user:secret@example.org/",
        "http://localhost:9/",
        "//",
        "http://",
    ],
)
def test_a_redirect_never_leads_out_of_the_open_internet(server: SourcesServer, to: str) -> None:
    server.inject("/start", "redirect", to=to)
    answer = ask(server, "/start")
    assert isinstance(answer, Failed)
    assert not answer.later
    assert len(server.log) == 1


def test_a_redirect_to_another_port_of_this_machine_is_refused(server: SourcesServer) -> None:
    with SourcesServer() as secret:
        secret.world.pages["/page"] = b"secret"
        server.inject("/start", "redirect", to=f"{secret.url}/page")
        answer = ask(server, "/start")
        assert isinstance(answer, Failed)
        assert "private network" in answer.reason
        assert secret.log == []


def test_a_name_that_resolves_to_this_machine_is_refused_when_it_was_not_configured(server: SourcesServer) -> None:
    server.inject("/start", "redirect", to=server.url.replace("127.0.0.1", "127.1") + "/page")
    answer = ask(server, "/start")
    assert isinstance(answer, Failed)
    assert "private network" in answer.reason
    assert len(server.log) == 1


def test_one_host_is_asked_by_one_at_a_time_with_its_pause_in_between(server: SourcesServer) -> None:
    clock = FakeTime()
    http = client(clock)
    sessions = [http.session(server.url, pace=3.0) for _ in range(4)]
    threads = [
        threading.Thread(target=lambda session=session: [session.get(server.url + "/page") for _ in range(3)])
        for session in sessions
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=20)
    http.close()
    assert len(server.log) == 12
    assert {seen.open for seen in server.log} == {1}
    assert sum(clock.slept) == pytest.approx(33.0)


def test_a_source_that_spends_its_time_gets_no_more(server: SourcesServer) -> None:
    server.inject("/page", "503")
    clock = FakeTime()
    http = client(clock, budget=4.0)
    assert isinstance(http.session(server.url).get(server.url + "/page"), Failed)
    assert sum(clock.slept) <= 4.0
    http.close()


def test_a_key_is_only_told_to_the_host_it_is_for(server: SourcesServer) -> None:
    http = client()
    session = http.session("https://api.example.org", server.url, headers={"x-api-key": "secret"})
    assert isinstance(session.get(server.url + "/page"), Fetched)
    other = http.session("https://api.example.org", headers={"x-api-key": "secret"})
    assert isinstance(other.get(server.url + "/page"), Failed)
    assert [seen.headers.get("x-api-key") for seen in server.log] == ["secret"]
    http.close()


def test_nobody_at_home_is_a_value_too() -> None:
    http = client()
    answer = http.session("http://127.0.0.1:9").get("http://127.0.0.1:9/x")
    assert isinstance(answer, Failed)
    assert answer.later
    assert isinstance(http.session("x").get("http://[broken/"), Failed)
    assert isinstance(http.session("x").get("nonsense"), Failed)
    http.close()


def test_a_coding_that_was_not_asked_for_is_refused() -> None:
    with pytest.raises(BodyError, match="which was not asked for"):
        Unpacker("br")


@pytest.mark.parametrize(
    ("address", "public"),
    [("93.184.216.34", True), ("127.0.0.1", False), ("10.1.2.3", False), ("169.254.169.254", False), ("fe80::1", False),
     ("::ffff:10.0.0.1", False), ("2606:2800:220:1::1", True), ("224.0.0.1", False), ("nonsense", False)],
)  # fmt: skip
def test_private_addresses_are_known(address: str, public: bool) -> None:
    assert is_public(address) is public


def test_a_proxy_of_the_system_serves_the_world_but_never_this_machine(server: SourcesServer) -> None:
    http = client(proxies={"http": server.url, "no": "intern.example"})
    assert isinstance(http.session("http://papers.example").get("http://papers.example/page"), Fetched)
    assert isinstance(http.session(server.url).get(server.url + "/page"), Fetched)
    assert [seen.path for seen in server.log] == ["http://papers.example/page", "/page"]
    assert isinstance(http.session("x").get("http://a.intern.example/page", tries=1), Failed)
    assert len(server.log) == 2
    http.close()


def test_packed_bytes_that_unpack_to_nothing_are_counted_too() -> None:
    unpacker = Unpacker("gzip", packed_limit=1_000)
    with pytest.raises(BodyError, match="larger than 1,000 bytes"):
        unpacker.feed(gzip.compress(b"") * 100)


@pytest.mark.parametrize(
    ("headers", "said"),
    [
        ({"date": "Fri, 20 Nov 2026 08:00:00 GMT"}, datetime(2026, 11, 20, 8, tzinfo=UTC)),
        ({"date": "Fri, 20 Nov 2026 08:00:00 GMT", "age": "3600"}, datetime(2026, 11, 20, 9, tzinfo=UTC)),
        ({"date": "yesterday"}, None),
        ({"date": "Fri, 20 Nov 2026 08:00:00 GMT", "age": "soon"}, None),
        ({}, None),
    ],
)
def test_what_time_it_is_for_a_server_is_read_from_its_date_and_the_age_of_a_copy(
    headers: dict[str, str], said: datetime | None
) -> None:
    assert said_now(headers) == said


def test_how_far_this_clock_is_from_a_servers_is_known_after_its_answer() -> None:
    with SourcesServer() as server:
        http = Http(contact="")
        try:
            http.session(server.url).get(f"{server.url}/feed.atom", tries=1)
            assert abs(http.clock_offsets["127.0.0.1"]) < timedelta(minutes=2)
        finally:
            http.close()

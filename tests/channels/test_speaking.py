"""A post reaches each service in its own shape, once, and what the service answers becomes an outcome."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from newsletter.channels.speaking import AppriseChannel
from newsletter.model.channel import Post
from newsletter.model.mail import Deferred, Delivered, Refused, Reply, Uncertain
from tests.support.chats import BOT, Chat, text_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from newsletter.model.channel import ChannelKind

KINDS: tuple[ChannelKind, ...] = ("webhook", "slack", "discord", "telegram", "matrix")
POST = Post("channel.2026-11-20.lab", "Papers, Friday", "<b>one</b> &amp; *two*", {"day": "2026-11-20", "topics": []})


@pytest.fixture
def chat() -> Iterator[Chat]:
    with Chat() as chat:
        yield chat


def channel(chat: Chat, kind: ChannelKind, **more: Any) -> AppriseChannel:
    return AppriseChannel("lab", kind, **(chat.of(kind) | more))


@pytest.mark.parametrize("kind", KINDS)
def test_the_text_arrives_as_it_was_written_in_one_post(chat: Chat, kind: ChannelKind) -> None:
    assert channel(chat, kind).check() is None
    assert channel(chat, kind).post(POST, 7) == Delivered(7, Reply(200))
    (body,) = chat.posts
    assert text_of(kind, body) == POST.text


def test_a_webhook_gets_the_edition_as_data_with_a_bearer_and_its_own_query(chat: Chat) -> None:
    channel(chat, "webhook").post(POST, 1)
    ((method, path, headers, body),) = chat.got
    assert (method, path, headers["authorization"]) == ("POST", "/hook?team=lab", "Bearer a-bearer")
    assert body == {
        "version": "1.0",
        "type": "info",
        "attachments": [],
        "title": "Papers, Friday",
        "message": POST.text,
        "day": "2026-11-20",
        "topics": [],
    }


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("fault", "outcome"),
    [(404, Refused), (403, Refused), (503, Deferred), ("hangup", Uncertain)],
)
def test_what_a_service_answers_becomes_an_outcome(
    chat: Chat, kind: ChannelKind, fault: int | str, outcome: type
) -> None:
    chat.faults = [fault] * 8
    assert type(channel(chat, kind).post(POST, 3)) is outcome


def test_a_service_that_has_had_enough_is_asked_later(chat: Chat) -> None:
    chat.faults = [429]
    assert isinstance(channel(chat, "slack").post(POST, 3), Deferred)


@pytest.mark.parametrize("kind", ["webhook", "matrix"])
def test_silence_ends_the_post_and_leaves_it_uncertain(chat: Chat, kind: ChannelKind) -> None:
    chat.faults = ["silence"]
    assert isinstance(channel(chat, kind, longest=0.6).post(POST, 3), Uncertain)


@pytest.mark.parametrize("kind", KINDS)
def test_a_server_that_is_down_is_asked_again_and_costs_no_try(kind: ChannelKind) -> None:
    with Chat() as gone:
        lost = channel(gone, kind)
    found = lost.post(POST, 3)
    assert isinstance(found, Deferred)
    assert not found.charged


@pytest.mark.parametrize("kind", KINDS)
def test_no_token_stands_in_what_is_kept_of_an_answer(chat: Chat, kind: ChannelKind) -> None:
    chat.faults = [404] * 8
    found = channel(chat, kind).post(POST, 3)
    told = repr(found) + repr(channel(chat, kind))
    assert not [secret for secret in (BOT, "TIiajkdnlazkcOXrIdevi7FQ", "a-bearer", "syt_token") if secret in told]


@pytest.mark.parametrize("kind", ["slack", "discord", "telegram"])
def test_an_address_of_another_shape_is_found_before_anything_is_posted(kind: ChannelKind) -> None:
    wrong = AppriseChannel("lab", kind, url="http://127.0.0.1:9/nothing", room="x y")
    problem = wrong.check()
    assert problem is not None
    assert problem.where == "channel lab"
    assert "is not like" in problem.what or "needs a url like" in problem.what


def test_a_channel_that_keeps_silent_holds_up_no_other(chat: Chat) -> None:
    chat.faults = ["silence"]
    answers: list[object] = []
    silent = threading.Thread(target=lambda: answers.append(channel(chat, "slack", longest=60).post(POST, 1)))
    silent.start()
    give_up = time.monotonic() + 60
    while not chat.posts and time.monotonic() < give_up:
        time.sleep(0.01)
    answers.append(channel(chat, "discord", longest=60).post(POST, 2))
    chat.hang_up.set()
    silent.join()
    assert [type(one) for one in answers] == [Delivered, Uncertain]

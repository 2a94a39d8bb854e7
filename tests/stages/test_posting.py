"""Each edition reaches each channel once: at its hour, after faults and kills, and `status` says where it stands."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from newsletter.config import load_config
from newsletter.schedule import Heart
from tests.support.chats import Chat, text_of
from tests.support.desk import Desk

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def chat() -> Iterator[Chat]:
    with Chat() as chat:
        yield chat


def desk_with(folder: Path, *channels: dict[str, Any], more: str = "") -> Desk:
    desk = Desk(folder)
    tables = (
        "".join(["\n[[channels]]\n", *(f"{key} = {json.dumps(value)}\n" for key, value in one.items())])
        for one in channels
    )
    with (folder / "config.toml").open("a", encoding="utf-8") as file:
        file.write("".join(tables) + more)
    return desk


def last(desk: Desk) -> dict[str, str]:
    found = desk("status", "--json").json["channels"]
    return {one["name"]: one["posts"][0]["state"] if one["posts"] else "none" for one in found}


def test_a_run_posts_the_edition_to_every_kind_once(tmp_path: Path, chat: Chat) -> None:
    kinds = ("webhook", "slack", "discord", "telegram", "matrix")
    desk = desk_with(tmp_path, *({"kind": kind, **chat.of(kind)} for kind in kinds))

    first = desk("run")
    again = desk("run")

    assert (first.code, again.code) == (0, 0)
    assert first.out.count("the edition of 2026-11-20 was posted") == 5
    assert len(chat.posts) == 5
    for kind, body in zip(kinds, chat.posts, strict=True):
        assert "A language model that says why" in text_of(kind, body)
    assert last(desk) == dict.fromkeys(kinds, "sent")
    assert "slack: 2026-11-20 posted" in desk("status").out
    keys = [body["key"] for body in chat.posts if "key" in body]
    assert keys == ["channel.2026-11-20.webhook"]


def test_a_channel_that_fails_is_tried_again_and_keeps_nobody_waiting(tmp_path: Path, chat: Chat) -> None:
    desk = desk_with(tmp_path, {"kind": "slack", "name": "lab", **chat.of("slack")})
    desk("subscribers", "add", "ada@example.org")
    chat.faults = [503]

    first = desk("run")

    assert first.code == 0
    assert len(desk.mails) == 1
    assert "channel lab: the edition of 2026-11-20 was not taken, again at" in first.err
    assert last(desk) == {"lab": "deferred"}
    desk("run")
    assert len(chat.posts) == 1
    desk.ahead(timedelta(minutes=2))
    assert "was posted" in desk("run").out
    assert (len(chat.posts), last(desk)) == (2, {"lab": "sent"})


def test_an_address_that_is_gone_is_refused_once_with_where_to_look(tmp_path: Path, chat: Chat) -> None:
    desk = desk_with(tmp_path, {"kind": "discord", **chat.of("discord")})
    chat.faults = [404] * 5
    told = desk("run").err
    assert "was refused" in told
    assert "docs/channels.md" in told
    desk.ahead(timedelta(hours=1))
    desk("run")
    assert (len(chat.posts), last(desk)) == (1, {"discord": "refused"})


@pytest.mark.parametrize(("policy", "posts", "state"), [("resend", 2, "sent"), ("hold", 1, "uncertain")])
def test_a_post_without_an_answer_is_posted_again_once_or_held(
    tmp_path: Path, chat: Chat, policy: str, posts: int, state: str
) -> None:
    more = f'[delivery]\non_uncertain = "{policy}"\n'
    desk = desk_with(tmp_path, {"kind": "webhook", **chat.of("webhook")}, more=more)
    chat.faults = ["hangup"]
    desk("run")
    desk("run")
    assert (len(chat.posts), last(desk)) == (posts, {"webhook": state})


def test_a_channel_has_an_hour_and_topics_of_its_own(tmp_path: Path, chat: Chat) -> None:
    desk = desk_with(
        tmp_path,
        {"kind": "slack", **chat.of("slack"), "send_hour": 10, "topics": ["vision"]},
        {"kind": "webhook", **chat.of("webhook"), "topics": ["language-models"]},
    )
    desk("run")
    assert [sorted(topic["slug"] for topic in body["topics"]) for body in chat.posts] == [["language-models"]]
    assert last(desk) == {"slack": "none", "webhook": "sent"}
    desk.ahead(timedelta(hours=1, minutes=5))
    desk("run")
    assert last(desk)["slack"] == "sent"
    assert "Segmentation" in text_of("slack", chat.posts[1])
    assert "language model" not in text_of("slack", chat.posts[1])


def test_the_heartbeat_posts_at_the_channels_hour_and_two_hearts_post_once(tmp_path: Path, chat: Chat) -> None:
    desk = desk_with(tmp_path, {"kind": "slack", **chat.of("slack"), "send_hour": 11})
    with desk.press(load_config(tmp_path / "config.toml", {})) as press:
        hearts = [Heart(press), Heart(press)]
        while press.clock.now() < datetime(2026, 11, 20, 12, 0, tzinfo=UTC):
            before = len(chat.posts)
            for heart in hearts:
                heart.beat()
            if len(chat.posts) > before:
                assert press.clock.now() == datetime(2026, 11, 20, 11, 0, tzinfo=UTC)
            desk.ahead(timedelta(minutes=10))
        runs = [run.command for run in press.runs.last(limit=50)]
    assert len(chat.posts) == 1
    assert runs.count("post") == 1


def test_an_edition_without_the_channels_topics_is_let_be_with_a_reason(tmp_path: Path, chat: Chat) -> None:
    more = '[[topics]]\nslug = "rocks"\nkeywords = ["basalt"]\n'
    desk = desk_with(tmp_path, {"kind": "slack", **chat.of("slack"), "topics": ["rocks"]}, more=more)
    out = desk("run").out
    assert "the edition of 2026-11-20 was not posted: it holds nothing of the channel's topics" in out
    assert (chat.posts, last(desk)) == ([], {"slack": "cancelled"})


def test_a_killed_run_loses_no_post_and_doubles_at_most_the_one_that_was_on_the_wire(
    tmp_path: Path, chat: Chat
) -> None:
    """Killed while Slack keeps silent: the post may be there; the webhook behind it was not touched."""
    desk = desk_with(
        tmp_path, {"kind": "slack", **chat.of("slack")}, {"kind": "webhook", **chat.of("webhook"), "name": "two"}
    )
    desk("collect")
    chat.faults = ["silence"]
    process = subprocess.Popen(
        [sys.executable, "-c", _RUN, str(tmp_path)], cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    deadline = time.monotonic() + 30
    while not chat.posts and time.monotonic() < deadline:
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    process.wait(10)
    assert len(chat.posts) == 1
    assert last(desk)["two"] in {"none", "queued"}

    assert desk("run").code == 0
    assert last(desk) == {"slack": "sent", "two": "sent"}
    assert len(chat.posts) == 3
    desk("run")
    assert len(chat.posts) == 3


_RUN = """
import sys
from pathlib import Path
from tests.support import desk as made
folder = Path(sys.argv[1])
text = (folder / "config.toml").read_text("utf-8")
one = made.Desk(folder)
(folder / "config.toml").write_text(text, "utf-8")
one("run")
"""


def test_a_post_can_be_looked_at_and_tried_before_it_is_due(tmp_path: Path, chat: Chat) -> None:
    desk = desk_with(tmp_path, {"kind": "telegram", "name": "group", **chat.of("telegram"), "send_hour": 23})
    desk("run")
    shown = desk("channels", "show", "group")
    assert shown.out.startswith('<b><a href="http://localhost:8000/day/2026-11-20">Trending Papers, Friday')
    assert chat.posts == []
    assert desk("channels", "test", "group").out == "posted to group\n"
    assert text_of("telegram", chat.posts[0]) + "\n" == shown.out
    assert last(desk) == {"group": "none"}
    assert desk("channels", "list").out == "group (telegram): all topics\n"
    wrong = desk("channels", "show", "grup")
    assert (wrong.code, wrong.err) == (2, 'error: There is no channel "grup".\nThere are: group.\n')


def test_a_channel_that_lacks_something_is_an_error_of_the_configuration(tmp_path: Path) -> None:
    desk = desk_with(
        tmp_path, {"kind": "matrix", "url": "https://matrix.example.org"}, {"kind": "slack", "topics": ["x"]}
    )
    err = desk("status").err
    for said in (
        "[[channels]] number 1 token: is empty, and matrix needs it.",
        "[[channels]] number 1 room: is empty, and matrix needs it.",
        "[[channels]] number 2 url: is empty, and slack needs it.",
        '[[channels]] number 2 topics: there is no topic "x".',
    ):
        assert said in err


def test_the_address_of_a_channel_is_a_secret(tmp_path: Path, chat: Chat) -> None:
    desk = desk_with(tmp_path, {"kind": "slack", **chat.of("slack")})
    assert "TIiajkdnlazkcOXrIdevi7FQ" not in desk("config").out
    chat.faults = [404]
    done = desk("run")
    assert "TIiajkdnlazkcOXrIdevi7FQ" not in done.out + done.err


def test_without_apprise_mail_goes_out_and_the_run_says_what_to_install(
    tmp_path: Path, chat: Chat, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = desk_with(tmp_path, {"kind": "slack", **chat.of("slack")})
    desk("subscribers", "add", "ada@example.org")
    monkeypatch.delitem(sys.modules, "newsletter.channels.speaking", raising=False)
    monkeypatch.setitem(sys.modules, "apprise", None)
    done = desk("run")
    assert "pip install 'trending-papers[channels]'" in done.err
    assert len(desk.mails) == 1
    monkeypatch.undo()
    desk.ahead(timedelta(minutes=6))
    desk("run")
    assert last(desk) == {"slack": "sent"}


def test_an_operator_stops_the_posts_of_a_day_and_why_says_what_became_of_them(tmp_path: Path, chat: Chat) -> None:
    desk = desk_with(
        tmp_path,
        {"kind": "slack", "name": "lab", **chat.of("slack")},
        {"kind": "discord", "name": "late", "send_hour": 20, **chat.of("discord")},
    )
    chat.faults = [503]
    desk("run")
    assert "Channel lab: was not taken yet and is tried again" in desk("why").out

    done = desk("send", "--cancel", "--day", "2026-11-20")

    assert done.out.startswith("0 mails and 2 posts to channels of 2026-11-20 cancelled")
    desk.ahead(timedelta(hours=13))
    desk("run")
    assert len(chat.posts) == 1  # the one that was turned away
    told = desk("why", "--day", "2026-11-20").out
    assert "Channel lab: was not posted" in told
    assert "Channel late: was not posted." in told
    assert desk("send", "--cancel", "--day", "2026-11-20", "--json").json["text"].startswith("0 mails and 0 posts")

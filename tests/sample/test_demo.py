"""The demo runs the whole product on the sample week, offline, and tells the truth about what came out."""

from __future__ import annotations

import socket
from collections import Counter
from datetime import date
from email import message_from_bytes, policy
from email.utils import parseaddr, parsedate_to_datetime
from typing import TYPE_CHECKING

import pytest

from newsletter import demo
from newsletter.compose.detex import detex

if TYPE_CHECKING:
    from collections.abc import Iterator

    from newsletter.sample.story import Scene

WEEKEND = (date(2025, 11, 22), date(2025, 11, 23))


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Iterator[demo.Report]:
    def no_network(self: socket.socket, address: object) -> None:
        raise AssertionError(f"the demo is offline, yet asked for {address}")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", no_network)
        patch.setenv("NEWSLETTER_DELIVERY__TRANSPORT", "smtp")  # the machine's own settings are not the demo's
        yield demo.run(tmp_path_factory.mktemp("demo"))


def scenes_of(report: demo.Report, name: str) -> list[Scene]:
    return [scene for day in report.days for scene in day.scenes if scene.reader.name.startswith(name)]


def titles(scenes: list[Scene]) -> list[str]:
    return [choice.title for scene in scenes for shelf in scene.shelves for choice in shelf.choices]


def test_each_weekday_prints_an_edition_and_the_weekend_none(report: demo.Report) -> None:
    assert [(day.day.isoformat(), day.listed, day.edition is not None) for day in report.days] == [
        ("2025-11-17", 11, True),
        ("2025-11-18", 15, True),
        ("2025-11-19", 12, True),
        ("2025-11-20", 9, True),
        ("2025-11-21", 17, True),
        ("2025-11-22", 0, False),
        ("2025-11-23", 0, False),
    ]


def test_the_daily_reader_gets_a_mail_on_each_weekday_and_hears_why_there_is_none_at_the_weekend(
    report: demo.Report,
) -> None:
    ada = scenes_of(report, "Ada")

    assert [scene.mail is not None for scene in ada] == [True] * 5 + [False] * 2
    assert all("no new papers" in scene.silence.lower() for scene in ada[5:])
    assert all({shelf.name for shelf in scene.shelves} <= TOPICS for scene in ada)
    assert "UFO³: Weaving the Digital Agent Galaxy" in titles(ada)


TOPICS = {
    "Language models and reasoning",
    "Computer vision and generation",
    "Robotics and embodied AI",
    "Agents and tools",
    "Efficient models and systems",
}


def test_a_reader_of_two_topics_gets_those_and_one_paper_from_outside_each_within_her_cap(report: demo.Report) -> None:
    for scene in scenes_of(report, "Zoë"):
        if scene.mail is not None:
            own = [shelf for shelf in scene.shelves if shelf.name in TOPICS]
            outside = [shelf for shelf in scene.shelves if shelf.name not in TOPICS]

            assert {shelf.name for shelf in own} <= {"Robotics and embodied AI", "Agents and tools"}
            assert all(len(shelf.choices) <= 2 for shelf in own)
            assert [choice.marks for shelf in outside for choice in shelf.choices] in ([], [("exploration",)])


def test_the_weekly_reader_gets_one_mail_with_the_best_of_the_whole_week(report: demo.Report) -> None:
    kim = scenes_of(report, "Kim")
    rolled_up = kim[-1]

    assert [scene.mail is not None for scene in kim] == [False] * 6 + [True]
    assert kim[0].silence == "She signs up on Sunday."
    assert {shelf.name for shelf in rolled_up.shelves} == TOPICS
    assert all(1 <= len(shelf.choices) <= 3 for shelf in rolled_up.shelves)
    by_day = Counter(
        day.day
        for day in report.days
        if day.edition
        for title in titles([rolled_up])
        if title in {detex(card.paper.title) for card in day.edition.cards}
    )
    assert len(by_day) >= 4
    assert rolled_up.mail is not None
    assert "Friday, November 21, 2025" in rolled_up.mail.text  # when the newest paper in it was printed


def test_nobody_gets_a_paper_twice_not_even_one_that_is_listed_twice(report: demo.Report) -> None:
    for name in ("Ada", "Zoë", "Kim"):
        got = Counter(titles(scenes_of(report, name)))
        assert [title for title, count in got.items() if count > 1] == []
    assert [title for title in titles(scenes_of(report, "Ada")) if title.startswith(("Uni-MoE-2.0", "P1: "))] == [
        "P1: Mastering Physics Olympiads with Reinforcement Learning",
        "Uni-MoE-2.0-Omni: Scaling Language-Centric Omnimodal Large Model with Advanced MoE, Training and Data",
    ]


def test_readers_of_a_paper_hear_that_its_code_is_out(report: demo.Report) -> None:
    told = {(scene.reader.name, scene.day.day): scene.news for day in report.days for scene in day.scenes if scene.news}

    assert told == {
        (name, 20): ("P1: Mastering Physics Olympiads with Reinforcement Learning: A new version names its code.",)
        for name in ("Ada Sample", "Zoë Ångström-Müller")
    }
    assert report.index.read_text(encoding="utf-8").count("A new version names its code.") >= 2


def test_every_mail_is_a_real_message_whose_two_editions_hold_every_paper_that_was_picked(report: demo.Report) -> None:
    mailed = [scene for day in report.days for scene in day.scenes if scene.mail is not None]

    assert len(mailed) == len(report.mails) >= 10
    for scene, path in zip(mailed, report.mails, strict=True):
        message = message_from_bytes(path.read_bytes(), policy=policy.default)
        assert scene.mail is not None
        assert parseaddr(str(message["To"]))[1] == scene.reader.email
        assert parsedate_to_datetime(str(message["Date"])).date() == scene.day
        assert len(scene.mail.html.encode()) < 90_000
        for choice in (choice for shelf in scene.shelves for choice in shelf.choices):
            flat = " ".join(scene.mail.text.split())
            assert choice.title in flat
            assert choice.url in scene.mail.text
            assert choice.url in scene.mail.html


def test_every_pick_says_why_and_its_parts_add_up_to_its_score(report: demo.Report) -> None:
    choices = [c for day in report.days for scene in day.scenes for shelf in scene.shelves for c in shelf.choices]

    assert len(choices) >= 50
    assert all(choice.why.endswith(".") and len(choice.parts) >= 3 for choice in choices)
    assert all(abs(sum(part.value for part in c.parts) - c.score.total) < 1e-9 for c in choices)


def test_a_second_demo_in_the_same_folder_is_the_same_week_again(report: demo.Report) -> None:
    texts = [scene.mail.text for day in report.days for scene in day.scenes if scene.mail]
    editions = [day.edition for day in report.days]

    again = demo.run(report.out)

    assert [day.edition for day in again.days] == editions
    assert [scene.mail.text for day in again.days for scene in day.scenes if scene.mail] == texts
    assert len(list((again.out / "outbox").rglob("*.eml"))) == len(again.mails)
    assert again.index.read_text(encoding="utf-8").count("<iframe") == 3 * len(texts)

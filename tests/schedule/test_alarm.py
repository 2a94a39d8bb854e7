"""The operator is told when a day was missed or a source gives nothing: by mail, with why, once a day at most."""

from __future__ import annotations

import email
import email.policy
import json
import re
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from newsletter.cli.logs import masked
from newsletter.config import load_config
from newsletter.errors import AttentionError
from newsletter.schedule import Heart
from tests.support.desk import Desk
from tests.support.website import open_site

if TYPE_CHECKING:
    from pathlib import Path

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    made = Desk(tmp_path)
    text = (tmp_path / "config.toml").read_text("utf-8")
    (tmp_path / "config.toml").write_text(
        text.replace("[newsletter]\n", '[newsletter]\noperator = "Olga <olga@example.org>"\n', 1), "utf-8"
    )
    return made


def mails(desk: Desk) -> list[email.message.EmailMessage]:
    found = [email.message_from_bytes(path.read_bytes(), policy=email.policy.default) for path in desk.mails]
    return [one for one in found if one["To"] == "olga@example.org"]  # type: ignore[misc]


def live(desk: Desk, start: str, hours: int) -> None:
    desk.clock.moment = datetime.fromisoformat(start).replace(tzinfo=UTC)
    with desk.press(load_config(desk.folder / "config.toml", {})) as press:
        heart = Heart(press)
        for _ in range(4 * hours):
            heart.beat()
            desk.clock.pass_(HOUR / 4)


def test_a_source_that_gives_nothing_for_a_day_is_told_once_a_day_with_the_reason(desk: Desk) -> None:
    desk.source.failure = "429 Too Many Requests"
    live(desk, "2026-11-19T06:00", 60)  # Thursday to Saturday evening

    told = mails(desk)
    assert len(told) == 3
    first, second, _ = told
    assert first["Subject"] == "Trending Papers: there is no edition of 2026-11-19"
    body = second.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert "huggingface has given no answer since 2026-11-19 06:00 UTC: 429" in " ".join(body.split())
    assert "newsletter why --day 2026-11-20" in " ".join(body.split())


def test_all_is_well_and_quiet_days_make_no_mail(desk: Desk) -> None:
    desk("subscribers", "add", "ada@example.org")
    live(desk, "2026-11-20T06:00", 60)  # Friday to Sunday

    assert mails(desk) == []
    assert desk.mails


def test_a_day_on_which_nothing_ran_is_told_when_it_runs_again(desk: Desk) -> None:
    live(desk, "2026-11-17T06:00", 6)
    desk.clock.moment = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
    assert desk("run").code == 0
    assert desk("run").code == 0

    (told,) = [one for one in mails(desk) if "nothing ran" in one["Subject"]]
    assert told["Subject"] == "Trending Papers: nothing ran on 2026-11-18"


def test_cron_that_comes_once_a_day_tells_of_a_day_without_an_edition_at_once(desk: Desk) -> None:
    desk.source.lists.clear()
    desk.clock.moment = datetime(2026, 11, 20, 7, 5, tzinfo=UTC)
    assert desk("run").code == 0

    (told,) = mails(desk)
    body = " ".join(told.get_body(("plain",)).get_content().split())  # type: ignore[union-attr]
    assert told["Subject"] == "Trending Papers: there is no edition of 2026-11-20"
    assert "edition: nothing printed for 2026-11-20: no new papers" in body


def test_the_operator_who_is_no_reader_gets_no_digest_and_stays_after_a_week(desk: Desk) -> None:
    desk.source.failure = "down"
    live(desk, "2026-11-17T08:00", 4)
    desk.source.failure = ""
    live(desk, "2026-11-27T06:00", 8)

    assert all("no edition" in one["Subject"] or "nothing ran" in one["Subject"] for one in mails(desk))
    with desk.press(load_config(desk.folder / "config.toml", {})) as press:
        olga = press.subscribers.by_email("olga@example.org")
    assert olga is not None
    assert (olga.status, olga.consent) == ("pending", "the operator of this newsletter")


def test_healthz_says_how_it_is_and_no_more_than_that(tmp_path: Path) -> None:
    site = open_site(tmp_path / "site")
    client = site.client()
    assert (client.get("/healthz").status_code, client.get("/healthz").json()["status"]) == (200, "ok")

    failed = site.press.runs.begin("run", date(2025, 11, 21), at=site.clock.now())
    from newsletter.model.mail import Note

    site.press.runs.note(failed, [Note("error", "run", "ada@example.org broke it")])
    site.press.runs.finish(failed, "failed", at=site.clock.now())

    answer = client.get("/healthz")
    assert (answer.status_code, answer.json()["status"]) == (503, "broken")
    assert answer.json()["findings"] == [{"state": "broken", "subject": "run"}]
    assert "ada@" not in answer.text
    assert client.get("/healthz?pages=1").status_code == 200


def test_no_address_is_in_a_log() -> None:
    line = '550 5.1.1 <Ada.Lovelace+x@example.org>: "bob@mail.example.net" unknown, see postmaster@[192.0.2.1]'
    assert not re.search(r"[\w+]@", masked(line))
    assert "...@example.org" in masked(line)


def test_a_worker_logs_json_when_asked(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    text = (tmp_path / "config.toml").read_text("utf-8")
    (tmp_path / "config.toml").write_text(
        text.replace("[newsletter]\n", '[newsletter]\nlog = "json"\n', 1)
        + '[delivery]\ntransport = "smtp"\nhost = "127.0.0.1"\nport = 9\nsecurity = "none"\n',
        "utf-8",
    )
    desk("subscribers", "add", "ada@example.org")
    desk("run")
    done = desk("worker", "--once")
    lines = [json.loads(line) for line in done.err.splitlines() if line.startswith("{")]
    assert lines
    assert {frozenset(line) for line in lines} == {frozenset({"at", "level", "subject", "text"})}
    assert ("error", "send") in [(line["level"], line["subject"]) for line in lines]


def test_a_clock_that_went_back_mails_nobody_an_edition_of_the_past_and_says_how_to_go_on(desk: Desk) -> None:
    desk("subscribers", "add", "ada@example.org")
    assert desk("run").code == 0
    sent = desk.mails
    desk.ahead(-2 * DAY)

    for command in ("run", "send", "collect"):
        done = desk(command)
        assert (done.code, done.out) == (1, "")
        assert "It is 2026-11-18 09:00 UTC here, but a run was made at 2026-11-20 09:00." in done.err
    with desk.press(load_config(desk.folder / "config.toml", {})) as press:
        heart = Heart(press)
        heart.collect()
        with pytest.raises(AttentionError, match="a run was made at"):
            heart.deliver()
        heart.mail()

    new = [email.message_from_bytes(one.read_bytes())["To"] for one in desk.mails if one not in sent]
    assert new == ["olga@example.org"]
    assert desk("run", "--day", "today").code == 0
    assert desk("run").code == 0, "the person has said that the clock is right now"


def test_a_house_that_was_closed_at_the_hour_complains_of_no_edition_that_it_is_about_to_print(desk: Desk) -> None:
    desk("subscribers", "add", "ada@example.org")
    live(desk, "2026-11-20T15:00", 3)

    assert mails(desk) == []
    assert len(desk.mails) == 1

"""A day at the command line: run, look, ask why, and what each case says."""

from __future__ import annotations

import email
import email.policy
import json
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from newsletter.model.paper import Problem
from tests.support.desk import FRIDAY, PAPERS, Desk
from tests.support.smtp_server import Drop, SmtpServer

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


@pytest.fixture
def friday(desk: Desk) -> Desk:
    """Friday's run is over: Ada has her mail."""
    assert desk("subscribers", "add", "ada@example.org").code == 0
    assert desk("run").code == 0
    return desk


def test_run_sends_the_day_and_a_second_run_sends_nothing_more(desk: Desk) -> None:
    desk("subscribers", "add", "ada@example.org")
    first = desk("run")
    assert first.code == 0
    assert first.out.splitlines()[-3:] == [
        "edition: 2026-11-20 printed: 3 papers in 2 topics",
        "cut: 1 issue",
        "send: 1 sent",
    ]
    second = desk("run")
    assert second.code == 0
    assert second.out.splitlines()[-1] == "send: nothing is due"
    (mail,) = desk.mails
    message = email.message_from_bytes(mail.read_bytes(), policy=email.policy.default)
    assert message["To"] == "ada@example.org"


def test_a_quiet_run_says_nothing_when_all_is_well(desk: Desk) -> None:
    done = desk("run", "--quiet")
    assert (done.code, done.out, done.err) == (0, "", "")


def test_json_is_one_document_on_stdout_and_the_notes_go_to_stderr(desk: Desk) -> None:
    desk("subscribers", "add", "ada@example.org")
    done = desk("run", "--json")
    facts = json.loads(done.out)
    assert {name: facts[name] for name in ("command", "day", "outcome", "cut", "sent", "deferred", "refused")} == {
        "command": "run",
        "day": "2026-11-20",
        "outcome": "done",
        "cut": 1,
        "sent": 1,
        "deferred": 0,
        "refused": 0,
    }
    assert facts["edition"]["papers"] == {
        "language-models": ["2611.00001", "2611.00003"],
        "vision": ["2611.00002"],
    }
    assert "send: 1 sent" in done.err


def test_with_a_day_given_everybody_is_due_whatever_the_hour(desk: Desk) -> None:
    desk("subscribers", "add", "ada@example.org", "--send-hour", "23", "--timezone", "America/New_York")
    desk.ahead(timedelta(days=5))
    done = desk("run", "--day", "2026-11-20", "--json").json
    assert (done["day"], done["sent"]) == ("2026-11-20", 1)


def test_a_day_on_which_the_only_source_fails_is_exit_75_and_status_says_what_is_missing(desk: Desk) -> None:
    desk.source.failure = "503 Service Unavailable three times in a row"
    done = desk("run")
    assert done.code == 75
    assert "error: huggingface: 503 Service Unavailable three times in a row" in done.err
    assert "running it again later is the cure" in done.err
    status = desk("status")
    assert (
        "  huggingface: missing since 2026-11-20 09:00 UTC: it has never answered: 503 Service Unavailable"
        in status.out
    )
    assert desk("status", "--json").json["sources"] == [
        {
            "name": "huggingface",
            "state": "missing",
            "at": "2026-11-20T09:00:00+00:00",
            "since": "2026-11-20T09:00:00+00:00",
            "text": "503 Service Unavailable three times in a row",
        }
    ]
    why = desk("why").out
    assert "There is no edition of 2026-11-20: nothing printed for 2026-11-20: no new papers" in why
    assert "  error: huggingface: 503 Service Unavailable three times in a row" in why


def test_why_tells_a_reader_with_an_empty_issue_the_reason(desk: Desk) -> None:
    desk("subscribers", "add", "ada@example.org", "--topic", "vision")
    desk.source.lists = {FRIDAY: tuple(one for one in PAPERS if "Segmentation" not in one.title)}
    assert desk("run").code == 0
    assert desk.mails == []
    done = desk("why", "--subscriber", "ADA@example.org")
    assert done.code == 0
    lines = done.out.splitlines()
    assert lines[0] == "ada@example.org is active: daily mail at 08:00 UTC, vision."
    assert lines[1].startswith("No issue for 2026-11-20: ")
    assert desk("why", "--subscriber", "ada@example.org", "--json").json["code"] in {"empty-edition", "nothing-new"}


def test_why_tells_a_mailed_reader_what_she_got(friday: Desk) -> None:
    lines = friday("why", "--subscriber", "ada@example.org").out.splitlines()
    assert lines[1].startswith("Her issue of 2026-11-20 was handed to the mail server at 2026-11-20 09:00 UTC")
    assert lines[2:] == [
        "  Language models",
        "    2611.00001  A language model that says why",
        "    2611.00003  One more language model",
        "  Vision",
        "    2611.00002  Segmentation of everything at once",
    ]


def test_why_tells_of_a_paper_that_was_left_out(friday: Desk) -> None:
    out = friday("why", "--paper", "https://arxiv.org/abs/2611.00005v2").out
    assert out.splitlines()[0] == "2611.00005: On the mating of snails"
    assert "listed by huggingface on 2026-11-20" in out
    assert "left out, " in out
    shown = friday("why", "--paper", "2611.00002").out
    assert "Vision: place 1 of 1, shown" in shown
    both = friday("why", "--paper", "2611.00004", "--subscriber", "ada@example.org").out
    assert "2611.00004 is not in it." in both
    assert "place 3 of 3, in the pool, below the fold" in both
    assert "2611.99999 is not known: no source has listed it so far." in friday("why", "--paper", "2611.99999").out


def test_why_says_that_a_paper_came_too_late(friday: Desk) -> None:
    late = PAPERS[0].__class__(id="2611.00009", title="A late language model", arxiv_id="2611.00009")
    friday.source.lists = {FRIDAY: (*PAPERS, late)}
    friday.ahead(timedelta(hours=1))
    friday("collect")
    out = friday("why", "--paper", "2611.00009").out
    assert "It came after the edition was printed, so it is a candidate of the next one." in out


def test_why_tells_of_readers_who_are_not_due_unknown_left_or_suppressed(friday: Desk) -> None:
    friday("subscribers", "add", "bob@example.org", "--send-hour", "22")
    out = friday("why", "--subscriber", "bob@example.org").out
    assert "No issue for 2026-11-20: The issue of 2026-11-20 is due at 22:00 UTC, which is still ahead." in out
    assert "She has had no issue so far." in out
    friday("subscribers", "remove", "bob@example.org")
    assert "The reader has left the newsletter." in friday("why", "--subscriber", "bob@example.org").out
    friday("subscribers", "suppress", "bob@example.org")
    assert "nothing is ever sent there" in friday("why", "--subscriber", "bob@example.org").out
    unknown = friday("why", "--subscriber", "eve@example.org")
    assert unknown.code == 2
    assert unknown.err == ("error: eve@example.org is not a subscriber.\n`newsletter subscribers list` shows all.\n")


def test_why_for_a_day_without_a_run_says_how_to_make_it_up(desk: Desk) -> None:
    assert desk("why", "--day", "2026-11-19").out.splitlines() == [
        "There is no edition of 2026-11-19.",
        "No run was made for 2026-11-19. `newsletter run --day 2026-11-19` makes it up.",
    ]


def test_rank_shows_the_same_edition_every_time_and_prints_nothing(desk: Desk) -> None:
    desk("collect")
    first, second = desk("rank", "--json"), desk("rank", "--json")
    assert first.out == second.out
    facts = first.json
    assert facts["printed"] is False
    for topic in facts["topics"]:
        for pick in topic["papers"]:
            assert pick["why"]
            assert sum(part["value"] for part in pick["parts"]) == pytest.approx(pick["score"])
    assert desk("status", "--json").json["edition"] is None
    one = desk("rank", "--topic", "vision", "--explain").out
    assert "Vision (vision)" in one
    assert "total" in one
    assert "Language models" not in one


def test_rank_of_an_unknown_topic_names_those_there_are(desk: Desk) -> None:
    done = desk("rank", "--topic", "visoin")
    assert (done.code, done.err) == (
        2,
        'error: There is no topic "visoin".\nThere are: language-models, vision.\n',
    )


def test_preview_renders_each_format_and_sends_nothing(desk: Desk, tmp_path: Path) -> None:
    desk("collect")
    assert "Segmentation of everything at once" in desk("preview").out
    text = desk("preview", "--format", "text", "--topic", "vision").out
    assert "Segmentation of everything at once" in text
    assert "from outside your usual" in text.partition("A language model that says why")[2]
    done = desk("preview", "--format", "eml", "--out", str(tmp_path / "mail.eml"))
    assert done.out == ""
    assert done.err.startswith(f"wrote {tmp_path}/mail.eml: ")
    message = email.message_from_bytes((tmp_path / "mail.eml").read_bytes(), policy=email.policy.default)
    assert message.get_body(("plain",)) is not None
    assert desk.mails == []
    assert desk("status", "--json").json["mail"]["all"] == {} or not any(
        desk("status", "--json").json["mail"]["all"].values()
    )


def test_preview_of_nothing_says_so(desk: Desk) -> None:
    done = desk("preview")
    assert (done.code, done.out) == (0, "")
    assert done.err.startswith("nothing to show: ")


def test_a_dry_run_names_who_would_get_what_and_writes_nothing(desk: Desk) -> None:
    desk("subscribers", "add", "ada@example.org")
    desk.source.lists = {}
    desk("run")
    desk.source.lists = {FRIDAY: PAPERS}
    done = desk("send", "--dry-run")
    assert done.code == 0
    assert "nothing was written or sent" in done.out
    assert desk.mails == []


def test_a_test_mail_goes_to_one_address_and_is_not_remembered(friday: Desk) -> None:
    before = len(friday.mails)
    done = friday("send", "--test", "me@example.org")
    assert (done.code, done.out) == (0, "sent to me@example.org\n")
    assert len(friday.mails) == before + 1
    assert sum(b"\nTo: me@example.org\r" in mail.read_bytes() for mail in friday.mails) == 1
    assert friday("send", "--test", "not an address").code == 2


def test_status_before_anything_ran_says_what_to_do(desk: Desk) -> None:
    out = desk("status").out
    assert "Edition of 2026-11-20: not printed yet" in out
    assert "huggingface: never asked: no run has asked it yet" in out
    assert "nothing was run yet: newsletter run" in out


def test_search_finds_what_was_collected(friday: Desk) -> None:
    assert friday("search", "segmentation", "--json").json["papers"][0]["id"] == "2611.00002"
    assert friday("search", "nowhere-to-be-found").out == "Nothing found.\n"


def test_doctor_names_each_finding_with_its_cure(desk: Desk) -> None:
    done = desk("doctor")
    assert done.code == 0
    assert done.out.splitlines()[-1] == "No problem, 1 warning."
    desk.source.failure = "no answer within 10 s"
    done = desk("doctor", "--json")
    assert done.code == 1
    facts = done.json
    assert facts["ok"] is False
    assert [finding for finding in facts["findings"] if finding["level"] == "problem"] == [
        {
            "check": "huggingface",
            "level": "problem",
            "text": "no answer within 10 s",
            "cure": "Look at its web site.",
        }
    ]


def test_doctor_insists_on_what_a_public_list_needs(desk: Desk) -> None:
    path = desk.folder / "config.toml"
    text = path.read_text("utf-8")
    text = text.replace("[newsletter]", '[newsletter]\nbase_url = "http://papers.lab.edu"\n', 1)
    path.write_text(text + '[delivery]\ntransport = "smtp"\nhost = "127.0.0.1"\nport = 9\nsecurity = "none"\n')
    found = {finding["check"]: finding for finding in desk("doctor", "--json").json["findings"]}
    assert found["base_url"]["level"] == "problem"
    assert found["postal address"]["level"] == "problem"
    assert found["sender"]["level"] == "warning"
    assert found["delivery"]["level"] == "problem"
    assert found["delivery"]["cure"]


def test_tend_and_worker_end_when_there_is_nothing_to_do(friday: Desk) -> None:
    assert friday("tend").code == 0
    assert friday("worker", "--once").code == 0


def test_a_weekly_readers_missed_monday_is_made_up_for_and_why_finds_it(desk: Desk) -> None:
    desk("subscribers", "add", "ada@example.org", "--cadence", "weekly")
    desk.ahead(timedelta(days=1))
    done = desk("run", "--json").json
    assert (done["day"], done["sent"]) == ("2026-11-21", 1)
    why = desk("why", "--subscriber", "ada@example.org").out
    assert "Her issue of 2026-11-16 was handed to the mail server" in why


def test_a_preview_before_anything_was_collected_says_what_to_do(desk: Desk) -> None:
    done = desk("preview")
    assert (done.code, done.out) == (0, "")
    assert done.err.splitlines()[-1] == (
        "No paper is known yet: `newsletter collect` asks the sources, `newsletter run` does that and the rest."
    )


@pytest.mark.parametrize("day", ["9999-12-31", "0001-01-01"])
@pytest.mark.parametrize("command", ["run", "preview", "why", "rank"])
def test_a_day_at_the_edge_of_the_calendar_is_wrong_usage(desk: Desk, command: str, day: str) -> None:
    done = desk(command, "--day", day)
    assert done.code == 2
    assert f"{day} is out of reach: days go from 1900-01-01 to 2200-12-31." in done.err


@pytest.mark.parametrize("day", ["1900-01-01", "2200-12-31"])
def test_the_last_days_that_are_in_reach_are_no_defect(desk: Desk, day: str) -> None:
    desk("subscribers", "add", "ada@example.org", "--timezone", "Pacific/Kiritimati")
    for command in ("rank", "preview", "why", "run"):
        done = desk(command, "--day", day)
        assert done.code in {0, 2}, done.err
        assert "defect" not in done.err


def test_many_warnings_of_one_source_are_counted_after_five_and_named_once(desk: Desk) -> None:
    desk.source.problems = tuple(Problem(f"huggingface item {n}", "it has no title") for n in range(12))
    done = desk("collect")
    lines = [line for line in done.err.splitlines() if line.startswith("warning: ")]
    assert lines == [
        *(f"warning: huggingface: item {n}: it has no title" for n in range(5)),
        "warning: huggingface: and 7 more; `newsletter status` shows them",
    ]
    assert "huggingface: item 11: it has no title" in desk("status").out


def test_a_refused_reader_is_named_to_the_operator_and_in_no_record(desk: Desk) -> None:
    desk("subscribers", "add", "ada@example.org")
    desk("subscribers", "add", "eve@example.org")
    with SmtpServer(script={"rcpt": {"eve@example.org": "550 5.7.1 not wanted here"}}) as server:
        with (desk.folder / "config.toml").open("a") as config:
            config.write(
                f'[delivery]\ntransport = "smtp"\nhost = "127.0.0.1"\nport = {server.port}\nsecurity = "none"\n'
            )
        done = desk("run")
    assert "warning: send: eve@example.org refused: 550 5.7.1 not wanted here" in done.err
    assert "eve@example.org refused: 550 5.7.1 not wanted here" in desk("status").out
    assert b"eve@example.org refused" not in (desk.folder / "subscribers.db").read_bytes()
    assert done.err.count("base_url: http://localhost:8000 opens on this machine only") == 1


def test_a_mail_server_that_hangs_up_after_a_few_mails_costs_no_second_run(desk: Desk) -> None:
    for number in range(11):
        desk("subscribers", "add", f"r{number}@example.org")
    with SmtpServer(close_after=3) as server:
        with (desk.folder / "config.toml").open("a") as config:
            config.write(
                f'[delivery]\ntransport = "smtp"\nhost = "127.0.0.1"\nport = {server.port}\nsecurity = "none"\n'
            )
        done = desk("run", "--json")
    assert (done.code, done.json["sent"], done.json["deferred"]) == (0, 11, 0)
    assert set(server.recipients) == {f"r{number}@example.org" for number in range(11)}


def test_an_operator_who_holds_doubtful_mail_is_told_that_it_waits_for_her(desk: Desk) -> None:
    desk("subscribers", "add", "ada@example.org")
    with SmtpServer(script={"dot": Drop()}) as server:
        with (desk.folder / "config.toml").open("a") as config:
            config.write(
                f'[delivery]\ntransport = "smtp"\nhost = "127.0.0.1"\nport = {server.port}\nsecurity = "none"\n'
                'on_uncertain = "hold"\n'
            )
        done = desk("run")
    assert (
        "warning: send: 1 mail got no answer and will not be sent again by itself: "
        "`newsletter send --resend-uncertain` sends it once more." in done.err
    )


def test_an_outbox_that_is_a_file_is_for_a_person_to_mend(desk: Desk) -> None:
    desk("subscribers", "add", "ada@example.org")
    (desk.folder / "outbox").write_text("no folder")
    done = desk("run")
    assert done.code == 1
    assert "Set [delivery] path to a folder that this user may write to." in done.err
    assert "A person must look" in done.err


def test_a_language_that_there_is_not_is_refused_by_preview_as_it_is_for_a_reader(desk: Desk) -> None:
    done = desk("preview", "--locale", "klingon")
    assert (done.code, "There is no locale" in done.err or "no code of a language" in done.err) == (2, True)


def test_what_is_collected_for_a_day_that_is_not_over_is_there_at_once(desk: Desk) -> None:
    assert desk("collect", "--day", "2026-11-20").code == 0
    assert "A language model that says why" in desk("rank").out
    assert "first seen 2026-11-20 09:00 UTC" in desk("why", "--paper", "2611.00001").out


def test_an_edition_of_a_day_that_is_not_over_is_never_told_as_printed_in_the_future(desk: Desk) -> None:
    desk("subscribers", "add", "ada@example.org", "--send-hour", "23")
    desk("run", "--day", "2026-11-20")
    for said in (desk("status"), desk("why"), desk("rank"), desk("run"), desk("why", "--paper", "2611.00001")):
        assert "printed as at the end of 2026-11-20" in said.out
        assert "23:59" not in said.out
    assert "today 1 was sent" in desk("status").out
    desk.ahead(timedelta(days=1))
    assert "The edition of 2026-11-20 was printed at 2026-11-20 23:59 UTC" in desk("why", "--day", "2026-11-20").out


def test_who_is_not_due_yet_is_said_so(desk: Desk) -> None:
    desk("subscribers", "add", "ada@example.org", "--send-hour", "23")
    assert "cut: 0 issues, 1 not due yet\n" in desk("send").out

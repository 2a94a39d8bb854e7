"""The subscriber table at the command line."""

from __future__ import annotations

import json
import stat
from typing import TYPE_CHECKING

import pytest

from newsletter.config import load_config
from newsletter.stages.leaving import leave
from newsletter.subscribe.moves import move
from tests.support.desk import Desk

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def person(desk: Desk, email: str) -> dict[str, object]:
    facts: dict[str, object] = desk("subscribers", "show", email, "--json").json
    return facts


def test_a_reader_is_added_with_her_choices_and_shown(desk: Desk) -> None:
    done = desk(
        "subscribers", "add", "Ada@Example.org", "--name", "Ada", "--topic", "vision", "--cadence", "weekly",
        "--send-hour", "7", "--timezone", "Asia/Kathmandu", "--locale", "en",
    )  # fmt: skip
    assert (done.code, done.out) == (0, "added Ada@example.org\n")
    assert person(desk, "ada@EXAMPLE.org") == {
        "email": "Ada@example.org",
        "name": "Ada",
        "status": "active",
        "topics": ["vision"],
        "cadence": "weekly",
        "send_hour": 7,
        "timezone": "Asia/Kathmandu",
        "locale": "en",
        "per_topic": None,
        "text_only": False,
        "paused_until": None,
        "created_at": "2026-11-20T09:00:00+00:00",
        "confirmed_at": "2026-11-20T09:00:00+00:00",
        "consent": "added by hand",
        "suppressed": False,
        "feedback": [],
        "brought": [],
        "returns": [],
    }


def test_adding_twice_changes_only_what_is_given(desk: Desk) -> None:
    desk("subscribers", "add", "ada@example.org", "--name", "Ada", "--cadence", "weekly")
    assert desk("subscribers", "add", "ADA@example.org").out == "nothing to do, known already: ada@example.org\n"
    assert desk("subscribers", "add", "ada@example.org", "--cadence", "daily").out == "changed ada@example.org\n"
    facts = person(desk, "ada@example.org")
    assert (facts["name"], facts["cadence"]) == ("Ada", "daily")


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["ada"], "error: It has no @. Write it as name@example.org.\n"),
        (["ada@example.org\nBcc: eve@example.org"], "error: It holds the control character U+000A. Write it as "),
        (["ada@example.org", "--topic", "visoin"], 'error: There is no topic "visoin". Did you mean "vision"?\n'),
        (["ada@example.org", "--timezone", "Berlin"], 'error: There is no time zone "Berlin". Did you mean "Europe/'),
        (["ada@example.org", "--send-hour", "24"], 'error: The send_hour "24" is no full hour from 0 to 23.\n'),
        (["ada@example.org", "--cadence", "hourly"], "error: Invalid value for '--cadence': 'hourly' is not one of"),
    ],
)
def test_a_wrong_choice_adds_nobody(desk: Desk, arguments: list[str], error: str) -> None:
    done = desk("subscribers", "add", *arguments)
    assert done.code == 2
    assert done.err.startswith(error)
    assert desk("subscribers", "list", "--json").json["subscribers"] == []


def test_whoever_left_comes_back_only_by_hand_and_whoever_is_forgotten_never(desk: Desk) -> None:
    desk("subscribers", "add", "ada@example.org")
    assert desk("subscribers", "remove", "ada@example.org").out.startswith("removed ada@example.org: ")
    assert person(desk, "ada@example.org")["status"] == "left"
    assert desk("subscribers", "import", "-", stdin=b"email\nada@example.org\n").code == 0
    assert person(desk, "ada@example.org")["status"] == "left"
    refused = desk("subscribers", "add", "ada@example.org", "--name", "Ada")
    assert (refused.code, refused.out) == (2, "")
    assert refused.err == (
        "error: ada@example.org left and is not mailed again without her own doing.\n"
        "She comes back by the sign-up page. If she asked you for it, say --again.\n"
    )
    assert (person(desk, "ada@example.org")["status"], person(desk, "ada@example.org")["name"]) == ("left", "")
    added = desk("subscribers", "add", "ada@example.org", "--again")
    assert added.out == "added again, and is written to from now on: ada@example.org\n"
    assert person(desk, "ada@example.org")["status"] == "active"
    assert desk("subscribers", "forget", "ada@example.org", "--yes").code == 0
    again = desk("subscribers", "add", "ada@example.org", "--again")
    assert again.code == 2
    assert "This address may not be written to" in again.err
    assert b"ada@example.org" not in (desk.folder / "subscribers.db").read_bytes()


@pytest.mark.parametrize("asked_since", [False, True])
def test_who_left_by_her_link_is_added_by_hand_only_on_purpose(desk: Desk, asked_since: bool) -> None:
    desk("subscribers", "add", "ada@example.org")
    with desk.press(load_config(desk.folder / "config.toml", {})) as press:
        ada = press.subscribers.by_email("ada@example.org")
        assert ada is not None
        leave(press, ada, at=press.clock.now())
        if asked_since:  # somebody, maybe not she, typed her address into the form
            left = press.subscribers.by_email("ada@example.org")
            assert left is not None
            press.subscribers.update(move(left, "ask", at=press.clock.now()), left)

    refused = desk("subscribers", "add", "ada@example.org")

    assert refused.err.startswith("error: ada@example.org left on 2026-11-20 and is not mailed again")
    assert person(desk, "ada@example.org")["status"] == ("pending" if asked_since else "left")


def test_a_suppression_holds_for_imports_and_can_be_lifted(desk: Desk) -> None:
    desk("subscribers", "suppress", "eve@example.org", "--reason", "asked by phone")
    done = desk("subscribers", "import", "-", "--json", stdin=b"email\neve@example.org\nada@example.org\n")
    assert done.json == {"dry_run": False, "added": 1, "known": 0, "suppressed": 1, "bad": [], "remarks": []}
    assert desk("subscribers", "suppress", "eve@example.org", "--lift").code == 0
    assert (
        desk("subscribers", "suppress", "eve@example.org", "--lift").err
        == "error: eve@example.org is not suppressed.\n"
    )
    assert desk("subscribers", "add", "eve@example.org").code == 0


def test_an_import_keeps_the_good_rows_names_the_bad_ones_and_asks_for_a_look(desk: Desk, tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_bytes(
        b"Email;Name;Topics;Shoe size\r\nada@example.org;Ada;vision|language-models;38\r\nnobody;Bob;;\r\n"
        b"ADA@example.org;Ada;;\r\nkim@example.org;Kim;visoin;\r\nlee@example.org;Lee;;\r\n"
    )
    done = desk("subscribers", "import", str(path))
    assert done.code == 1
    assert done.out == "2 readers added, 3 bad rows left out\n"
    assert done.err.splitlines() == [
        'note: The column "Shoe size" is not known and was left out.',
        "list.csv line 3 (nobody): It has no @. Write it as name@example.org.",
        "list.csv line 4 (ADA@example.org): The address is in line 2 already.",
        'list.csv line 5 (kim@example.org): There is no topic "visoin". Did you mean "vision"?',
    ]
    assert person(desk, "ada@example.org")["consent"] == "list.csv line 2"
    assert person(desk, "ada@example.org")["topics"] == ["vision", "language-models"]
    again = desk("subscribers", "import", str(path), "--json")
    assert {name: again.json[name] for name in ("added", "known")} == {"added": 0, "known": 2}
    assert again.json["bad"][0] == {
        "line": 3,
        "given": "nobody",
        "reason": "It has no @. Write it as name@example.org.",
    }


def test_a_dry_run_of_an_import_adds_nobody(desk: Desk) -> None:
    done = desk("subscribers", "import", "-", "--dry-run", stdin=b'{"email": "ada@example.org"}\n')
    assert (done.code, done.out) == (0, "1 reader would be added\n")
    assert desk("subscribers", "list", "--json").json["subscribers"] == []


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"", "error: The file is empty.\nBegin it with: email,name,"),
        (b"name\nAda\n", "error: The first line is no header with a column email.\n"),
        (b"email,Email\n", "error: The header names email twice.\n"),
    ],
)
def test_a_file_that_is_no_list_is_wrong_usage(desk: Desk, data: bytes, error: str) -> None:
    done = desk("subscribers", "import", "-", stdin=data)
    assert done.code == 2
    assert done.err.startswith(error)


def test_a_file_that_is_not_there_is_wrong_usage(desk: Desk) -> None:
    done = desk("subscribers", "import", "nowhere.csv")
    assert (done.code, done.err) == (2, "error: nowhere.csv cannot be read: No such file or directory.\n")


def test_an_export_comes_back_the_same_and_only_its_owner_may_read_it(desk: Desk, tmp_path: Path) -> None:
    rows = "email,name,topics,cadence,send_hour,timezone,locale\n"
    rows += "ada@example.org,=1+1,vision,daily,7,Europe/Berlin,en\n+bob@example.org,@bob,,,,,\n"
    assert desk("subscribers", "import", "-", stdin=rows.encode()).code == 0
    for form in ("csv", "jsonl"):
        path = tmp_path / f"out.{form}"
        assert desk("subscribers", "export", "--format", form, "--out", str(path)).code == 0
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        other = tmp_path / form
        other.mkdir()
        second = Desk(other)
        assert second("subscribers", "import", str(path)).code == 0
        assert second("subscribers", "list", "--json").json == desk("subscribers", "list", "--json").json
    out = desk("subscribers", "export").out
    assert "\r\nada@example.org,'=1+1,vision" in out
    assert "\r\n'+bob@example.org,'@bob," in out


def test_the_list_is_one_reader_a_line_with_counts_beside_it(desk: Desk) -> None:
    desk("subscribers", "add", "ada@example.org")
    desk("subscribers", "add", "bob@example.org", "--topic", "vision", "--cadence", "weekly")
    desk("subscribers", "remove", "bob@example.org")
    done = desk("subscribers", "list")
    assert done.out == ("ada@example.org  active, default cadence, all topics\nbob@example.org  left, weekly, vision\n")
    assert done.err == "1 active, 1 left\n"
    assert desk("subscribers", "list", "--status", "left").out == "bob@example.org  left, weekly, vision\n"
    assert len(desk("subscribers", "list", "--limit", "1", "--json").json["subscribers"]) == 1


def test_a_name_from_a_file_cannot_steer_the_terminal(desk: Desk) -> None:
    line = json.dumps({"email": "ada@example.org", "name": "A\x1b[2Jda"})
    desk("subscribers", "import", "-", stdin=line.encode())
    assert "\x1b" not in desk("subscribers", "show", "ada@example.org").out


def test_nobody_is_erased_where_nobody_can_be_asked(desk: Desk) -> None:
    desk("subscribers", "add", "ada@example.org")
    done = desk("subscribers", "forget", "ada@example.org")
    assert done.code == 2
    assert done.err == (
        "error: ada@example.org was not erased: it is for good, and nobody is here to be asked.\n"
        "Say --yes if you mean it.\n"
    )
    assert person(desk, "ada@example.org")["status"] == "active"


@pytest.mark.parametrize(("given", "kept"), [("pt-br", "pt_BR"), ("DE", "de"), ("zh_Hant_TW", "zh_Hant_TW")])
def test_a_locale_is_kept_under_its_one_name(desk: Desk, given: str, kept: str) -> None:
    assert desk("subscribers", "add", "ada@example.org", "--locale", given).code == 0
    assert person(desk, "ada@example.org")["locale"] == kept


@pytest.mark.parametrize("given", ["xx", "klingon", "qq_QQ"])
def test_a_locale_that_does_not_exist_is_refused(desk: Desk, given: str) -> None:
    done = desk("subscribers", "add", "ada@example.org", "--locale", given)
    assert done.code == 2
    assert done.err.startswith("error: ")
    assert desk("subscribers", "list", "--json").json["subscribers"] == []

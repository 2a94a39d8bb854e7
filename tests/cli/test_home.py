"""Setting up: what `init` makes, and what it leaves alone."""

from __future__ import annotations

import stat
import subprocess
from typing import TYPE_CHECKING

import pytest

from newsletter.cli.asking import local_zone
from newsletter.config import load_config
from newsletter.config_providers import PROVIDERS
from newsletter.config_sample import sample
from tests.support.desk import Desk, newsletter

if TYPE_CHECKING:
    from pathlib import Path


def test_init_makes_a_newsletter_that_works_at_once(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    done = newsletter(["init", str(folder)])
    assert done.code == 0
    assert done.out.splitlines()[:3] == [
        f"made {folder}/config.toml",
        f"made {folder}/secret",
        f"made {folder}/subscribers.db",
    ]
    assert (folder / "config.toml").read_text("utf-8") == sample()
    assert stat.S_IMODE((folder / "secret").stat().st_mode) == 0o600
    assert stat.S_IMODE((folder / "subscribers.db").stat().st_mode) & 0o077 == 0
    status = newsletter(["--config", str(folder / "config.toml"), "status"])
    assert (status.code, status.err) == (0, "")


def test_git_leaves_out_the_secret_and_the_addresses_of_a_new_newsletter(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    newsletter(["init", str(folder)])
    for name in ("subscribers.db.before-0010", "before-20261126-040000.db", "env"):
        (folder / name).touch()
    (folder / "outbox" / "new").mkdir(parents=True)
    (folder / "outbox" / "new" / "a.eml").touch()
    git = ["git", "-C", str(tmp_path), "-c", "core.excludesFile=/dev/null"]
    subprocess.run([*git, "init", "-q"], check=True, timeout=20)
    asked = [*git, "ls-files", "--others", "--exclude-standard"]
    seen = subprocess.run(asked, capture_output=True, text=True, check=True, timeout=20)
    assert seen.stdout.splitlines() == ["mine/.gitignore", "mine/config.toml"]
    (folder / ".gitignore").write_text("mine\n", "utf-8")
    newsletter(["init", str(folder)])
    assert (folder / ".gitignore").read_text("utf-8") == "mine\n"


def test_init_a_second_time_leaves_everything_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text('[newsletter]\nname = "Mine"\n')
    newsletter(["init", str(tmp_path)])
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.suffix != ".db-wal"}
    done = newsletter(["init", str(tmp_path), "--json"])
    assert done.json["made"] == []
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.suffix != ".db-wal"} == before
    assert (tmp_path / "config.toml").read_text() == '[newsletter]\nname = "Mine"\n'


def test_init_where_nobody_may_write_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = newsletter(["init", str(tmp_path / "file")])
    assert done.code == 2
    assert "Traceback" not in done.err


def test_a_missing_secret_is_made_at_first_use_and_mentioned(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    path = tmp_path / "config.toml"
    path.write_text(path.read_text().replace("secret =", "# secret ="))
    first = desk("status")
    assert first.err == f"made {tmp_path}/secret, which signs the links in mails; keep it in the backup\n"
    assert desk("status").err == ""


@pytest.mark.parametrize("name", list(PROVIDERS))
def test_init_knows_the_common_mail_providers(tmp_path: Path, name: str) -> None:
    done = newsletter(["init", str(tmp_path), "--provider", name])
    assert done.code == 0
    delivery = load_config(tmp_path / "config.toml", {}).delivery
    known = PROVIDERS[name]
    assert (delivery.transport, delivery.host, delivery.port, delivery.security, delivery.password) == (
        "smtp",
        known.host,
        known.port,
        known.security,
        "",
    )
    assert [sentence for sentence in known.advice if sentence not in done.out] == []


def test_init_at_a_terminal_asks_four_questions_and_subscribes_the_one_who_answers(tmp_path: Path) -> None:
    said = b"nobody\nada@lab.edu\nlong\tcontext\nlong context models\nEurope/Berlim\nEurope/Berlin\npigeon\nfastmail\n"
    done = newsletter(["init", str(tmp_path / "mine"), "--ask"], stdin=said)
    assert done.code == 0
    for complaint in ("it has no @", "A tab or another control character", "There is no pigeon here"):
        assert complaint in done.out
    config = load_config(tmp_path / "mine" / "config.toml", {})
    assert (config.newsletter.sender, config.newsletter.operator) == ("Trending Papers <ada@lab.edu>", "ada@lab.edu")
    assert (config.newsletter.timezone, config.delivery.host) == ("Europe/Berlin", "smtp.fastmail.com")
    assert config.delivery.username == "ada@lab.edu"
    assert "outbox/" not in done.out.partition("Next:")[2]
    assert [(one.slug, one.query) for one in config.topics] == [("long-context-models", "long context models")]
    listed = newsletter(["--config", str(tmp_path / "mine" / "config.toml"), "subscribers", "list"])
    assert listed.out.startswith("ada@lab.edu  active")


def test_init_answered_with_enter_alone_is_the_sample_and_without_a_terminal_it_asks_nothing(tmp_path: Path) -> None:
    newsletter(["init", str(tmp_path / "a"), "--ask"], stdin=b"\n\n\n\n")
    silent = newsletter(["init", str(tmp_path / "b")])
    assert "questions" not in silent.out
    first = (tmp_path / "a" / "config.toml").read_text("utf-8")
    assert first.replace(local_zone(), "UTC") == (tmp_path / "b" / "config.toml").read_text("utf-8") == sample()


def test_init_with_a_provider_leaves_a_config_that_is_there_and_shows_the_lines(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text('[newsletter]\nname = "Mine"\n', "utf-8")
    done = newsletter(["init", str(tmp_path), "--provider", "fastmail"])
    assert done.code == 0
    assert (tmp_path / "config.toml").read_text("utf-8") == '[newsletter]\nname = "Mine"\n'
    assert '  host = "smtp.fastmail.com"\n  port = 465\n  security = "tls"\n' in done.out

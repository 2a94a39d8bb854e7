"""The scheduled workflow: its schema, its rules, and its steps run by hand on this machine."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from newsletter.sample.folder import SAMPLE

ROOT = Path(__file__).resolve().parents[2]
WORKFLOW = ROOT / "deploy" / "workflow" / "newsletter.yml"
COMPOSE = ROOT / "deploy" / "compose.yaml"
TEXT = WORKFLOW.read_text("utf-8")
CHECKER = shutil.which("check-jsonschema", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")


def step(name: str) -> str:
    """The script of one step."""
    block = re.search(rf"(?ms)^      - name: {re.escape(name)}\n(.*?)(?=^      - |^      #|\Z)", TEXT)
    assert block is not None, name
    script = re.search(r"(?ms)^        run: \|\n(.*)", block[1])
    assert script is not None
    return textwrap.dedent(script[1])


@pytest.mark.skipif(CHECKER is None, reason="check-jsonschema is not installed")
@pytest.mark.parametrize(("file", "schema"), [(WORKFLOW, "vendor.github-workflows"), (COMPOSE, "vendor.compose-spec")])
def test_the_schema_has_no_complaint(file: Path, schema: str) -> None:
    assert CHECKER is not None
    done = subprocess.run([CHECKER, "--builtin-schema", schema, file], capture_output=True, check=False)
    assert done.returncode == 0, done.stdout


def test_it_is_off_the_hour_alone_and_asks_for_little() -> None:
    minute = re.search(r'cron: "(\d+) ', TEXT)
    assert minute is not None
    assert 5 < int(minute[1]) < 55
    assert "permissions: {}" in TEXT
    assert "contents: write" not in TEXT
    assert "cancel-in-progress: false" in TEXT
    assert "sleep" in TEXT


def test_a_month_of_it_fits_into_the_free_minutes_of_a_private_repository() -> None:
    hours = re.search(r'cron: "\d+ ([\d,]+) \* \* \*"', TEXT)
    assert hours is not None
    assert len(hours[1].split(",")) * 31 * 3 < 1000
    wait = re.search(r"RANDOM % (\d+)", TEXT)
    assert wait is not None
    assert int(wait[1]) <= 60


def test_every_action_is_pinned_to_a_commit_and_no_secret_stands_in_a_script() -> None:
    uses = re.findall(r"uses: (\S+)", TEXT)
    assert uses
    assert [one for one in uses if not re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", one)] == []
    scripts = re.findall(r"(?ms)^        run: (.*?)(?=^      - |^      #|\Z)", TEXT)
    assert [script for script in scripts if "${{" in script] == []


def test_the_state_never_enters_the_repositorys_history() -> None:
    assert not re.search(r"git (add|commit|push)", TEXT)
    assert re.findall(r"(?m)^          path: (.*)$", TEXT) == ["state.gpg", "state.gpg"]


class Runner:
    """A hosted runner, as far as the steps can tell: a checkout that is thrown away, and a cache beside it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.cache = folder / "cache.gpg"
        self.outbox = folder / "outbox"
        self.bin = folder / "bin"
        self.bin.mkdir()
        shim = self.bin / "newsletter"
        shim.write_text(f'#!/bin/sh\nPYTHONPATH={ROOT} exec {sys.executable} -m newsletter "$@"\n', "utf-8")
        shim.chmod(0o755)
        self.number = 0

    def run(self, key: str = "a long random text", *, fresh: str = "false") -> list[int]:
        """A run of all steps in a new checkout; the exit code of each that was run."""
        self.number += 1
        checkout = self.folder / f"checkout{self.number}"
        (checkout / "digest").mkdir(parents=True)
        (checkout / "digest" / "config.toml").write_text(
            f'[[sources]]\nkind = "file"\npath = "{self.folder / "papers.jsonl"}"\n'
            f'[[topics]]\nslug = "all"\nkeywords = ["model", "video", "language"]\n[ranking]\ndense = false\n'
            f'lookback = "30d"\n[schedule]\nsend_hour = 0\n[delivery]\npath = "{self.outbox}"\n',
            "utf-8",
        )
        if self.cache.exists():
            shutil.copy(self.cache, checkout / "state.gpg")
        codes = []
        for name in ("Unlock it", "Run", "Lock the state"):
            codes.append(self.script(step(name), checkout, key, fresh))
            if name == "Unlock it" and codes[-1]:
                return codes
        shutil.copy(checkout / "state.gpg", self.cache)
        return codes

    def script(self, text: str, checkout: Path, key: str, fresh: str) -> int:
        home = self.folder / "home"
        home.mkdir(mode=0o700, exist_ok=True)
        environ = {
            "PATH": f"{self.bin}:{os.environ['PATH']}",
            "HOME": str(home),
            "GNUPGHOME": str(home),
            "RUNNER_TEMP": str(self.folder),
            "STATE_KEY": key,
            "READERS": "ada@example.org\nbob@example.org",
            "FRESH": fresh,
        }
        command = ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c", text]
        done = subprocess.run(command, cwd=checkout, env=environ, timeout=100, stdout=subprocess.DEVNULL, check=False)
        return done.returncode

    @property
    def mails(self) -> int:
        return len(list(self.outbox.rglob("*.eml")))


@pytest.mark.skipif(not shutil.which("gpg") or not shutil.which("bash"), reason="needs gpg and bash")
def test_three_runs_by_hand_mail_each_reader_once_and_the_state_is_encrypted(tmp_path: Path) -> None:
    runner = Runner(tmp_path)
    make_papers(tmp_path / "papers.jsonl")

    assert runner.run(fresh="true") == [0, 0, 0]
    assert runner.mails == 2
    assert runner.run() == [0, 0, 0]
    assert runner.mails == 2
    assert b"ada@example.org" not in runner.cache.read_bytes()
    assert b"SQLite format" not in runner.cache.read_bytes()

    kept = runner.cache.read_bytes()
    assert runner.run("a wrong key") != [0, 0, 0], "a wrong key must not begin anew"
    assert runner.cache.read_bytes() == kept
    runner.cache.unlink()
    assert runner.run() == [1], "a lost state must not mail everybody again unasked"
    assert runner.mails == 2


@pytest.mark.skipif(not shutil.which("gpg") or not shutil.which("bash"), reason="needs gpg and bash")
def test_a_first_run_that_failed_before_it_made_anything_keeps_no_state_and_does_not_fail_twice(tmp_path: Path) -> None:
    runner = Runner(tmp_path)
    (tmp_path / "digest").mkdir()
    assert runner.script(step("Lock the state"), tmp_path, "a key", "true") == 0
    assert not (tmp_path / "state.gpg").exists()
    assert "is gone" not in step("Unlock it")


def make_papers(path: Path) -> None:
    """The sample's first papers as if they were listed today."""
    import json
    from datetime import UTC, datetime

    today = datetime.now(UTC).date().isoformat()
    lines = (SAMPLE / "papers.jsonl").read_text("utf-8").splitlines()[:12]
    papers = [json.loads(line) | {"listed": today, "published": today, "upvotes": []} for line in lines]
    path.write_text("".join(json.dumps(one) + "\n" for one in papers), "utf-8")

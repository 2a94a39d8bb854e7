"""deploy/upgrade.sh on a machine whose systemctl, pip and newsletter are stand-ins that write down what was asked."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "deploy" / "upgrade.sh"


def upgrade(folder: Path, *, failing: str = "nothing") -> tuple[int, str, list[str]]:
    """(exit code, what it said on stderr, the calls) with a service and a timer that run."""
    log = folder / "log"
    for place, name in (("bin", "systemctl"), ("venv/bin", "newsletter"), ("venv/bin", "pip")):
        (folder / place).mkdir(parents=True, exist_ok=True)
        stand_in = folder / place / name
        stand_in.write_text(
            f'#!/bin/sh\necho "{name} $1 $2 [$NEWSLETTER_DELIVERY__PASSWORD]" >> {log}\n[ "$1" != {failing} ]\n',
            "utf-8",
        )
        stand_in.chmod(0o755)
    (folder / "home").mkdir()
    (folder / "home" / "subscribers.db").touch()
    (folder / "env").write_text("# of the relay\nNEWSLETTER_DELIVERY__PASSWORD='s3 $cret'\n", "utf-8")
    user = subprocess.run(["id", "-un"], capture_output=True, text=True, check=True).stdout.strip()
    environ = {
        "PATH": f"{folder / 'bin'}:{os.environ['PATH']}",
        "NEWSLETTER_HOME": str(folder / "home"),
        "NEWSLETTER_VENV": str(folder / "venv"),
        "NEWSLETTER_ENV": str(folder / "env"),
        "NEWSLETTER_USER": user,
    }
    done = subprocess.run(["sh", SCRIPT], env=environ, capture_output=True, text=True, timeout=30, check=False)
    calls = [line.replace(str(folder), "") for line in log.read_text("utf-8").splitlines()]
    return done.returncode, done.stderr, [call for call in calls if "is-active" not in call]


def test_an_upgrade_stops_service_and_timer_and_its_commands_know_the_password(tmp_path: Path) -> None:
    code, said, calls = upgrade(tmp_path)
    assert (code, said) == (0, "")
    assert [call.split(" [")[0].split("/home")[0] for call in calls] == [
        "systemctl stop newsletter.service",
        "systemctl stop newsletter-run.timer",
        "systemctl stop newsletter-run.service",
        "newsletter backup ",
        "pip install --quiet",
        "newsletter upgrade ",
        "newsletter status ",
        "systemctl start newsletter.service",
    ]
    assert all(call.endswith("[s3 $cret]") for call in calls)


@pytest.mark.parametrize(
    ("failing", "step"), [("backup", "making a backup"), ("install", "installing the new version")]
)
def test_a_step_that_fails_is_named_with_what_stands_still(tmp_path: Path, failing: str, step: str) -> None:
    code, said, calls = upgrade(tmp_path, failing=failing)
    assert code == 1
    assert f"upgrade failed while {step}." in said
    assert "The service is stopped" in said
    assert "systemctl start newsletter.service newsletter-run.timer" in said
    assert not any("systemctl start" in call for call in calls)

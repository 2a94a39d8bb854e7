"""The systemd units: systemd itself has nothing to say against them."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

UNITS = Path(__file__).resolve().parents[2] / "deploy" / "systemd"
NAMES = sorted(path.name for path in UNITS.iterdir())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The units beside a stand-in of the program, so that only the program's place differs from a real machine."""
    program = tmp_path / "newsletter"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    for name in NAMES:
        text = (UNITS / name).read_text("utf-8").replace("/opt/newsletter/.venv/bin/newsletter", str(program))
        (tmp_path / name).write_text(text, "utf-8")
    return tmp_path


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd-analyze is not on this machine")
def test_systemd_has_no_complaint(folder: Path) -> None:
    # It ends with 0 even for a key that it does not know: only a silent stderr is a pass.
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *(str(folder / name) for name in NAMES)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd-analyze is not on this machine")
def test_the_timer_comes_off_the_hour_and_in_utc() -> None:
    calendar = re.search(r"OnCalendar=(.*)", (UNITS / "newsletter-run.timer").read_text("utf-8"))
    assert calendar is not None
    done = subprocess.run(
        ["systemd-analyze", "calendar", calendar[1]], capture_output=True, text=True, timeout=60, check=True
    )
    assert re.search(r"Next elapse: .*:17:00 UTC", done.stdout)


def test_both_services_are_locked_down_alike() -> None:
    def locks(name: str) -> list[str]:
        return (UNITS / name).read_text("utf-8").partition("UMask=")[2].partition("[Install]")[0].split()

    assert locks("newsletter.service") == locks("newsletter-run.service")
    assert "NoNewPrivileges=yes" in locks("newsletter.service")


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd-analyze is not on this machine")
@pytest.mark.parametrize("name", [one for one in NAMES if one.endswith(".service")])
def test_systemd_scores_the_services_as_well_locked(folder: Path, name: str) -> None:
    """Of 10, less is better; most services score above 9."""
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--threshold=20", "--no-pager", str(folder / name)],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-300:]


def test_no_image_is_named_without_its_version() -> None:
    deploy = UNITS.parent
    images = re.findall(r"(?m)^FROM (\S+)", (deploy / "Dockerfile").read_text("utf-8"))
    images += re.findall(r"(?m)^ +image: (\S+)", (deploy / "compose.yaml").read_text("utf-8"))
    assert len(images) == 5
    assert [one for one in images if one != "trending-papers" and not re.search(r":v?\d+\.\d+", one)] == []

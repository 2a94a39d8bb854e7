"""The edge of the process: whatever is typed or goes wrong, an exit code and a sentence."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from newsletter.cli import commands
from newsletter.cli.app import cli
from newsletter.cli.people import subscribers
from newsletter.errors import BusyError, RelayError, StoreError
from tests.support.desk import newsletter

ROOT = Path(__file__).parents[2]


def shell(*arguments: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "newsletter", *arguments],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "HOME": str(cwd), **environment},
    )


def test_help_is_shown_without_loading_the_program(tmp_path: Path) -> None:
    code = (
        "import sys; from newsletter.cli.edge import run; run(['--help']);"
        "print([m for m in ('sqlalchemy', 'jinja2', 'numpy', 'httpx', 'newsletter.config') if m in sys.modules],"
        " file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=30, check=True
    )
    assert done.stderr == "[]\n"
    for name in commands():
        assert f"\n  {name} " in done.stdout


@pytest.mark.parametrize("name", commands())
def test_every_command_has_help(name: str) -> None:
    done = newsletter([name, "--help"])
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith(f"Usage: newsletter {name}")


def test_docs_commands_md_names_every_command_and_option() -> None:
    page = (ROOT / "docs/commands.md").read_text("utf-8")
    context = cli.make_context("newsletter", ["--help"], resilient_parsing=True)
    for name in commands():
        assert f"newsletter {name}" in page
        command = cli.get_command(context, name)
        assert command is not None
        for parameter in command.params:
            assert all(option in page for option in parameter.opts if option.startswith("--")), (name, parameter.opts)
    for name, command in subscribers.commands.items():
        assert f"| `{name} " in page
        for parameter in command.params:
            assert all(option in page for option in parameter.opts if option.startswith("--")), (name, parameter.opts)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["frobnicate"], 'error: There is no command "frobnicate". `newsletter --help` lists all.\n'),
        (["stauts"], 'error: There is no command "stauts". Did you mean "status"? `newsletter --help` lists all.\n'),
        (
            ["run", "--day", "soon"],
            "error: Invalid value for '--day': \"soon\" is not a day. Write it as 2026-11-20, or today or yesterday.\n",
        ),
        (["run", "--day", "2026-11-31"], '"2026-11-31" is not a day.'),
        (["run", "--day", "20261120"], '"20261120" is not a day.'),
        (["run", "--colour"], "error: No such option"),
        (["preview", "--format", "pdf"], "'pdf' is not one of 'html', 'text', 'eml'"),
        (["subscribers", "add"], "error: Missing argument 'EMAIL'.\nSee `newsletter subscribers add --help`.\n"),
        (["subscribers"], "error: "),
    ],
)
def test_wrong_usage_is_exit_2_and_a_sentence(arguments: list[str], says: str) -> None:
    done = newsletter(arguments)
    assert done.code == 2
    assert says in done.err
    assert "Traceback" not in done.err


def test_without_a_command_help_is_shown() -> None:
    assert newsletter([]).out.startswith("Usage: newsletter")


def test_a_folder_without_config_toml_says_how_to_make_one(tmp_path: Path) -> None:
    done = shell("status", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr == (
        f"error: There is no config.toml in {tmp_path}.\n"
        "Make one with `newsletter init`, or name another with --config FILE.\n"
    )


def test_every_mistake_of_the_configuration_is_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text('[delivery]\nport = "587"\n[schedule]\nsend_hour = 25\n')
    done = shell("run", "--json", cwd=tmp_path)
    assert done.returncode == 2
    assert json.loads(done.stdout)["error"].splitlines() == [
        f"{tmp_path}/config.toml has 2 problems:",
        "  [schedule] send_hour: must be a whole number from 0 to 23, not the number 25.",
        (
            '  [delivery] port: must be a whole number from 1 to 65535, not "587". '
            "Write the digits without quotes or a point."
        ),
    ]
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (BusyError("The database is locked.", cure="Try again."), 75),
        (RelayError("The relay is down.", cure="Try again."), 75),
        (StoreError("The disk is full.", cure="Make room."), 1),
        (KeyboardInterrupt(), 130),
        (PermissionError(13, "Permission denied", "/somewhere"), 1),
        (ZeroDivisionError("division by zero"), 1),
    ],
)
@pytest.mark.parametrize("as_json", [False, True])
def test_each_failure_has_its_exit_code_and_its_cure(
    tmp_path: Path, error: BaseException, code: int, as_json: bool
) -> None:
    (tmp_path / "config.toml").write_text('[newsletter]\nsecret = "long enough to be a secret"\n')

    def fail(config: object) -> object:
        raise error

    arguments = ["--config", str(tmp_path / "config.toml"), "status", *["--json"][: int(as_json)]]
    done = newsletter(arguments, open_press=fail)
    assert done.code == code
    assert done.err.lstrip().startswith("error: ")
    assert "Traceback" not in done.err
    if as_json and code != 130:
        assert set(json.loads(done.out)) == {"error", "cure"}
    else:
        assert done.out == ""


def test_a_defect_of_ours_says_that_it_is_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "config.toml").write_text('[newsletter]\nsecret = "long enough to be a secret"\n')

    def fail(config: object) -> object:
        raise KeyError("x")

    arguments = ["--config", str(tmp_path / "config.toml"), "status"]
    done = newsletter(arguments, open_press=fail)
    assert done.err.startswith("error: This is a defect of the program: KeyError: 'x', test_edge.py line ")
    assert "NEWSLETTER_DEBUG=1" in done.err
    monkeypatch.setenv("NEWSLETTER_DEBUG", "1")
    assert "Traceback" in newsletter(arguments, open_press=fail).err


def test_whoever_stops_reading_causes_no_traceback(tmp_path: Path) -> None:
    command = f"{sys.executable} -m newsletter config --docs | head -c 1; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], cwd=ROOT, capture_output=True, text=True, timeout=30, check=True)
    assert done.stderr == ""
    assert done.stdout in {"#141\n", "#0\n"}  # a page this short may fit into the pipe


def test_ctrl_c_is_exit_130(tmp_path: Path) -> None:
    code = (
        "import os, signal, sys; from newsletter.cli.edge import run\n"
        "def fail(config):\n os.kill(os.getpid(), signal.SIGINT)\n import time; time.sleep(5)\n"
        "sys.exit(run(['status'], open_press=fail))"
    )
    (tmp_path / "config.toml").write_text('[newsletter]\nsecret = "long enough to be a secret"\n')
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    assert (done.returncode, done.stderr.lstrip()) == (
        130,
        "error: Stopped.\nRun it again to go on: nothing is lost.\n",
    )


def test_sigterm_ends_a_worker_well(tmp_path: Path) -> None:
    assert shell("init", cwd=tmp_path).returncode == 0
    with subprocess.Popen(
        [sys.executable, "-m", "newsletter", "worker"],
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    ) as worker:
        assert worker.stderr is not None
        assert worker.stderr.readline() == "waiting for mail to send; SIGTERM or Ctrl-C ends it\n"
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(timeout=20) == 0
        assert worker.stderr.read() == "stopping: finishing what is under way\n"


def test_the_config_option_may_stand_before_or_after_the_command(tmp_path: Path) -> None:
    path = tmp_path / "other.toml"
    path.write_text('[newsletter]\nname = "Other"\n')
    for arguments in (["--config", str(path), "config"], ["config", "--config", str(path)]):
        done = newsletter(arguments)
        assert done.code == 0
        assert 'name = "Other"' in done.out


def test_config_shows_what_is_in_force_and_no_secret(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text(
        '[delivery]\nusername = "me"\npassword = "hunter2"\n[newsletter]\nsecret = "hunter2-hunter2-hunter2"\n'
    )
    for form in ([], ["--json"]):
        done = newsletter(["--config", str(path), "config", *form])
        assert done.code == 0
        assert "hunter2" not in done.out
    assert json.loads(done.out)["schedule"] == {
        "collect_every": "1h",
        "send_hour": 8,
        "cadence": "daily",
        "expire_after": "20h",
    }

"""A newsletter in a folder, made and run as a person would: through config.toml and the command line."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from email.message import EmailMessage

ROOT = Path(__file__).resolve().parents[2]
BASE = '[newsletter]\nfrom = "Papers <papers@example.org>"\nbase_url = "https://papers.example.org"\n'


@dataclass(frozen=True)
class Answer:
    """What a command printed and its exit code."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass(frozen=True)
class House:
    """`folder` holds config.toml, the database and the outbox."""

    folder: Path

    def write(self, text: str) -> None:
        (self.folder / "config.toml").write_text(text, encoding="utf-8")

    def run(self, *arguments: str, timeout: float = 120) -> Answer:
        done = subprocess.run(
            [
                sys.executable,
                "-W",
                "error",
                "-m",
                "newsletter",
                "--config",
                str(self.folder / "config.toml"),
                *arguments,
            ],
            cwd=ROOT,
            capture_output=True,
            timeout=timeout,
            text=True,
            encoding="utf-8",
            check=False,
        )
        return Answer(done.returncode, done.stdout, done.stderr)

    def ok(self, *arguments: str, timeout: float = 120) -> Answer:
        """Run, and fail the test with what was said when the exit code is not 0."""
        answer = self.run(*arguments, timeout=timeout)
        assert answer.code == 0, f"{arguments} ended with {answer.code}:\n{answer.out}\n{answer.err}"
        return answer

    def mails(self) -> list[EmailMessage]:
        """What is in the outbox, oldest first."""
        files = sorted((self.folder / "outbox" / "new").glob("*.eml"))
        return [message_from_bytes(file.read_bytes(), policy=default) for file in files]  # type: ignore[arg-type]

"""What SpamAssassin says of a mail, where it is installed: offline, with its own rules only."""

from __future__ import annotations

import re
import shutil
import subprocess

_SCORE = re.compile(r"X-Spam-Status: .*?score=(-?[\d.]+)\s+required=(-?[\d.]+)", re.DOTALL)
_RULE = re.compile(r"^\s*(-?\d+\.\d)\s+(\w+)\s+(.*(?:\n\s{10,}\S.*)*)", re.MULTILINE)
PATIENCE = 60.0  # seconds


def spam_report(mail: bytes) -> dict[str, object]:
    """`score` and `required`, and each rule with its points; or `said`, why there is none. -L: no network."""
    program = shutil.which("spamassassin")
    if program is None:
        return {"said": "SpamAssassin is not installed here (Debian: apt-get install spamassassin)."}
    command = [program, "-L", "-t", "--cf=use_bayes 0"]
    try:
        done = subprocess.run(command, input=mail, capture_output=True, timeout=PATIENCE, check=False)  # noqa: S603 - a program of the PATH
    except (OSError, subprocess.TimeoutExpired) as error:
        return {"said": f"SpamAssassin did not answer: {error}."}
    return read_report(done.stdout.decode("utf-8", "replace"))


def read_report(text: str) -> dict[str, object]:
    """The report that `spamassassin -t` puts around a mail."""
    found = _SCORE.search(text)
    if found is None:
        return {"said": "SpamAssassin gave no score."}
    table = text[text.rfind("Content analysis details") :]
    rules = [[float(points), name, " ".join(what.split())] for points, name, what in _RULE.findall(table)]
    return {"score": float(found[1]), "required": float(found[2]), "rules": rules}

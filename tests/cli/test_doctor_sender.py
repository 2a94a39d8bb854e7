"""Doctor warns of a mailbox provider's address that comes by another's server, and of no way that the provider has."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from newsletter.cli.surroundings import login
from newsletter.config import read_config

if TYPE_CHECKING:
    from pathlib import Path


def found(folder: Path, sender: str, host: str) -> list[tuple[str, str, str]]:
    given = {"newsletter": {"from": sender}, "delivery": {"transport": "smtp", "host": host}}
    config = read_config(given, {}, folder / "config.toml")
    return [(one.check, one.level, one.text) for one in login(config)]


@pytest.mark.parametrize(
    ("sender", "host"),
    [
        ("ada@hotmail.com", "smtp-mail.outlook.com"),
        ("ada@live.com", "smtp.office365.com"),
        ("ada@gmail.com", "smtp.googlemail.com"),
        ("ada@gmail.com", "smtp.gmail.com"),
        ("ada@gmail.com", "localhost"),
        ("ada@proton.me", "127.0.0.1"),
        ("ada@icloud.com", "smtp.mail.me.com"),
        ("ada@web.de", "smtp.web.de"),
        ("ada@lab.example.org", "smtp.gmail.com"),
    ],
)
def test_the_ways_that_a_provider_has_pass(sender: str, host: str, tmp_path: Path) -> None:
    assert found(tmp_path, sender, host) == []


@pytest.mark.parametrize("host", ["email-smtp.eu-west-1.amazonaws.com", "smtp.notgmail.com"])
def test_a_foreign_server_is_warned_of(host: str, tmp_path: Path) -> None:
    text = f"mail from gmail.com that comes by {host} looks forged to receivers"
    assert found(tmp_path, "Ada <ada@gmail.com>", host) == [("sender", "warning", text)]

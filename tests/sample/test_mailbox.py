"""A mail of the demo's outbox is shown as its reader sees it, in the colours that were asked for."""

from __future__ import annotations

from email.message import EmailMessage
from typing import TYPE_CHECKING

from newsletter.sample.mailbox import in_scheme, read_mail

if TYPE_CHECKING:
    from pathlib import Path

HTML = (
    '<html><head lang="en"><meta name="color-scheme" content="light dark">'
    '<meta name="supported-color-schemes" content="light dark">'
    "<style>:root { color-scheme: light dark; }"
    "@media (prefers-color-scheme: dark) { p { color: white !important; } }"
    "@media (prefers-color-scheme:light) and (max-width:480px) { p { color: black; } }"
    '</style></head><body><p style="color:red">Hi (prefers-color-scheme)</p></body></html>'
)


def test_a_mail_is_read_back_with_its_name_in_any_script_and_both_editions(tmp_path: Path) -> None:
    message = EmailMessage()
    message["From"] = "Papers <papers@example.org>"
    message["To"] = "Zoë Ångström-Müller <zoe@example.net>"
    message["Subject"] = "7 papers: 最新の論文"
    message.set_content("Grüße\n")
    message.add_alternative("<p>Grüße</p>\n", subtype="html")
    (tmp_path / "outbox" / "new").mkdir(parents=True)
    path = tmp_path / "outbox" / "new" / "1.eml"
    path.write_bytes(message.as_bytes())

    mail = read_mail(path, tmp_path)

    assert (mail.file, mail.recipient, mail.subject) == ("outbox/new/1.eml", "zoe@example.net", "7 papers: 最新の論文")
    assert (mail.sender, mail.octets) == ("Papers <papers@example.org>", path.stat().st_size)
    assert (mail.html, mail.text) == ("<p>Grüße</p>\n", "Grüße\n")


def test_the_systems_own_colours_leave_the_mail_as_it_is_but_for_where_links_open() -> None:
    assert in_scheme(HTML, "system") == HTML.replace('<head lang="en">', '<head lang="en"><base target="_blank">')


def test_a_mail_shown_in_dark_uses_its_dark_rules_and_not_its_light_ones() -> None:
    assert in_scheme(HTML, "dark") == (
        '<html><head lang="en"><base target="_blank"><meta name="color-scheme" content="dark">'
        '<meta name="supported-color-schemes" content="dark">'
        "<style>:root { color-scheme: dark; }"
        "@media (min-width: 0) { p { color: white !important; } }"
        "@media (max-width: 0) and (max-width:480px) { p { color: black; } }"
        '</style></head><body><p style="color:red">Hi (prefers-color-scheme)</p></body></html>'
    )


def test_a_mail_shown_in_light_uses_its_light_rules_and_not_its_dark_ones() -> None:
    light = in_scheme(HTML, "light")

    assert "@media (max-width: 0) { p { color: white" in light
    assert "@media (min-width: 0) and (max-width:480px)" in light
    assert 'content="light"' in light
    assert "color-scheme: light; }" in light

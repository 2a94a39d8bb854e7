"""doctor asks the DNS about the sender's domains, where there are any to ask about."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from newsletter.send.dkim import load_signer
from newsletter.send.resolver import Resolver
from newsletter.wiring import open_press
from tests.support.desk import Desk, newsletter
from tests.support.dns_server import DnsServer, Zone, txt

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pytest

    from newsletter.config import Config
    from newsletter.press import Press

SMTP = '[delivery]\ntransport = "smtp"\nhost = "127.0.0.1"\nport = 9\nsecurity = "none"\n'


@dataclass
class Asking:
    """doctor in a folder of which the sender is papers@lab.edu, with a name server of the test."""

    desk: Desk
    zone: Zone = field(default_factory=dict)
    delivery: str = SMTP
    sender: str = "papers@lab.edu"

    def __call__(self) -> dict[str, Any]:
        path = self.desk.folder / "config.toml"
        text = path.read_text("utf-8").replace("papers@lab.example.org", self.sender)
        path.write_text(text + self.delivery, "utf-8")
        with DnsServer(self.zone) as server:

            @contextmanager
            def seam(config: Config) -> Iterator[Press]:
                with open_press(config, clock=self.desk.clock) as press:
                    yield replace(press, sources=(), open_dns=lambda: Resolver(["127.0.0.1"], port=server.port))

            done = newsletter(["--config", str(path), "doctor", "--json"], open_press=seam)
        kinds = ("DNS", "SPF", "DKIM", "DMARC", "MX")
        return {one["check"]: one for one in done.json["findings"] if one["check"].startswith(kinds)}


def test_doctor_judges_the_records_of_the_sender_and_of_its_key(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    form = serialization.PrivateFormat.PKCS8
    key = Ed25519PrivateKey.generate().private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
    (tmp_path / "dkim.pem").write_bytes(key)
    name, value = load_signer(tmp_path / "dkim.pem", domain="lab.edu", selector="s1").record()
    zone: Zone = {
        ("b.lab.edu", "TXT"): [txt("v=spf1 mx -all")],
        ("b.lab.edu", "MX"): ["0 ."],
        ("lab.edu", "MX"): ["5 mx.lab.edu."],
        ("mx.lab.edu", "A"): ["192.0.2.1"],
        (name, "TXT"): [txt(value)],
    }
    delivery = SMTP + 'bounce_domain = "b.lab.edu"\ndkim_selector = "s1"\ndkim_key = "dkim.pem"\n'

    found = Asking(desk, zone, delivery)()

    assert {check: one["level"] for check, one in found.items()} == {
        "SPF of b.lab.edu": "ok",
        "DKIM at s1._domainkey.lab.edu": "ok",
        "DMARC of lab.edu": "warning",
        "MX of b.lab.edu": "problem",
        "MX of lab.edu": "ok",
    }
    assert "null MX" in found["MX of b.lab.edu"]["text"]


def test_a_domain_in_another_script_is_asked_about_as_the_dns_writes_it(tmp_path: Path) -> None:
    zone: Zone = {("xn--mnchen-3ya.edu", "TXT"): [txt("v=spf1 mx -all")]}

    found = Asking(Desk(tmp_path), zone, sender="papers@münchen.edu")()

    assert found["SPF of xn--mnchen-3ya.edu"]["level"] == "ok"


def test_mail_into_files_asks_no_name_server(tmp_path: Path) -> None:
    (found,) = Asking(Desk(tmp_path), delivery="")().values()

    assert (found["level"], found["text"]) == (
        "ok",
        "not checked: maildir hands mail to mailboxes, not to the internet",
    )


def test_the_samples_own_address_asks_no_name_server(tmp_path: Path) -> None:
    (found,) = Asking(Desk(tmp_path), sender="papers@example.org")().values()

    assert found["level"] == "ok"
    assert found["text"].startswith("not checked: example.org is reserved")


def test_without_dnspython_doctor_says_how_to_install_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk(tmp_path)
    path = tmp_path / "config.toml"
    path.write_text(path.read_text("utf-8").replace("lab.example.org", "lab.edu") + SMTP, "utf-8")
    monkeypatch.delitem(sys.modules, "newsletter.send.resolver", raising=False)
    monkeypatch.setitem(sys.modules, "dns.resolver", None)

    (found,) = [one for one in desk("doctor", "--json").json["findings"] if one["check"] == "DNS"]

    assert found == {
        "check": "DNS",
        "level": "warning",
        "text": "not checked: dnspython is not installed.",
        "cure": "Install it: `pip install 'trending-papers[dns]'`.",
    }


def test_each_of_two_keys_is_looked_up_under_its_own_selector(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    zone: Zone = {("lab.edu", "MX"): ["5 mx.lab.edu."], ("b.lab.edu", "TXT"): [txt("v=spf1 mx -all")]}
    form, plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    for name, made in (("a", rsa.generate_private_key(65537, 2048)), ("b", Ed25519PrivateKey.generate())):
        (tmp_path / f"{name}.pem").write_bytes(made.private_bytes(serialization.Encoding.PEM, form, plain))
    where, value = load_signer(tmp_path / "b.pem", domain="lab.edu", selector="ed").record()
    zone[(where, "TXT")] = [txt(value)]

    found = Asking(
        desk, zone, SMTP + 'bounce_domain = "b.lab.edu"\ndkim_selector = "rsa, ed"\ndkim_key = "a.pem, b.pem"\n'
    )()

    levels = {check: one["level"] for check, one in found.items() if check.startswith("DKIM")}
    assert levels == {"DKIM at rsa._domainkey.lab.edu": "problem", "DKIM at ed._domainkey.lab.edu": "ok"}

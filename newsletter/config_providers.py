"""Mail providers whose addresses nobody should have to look up: what goes into `[delivery]`, and what to know."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Provider:
    """`username` and `password` say in words what to give there; empty: no login. `note`: what else to know."""

    name: str
    host: str
    port: int
    security: Literal["none", "starttls", "tls"]
    username: str = ""
    password: str = ""
    note: str = ""

    @property
    def settings(self) -> dict[str, object]:
        """Keys of `[delivery]`."""
        return {"transport": "smtp", "host": self.host, "port": self.port, "security": self.security}

    @property
    def advice(self) -> tuple[str, ...]:
        """Sentences for a person."""
        login = (f"username is {self.username}.", f"password is {self.password}.") if self.username else ()
        return (*login, *((self.note,) if self.note else ()))


WHOLE_ADDRESS = "your whole address"

# From the providers' own pages on sending by SMTP.
PROVIDERS: dict[str, Provider] = {
    "gmail": Provider(
        "Gmail",
        "smtp.gmail.com",
        587,
        "starttls",
        WHOLE_ADDRESS,
        "an app password (Google account, Security, 2-Step Verification, App passwords), not your own",
        "500 mails a day, 2000 with Workspace; `from` must be your address or an alias of it.",
    ),
    "outlook": Provider(
        "Microsoft 365",
        "smtp.office365.com",
        587,
        "starttls",
        WHOLE_ADDRESS,
        "the mailbox's password",
        "The administrator must allow authenticated SMTP for the mailbox. Personal Outlook.com accounts, and tenants "
        "without it, refuse passwords altogether: `newsletter doctor` shows it; then use another provider.",
    ),
    "fastmail": Provider(
        "Fastmail",
        "smtp.fastmail.com",
        465,
        "tls",
        WHOLE_ADDRESS,
        "an app password (Settings, Privacy & Security, Manage app passwords), not your own",
    ),
    "ses": Provider(
        "Amazon SES",
        "email-smtp.us-east-1.amazonaws.com",
        587,
        "starttls",
        "the SMTP user name from the SES console, not an access key",
        "the SMTP password that belongs to it",
        "Put your region into `host`, and the console's sending rate into `rate`. A new account only reaches verified "
        "addresses until you ask for more.",
    ),
    "postmark": Provider(
        "Postmark",
        "smtp-broadcasts.postmarkapp.com",
        587,
        "starttls",
        "the access key of a broadcast stream's SMTP token",
        "the secret key of it",
        "A digest is a broadcast: the transactional stream (smtp.postmarkapp.com) does not take it.",
    ),
    "mailgun": Provider(
        "Mailgun",
        "smtp.mailgun.org",
        587,
        "starttls",
        "an SMTP user of your sending domain, such as postmaster@mg.example.org",
        "that user's password",
        "Domains in the EU: `host` is smtp.eu.mailgun.org.",
    ),
    "postfix": Provider(
        "a Postfix on this machine",
        "localhost",
        25,
        "none",
        note="It must take mail from localhost and sign with DKIM.",
    ),
}

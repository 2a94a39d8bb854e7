"""All that can go wrong, drawn as a tree: each error says what, where, and the cure.

NewsletterError
├── UsageError            the command line or the configuration is wrong       exit 2
│   └── ConfigError       all problems of one config.toml at once
├── LaterError            it failed for now; running it again is the cure      exit 75
│   ├── SourceError       one source could not be read (never ends a run by itself)
│   ├── RelayError        the mail relay is down, throttling or refuses to talk
│   └── BusyError         the database is locked or gone for the moment
├── AttentionError        a person must look                                   exit 1
│   ├── TemplateError     a template did not render, or a mail has leftovers
│   ├── RelayConfigError  login, sender or TLS is refused by the relay
│   └── StoreError        the database is damaged, full, or of a newer version
└── AddressError          an address that cannot be written to (one row, one reader)
"""

from __future__ import annotations


class NewsletterError(Exception):
    """Base of all expected failures. `cure` is one sentence that tells the person what to do."""

    exit_code = 1

    def __init__(self, what: str, *, cure: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.cure = cure

    def __str__(self) -> str:
        return f"{self.what} {self.cure}".strip()


class UsageError(NewsletterError):
    exit_code = 2


class ConfigError(UsageError):
    """Every problem of one configuration, each as `key: what is wrong, and the cure`."""

    def __init__(self, problems: tuple[str, ...], *, where: str = "config.toml") -> None:
        self.problems = problems
        self.where = where
        lines = "\n".join(f"  {problem}" for problem in problems)
        super().__init__(f"{where} has {len(problems)} problem{'s'[: len(problems) != 1]}:\n{lines}")


class LaterError(NewsletterError):
    exit_code = 75


class SourceError(LaterError):
    pass


class RelayError(LaterError):
    pass


class BusyError(LaterError):
    pass


class AttentionError(NewsletterError):
    exit_code = 1


class TemplateError(AttentionError):
    pass


class RelayConfigError(AttentionError):
    pass


class StoreError(AttentionError):
    pass


class AddressError(NewsletterError):
    exit_code = 2

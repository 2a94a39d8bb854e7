"""Rules that hold between settings: what each source needs, names that are unique, a login that is not overheard."""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from newsletter import config_keys as keys
from newsletter.config_channels import CHANNELS, TELEGRAM
from newsletter.config_models import RANKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from newsletter.config_read import Findings
    from newsletter.config_shape import Section

_LOOPBACK = ("localhost", "127.", "::1")


def listed(text: str) -> list[str]:
    """What stands between the commas."""
    return [one for part in text.split(",") if (one := part.strip())]


def cross_check(found: Findings, values: dict[str, Any]) -> None:
    """Fill in what one setting says of another, and note what does not fit together."""
    _sources(found, values["sources"])
    for signal in values["signals"]:
        signal["url"] = (signal["url"] or keys.SIGNAL_URLS.get(signal["kind"] or "", "")).rstrip("/")
    _unique(found, keys.SIGNALS, "kind", [one["kind"] for one in values["signals"]])
    for topic in values["topics"]:
        topic["name"] = topic["name"] or (topic["slug"] or "").replace("-", " ").capitalize()
    _unique(found, keys.TOPICS, "slug", [one["slug"] for one in values["topics"]])
    _ranking(found, values["ranking"])
    _delivery(found, values["delivery"], relays=values["delivery.relays"])
    for index, one in enumerate(values["returns"]):
        _returns(found, index, one)
    _channels(found, values["channels"], {topic["slug"] for topic in values["topics"]})


def _unique(found: Findings, section: Section, key: str, words: Iterable[str | None]) -> None:
    first: dict[str, int] = {}
    for index, word in enumerate(words):
        if not word:
            continue
        if word in first:
            found.problems.append(
                f'{found.label(section, index, key)}: is taken: "{word}" is also number {first[word] + 1}. '
                f"Give each a {key} of its own."
            )
        first.setdefault(word, index)


def _sources(found: Findings, sources: list[dict[str, Any]]) -> None:
    names: set[str] = set()
    for index, source in enumerate(sources):
        kind = source["kind"]
        section = keys.SOURCES
        given = source["categories"]
        source["categories"] = tuple(given or ())
        if kind == "arxiv":
            source["feed_url"] = (source["feed_url"] or keys.ARXIV_FEED).rstrip("/")
            source["categories"] = tuple(keys.ARXIV_CATEGORIES) if given is None else tuple(given)
            if not source["categories"]:
                found.problems.append(
                    f'{found.label(section, index, "categories")}: is empty. Name at least one, such as ["cs.CL"].'
                )
        if kind == "crossref" and not source["categories"]:
            cure = 'Name at least one DOI prefix, such as ["10.26434"] for ChemRxiv.'
            found.problems.append(f"{found.label(section, index, 'categories')}: is empty. {cure}")
        if kind == "file" and not source["path"]:
            found.problems.append(f'{found.label(section, index)}: a file needs a path. Add path = "papers.jsonl".')
        if kind == "feed" and not source["url"]:
            found.problems.append(f'{found.label(section, index)}: a feed needs a url. Add url = "https://...".')
        if kind in keys.SOURCE_URLS:
            source["url"] = (source["url"] or keys.SOURCE_URLS[kind]).rstrip("/")
        if not source["name"] and kind:
            source["name"] = _name(source, names)
        names.add(source["name"])
    _unique(found, keys.SOURCES, "name", [one["name"] for one in sources])


def _name(source: dict[str, Any], taken: set[str]) -> str:
    """The kind; for feeds and files with where they are, since there may be several."""
    kind: str = source["kind"]
    if kind == "feed" and source["url"]:
        parts = urlsplit(source["url"])
        short = f"feed:{parts.hostname}"
        return short if short not in taken else f"{short}{parts.path}{'?' if parts.query else ''}{parts.query}"
    if kind == "file" and source["path"]:
        short = f"file:{PurePath(source['path']).stem}"  # readers see it: never the folders of this machine
        several = (short, *(f"{short}-{n}" for n in range(2, 100)))
        return next((name for name in several if name not in taken), short)
    return kind


def _ranking(found: Findings, ranking: dict[str, Any]) -> None:
    section = RANKING
    if ranking["meaning"] == "endpoint":
        for key, example in (("embeddings_url", "https://api.example.org/v1"), ("embeddings_model", "small-1")):
            if not ranking[key]:
                found.problems.append(
                    f'{found.label(section, 0, key)}: is empty, and meaning = "endpoint" needs it. '
                    f'Write {key} = "{example}".'
                )
    if ranking["meaning"] in {"full", "endpoint"} and ranking["dense"] is False:
        where = found.label(section, 0, "dense")
        found.problems.append(
            f'{where}: is false, so no model would be asked, but meaning is "{ranking["meaning"]}". Take one out.'
        )


def _delivery(found: Findings, delivery: dict[str, Any], *, relays: list[dict[str, Any]]) -> None:
    section, kind = keys.DELIVERY, delivery["transport"]
    if relays and kind != "smtp":
        found.problems.append(f'[[delivery.relays]]: is for transport = "smtp"; it is "{kind}". Change either.')
    if kind == "maildir":
        if not delivery["path"]:
            text = 'is empty, and maildir needs a folder. Write path = "outbox".'
            found.problems.append(f"{found.label(section, 0, 'path')}: {text}")
        return
    for index, one in enumerate(relays):
        _server(found, keys.RELAYS, index, one)
    _unique(found, keys.RELAYS, "host", [f"{one['host']}:{one['port']}" for one in relays])
    if not relays:
        _server(found, section, 0, delivery)
    if bool(delivery["dkim_selector"]) != bool(delivery["dkim_key"]):
        missing = "dkim_key" if delivery["dkim_selector"] else "dkim_selector"
        text = "is missing: signing needs dkim_selector and dkim_key both. Add it, or take the other out."
        found.problems.append(f"{found.label(section, 0, missing)}: {text}")
    elif len(selectors := listed(delivery["dkim_selector"])) != len(files := listed(delivery["dkim_key"])):
        text = f"names {len(files)} and dkim_selector {len(selectors)}: each selector has a key of its own, in order."
        found.problems.append(f"{found.label(section, 0, 'dkim_key')}: {text}")


def _server(found: Findings, section: Section, index: int, delivery: dict[str, Any]) -> None:
    """A mail server's address and login. Whether the password is there is asked by what sends, see wiring_mail."""

    def say(key: str, text: str) -> None:
        found.problems.append(f"{found.label(section, index, key)}: {text}")

    if not delivery["host"]:
        say(
            "host",
            f'is empty, and {delivery.get("transport", "a relay")} needs a server. Write host = "smtp.example.org".',
        )
        return
    if delivery["password"] and not delivery["username"]:
        say("username", "is missing for the password. Add the login name that your mail server expects.")
    near = delivery["host"].startswith(_LOOPBACK)
    if delivery["username"] and delivery["security"] == "none" and not near:
        say("security", 'is "none", so the password could be read on the way. Write "starttls" or "tls".')
    if delivery["security"] == "starttls" and delivery["port"] == 465:
        say("security", 'is "starttls", but port 465 speaks TLS from the first byte. Write security = "tls".')


def _returns(found: Findings, index: int, one: dict[str, Any]) -> None:
    kind, near = one["kind"], (one["host"] or "").startswith(_LOOPBACK)
    mistakes = {
        ("maildir", "path"): (not one["path"], 'is empty, and maildir needs a folder. Write path = "Maildir".'),
        ("imap", "host"): (not one["host"], 'is empty, and imap needs a server. Write host = "imap.example.org".'),
        ("imap", "username"): (not one["username"], "is empty, and imap needs a login. Add the name of the mailbox."),
        ("imap", "security"): (
            one["security"] == "none" and not near,
            'is "none", so the password could be read on the way. Write "tls" or "starttls".',
        ),
        ("lmtp", "host"): (not one["host"], 'is empty: where is it to listen? Write host = "127.0.0.1".'),
        ("lmtp", "port"): (one["port"] == keys.RETURNS_PORT, "is the one of IMAP servers. Write port = 2424."),
    }
    for (of, key), (wrong, text) in mistakes.items():
        if of == kind and wrong:
            found.problems.append(f"{found.label(keys.RETURNS, index, key)}: {text}")
    if "/" in (one["aside"] or "") or not one["aside"]:
        where = found.label(keys.RETURNS, index, "aside")
        found.problems.append(f'{where}: must be the plain name of a folder. Write aside = "Aside".')


def _channels(found: Findings, channels: list[dict[str, Any]], topics: set[str | None]) -> None:
    taken: set[str] = set()
    for index, one in enumerate(channels):
        kind = one["kind"]
        if kind == "telegram":
            one["url"] = one["url"] or TELEGRAM
        for key, kinds in (("url", None), ("token", {"matrix"}), ("room", {"matrix", "telegram"})):
            if not one[key] and kind and (kinds is None or kind in kinds):
                text = f"is empty, and {kind} needs it. docs/channels.md says where it is."
                found.problems.append(f"{found.label(CHANNELS, index, key)}: {text}")
        for slug in one["topics"]:
            if slug not in topics:
                text = f'there is no topic "{slug}". There are: {", ".join(sorted(filter(None, topics)))}.'
                found.problems.append(f"{found.label(CHANNELS, index, 'topics')}: {text}")
        if not one["name"] and kind:
            same = (name for name in (kind, *(f"{kind}-{n}" for n in range(2, 100))) if name not in taken)
            one["name"] = next(same)
        taken.add(one["name"])
    _unique(found, CHANNELS, "name", [one["name"] for one in channels])

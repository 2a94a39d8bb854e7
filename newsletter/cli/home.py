"""`init` and `config`: a place for a newsletter, and what is in force there."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import sys
from pathlib import Path

import click

from newsletter.cli.frame import command, give, given_config, json_option, press_opener, say, settings
from newsletter.config_providers import PROVIDERS, Provider
from newsletter.errors import UsageError

IGNORED = """# Secrets and addresses do not belong into a repository.
secret
secrets/
.env
env
*.db
*.db-*
*.db.*
outbox/
"""


@command("init", short_help="Make a commented config.toml, a secret and an empty database.")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), default=".", metavar="[DIR]")
@click.option("--provider", type=click.Choice(list(PROVIDERS)), help="Fill in the mail server of a known provider.")
@click.option("--ask/--no-ask", default=None, help="Ask four questions (default: when somebody sits at a terminal).")
@json_option
def init(folder: Path, provider: str | None, ask: bool | None, as_json: bool) -> None:
    """Make a commented config.toml, a secret and an empty database in DIR.

    At a terminal it asks who you are, what you read and who takes your mail; Enter skips a question. Nothing that is
    there already is overwritten or changed.
    """
    from newsletter.cli.asking import Answers, questions
    from newsletter.config import ensure_secret, load_config
    from newsletter.config_sample import sample

    folder.mkdir(parents=True, exist_ok=True)
    path = given_config() or folder / "config.toml"
    made: list[str] = []
    kept: list[str] = []
    ignored: list[str] = []
    wanted = (sys.stdin.isatty() and not as_json) if ask is None else ask
    told = questions(provider) if wanted and not path.exists() else Answers(provider=provider or "")
    relay = PROVIDERS[told.provider] if told.provider else None
    text = sample(relay, told.settings, told.topics)
    (made if _write_new(path, text) else kept).append(str(path))
    if _write_new(path.parent / ".gitignore", IGNORED):
        ignored.append(str(path.parent / ".gitignore"))
    config, secret = ensure_secret(load_config(path))
    (kept if secret is None else made).append(str(secret or config.locate(config.newsletter.secret_file)))
    database = Path(config.database_url.removeprefix("sqlite:///"))
    known = not config.database_url.startswith("sqlite:///") or database.exists()
    with press_opener()(config) as press:
        if told.email and str(path) in made:
            told.subscribe(press)
        (kept if known else made).append(str(database) if database.exists() else config.newsletter.database)
    made += ignored
    if as_json:
        give({"made": made, "kept": kept} | ({"advice": relay.advice} if relay else {}))
        return
    for one in made:
        say(f"made {one}")
    for one in kept:
        say(f"kept {one}, as it was")
    if relay is not None:
        say()
        _say_relay(relay, new=str(path) in made)
    say()
    login = relay is not None and bool(relay.username)
    _say_next(folder, known=bool(told.email), by_server=config.delivery.transport != "maildir", login=login)


def _say_next(folder: Path, *, known: bool, by_server: bool, login: bool) -> None:
    """Lines to paste one after the other, with the program as it was called."""
    called = Path(os.path.normpath(Path(sys.argv[0]).absolute()))
    by_path = called.name == "newsletter" and called.is_file() and shutil.which("newsletter") != str(called)
    program = shlex.quote(str(called)) if by_path else "newsletter"
    say("Next:")
    if folder != Path():
        say(f"  cd {shlex.quote(str(folder))}")
    if not known:
        say(f"  {program} subscribers add you@example.org")
    if by_server:
        first = "once the login is there: " if login else ""
        say(f"  {program} doctor             # {first}tries out the mail server and all else")
        say(f"  {program} run --day today    # collect, rank, cut, and mail today's issue now")
    else:
        say(f"  {program} run --day today    # collect, rank, cut, send today's issue now: a file under outbox/")
        say(f"  {program} doctor             # tries everything out; [delivery] in config.toml says how mail leaves")
    say(f"  {program} run                # every hour, by cron: each reader gets hers at her own hour")


def _say_relay(relay: Provider, *, new: bool) -> None:
    """What is still to be set by hand: the login always, all of it in a file that was there."""
    given = "" if new and not relay.username else " In [delivery] of config.toml:"
    say(f"Mail leaves by {relay.name}.{given}")
    if not new:
        for key, value in relay.settings.items():
            say(f"  {key} = {json.dumps(value)}")
    for sentence in relay.advice:
        say(f"  {sentence}")
    if relay.username:
        say("  The password is best given in the environment, as NEWSLETTER_DELIVERY__PASSWORD.")


def _write_new(path: Path, text: str) -> bool:
    """False when the file exists; it then stays as it is."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
    except FileExistsError:
        return False
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}.", cure="Choose another folder.") from None
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    return True


@command("config", short_help="The effective settings, secrets redacted.")
@json_option
@click.option("--docs", is_flag=True, help="Print docs/configuration.md instead.")
@click.option("--sample", "as_sample", is_flag=True, help="Print the commented config.toml of `init` instead.")
def config(as_json: bool, docs: bool, as_sample: bool) -> None:
    """The effective settings: config.toml, the environment over it, defaults below it; secrets redacted."""
    if docs:
        from newsletter.config_docs import reference

        print(reference(), end="")
    elif as_sample:
        from newsletter.config_sample import sample

        print(sample(), end="")
    else:
        from newsletter.config import effective

        shown = effective(settings())
        if as_json:
            give(shown)
        else:
            from newsletter.config_sample import as_toml

            print(as_toml(shown), end="")

"""The command `newsletter` itself: its options, and commands that are loaded only when they are called."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

from newsletter.cli.table import COMMANDS

if TYPE_CHECKING:
    from collections.abc import Callable


class LazyGroup(click.Group):
    """A group that knows its commands' names and lines of help without importing them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        del ctx
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name].where.partition(":")
        return cast("click.Command", getattr(import_module(f"newsletter.cli.{module}"), attribute))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            ctx.fail(f'There is no command "{args[0]}".{_meant(args[0])} `newsletter --help` lists all.')
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.help) for name, entry in COMMANDS.items()])


def _meant(word: str) -> str:
    from difflib import get_close_matches

    found = get_close_matches(word, COMMANDS, n=1)
    return f' Did you mean "{found[0]}"?' if found else ""


def remember_config(ctx: click.Context, param: click.Parameter, value: Path | None) -> None:
    """`--config` may stand before or after the command; the last one counts."""
    del param
    root = ctx.find_root()
    root.obj = root.obj or {}
    if value is not None:
        root.obj["config"] = value


def config_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """The option that every command takes."""
    return click.option(
        "--config",
        type=click.Path(path_type=Path),
        callback=remember_config,
        expose_value=False,
        metavar="FILE",
        help="The configuration to read (default: config.toml of the working folder).",
    )(function)


def _version(ctx: click.Context, param: click.Parameter, value: bool) -> None:
    del param
    if value and not ctx.resilient_parsing:
        from importlib.metadata import version

        click.echo(f"newsletter {version('trending-papers')}")
        ctx.exit()


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@config_option
@click.option("--version", is_flag=True, is_eager=True, expose_value=False, callback=_version, help="Show the version.")
def cli() -> None:
    """Trending papers in your inbox, once a day.

    Start with `newsletter demo` to see a day, or `newsletter init` to set up a newsletter of your own.
    Exit codes: 0 done, 1 a person must look, 2 wrong usage or configuration, 75 run it again later.
    """

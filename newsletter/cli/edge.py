"""The edge of the process: whatever happens inside becomes an exit code and a sentence, never a traceback."""

from __future__ import annotations

import json
import os
import sys
import traceback
from typing import TYPE_CHECKING, Any

import click

from newsletter.cli.app import cli
from newsletter.errors import NewsletterError

if TYPE_CHECKING:
    from collections.abc import Sequence

DONE, LOOK, USAGE, LATER = 0, 1, 2, 75
INTERRUPTED, READER_GONE = 130, 141  # as a shell reports SIGINT and SIGPIPE


def run(arguments: Sequence[str], **seams: Any) -> int:
    """The exit code of one call (DESIGN part 5): 0 done, 1 a person must look, 2 usage, 75 run it again later.

    `seams` may name another `open_press`, so that tests bring a press of their own.
    """
    as_json = "--json" in arguments
    try:
        code = _run(arguments, seams)
        sys.stdout.flush()
    except click.exceptions.Exit as end:
        return end.exit_code
    except click.ClickException as error:
        _complain(_first_upper(error.format_message()), _usage_cure(error), as_json=as_json)
        return USAGE
    except NewsletterError as error:
        _complain(error.what, error.cure, as_json=as_json)
        return error.exit_code
    except (KeyboardInterrupt, click.Abort):
        _complain("Stopped.", "Run it again to go on: nothing is lost.", as_json=False)
        return INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # so that the last flush finds nobody to tell
        return READER_GONE
    except OSError as error:
        where = f" ({error.filename})" if error.filename else ""
        _complain(f"{error.strerror or error}{where}.", "Check the path and the room on the disk.", as_json=as_json)
        _trace()
        return LOOK
    except Exception as error:  # noqa: BLE001  # edge: a defect of ours must still read like a sentence
        _complain(*_bug(error), as_json=as_json)
        _trace()
        return LOOK
    return code


def _run(arguments: Sequence[str], seams: dict[str, Any]) -> int:
    if not arguments:
        arguments = ["--help"]
    result = cli.main(args=list(arguments), prog_name="newsletter", standalone_mode=False, obj=seams)
    return result if isinstance(result, int) else DONE


def _complain(what: str, cure: str, *, as_json: bool) -> None:
    try:
        print(f"error: {what}", file=sys.stderr)
        if cure:
            print(cure, file=sys.stderr)
        if as_json:
            print(json.dumps({"error": what, "cure": cure}, ensure_ascii=False))
            sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _first_upper(text: str) -> str:
    return text[:1].upper() + text[1:]


def _usage_cure(error: click.ClickException) -> str:
    context = getattr(error, "ctx", None)
    return f"See `{context.command_path} --help`." if context is not None else ""


def _bug(error: Exception) -> tuple[str, str]:
    frames = traceback.extract_tb(error.__traceback__)
    place = f", {os.path.basename(frames[-1].filename)} line {frames[-1].lineno}" if frames else ""  # noqa: PTH119
    what = f"This is a defect of the program: {type(error).__name__}: {error}{place}."
    return what, "Please report it with the command that you ran; NEWSLETTER_DEBUG=1 shows where it happened."


def _trace() -> None:
    from newsletter.config import environment

    if environment().get("NEWSLETTER_DEBUG"):
        traceback.print_exc(file=sys.stderr)

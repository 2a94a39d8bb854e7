"""Who a process is, so that another one can tell that it is gone: `host pid.boot.namespace.birth`; and its memory."""

from __future__ import annotations

import gc
import os
import re
import socket
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

SELDOM = 20_000  # new containers between two searches for garbage; a mail leaves none

if TYPE_CHECKING:
    from collections.abc import Iterator


def myself() -> str:
    """This process, for the owner of a lease or a run."""
    return f"{socket.gethostname()} {mark(os.getpid())}"


def is_gone(owner: str) -> bool:
    """True when `owner` (made by `myself`) was a process of this machine and no longer runs. Others cannot be known."""
    host, _, process = owner.rpartition(" ")
    return runs_here(host, process) is False


def runs_here(host: str, process: str) -> bool | None:
    """Whether a process of that host and mark still runs; None when this process cannot know.

    A name does not make a machine: clones and containers share theirs. Only who was started in the same boot of the
    same kernel and counts processes in the same namespace (pid_namespaces(7)) means the same one by a number.
    """
    number, *home = process.split(".")[:3]
    if host != socket.gethostname() or not number.isdigit() or home != [*_home()]:
        return None
    return process == mark(int(number))


def mark(number: int) -> str:
    """The process as `number.boot.namespace.birth`; birth tells it from a later process of the same number, `gone`
    that it ended.

    Birth is field 22 of /proc/PID/stat (proc(5)), in ticks since boot. Where there is no /proc, the number alone has
    to do.
    """
    boot, namespace = _home()
    try:
        fields = Path(f"/proc/{number}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        birth = "gone" if fields[0] in {"Z", "X"} else fields[19]  # dead, and its parent has not asked how it ended
    except OSError:
        birth = "gone" if Path("/proc/self/stat").exists() or not _answers(number) else ""
    return f"{number}.{boot}.{namespace}.{birth}"


@cache
def _home() -> tuple[str, str]:
    """This boot of this machine and this namespace of processes, as far as they can be known."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="utf-8")[:8]
    except OSError:
        boot = ""
    try:
        namespace = re.sub(r"\D", "", str(Path("/proc/self/ns/pid").readlink()))
    except OSError:
        namespace = ""
    return boot, namespace


def _answers(number: int) -> bool:
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


@contextmanager
def kept_objects() -> Iterator[None]:
    """For a long loop: what lives already (modules, templates, editions) is not searched for garbage meanwhile, and
    what is new more seldom.

    The collector's full passes over it cost a tenth of what a mail does (docs.python.org/3/library/gc.html#gc.freeze).
    """
    usual = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(SELDOM, *usual[1:])
    try:
        yield
    finally:
        gc.set_threshold(*usual)
        gc.unfreeze()

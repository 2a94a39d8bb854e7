"""Who a process is, so that another one can tell that it is gone: `host pid.boot.birth`."""

from __future__ import annotations

import os
import socket
from pathlib import Path


def myself() -> str:
    """This process, for the owner of a lease or a run."""
    return f"{socket.gethostname()} {mark(os.getpid())}"


def is_gone(owner: str) -> bool:
    """True when `owner` (made by `myself`) was a process of this machine and no longer runs. Others cannot be known."""
    host, _, process = owner.rpartition(" ")
    number = process.split(".")[0]
    return host == socket.gethostname() and number.isdigit() and process != mark(int(number))


def mark(number: int) -> str:
    """The process as `number.boot.birth`; birth tells it from a later process of the same number, `gone` that it ended.

    Birth is field 22 of /proc/PID/stat (proc(5)), in ticks since boot, with the boot's own id. Where there is no
    /proc, the number alone has to do.
    """
    try:
        fields = Path(f"/proc/{number}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="utf-8")[:8]
    except OSError:
        return f"{number}.{'gone' if Path('/proc/self/stat').exists() or not _answers(number) else ''}"
    if fields[0] in {"Z", "X"}:  # dead, and its parent has not asked how it ended
        return f"{number}.gone"
    return f"{number}.{boot}.{fields[19]}"


def _answers(number: int) -> bool:
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True

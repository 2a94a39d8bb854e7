"""A real Postfix of our own: its files in a temporary folder, a port of this machine, and every mail discarded."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.sink import Sink, free_port, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator

POSTFIX = shutil.which("postfix", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
MAIN = """compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mydestination =
myhostname = relay.example.org
mynetworks = 127.0.0.0/8
alias_maps =
default_transport = discard:
local_transport = discard:
relay_transport = discard:
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_recipient_restrictions = permit_mynetworks, reject
smtpd_client_connection_count_limit = 0
maillog_file_prefixes = {folder}
maillog_file = {folder}/log
"""
MASTER = """127.0.0.1:{port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
proxymap unix - - n - - proxymap
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
"""


def absent() -> str:
    """Why it cannot be run here; empty when it can."""
    if POSTFIX is None:
        return "no Postfix"
    return "" if os.geteuid() == 0 else "Postfix is started by root only"


@contextmanager
def postfix() -> Iterator[Sink]:
    """A running one; it is stopped at the end. Its queue is on the disk of the temporary folder."""
    assert POSTFIX is not None
    with tempfile.TemporaryDirectory() as name:
        folder, port = Path(name), free_port()
        folder.chmod(0o755)
        for part in ("etc", "queue", "data"):
            (folder / part).mkdir()
        shutil.chown(folder / "data", "postfix")
        (folder / "etc/main.cf").write_text(MAIN.format(folder=folder))
        (folder / "etc/master.cf").write_text(MASTER.format(port=port))
        command = [POSTFIX, "-c", str(folder / "etc")]
        subprocess.run([*command, "start"], check=True, timeout=30, capture_output=True)
        try:
            wait_for(port)
            yield Sink(port)
            _wait_until_empty(folder)
        finally:
            subprocess.run([*command, "stop"], check=False, timeout=60, capture_output=True)


def _wait_until_empty(folder: Path) -> None:
    """What was taken is delivered before the next contender begins."""
    for _ in range(600):
        if not any(any((folder / "queue" / part).rglob("[0-9A-F]*")) for part in ("incoming", "active")):
            return
        time.sleep(0.1)

"""A tiny IMAP server on loopback: one mailbox, TLS if wanted, and only the commands that we speak."""

from __future__ import annotations

import re
import socketserver
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator


@dataclass
class Post:
    """The folders: number of the mail to its octets. `log` has the commands as they came, without the password."""

    folders: dict[str, dict[int, bytes]]
    validity: int = 7
    capabilities: str = "IMAP4rev1 UIDPLUS"
    password: str = "right"
    log: list[str] = field(default_factory=list)
    port: int = 0
    drop_after: int = 10**9  # commands, then the line is cut
    deleted: set[int] = field(default_factory=set)


class _Talk(socketserver.StreamRequestHandler):
    server: _Server

    def setup(self) -> None:
        if self.server.tls is not None:
            self.request = self.server.tls.wrap_socket(self.request, server_side=True)
        super().setup()

    def finish(self) -> None:
        super().finish()
        self.request.close()  # the server knows only the socket under the TLS

    def handle(self) -> None:
        self.post, self.folder, self.readonly = self.server.post, "", True
        self.say("* OK ready")
        while line := self.rfile.readline():
            text = line.decode().strip()
            tag, _, rest = text.partition(" ")
            self.post.log.append(re.sub(r"(?i)^login .*", "LOGIN", rest))
            if len(self.post.log) > self.post.drop_after:
                return
            command, _, arguments = rest.partition(" ")
            if command.upper() == "UID":
                command, _, arguments = arguments.partition(" ")
                command = f"UID {command}"
            answer = getattr(self, "do_" + command.lower().replace(" ", "_"), None)
            said = answer(arguments) if answer else "BAD what?"
            self.say(f"{tag} {said}")
            if command.upper() == "LOGOUT":
                return

    def say(self, text: str) -> None:
        self.wfile.write(text.encode() + b"\r\n")

    def do_capability(self, _: str) -> str:
        self.say(f"* CAPABILITY {self.post.capabilities}")
        return "OK done"

    def do_login(self, arguments: str) -> str:
        return "OK done" if arguments.endswith(f'"{self.post.password}"') else "NO [AUTHENTICATIONFAILED] wrong"

    def do_logout(self, _: str) -> str:
        self.say("* BYE")
        return "OK done"

    def do_examine(self, name: str) -> str:
        return self._open(name, readonly=True)

    def do_select(self, name: str) -> str:
        return self._open(name, readonly=False)

    def _open(self, name: str, *, readonly: bool) -> str:
        self.folder, self.readonly = name.strip('"'), readonly
        if self.folder not in self.post.folders:
            return "NO no such folder"
        self.say(f"* {len(self.box)} EXISTS")
        self.say(f"* OK [UIDVALIDITY {self.post.validity}] valid")
        return f"OK [{'READ-ONLY' if readonly else 'READ-WRITE'}] open"

    @property
    def box(self) -> dict[int, bytes]:
        return self.post.folders[self.folder]

    def do_uid_search(self, _: str) -> str:
        self.say("* SEARCH " + " ".join(str(one) for one in self.box if one not in self.post.deleted))
        return "OK done"

    def do_uid_fetch(self, arguments: str) -> str:
        found = re.match(r"(\d+) \(BODY\.PEEK\[\]<0\.(\d+)>\)", arguments)
        assert found, arguments
        data = self.box[int(found[1])][: int(found[2])]
        self.wfile.write(f"* 1 FETCH (UID {found[1]} BODY[]<0> {{{len(data)}}}\r\n".encode() + data + b")\r\n")
        return "OK done"

    def do_create(self, name: str) -> str:
        if name.strip('"') in self.post.folders:
            return "NO [ALREADYEXISTS] it is there"
        self.post.folders[name.strip('"')] = {}
        return "OK done"

    def do_uid_copy(self, arguments: str) -> str:
        numbers, _, name = arguments.partition(" ")
        goal = self.post.folders[name.strip('"')]
        for one in numbers.split(","):
            goal[len(goal) + 1] = self.box[int(one)]
        return "OK done"

    def do_uid_store(self, arguments: str) -> str:
        if self.readonly:
            return "NO read-only"
        self.post.deleted |= {int(one) for one in arguments.split(" ", maxsplit=1)[0].split(",")}
        return "OK done"

    def do_uid_expunge(self, arguments: str) -> str:
        for one in {int(number) for number in arguments.split(",")} & self.post.deleted:
            self.box.pop(one, None)
        return "OK done"

    def do_expunge(self, _: str) -> str:
        for one in self.post.deleted:
            self.box.pop(one, None)
        return "OK done"


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, post: Post, tls: ssl.SSLContext | None) -> None:
        super().__init__(("127.0.0.1", 0), _Talk)
        self.post, self.tls = post, tls

    def handle_error(self, *_: object) -> None:
        """A client that hangs up during the handshake is part of the tests."""


@contextmanager
def imap_server(post: Post, *, tls: ssl.SSLContext | None = None) -> Iterator[Post]:
    with _Server(post, tls) as server:
        post.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield post
        finally:
            server.shutdown()
            thread.join()

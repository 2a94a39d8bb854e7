"""How many messages are under way at once in chunks (RFC 3030), and whether a server that offers them knows them."""

from __future__ import annotations


class Chunking:
    """What a server's CHUNKING was found to be worth, known to all connections to it."""

    __slots__ = ("works",)

    def __init__(self) -> None:
        self.works: bool | None = None  # None: no chunk was answered yet

    def taken(self, mode: str) -> None:
        """A mail was taken. A chunk proves nothing of a server that refused another as a command it does not know."""
        if mode == "chunks" and self.works is None:
            self.works = True


def window_for(rtt: float) -> int:
    """Messages under way on a connection in chunks: as few as keep it busy, since a kill may double each of them."""
    return 4 if rtt < 0.005 else 8 if rtt < 0.015 else 16

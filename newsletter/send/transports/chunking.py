"""How many messages are under way at once in chunks (RFC 3030), and whether a server that offers them knows them."""

from __future__ import annotations

MOST = 16


class Chunking:
    """What a server's CHUNKING was found to be worth, known to all connections to it."""

    __slots__ = ("most", "works")

    def __init__(self) -> None:
        self.works: bool | None = None  # None: no chunk was answered yet
        self.most = MOST  # messages at once; fewer after a hangup that left several of them in doubt

    def taken(self, mode: str) -> None:
        """A mail was taken. A chunk proves nothing of a server that refused another as a command it does not know."""
        if mode == "chunks" and self.works is None:
            self.works = True

    def ended(self, answered: int, doubtful: int) -> None:
        """A connection is over. One that hangs up after a few mails is sent no more than those at once, until another
        one ends well: a mail in doubt is sent again, and may be in her inbox twice.
        """
        if doubtful > 1:
            self.most = max(1, min(self.most, answered))
        elif answered and not doubtful:
            self.most = min(MOST, self.most * 2)


def window_for(rtt: float) -> int:
    """Messages under way on a connection in chunks: as few as keep it busy, since a kill may double each of them."""
    return 4 if rtt < 0.005 else 8 if rtt < 0.015 else MOST

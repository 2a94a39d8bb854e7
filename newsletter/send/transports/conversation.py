"""One SMTP connection's transactions, without its socket: what to write next, and what each reply means for whom."""

from __future__ import annotations

import time
from collections import deque
from typing import TYPE_CHECKING, Literal

from newsletter.model.mail import Deferred, Delivered, Refused, Reply, Uncertain
from newsletter.send.doubt import CLOSED, HUNG_UP
from newsletter.send.transports.item import Item
from newsletter.send.transports.limits import REFUSALS
from newsletter.send.transports.refrain import RSET, Refrain
from newsletter.send.transports.wire import Envelopes, NotSendable, ProtocolFault, ReplyReader, clean, dotted
from newsletter.send.verdict import judge, outcome

if TYPE_CHECKING:
    from newsletter.model.mail import Outcome
    from newsletter.send.transports.chunking import Chunking
    from newsletter.send.transports.patience import Expected, Patience
    from newsletter.send.transports.wire import Features
    from newsletter.send.verdict import Phase

STALLED = 1.0  # seconds
Mode = Literal["step", "pipeline", "chunks"]


class Conversation:
    """Step by step, pipelined (RFC 2920: the next envelope rides on the final dot) or in chunks (RFC 3030).

    In chunks every transaction but the first begins with RSET: a refused recipient leaves its transaction open, and
    the next MAIL is long on its way by then (RFC 3030 4.2). The first chunk goes alone: where BDAT is not known after
    all, nothing is in doubt, and DATA serves from then on.
    """

    def __init__(
        self,
        features: Features,
        patience: Patience,
        chunking: Chunking,
        *,
        lmtp: bool,
        window: int,
        most: int,
        several: bool = False,
    ) -> None:
        self._envelopes, self._patience, self._lmtp, self._several = Envelopes(features), patience, lmtp, several
        pipelining = features.has("PIPELINING")
        self._chunking = chunking
        self.mode: Mode = "pipeline" if pipelining else "step"
        if pipelining and features.has("CHUNKING") and chunking.works is not False:
            self.mode = "chunks"
        self.depth = {"step": 1, "pipeline": 2, "chunks": max(1, window)}[self.mode]
        self._ahead = int(self.mode == "pipeline")  # one more at hand, so that an envelope can ride on every dot
        self._left, self._refusals = most, 0
        self._reader = ReplyReader()
        self._expect: deque[tuple[Expected, Item | None]] = deque()
        self.again: list[Item] = []  # to be tried once more on a fresh connection
        self.away: list[tuple[Item, Reply]] = []  # this relay does not take our sender, and there are others
        self.config_fault: Reply | None = None  # the relay wants something of the operator
        # Octets to write, each with the item that is whole once they are written.
        self.out: deque[tuple[bytes | memoryview, Item | None]] = deque()
        self.items: deque[Item] = deque()  # begun and not answered, oldest first
        self._todo: deque[Item] = deque()
        self._blocked = False
        self._dirty = False
        self.answered = 0  # messages that got a final answer here: an outcome of their own
        self.stalled = False
        self.closing: Reply | None = None  # a 421: the server is about to close
        self._since = time.monotonic()
        self._refrain = Refrain()

    @property
    def room(self) -> int:
        """How many more messages it takes now."""
        if self.closing is not None or self.stalled or self._retired:
            return 0
        depth = self.depth
        if self.mode == "chunks":
            depth = 1 if self._chunking.works is None else min(depth, self._chunking.most)
        return min(depth + self._ahead - len(self.items) - len(self._todo), self._left)

    @property
    def most(self) -> int:
        """How many messages it has at once."""
        return self.depth + self._ahead

    @property
    def busy(self) -> bool:
        return bool(self.items or self._todo or self._expect or self.again or self.away)

    @property
    def spent(self) -> bool:
        """Whether it has carried all that it may, and waits for nothing."""
        return (self._left <= 0 or self._retired) and not (self.items or self._todo or self._expect)

    @property
    def _retired(self) -> bool:
        """Whether it speaks in chunks to a server that was found not to know them."""
        return self.mode == "chunks" and self._chunking.works is False

    def take(self, item: Item) -> Outcome | None:
        """Begin a message, or refuse it here when this server cannot take it."""
        try:
            if item.tries:
                item.reset()
            item.body = clean(item.message)
            item.mail_rcpt = self._envelopes.of(item.message, len(item.body))
        except NotSendable as error:
            limited = error.reply.enhanced == "5.3.4"  # which may be raised: the mail is worth keeping until then
            return Refused(item.message.delivery_id, error.reply, "sender" if limited else "message")
        self._left -= 1
        self._todo.append(item)
        self._pump()
        return None

    def receive(self, data: bytes, outcomes: list[Outcome]) -> None:
        """Match every reply in `data` to its command; outcomes are appended. ProtocolFault: drop the connection."""
        self._since, self.stalled = time.monotonic(), False
        usual = self.mode != "step"
        if self.mode == "chunks" and self._chunking.works and self.closing is None and not self._reader.partial:
            many = len(outcomes)
            data = self._refrain.taken(data, self._expect, self.items, outcomes)
            self.answered += len(outcomes) - many
        for reply in self._reader.feed(data):
            if self.closing is not None or (self._retired and not self.items):
                continue  # to the second: the octets of a chunk, taken for commands
            if not (usual and reply.code == 250 and self._on_usual(reply, outcomes)):
                self._on_reply(reply, outcomes)
        self._pump()

    def carry(self, *, fewer: int) -> None:
        """The server's limit was found meanwhile."""
        self._left = max(0, self._left - fewer)

    def wrote(self, count: int) -> None:
        """The kernel took this many octets."""
        self._since = time.monotonic()
        while count:
            buffer, item = self.out[0]
            if count < len(buffer):
                self.out[0] = (memoryview(buffer)[count:], item)
                return
            count -= len(buffer)
            self.out.popleft()
            if item is not None:
                item.whole = True

    def deadline(self) -> float | None:
        """When the server's time is up (monotonic seconds); None while nothing is awaited."""
        if not self._expect and not self.out:
            return None
        step = self._since + (self._patience.block if self.out else self._patience.of(self._expect[0][0]))
        return min(step, self.items[0].begun + self._patience.message) if self.items else step

    def unstarted(self, now: float) -> list[Item]:
        """Items that wait behind an answer that does not come: another connection may have them meanwhile."""
        self.stalled = bool(self._expect) and now - self._since > STALLED
        items, self._todo = (list(self._todo), deque[Item]()) if self.stalled else ([], self._todo)
        self._left += len(items) if self._left else 0  # none: it was given up, or is used up
        return items

    def end(self, why: Reply) -> tuple[list[Outcome], list[Item]]:
        """The connection is gone. Outcomes of what it leaves decided or in doubt, and the items that may go elsewhere.

        In doubt is only what was written whole and not answered (RFC 5321 6.1). A try is counted for the first one
        without an answer, over which the server may have stumbled; those behind it are innocent.
        """
        for suspect in [*list(self.items)[:1], *self.again]:
            suspect.tries += 1
        if self.mode == "chunks":
            self._chunking.ended(self.answered, sum(item.whole and item.failed is None for item in self.items))
        outcomes: list[Outcome] = []
        back: list[Item] = []
        for place, item in enumerate(list(self.items)):
            if item.failed is not None:
                self._finish(item, *item.failed, outcomes)
            elif item.whole:
                # Sent without waiting, it may have come too late for the server; else it is what the server fell over.
                said = why if self.mode == "chunks" or why.text != HUNG_UP else Reply(0, "", CLOSED)
                outcomes.append(Uncertain(item.message.delivery_id, said, behind=place > 0))
            else:
                back.append(item)
        back += [*self.again, *(item for item, _ in self.away), *self._todo]
        self.items.clear()
        self._todo.clear()
        self.again, self.away = [], []
        self._expect.clear()
        self.out.clear()
        return outcomes, back

    def _write(self, data: bytes, whole: Item | None = None) -> None:
        if not self.out and not self._expect:
            self._since = time.monotonic()
        self.out.append((data, whole))

    def _pump(self) -> None:
        while self._todo and not self._blocked and len(self.items) < self.depth:
            item = self._todo.popleft()
            item.begun = time.monotonic()
            self.items.append(item)
            mail, rcpt = item.mail_rcpt
            if self.mode == "chunks":
                reset = b"RSET\r\n" if self._dirty else b""
                self._write(b"%b%b%bBDAT %d LAST\r\n" % (reset, mail, rcpt, len(item.body)))
                self.out.append((item.body, item))
                if self._dirty:
                    self._expect.append(RSET)
                self._expect += (("mail", item), ("rcpt", item), ("dot", item))
                self._dirty = True
                continue
            self._blocked = True
            if self.mode == "pipeline":
                self._write(b"%b%bDATA\r\n" % (mail, rcpt))
                self._expect += (("mail", item), ("rcpt", item), ("data", item))
            else:
                self._write(mail)
                self._expect.append(("mail", item))

    def _on_usual(self, reply: Reply, outcomes: list[Outcome]) -> bool:
        """250 where 250 was hoped for, as nearly always when several commands are under way; False: look closer."""
        if not self._expect:
            return False
        expected, item = self._expect[0]
        if expected == "dot":
            if item is None or item.failed is not None or self.items[0] is not item or not item.whole:
                return False
            self.items.popleft()
            self.answered += 1
            self._chunking.taken(self.mode)
            outcomes.append(Delivered(item.message.delivery_id, reply))
        elif expected not in {"rset", "mail", "rcpt"}:
            return False
        self._expect.popleft()
        return True

    def _on_reply(self, reply: Reply, outcomes: list[Outcome]) -> None:
        if not self._expect and reply.code != 421:
            raise ProtocolFault(f"an answer to nothing: {reply.code} {reply.text[:80]}")
        expected, item = self._expect.popleft() if self._expect else ("rset", None)
        if reply.code == 421:
            self.closing = reply
            for unanswered in self.items:  # a server that says goodbye has not taken what it did not answer
                unanswered.whole = False
        elif item is None:
            if reply.code // 100 != 2:  # to RSET: it has had enough of us, and hangs up
                self.closing = reply
            self._blocked = self._blocked and self.mode != "step"
        elif expected in ("mail", "rcpt"):
            self._on_envelope(expected, item, reply, outcomes)
        elif expected == "data":
            self._on_data(item, reply, outcomes)
        else:
            phase, said = item.failed or ("dot", reply)
            if expected == "dot" and self.mode == "step":
                self._blocked = False
            self._finish(item, phase, said, outcomes)

    def _on_envelope(self, phase: Literal["mail", "rcpt"], item: Item, reply: Reply, outcomes: list[Outcome]) -> None:
        if reply.code // 100 != 2 and item.failed is None:
            item.failed = (phase, reply)
        if self.mode != "step":
            return
        if item.failed is not None:
            self._reset()
            self._finish(item, *item.failed, outcomes)
        elif phase == "mail":
            self._write(item.mail_rcpt[1])
            self._expect.append(("rcpt", item))
        else:
            self._write(b"DATA\r\n")
            self._expect.append(("data", item))

    def _on_data(self, item: Item, reply: Reply, outcomes: list[Outcome]) -> None:
        """354 lets the body follow; after a refused envelope it must be answered with a lone dot (RFC 2920 3.1)."""
        go = reply.code // 100 == 3
        if go and item.failed is None:
            self._write(dotted(item.body, vetted=item.message.vetted))
            self._write(b".\r\n", item)
            self._expect.append(("dot", item))
            self._blocked = self.mode == "step"
            return
        if go:
            if self._lmtp:  # no recipient, so no reply would follow the dot (RFC 2033 4.2)
                raise ProtocolFault("354 to DATA without a recipient")
            self._write(b".\r\n")
            self._expect.append(("lone-dot", item))
            self._blocked = False
            return
        phase, said = item.failed or ("data", reply)
        self._reset()
        self._blocked = self.mode == "step"
        self._finish(item, phase, said, outcomes)

    def _reset(self) -> None:
        """A transaction that failed half way is closed before the next one begins (RFC 5321 4.1.1.5)."""
        self._write(b"RSET\r\n")
        self._expect.append(("rset", None))

    def _finish(self, item: Item, phase: Phase, reply: Reply, outcomes: list[Outcome]) -> None:
        if phase == "dot" and reply.code // 100 == 2 and not item.whole:
            raise ProtocolFault("the mail was taken before all of it was there")
        self.items.remove(item)
        if phase == "dot" and reply.code == 250:  # what nearly all of them hear
            self.answered += 1
            outcomes.append(Delivered(item.message.delivery_id, reply))
            return
        verdict = judge(phase, reply)
        if self._several and phase == "mail" and verdict.cause not in {"message", "protocol"} and item.tries == 0:
            self.away.append((item, reply))
            return
        if self.mode == "chunks" and phase == "dot" and verdict.cause == "protocol":
            self._chunking.works, self._left = False, 0
            self.again.append(item)
            return
        if verdict.fresh:
            self._left = 0  # what is under way here is finished, then the connection is given up
            if item.tries == 0 and verdict.kind in {"later", "never"}:
                self.again.append(item)
                return
        self.answered += 1
        self._refusals += phase != "dot"
        if self._refusals >= REFUSALS:
            self._left = 0
        result = outcome(item.message.delivery_id, phase, reply)
        if result is None:
            self.config_fault = reply
            result = Deferred(item.message.delivery_id, reply, charged=False)
        outcomes.append(result)

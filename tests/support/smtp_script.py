"""What a scripted SMTP server can be told to say, phase by phase, and a script of random trouble."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

Phase = Literal[
    "banner", "ehlo", "helo", "starttls", "auth", "mail", "rcpt", "data", "bdat", "dot", "rset", "noop", "quit"
]


@dataclass(frozen=True)
class Stall:
    """Say nothing for this long, then hang up."""

    seconds: float = 30.0


@dataclass(frozen=True)
class Drop:
    """Hang up; `reset` with RST instead of FIN."""

    reset: bool = False


@dataclass(frozen=True)
class Late:
    """The answer (or the usual one) after a pause."""

    seconds: float
    answer: Answer | None = None


@dataclass(frozen=True)
class Taken:
    """At the dot: the message is taken (it is in `accepted`), but the client hears this instead of 250."""

    answer: Answer


@dataclass(frozen=True)
class Then:
    """Say `first`, then do `second`: `Then("250 ok", Drop())`."""

    first: str | bytes
    second: Drop | Stall


Answer = str | bytes | Stall | Drop | Late | Taken | Then  # str: one line, or lines parted by \n; bytes: as they are


@dataclass(frozen=True)
class Event:
    """Where the server is when it asks its script."""

    phase: Phase
    connection: int  # counts from 1
    transaction: int  # within the connection, counts from 1
    argument: str = ""  # the address at mail, rcpt and dot; else the command's argument
    asked: int = 1  # how often this phase came up in this server, all connections together


Rule = Answer | Mapping[str, "Answer"] | Callable[[Event], "Answer | None"]


def trouble(seed: int, rate: float, *, stall: float = 0.5) -> dict[Phase, Rule]:
    """Every kind of fault at random, with this probability at each step; the same seed gives the same dice.

    Each answer is one that a correct client lives through: whoever is not refused with 550 is mailed in the end.
    """
    dice = random.Random(seed)
    anywhere: list[Answer] = [
        Drop(),
        Drop(reset=True),
        Stall(stall),
        Late(0.05),
        "421 4.3.2 going down",
        b"garbage\r\n",
    ]
    later: list[Answer] = ["451 4.3.0 try again", "450 4.7.1 greylisted, try again in 10 seconds"]
    at_dot: list[Answer] = [Taken(Drop()), Taken(Stall(stall)), Taken(Drop(reset=True)), Late(0.05, None)]

    def rule(choices: list[Answer]) -> Callable[[Event], Answer | None]:
        return lambda _: dice.choice(choices) if dice.random() < rate else None

    rules: dict[Phase, Rule] = {phase: rule(anywhere) for phase in ("banner", "ehlo", "mail", "rset")}
    return rules | {
        "rcpt": rule(anywhere + later),
        "data": rule(anywhere + later),
        "dot": rule(anywhere + later + at_dot),
    }

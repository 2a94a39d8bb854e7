"""A message on its way past the signers: apart from `dkim`, whose library only those who sign have to load."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from newsletter.model.mail import Message
    from newsletter.send.dkim import Signer


def signed(message: Message, signers: Sequence[Signer]) -> Message:
    """The message signed by each signer; the first one's signature comes first."""
    data = message.data
    encoded = message.vetted and message.seven_bit  # our own quoted-printable: no blanks at line ends, nothing to fold
    for signer in reversed(signers):
        data = signer.sign(data, simple=encoded)
    return replace(message, data=data) if signers else message

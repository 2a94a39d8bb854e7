"""All that we need from the world, as protocols, a page a room."""

from newsletter.ports.channels import Channel as Channel
from newsletter.ports.channels import ChannelLedger as ChannelLedger
from newsletter.ports.mail import Ledger as Ledger
from newsletter.ports.mail import Mailbox as Mailbox
from newsletter.ports.mail import Relays as Relays
from newsletter.ports.mail import Returns as Returns
from newsletter.ports.mail import Transport as Transport
from newsletter.ports.papers import Editions as Editions
from newsletter.ports.papers import Papers as Papers
from newsletter.ports.papers import Signal as Signal
from newsletter.ports.papers import Source as Source
from newsletter.ports.people import Limits as Limits
from newsletter.ports.people import Records as Records
from newsletter.ports.people import Subscribers as Subscribers
from newsletter.ports.search import (
    Embedder as Embedder,
)
from newsletter.ports.search import (
    Embeddings as Embeddings,
)
from newsletter.ports.search import (
    Lookup as Lookup,
)
from newsletter.ports.search import (
    Summarizer as Summarizer,
)
from newsletter.ports.search import (
    Vectors as Vectors,
)
from newsletter.ports.search import (
    WordSearch as WordSearch,
)
from newsletter.ports.world import Clock as Clock
from newsletter.ports.world import Dns as Dns
from newsletter.ports.world import Runs as Runs

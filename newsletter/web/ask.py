"""One request as a frozen value: what every handler reads, so that handlers are plain functions."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from starlette.datastructures import Headers, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from newsletter.tongue.tongue import marked

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping

    from starlette.requests import Request

MAX_FIELDS = 200


class Unreadable(Exception):  # noqa: N818 - it is an answer, not a fault of ours
    """The request cannot be read; `status` and `text` are the answer."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.text = text


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """A request. `client` is the address that limits count, `form` the fields of a POST, first value first."""

    method: str
    path: str
    params: Mapping[str, str]
    query: Mapping[str, tuple[str, ...]]
    headers: Mapping[str, str]  # names in lower case
    cookies: Mapping[str, str]
    client: str
    body: bytes = b""
    form: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    files: Mapping[str, bytes] = field(default_factory=dict)

    def first(self, name: str, default: str = "") -> str:
        """A form field, trimmed; NUL and surrogates never reach the database."""
        return self.form.get(name, (default,))[0].strip()

    def every(self, name: str) -> tuple[str, ...]:
        return tuple(value.strip() for value in self.form.get(name, ()))

    def wanted(self, name: str, default: str = "") -> str:
        """A query parameter, trimmed."""
        return self.query.get(name, (default,))[0].strip()


def gather(pairs: list[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    """Pairs as a mapping, without what no database keeps: NUL becomes a blank, lone surrogates are dropped."""
    found: dict[str, list[str]] = {}
    for name, value in pairs:
        clean = value.replace("\x00", " ").encode("utf-8", "ignore").decode("utf-8")
        found.setdefault(name, []).append(clean)
    return {name: tuple(values) for name, values in found.items()}


def client_of(peer: str, forwarded: str, trusted: tuple[str, ...]) -> str:
    """The client's address: X-Forwarded-For counts only as far as trusted proxies wrote it.

    Walks the chain from the right and stops at the first address that is not a configured proxy.
    """
    networks = [ipaddress.ip_network(one, strict=False) for one in trusted]
    chain = [part.strip() for part in forwarded.split(",") if part.strip()] if forwarded else []
    here = peer
    while chain and _inside(here, networks):
        candidate = chain.pop()
        if not _is_address(candidate):
            break
        here = candidate
    return here


def prefix_of(client: str) -> str:
    """The network that one household or attacker holds: /24 of IPv4, /56 of IPv6; other names are one client."""
    if not _is_address(client):
        return client[:64]
    address = ipaddress.ip_address(client)
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    length = 24 if address.version == 4 else 56
    return str(ipaddress.ip_network(f"{address}/{length}", strict=False))


async def read(request: Request, body: bytes, trusted: tuple[str, ...], *, lenient: bool = False) -> Ask:
    """The request as an `Ask`. Raises Unreadable for a body that is not what its type says, unless `lenient`: then it
    counts as empty.
    """
    peer = request.client.host if request.client else ""
    form: dict[str, tuple[str, ...]] = {}
    files: dict[str, bytes] = {}
    if request.method == "POST":
        try:
            form, files = await _form(request.headers, body)
        except Unreadable:
            if not lenient:
                raise
    return Ask(
        method=request.method,
        path=request.url.path,
        params={name: str(value) for name, value in request.path_params.items()},
        query=_urlencoded(request.scope.get("query_string", b"")),
        headers=dict(request.headers),
        cookies=dict(request.cookies),
        client=client_of(peer, request.headers.get("x-forwarded-for", ""), trusted),
        body=body,
        form=form,
        files=files,
    )


async def _form(headers: Headers, body: bytes) -> tuple[dict[str, tuple[str, ...]], dict[str, bytes]]:
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "multipart/form-data":
        return await _multipart(headers, body)
    if kind in ("application/x-www-form-urlencoded", ""):
        return _urlencoded(body), {}
    return {}, {}


def _urlencoded(raw: bytes) -> dict[str, tuple[str, ...]]:
    try:
        pairs = parse_qsl(
            raw.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=MAX_FIELDS, errors="replace"
        )
    except ValueError as error:
        raise Unreadable(400, marked("Too many fields.")) from error
    return gather(pairs)


async def _multipart(headers: Headers, body: bytes) -> tuple[dict[str, tuple[str, ...]], dict[str, bytes]]:
    async def stream() -> AsyncGenerator[bytes, None]:
        yield body

    try:
        form = await MultiPartParser(headers, stream(), max_files=2, max_fields=MAX_FIELDS).parse()
    except (MultiPartException, KeyError, ValueError) as error:
        raise Unreadable(400, marked("This form could not be read.")) from error
    pairs, files = [], {}
    for name, value in form.multi_items():
        if isinstance(value, UploadFile):
            files[name] = await value.read()
        else:
            pairs.append((name, value))
    await form.close()
    return gather(pairs), files


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _inside(address: str, networks: list[ipaddress.IPv4Network | ipaddress.IPv6Network]) -> bool:
    if not _is_address(address):
        return False
    parsed = ipaddress.ip_address(address)
    return any(parsed in network for network in networks if network.version == parsed.version)

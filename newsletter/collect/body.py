"""Undoing a content coding piece by piece, so that no body, however it was packed, costs more memory than its limit."""

from __future__ import annotations

import zlib

PACKED_LIMIT = 16 * 2**20
OPEN_LIMIT = 32 * 2**20
_STEP = 64 * 1024


class BodyError(Exception):
    """The body cannot be read: too large, cut short, or not in the coding that it claims."""


class Unpacker:
    """Feed it what comes over the wire; `finish` gives the body. RFC 9110 8.4.1: gzip and deflate only."""

    def __init__(self, coding: str, *, packed_limit: int = PACKED_LIMIT, open_limit: int = OPEN_LIMIT) -> None:
        self._coding = coding.strip().lower()
        if self._coding not in {"", "identity", "gzip", "x-gzip", "deflate"}:
            raise BodyError(f"the body is coded as {self._coding[:40]!r}, which was not asked for")
        self._packed_limit, self._open_limit = packed_limit, open_limit
        self._packed = 0
        self._open = bytearray()
        self._inflate = None if self._coding in {"", "identity"} else self._new(zlib.MAX_WBITS)

    def _new(self, bits: int) -> zlib._Decompress:
        return zlib.decompressobj(bits if self._coding == "deflate" else zlib.MAX_WBITS | 16)

    def feed(self, data: bytes) -> None:
        self._packed += len(data)
        if self._packed > self._packed_limit:
            raise BodyError(f"the body is larger than {self._packed_limit:,} bytes")
        if self._inflate is None:
            self._grow(data)
        else:
            try:
                self._undo(data)
            except zlib.error as error:
                raise BodyError(f"the {self._coding} body is damaged: {error}") from None

    def finish(self) -> bytes:
        if self._inflate is not None and not self._inflate.eof and self._packed:
            raise BodyError(f"the {self._coding} body was cut short")
        return bytes(self._open)

    def _grow(self, data: bytes) -> None:
        if len(self._open) + len(data) > self._open_limit:
            raise BodyError(f"the body is larger than {self._open_limit:,} bytes once it is unpacked")
        self._open += data

    def _undo(self, data: bytes) -> None:
        assert self._inflate is not None
        if self._coding == "deflate" and self._packed == len(data) and data[:1] and data[0] & 0x0F != 8:
            self._inflate = self._new(-zlib.MAX_WBITS)  # some servers send deflate without its zlib wrapper
        while data:
            if self._inflate.eof:
                if self._coding == "deflate" or not data.startswith(b"\x1f"):
                    return  # bytes behind the end are padding
                self._inflate = self._new(zlib.MAX_WBITS)  # RFC 1952 2.2: gzip members may follow each other
            self._grow(self._inflate.decompress(data, _STEP))
            data = self._inflate.unconsumed_tail or self._inflate.unused_data

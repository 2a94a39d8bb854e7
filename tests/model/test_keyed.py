"""Signatures made by the short way are those of the standard library."""

from __future__ import annotations

import hmac

from hypothesis import given
from hypothesis import strategies as st

from newsletter.model.keyed import keyed_digest


@given(st.binary(max_size=150), st.binary(max_size=300))
def test_a_tag_made_by_the_short_way_is_an_hmac(key: bytes, message: bytes) -> None:
    assert keyed_digest(key, message) == hmac.digest(key, message, "sha256")

"""The contract of kept embeddings: each model's own, the first one of a text stays."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.support.stores import Stores


def test_what_is_put_is_got_and_what_is_not_there_is_left_out(store: Stores) -> None:
    store.embeddings.put("m", {"a": b"\x00\x01", "b": b"\xff"})
    store.embeddings.put("m", {})

    assert store.embeddings.get("m", ["b", "c", "a"]) == {"a": b"\x00\x01", "b": b"\xff"}
    assert store.embeddings.get("m", []) == {}


def test_models_do_not_see_each_other(store: Stores) -> None:
    store.embeddings.put("one", {"a": b"1"})
    store.embeddings.put("other", {"a": b"2"})

    assert store.embeddings.get("one", ["a"]) == {"a": b"1"}
    assert store.embeddings.get("other", ["a"]) == {"a": b"2"}
    assert store.embeddings.get("third", ["a"]) == {}


def test_the_first_vector_of_a_text_stays_so_that_a_day_is_ranked_again_by_it(store: Stores) -> None:
    store.embeddings.put("m", {"a": b"first"})
    store.embeddings.put("m", {"a": b"second", "b": b"new"})

    assert store.embeddings.get("m", ["a", "b"]) == {"a": b"first", "b": b"new"}


def test_many_texts_are_asked_for_at_once(store: Stores) -> None:
    many = {f"text {number}": number.to_bytes(4, "big") for number in range(3000)}
    store.embeddings.put("m", many)

    assert store.embeddings.get("m", many) == many

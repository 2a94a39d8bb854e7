"""The vectors that a day is ranked by, where a model other than the packaged one is wanted: kept ones and new ones."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from newsletter.model.mail import Note
from newsletter.model.paper import Problem
from newsletter.rank.given import Given, paper_text, text_key
from newsletter.rank.relevance import ask
from newsletter.stages.purse import Purse

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from newsletter.model.edition import Edition, Topic
    from newsletter.model.paper import Paper
    from newsletter.ports import Embedder, Embeddings
    from newsletter.press import Press
    from newsletter.rank.text_model import Models

TOKEN = 3  # characters a token has at least: a guess before the bill, on the dear side
LARGEST = 16_384  # numbers of a vector
_BY = "meaning by "
_INSTEAD = "meaning by the packaged model instead of "


def models_for(
    press: Press,
    papers: Sequence[Paper],
    topics: Sequence[Topic],
    library: Mapping[str, Paper],
    *,
    again: Edition | None = None,
) -> tuple[Models, str, tuple[Note, ...]]:
    """(models, what the edition says of them, what the run says): with the wanted model's vectors when there is one
    for every paper and topic. Else the packaged model ranks the whole edition: two models are never mixed.

    `again`: a printed edition whose day is ranked again, by the model that ranked it; nobody is asked.
    """
    models = press.open_models()
    said = next((note for note in again.notes if note.startswith((_BY, _INSTEAD))), "") if again else ""
    name = said.removeprefix(_BY) if again else press.embedder.name if press.embedder else ""
    if not name or said.startswith(_INSTEAD) or press.embeddings is None or models.text is None:
        return models, said, ()
    texts = [paper_text(paper) for paper in papers]
    texts += [text for topic in topics if (text := ask(topic, library).text)]
    wanted = {text_key(text): text for text in texts}
    kept = dict(press.embeddings.get(name, wanted))
    missing = {key: text for key, text in wanted.items() if key not in kept}
    notes: list[Note] = []
    if missing and again is None and press.embedder is not None:
        made, told = _make(press, press.embedder, press.embeddings, missing)
        kept |= made
        notes = [Note("warning" if len(kept) < len(wanted) else "info", "meaning", text) for text in told]
    vectors = {key: _read(kept[key]) for key in wanted if key in kept}
    sizes = sorted({len(vector) for vector in vectors.values()})
    if len(sizes) > 1:
        notes.append(Note("warning", "meaning", f"{name} gave vectors of {sizes[0]} and of {sizes[-1]} numbers"))
    if len(vectors) < len(wanted) or len(sizes) > 1:
        return models, f"{_INSTEAD}{name}", tuple(notes)
    return replace(models, given=Given(name, vectors)), f"{_BY}{name}", tuple(notes)


def _make(
    press: Press, embedder: Embedder, embeddings: Embeddings, missing: Mapping[str, str]
) -> tuple[dict[str, bytes], list[str]]:
    """New vectors, kept batch by batch, and what there is to say: of the budget, and of what failed."""
    given = press.config.ranking
    price = given.embeddings_price / 1e6
    texts = dict(sorted(missing.items(), key=lambda one: (len(one[1]), one[0])))  # of a length, they go together
    purse, said = None, []
    if press.records is not None and price:
        day = press.edition_day(press.clock.now()).isoformat()
        budget = given.embeddings_budget
        purse = Purse.open(press.records, press.clock, "embeddings-spent", day, budget=budget, most=math.inf)
        texts = _affordable(texts, purse, price)
        if len(texts) < len(missing):
            left = len(missing) - len(texts)
            said.append(f"the day's budget of {budget:g} leaves {left} of {len(missing)} texts without a vector")
    made: dict[str, bytes] = {}
    for batch in _batches(embedder, texts):
        if isinstance(batch, Problem):
            said.append(f"{embedder.name}: {batch.what}")
            break
        vectors, tokens = batch
        embeddings.put(embedder.name, vectors)
        made |= vectors
        if purse is not None:
            guess = sum(len(texts[key]) for key in vectors) / TOKEN
            purse.pay((tokens or guess) * price, len(vectors))
    if made and not said:
        said.append(f"{len(made)} vectors made by {embedder.name}")
    return made, said


def _batches(embedder: Embedder, texts: Mapping[str, str]) -> Iterator[tuple[dict[str, bytes], int] | Problem]:
    keys, done = [*texts], 0
    for answer in embedder.embed([*texts.values()]) if texts else ():
        if isinstance(answer, Problem):
            yield answer
            return
        vectors, tokens = answer
        packed = [_packed(vector) for vector in vectors]
        if None in packed or done + len(packed) > len(keys):
            yield Problem("meaning", "a vector came back that is none")
            return
        yield {key: one for key, one in zip(keys[done:], packed, strict=False) if one is not None}, tokens
        done += len(packed)


def _affordable(texts: Mapping[str, str], purse: Purse, price: float) -> dict[str, str]:
    """As many of the texts as the day's budget pays for, at the least characters a token has."""
    cost, taken = 0.0, {}
    for key, text in texts.items():
        cost += len(text) / TOKEN * price
        if not purse.allows(cost, 0):
            break
        taken[key] = text
    return taken


def _packed(vector: Sequence[float]) -> bytes | None:
    """A vector at unit length in 16 bits a number; None when it is none."""
    try:
        numbers = np.array(vector, np.float64)
    except (TypeError, ValueError, OverflowError):
        return None
    if numbers.ndim != 1 or not 1 <= len(numbers) <= LARGEST or not np.isfinite(numbers).all():
        return None
    length = float(np.linalg.norm(numbers))
    return (numbers / length).astype("<f2").tobytes() if 0 < length < math.inf else None


def _read(packed: bytes) -> NDArray[np.float32]:
    numbers = np.frombuffer(packed, "<f2").astype(np.float64)
    unit: NDArray[np.float32] = (numbers / (np.linalg.norm(numbers) or 1.0)).astype(np.float32)
    return unit

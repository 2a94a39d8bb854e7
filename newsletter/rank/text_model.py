"""The packaged models as values: loaded once by the wiring, handed to every ranking function."""

from __future__ import annotations

import io
from dataclasses import dataclass, replace
from importlib import resources
from itertools import repeat
from typing import TYPE_CHECKING

import numpy as np

from newsletter.rank.prior import read_prior_model

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from newsletter.rank.given import Given
    from newsletter.rank.prior import PriorModel


@dataclass(frozen=True, slots=True, eq=False)
class TextModel:
    """A linear encoder: a text is the idf-weighted sum of its terms' vectors, at unit length.

    `weights` is (terms, dimensions) float32, `idf` (terms,) float32.
    """

    index: Mapping[str, int]
    weights: NDArray[np.float32]
    idf: NDArray[np.float32]

    def encode(self, texts: Sequence[Mapping[str, int]]) -> NDArray[np.float32]:
        """Term counts (`words.terms`) to vectors, (texts, dimensions); a text without known terms is all zeros."""
        vectors = np.zeros((len(texts), self.weights.shape[1]), np.float32)
        for row, counts in enumerate(texts):
            places = np.fromiter(map(self.index.get, counts, repeat(-1)), np.int64, len(counts))
            order = np.argsort(places)[np.count_nonzero(places < 0) :]  # by place: sums come out the same everywhere
            if not len(order):
                continue
            places, many = places[order], np.fromiter(counts.values(), np.float64, len(counts))[order]
            shares = (1 + np.log(many)) * self.idf[places]
            vector = shares @ self.weights[places].astype(np.float64)
            vectors[row] = np.round(vector / (np.linalg.norm(vector) + 1e-9), 6)
        return vectors


def cosines(vectors: NDArray[np.float32], other: NDArray[np.float32]) -> NDArray[np.float64]:
    """Unit vectors with one vector, or a matrix of columns: six decimals, whatever the shapes and the BLAS.

    In 32 bits the last digits depend on how many rows are multiplied at once; in 64 they lie far below what is kept.
    """
    products: NDArray[np.float64] = np.round(vectors.astype(np.float64) @ other.astype(np.float64), 6)
    return products


@dataclass(frozen=True, slots=True, eq=False)
class Models:
    """All that was learned beforehand. Without a text model the ranker works by words alone.

    `given` are another model's vectors of the texts that are ranked: topics are then compared by these.
    """

    text: TextModel | None = None
    search: TextModel | None = None  # the same terms, nearer to its teacher: what short questions are compared by
    prior: PriorModel | None = None
    given: Given | None = None


def load_models() -> Models:
    """The models of the package. The only function of this room that reads a file."""
    folder = resources.files("newsletter.rank.models")
    text = read_text_model((folder / "text.npz").read_bytes())
    return Models(
        text=text,
        search=read_sister((folder / "search.npz").read_bytes(), text),
        prior=read_prior_model((folder / "priors.npz").read_bytes()),
    )


def read_text_model(data: bytes) -> TextModel:
    """An .npz with `terms` (joined by line ends), `W` (int8), `scale` (a factor for each row of W) and `idf`."""
    with np.load(io.BytesIO(data)) as arrays:
        vocabulary = str(arrays["terms"]).split("\n")
        return TextModel(
            index={term: place for place, term in enumerate(vocabulary)},
            weights=arrays["W"].astype(np.float32) * arrays["scale"][:, None],
            idf=arrays["idf"].astype(np.float32),
        )


def read_sister(data: bytes, model: TextModel) -> TextModel:
    """Other vectors of the same terms: an .npz with `W` and `scale` as in `read_text_model`."""
    with np.load(io.BytesIO(data)) as arrays:
        return replace(model, weights=arrays["W"].astype(np.float32) * arrays["scale"][:, None])


def write_sister(model: TextModel) -> bytes:
    """The inverse of `read_sister`."""
    out = io.BytesIO()
    np.savez_compressed(out, **_in_bytes(model))  # type: ignore[arg-type]
    return out.getvalue()


def between(model: TextModel, base: TextModel, share: float) -> TextModel:
    """A model on the way back to what it was fitted from (Wortsman et al. 2022, WiSE-FT): `share` of `base`'s vectors.

    Both know the same terms; theirs are added term by term.
    """
    places = [base.index[term] for term in model.index]
    return replace(model, weights=((1 - share) * model.weights + share * base.weights[places]).astype(np.float32))


def _in_bytes(model: TextModel) -> dict[str, NDArray[np.generic]]:
    scale = np.abs(model.weights).max(axis=1) / 127 + 1e-12
    return {"W": np.rint(model.weights / scale[:, None]).astype(np.int8), "scale": scale.astype(np.float32)}


def write_text_model(model: TextModel) -> bytes:
    """The inverse of `read_text_model`, rounded to 8 bits a number."""
    out = io.BytesIO()
    np.savez_compressed(
        out,
        terms=np.array("\n".join(sorted(model.index, key=model.index.__getitem__))),
        idf=model.idf.astype(np.float32),
        **_in_bytes(model),  # type: ignore[arg-type]
    )
    return out.getvalue()

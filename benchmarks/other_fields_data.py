"""Collections outside machine learning as a data folder: python -m benchmarks.other_fields_data OUT --cranfield DIR ...

What each option wants is said in docs/ranking.md, "Other fields". Each collection becomes one pool or one a day, and
each of its questions a topic task, in the layout of the ranking data (papers, pools, tasks, qrels as JSON lines).
"""

from __future__ import annotations

import argparse
import csv
import json
import re
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

LEAST = 3  # right papers that a task has at least
SMALLEST, DAYS = 150, 40  # papers of a listing that is used, and how many listings

# The programmes of the NBER's summer institutes by their letters, and arXiv's archives, in our words.
PROGRAMMES = {
    "AP": "Asset pricing: stock and bond returns, risk premia, portfolio choice, volatility",
    "CF": "Corporate finance: capital structure, governance, mergers, executive pay, banks and firms",
    "ME": "Monetary economics: inflation, interest rates, central banks and monetary policy",
    "IFM": "International finance: exchange rates, capital flows, currency crises, open economies",
    "PERE": "Public economics and real estate: housing prices, mortgages, property taxes, cities",
    "EFCE": "Consumption and saving of households, incomplete markets, heterogeneous agents",
    "EFEL": "Economic growth and labour: unemployment, wages, productivity and business cycles",
}
ARCHIVES = {
    "quant-ph": "Quantum physics: qubits, entanglement, quantum circuits and quantum error correction",
    "cond-mat": "Condensed matter: materials, magnetism, superconductors, phase transitions",
    "astro-ph": "Astronomy: galaxies, stars, exoplanets, telescopes and gravitational lenses",
    "physics": "Physics: fluids, optics, plasmas, climate, seismology and detectors",
    "q-bio": "Biology: proteins, genomes, cells, neurons and populations",
    "econ": "Economics: markets, firms, labour, auctions and public policy",
    "q-fin": "Finance: trading, portfolios, risk, volatility and options",
    "math": "Mathematics: numerical analysis, optimisation, differential equations and probability",
    "stat": "Statistics: estimation, inference, causal effects and experiments",
}


class Folder:
    """The four files of a data folder, in the making."""

    def __init__(self) -> None:
        self.papers: dict[str, dict[str, Any]] = {}
        self.pools: dict[str, list[str]] = {}
        self.tasks: list[dict[str, Any]] = []
        self.right: dict[str, dict[str, int]] = {}

    def paper(self, pool: str, name: str, title: str, abstract: str) -> None:
        self.papers[name] = {"id": name, "title": _flat(title), "abstract": _flat(abstract), "authors": []}
        self.pools.setdefault(pool, []).append(name)

    def task(self, kind: str, name: str, query: str, pool: str, right: dict[str, int]) -> None:
        if len(right) >= LEAST:
            qid = f"{kind}:{name}"
            self.tasks.append({"task": "topic", "kind": kind, "qid": qid, "query": _flat(query), "pool": pool})
            self.right[qid] = right

    def write(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        pools = [{"pool": pool, "ids": ids} for pool, ids in self.pools.items()]
        qrels = [{"qid": qid, "rel": right} for qid, right in self.right.items()]
        files = {"papers": [*self.papers.values()], "pools": pools, "tasks": self.tasks, "qrels": qrels}
        for name, rows in files.items():
            text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
            (folder / f"{name}.jsonl").write_text(text, "utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--cranfield", type=Path, help="a folder with cran.all.1400, cran.qry and cranqrel")
    parser.add_argument("--medline", type=Path, help="a folder with MED.ALL, MED.QRY and MED.REL")
    parser.add_argument("--nber", type=Path, help="a CSV with title, group, year and abstract")
    parser.add_argument("--arxiv", type=Path, help="JSON lines, a file a day: id, title, summary...")
    given = parser.parse_args()
    folder = Folder()
    if given.cranfield:
        _cranfield(given.cranfield, folder)
    if given.medline:
        _medline(given.medline, folder)
    if given.nber:
        _nber(given.nber, folder)
    if given.arxiv:
        _arxiv(given.arxiv, folder)
    folder.write(given.out)
    print(f"{len(folder.papers)} papers, {len(folder.pools)} pools, {len(folder.tasks)} tasks in {given.out}")


def _cranfield(source: Path, folder: Folder) -> None:
    """Aerodynamics: 1,400 abstracts and 225 questions; a question's number is its place, not its `.I`."""
    for number, parts in _smart(source / "cran.all.1400"):
        title = parts.get("T", "")
        folder.paper("cranfield", f"cran:{number}", title, parts.get("W", "").removeprefix(title))
    right: dict[int, dict[str, int]] = defaultdict(dict)
    for line in (source / "cranqrel").read_text("utf-8").splitlines():
        question, paper, grade = (int(one) for one in line.split()[:3])
        if 1 <= grade <= 4:
            right[question][f"cran:{paper}"] = 1 + (grade <= 2)
    for place, (_, parts) in enumerate(_smart(source / "cran.qry"), start=1):
        folder.task("physics", f"cranfield-{place}", parts["W"], "cranfield", right[place])


def _medline(source: Path, folder: Folder) -> None:
    """Medicine and physiology: 1,033 abstracts and 30 questions."""
    for number, parts in _smart(source / "MED.ALL"):
        first, _, rest = parts["W"].partition(" .")
        folder.paper("medline", f"med:{number}", first, rest)
    right: dict[int, dict[str, int]] = defaultdict(dict)
    for line in (source / "MED.REL").read_text("utf-8").splitlines():
        words = line.split()
        if len(words) >= 2:
            right[int(words[0])][f"med:{words[-2] if len(words) == 4 else words[1]}"] = 1
    for number, parts in _smart(source / "MED.QRY"):
        folder.task("biology", f"medline-{number}", parts["W"], "medline", right[number])


def _nber(source: Path, folder: Folder) -> None:
    """Economics: papers of summer institutes, three years a listing; the programme is what is asked for."""
    right: dict[tuple[str, str], dict[str, int]] = defaultdict(dict)
    with source.open(encoding="utf-8", newline="") as file:
        for place, row in enumerate(csv.DictReader(file)):
            if row["abstract"].strip():
                pool, name = f"nber:{int(row['year']) // 3}", f"nber:{place}"
                folder.paper(pool, name, row["title"], row["abstract"])
                for group in row["group"].split("; "):
                    right[pool, group][name] = 2
    for (pool, group), found in sorted(right.items()):
        if group in PROGRAMMES:
            folder.task("economics", f"{pool}-{group}", PROGRAMMES[group], pool, found)


def _arxiv(source: Path, folder: Folder) -> None:
    """Listings of many categories: what is asked for are archives outside of computer science."""
    days = sorted(path for path in source.glob("*.jsonl") if re.fullmatch(r"\d{4}-\d\d-\d\d", path.stem))
    used = 0
    for path in days:
        rows = [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.startswith("{")]
        found = {row["id"]: row for row in rows if row.get("categories") and row.get("summary") and row.get("title")}
        if len(found) < SMALLEST or used == DAYS:
            continue
        used += 1
        for name, row in found.items():
            folder.paper(f"arxiv:{path.stem}", name, row["title"], row["summary"])
        for archive, query in ARCHIVES.items():
            right = {
                name: 1 + (_archive(row["categories"][0]) == archive)
                for name, row in found.items()
                if archive in {*map(_archive, row["categories"])}
            }
            folder.task("arxiv", f"{path.stem}-{archive}", query, f"arxiv:{path.stem}", right)


def _archive(category: str) -> str:
    return category.partition(".")[0]


def _smart(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """The records of a file in the SMART system's form: `.I` number, then `.T`, `.W` and others with their text."""
    for record in re.split(r"^\.I\s+", path.read_text("utf-8", errors="replace"), flags=re.MULTILINE)[1:]:
        number, _, body = record.partition("\n")
        pieces = re.split(r"^\.([A-Z])\s*$", body, flags=re.MULTILINE)
        yield int(number), {mark: _flat(text) for mark, text in zip(pieces[1::2], pieces[2::2], strict=True)}


def _flat(text: str) -> str:
    return " ".join(text.split())


if __name__ == "__main__":
    main()

"""What the benchmarks on real data are given: a folder of it, and other models than the packaged ones."""

from __future__ import annotations

import argparse
from pathlib import Path

from newsletter.rank.prior import read_prior_model
from newsletter.rank.text_model import Models, load_models, read_text_model


def data_options(description: str | None) -> argparse.ArgumentParser:
    """--data, --json, --text and --priors; what else a benchmark asks it adds."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--text", type=Path, help="another text model")
    parser.add_argument("--priors", type=Path, help="another prior model")
    return parser


def asked_models(asked: argparse.Namespace) -> Models:
    packaged = load_models()
    return Models(
        text=read_text_model(asked.text.read_bytes()) if asked.text else packaged.text,
        prior=read_prior_model(asked.priors.read_bytes()) if asked.priors else packaged.prior,
    )

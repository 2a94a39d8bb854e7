"""Papers to search among: four subjects, a few papers each, in a newsletter of the test's own."""

from __future__ import annotations

from datetime import date, timedelta

from newsletter.model.paper import Paper

DAY = date(2026, 11, 20)
TEXTS = (
    ("Sharing tokens across layers", "Token sharing lets layers reuse the tokens of the input and saves memory."),
    (
        "Pruning what transformers read",
        "We drop input tokens that attention ignores, which halves the cost of inference.",
    ),
    ("Diffusion models that paint", "A diffusion model for image synthesis, trained on paintings."),
    ("Text-to-image generation with fewer steps", "We distil a sampler of images into four denoising steps."),
    ("Grasping with two arms", "A robot policy for manipulation, learned by imitation from teleoperation."),
    ("Legged robots on stairs", "Reinforcement learning of locomotion for a quadruped, from simulation to the field."),
    ("Protein folding by language", "Amino acid sequences as language: structure prediction for proteins."),
    ("Molecules from graphs", "Graph neural networks that generate molecules for drug discovery."),
)


def paper(number: int, title: str, abstract: str = "", **more: object) -> Paper:
    name = f"2611.{number:05}"
    known = {"arxiv_id": name, "published": DAY - timedelta(days=number), "authors": ("Ada Lovelace",)} | more
    return Paper(id=name, title=title, abstract=abstract, url=f"https://arxiv.org/abs/{name}", **known)  # type: ignore[arg-type]


PAPERS = tuple(paper(number, *text) for number, text in enumerate(TEXTS, 1))

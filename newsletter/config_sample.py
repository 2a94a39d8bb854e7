"""The configuration that `newsletter init` writes: every setting with its meaning, and five topics to begin with."""

from __future__ import annotations

import json
import textwrap
from typing import TYPE_CHECKING, Any

from newsletter.config_keys import SECTIONS, SIGNAL_URLS, SOURCE_URLS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from newsletter.config_providers import Provider
    from newsletter.config_shape import Key, Section

_HEAD = """\
# Settings of the newsletter. Every setting is shown with its default; a line may be left out.
# Any setting can come from the environment instead: NEWSLETTER_DELIVERY__PASSWORD is `password` of [delivery].
# Paths are relative to this file's folder. Spans of time are like "30s", "20m", "12h", "2d".
# `newsletter config` shows what is in force, `newsletter doctor` tries it out.
"""

TOPICS: tuple[dict[str, Any], ...] = (
    {
        "slug": "language-models",
        "name": "Language models",
        "query": "large language models: pre-training, reasoning, alignment, long context",
        "keywords": ["LLM", "language model", '"chain of thought"', '"instruction tuning"', "reasoning"],
        "categories": ["cs.CL"],
        "top": 5,
    },
    {
        "slug": "vision",
        "name": "Vision and multimodal",
        "query": "computer vision and vision-language models: recognition, segmentation, video understanding, 3D",
        "keywords": ['"vision-language"', "multimodal", "segmentation", "video", '"3D reconstruction"'],
        "categories": ["cs.CV"],
        "top": 5,
    },
    {
        "slug": "generative-models",
        "name": "Generative models",
        "query": "diffusion and flow matching models that generate images, video, audio and 3D",
        "keywords": ["diffusion", '"flow matching"', '"text-to-image"', '"video generation"', "autoregressive"],
        "top": 5,
    },
    {
        "slug": "agents-and-robots",
        "name": "Agents and robots",
        "query": "autonomous agents, tool use, planning, reinforcement learning and robot manipulation",
        "keywords": ["agent", '"tool use"', '"reinforcement learning"', "robot", "planning"],
        "categories": ["cs.RO", "cs.AI"],
        "top": 5,
    },
    {
        "slug": "efficient-learning",
        "name": "Efficient learning",
        "query": "efficient training and inference: quantization, pruning, distillation, fast attention, systems",
        "keywords": ["quantization", "pruning", "distillation", '"mixture of experts"', '"inference speed"'],
        "categories": ["cs.LG"],
        "top": 5,
    },
)

_ENTRIES: dict[str, tuple[dict[str, Any], ...]] = {
    "sources": (
        {"kind": "huggingface", "url": SOURCE_URLS["huggingface"]},
        {
            "kind": "arxiv",
            "url": SOURCE_URLS["arxiv"],
            "feed_url": "https://rss.arxiv.org",
            "categories": ["cs.CL", "cs.CV", "cs.LG", "cs.AI"],
        },
    ),
    "signals": (),
    "topics": TOPICS,
    "channels": (),
    "delivery.relays": (),
    "returns": (),
}
_EXAMPLES: dict[str, tuple[dict[str, Any], ...]] = {  # shown, but commented out
    "sources": (
        {"kind": "feed", "url": "https://blog.example.org/feed.xml"},
        {"kind": "file", "path": "papers.jsonl"},
    ),
    "channels": (
        {"kind": "slack", "name": "reading-group", "topics": ["language-models"]},
        {"kind": "matrix", "url": "https://matrix.example.org", "room": "!abc:example.org", "send_hour": 9},
    ),
    "delivery.relays": (
        {"host": "smtp.one.example", "username": "papers", "weight": 3},
        {"host": "smtp.two.example", "username": "papers", "rate": "14/s"},
    ),
    "returns": (
        {"kind": "maildir", "path": "Maildir"},
        {"kind": "imap", "host": "imap.example.org", "username": "bounces@example.org"},
        {"kind": "lmtp", "host": "127.0.0.1", "port": 2424},
    ),
    "signals": ({"kind": "github", "url": SIGNAL_URLS["github"], "token": ""},),
}


def sample(
    provider: Provider | None = None,
    given: Mapping[str, Mapping[str, object]] | None = None,
    topics: tuple[dict[str, Any], ...] = TOPICS,
) -> str:
    """The text of config.toml: complete, commented, the same as the defaults but for its topics, the provider, and what
    is `given` by section and key.
    """
    wanted = {name: dict(table) for name, table in (given or {}).items()}
    if provider is not None:
        wanted["delivery"] = dict(provider.settings) | wanted.get("delivery", {})
    entries = _ENTRIES | {"topics": topics}
    return "\n".join(
        [_HEAD, *(_section(section, provider, wanted.get(section.name, {}), entries) for section in SECTIONS)]
    )


def as_toml(shown: dict[str, Any]) -> str:
    """Effective settings as TOML; what is not set is left out."""
    blocks = []
    for name, value in shown.items():
        for table in value if isinstance(value, list) else [value]:
            head = f"[[{name}]]" if isinstance(value, list) else f"[{name}]"
            lines = [f"{key} = {_toml(one)}" for key, one in table.items() if one is not None]
            blocks.append("\n".join([head, *lines]) + "\n")
    return "\n".join(blocks)


def _section(
    section: Section,
    provider: Provider | None,
    given: Mapping[str, object],
    entries: Mapping[str, tuple[dict[str, Any], ...]],
) -> str:
    if not section.many:
        lines = [*_comment(section.doc), f"[{section.name}]"]
        if provider is not None and section.name == "delivery":
            lines += [line for text in (f"Set for {provider.name}.", *provider.advice) for line in _comment(text)]
        lines += [line for key in section.keys for line in _key(key, given.get(key.name, key.default))]
        return "\n".join(lines) + "\n"
    lines = [*_comment(section.doc), "#"]
    width = max(len(key.name) for key in section.keys)
    for key in section.keys:
        lines += _comment(f"{key.name:<{width}}  {key.doc}", hang=width + 2)
    blocks = ["\n".join(lines)]
    blocks += ["\n".join(_entry(section.name, entry)) for entry in entries[section.name]]
    blocks += ["\n".join(f"# {line}" for line in _entry(section.name, one)) for one in _EXAMPLES.get(section.name, ())]
    return "\n\n".join(blocks) + "\n"


def _key(key: Key, setting: object) -> list[str]:
    value = f"{key.name} = {_toml(setting)}"
    return [*_comment(key.doc), f"# {value}" if key.secret else value]


def _entry(name: str, entry: dict[str, Any]) -> list[str]:
    return [f"[[{name}]]", *(f"{key} = {_toml(value)}" for key, value in entry.items())]


def _comment(text: str, *, hang: int = 0) -> list[str]:
    return textwrap.wrap(
        text.replace("`", ""),
        width=110,
        initial_indent="# ",
        subsequent_indent="# " + " " * hang,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _toml(value: object) -> str:
    """A default as TOML writes it; JSON's strings, numbers, booleans and lists are TOML's too."""
    return json.dumps(value, ensure_ascii=False)

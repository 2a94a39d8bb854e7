"""docs/configuration.md, made from the table of keys so that it can't be out of step."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from newsletter.config_keys import SECTIONS

if TYPE_CHECKING:
    from newsletter.config_shape import Key, Section

_HEAD = """\
# Configuration

<!-- Made by `newsletter config --docs`. A test fails when this file differs from what that prints. -->

The settings are read from `config.toml` of the working folder, or from the file named by `--config`. Every setting has
a default, so a section may be short or absent; `newsletter init` writes a complete, commented file to begin with.
`newsletter config` shows what is in force, with secrets redacted.

**Mistakes.** All problems are reported at once, each with its section, its key, what was given and the cure. An unknown
section or key is a mistake too, with the likeliest meant name. Nothing runs on a configuration with a mistake.

**Paths** are relative to the folder of the configuration file. **Spans of time** are a number and a unit, `s`, `m`,
`h` or `d`: `"30s"`, `"20m"`, `"12h"`, `"2d"`, `"1h30m"`. **Rates** are a number of mails for a time: `"14/s"`,
`"600/m"`, `"3000/h"`, `"50000/day"`.

## From the environment

Any setting can come from the environment, which wins over the file:

| variable | sets |
|---|---|
| `NEWSLETTER_DELIVERY__PASSWORD` | `password` of `[delivery]` |
| `NEWSLETTER_NEWSLETTER__SECRET` | `secret` of `[newsletter]` |
| `NEWSLETTER_DELIVERY__RETRY='30s, 5m'` | a list: parts between commas, or JSON such as `["30s", "5m"]` |
| `NEWSLETTER_SOURCES__0__URL` | `url` of the first `[[sources]]`, counted from 0; one more than there are adds one |
| `NEWSLETTER_TOPICS='[{"slug": "vision"}]'` | all `[[topics]]` at once, as JSON |

Booleans are `true` or `false` (also `yes`, `no`, `on`, `off`, `1`, `0`). An empty variable leaves numbers, booleans,
spans and choices as they are, and empties texts and lists. A variable that begins with `NEWSLETTER_`, holds `__` and
names no setting is a mistake.

## The secret

Links in mails are signed. The key for that is the setting `secret`, else the file named by `secret_file`, else it is
made at first use: 256 random bits in that file, readable by its owner only. Whoever has it can act for any reader:
keep it out of version control and in the backup. Without it, links in mails that are out already stop working. To
replace it, put the new one on the first line and keep the old one on the next: the first signs, all are accepted.
"""


def reference() -> str:
    """The whole page, in Markdown."""
    return "\n".join([_HEAD, *(_section(section) for section in SECTIONS)])


def _section(section: Section) -> str:
    title = f"[[{section.name}]]" if section.many else f"[{section.name}]"
    rows = "\n".join(_row(key) for key in section.keys)
    return f"## `{title}`\n\n{section.doc}\n\n| key | value | default | meaning |\n|---|---|---|---|\n{rows}\n"


def _row(key: Key) -> str:
    if key.required:
        default = "must be given"
    elif key.default is None:
        default = "see meaning"
    else:
        default = f"`{json.dumps(key.default, ensure_ascii=False)}`"
    return f"| `{key.name}` | {key.kind.label} | {default} | {key.doc} |"

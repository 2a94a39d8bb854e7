"""What is made late: a process that only sends carries no HTTP client, no parser of feeds and no signatures."""

from __future__ import annotations

import subprocess
import sys
import threading
from typing import TYPE_CHECKING

from newsletter.wiring_late import Late, LateTuple

if TYPE_CHECKING:
    from pathlib import Path

ONLY_SENDS = """
import sys
from pathlib import Path
from newsletter.config import load_config
from newsletter.stages.dispatching import dispatch
from newsletter.wiring import open_press
with open_press(load_config(Path(sys.argv[1]))) as press:
    print(dispatch(press).notes[0].text)
    press.open_transport().close()
    print(sorted({"httpx", "feedparser", "cryptography", "alembic", "numpy"} & set(sys.modules)))
    print(len(press.sources), "httpx" in sys.modules)
"""


def test_a_process_that_only_sends_loads_nothing_of_the_sources_until_they_are_asked_for(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text('[newsletter]\nfrom = "a@example.org"\n[[sources]]\nkind = "huggingface"\n[delivery]\n')
    with_database = "from newsletter.config import load_config; from newsletter.wiring import open_press; import sys"
    made = f"{with_database}\nwith open_press(load_config(__import__('pathlib').Path(sys.argv[1]))): pass"
    for script in (made, ONLY_SENDS):
        said = subprocess.run(
            [sys.executable, "-c", script, str(config)], capture_output=True, text=True, check=False, timeout=60
        )
        assert said.returncode == 0, said.stderr
    assert said.stdout.splitlines() == ["nothing is due", "[]", "1 True"]


def test_what_is_made_late_is_made_once_whoever_asks_at_once() -> None:
    made: list[str] = []

    def make() -> tuple[str, ...]:
        made.append("made")
        return ("a", "b")

    late, several = Late(lambda: make()[0]), LateTuple(make)
    assert not late.is_made
    askers = [threading.Thread(target=lambda: (late.upper(), len(several))) for _ in range(8)]
    for asker in askers:
        asker.start()
    for asker in askers:
        asker.join()
    assert (late.upper(), late.is_made, list(several), several[1:], len(made)) == ("A", True, ["a", "b"], ("b",), 2)

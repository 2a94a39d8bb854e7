"""One process of `house.drained`: everything that a run of `newsletter send` does after the cut."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from benchmarks.common import peak_mb
from newsletter.config import load_config
from newsletter.stages.dispatching import dispatch
from newsletter.wiring import open_press


def main() -> None:
    with open_press(load_config(Path(sys.argv[1]) / "config.toml")) as press:
        press.open_composer()  # its imports, as those of the peers, are not what is measured
        print("ready", flush=True)
        sys.stdin.readline()
        begun, used = time.monotonic(), time.process_time()
        done = dispatch(press)
        ended, used = time.monotonic(), time.process_time() - used
    sent = done.tally.sent if done.tally else 0
    if any(note.level == "error" for note in done.notes):
        raise SystemExit(str(done.notes))
    print(json.dumps([sent, begun, ended, used, peak_mb()]))


if __name__ == "__main__":
    main()

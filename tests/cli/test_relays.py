"""What an operator sees of several relays when one of them is down."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import TYPE_CHECKING

from newsletter.config import load_config
from newsletter.model.subscriber import Subscriber
from tests.support.desk import CONFIG, Desk
from tests.support.smtp_server import Event, Late, SmtpServer

if TYPE_CHECKING:
    from pathlib import Path

READERS = 6


def house(folder: Path, *servers: SmtpServer) -> Desk:
    desk = Desk(folder)
    relays = "".join(
        f'[[delivery.relays]]\nhost = "127.0.0.1"\nport = {server.port}\nsecurity = "none"\n' for server in servers
    )
    (folder / "config.toml").write_text(f'{CONFIG}[delivery]\ntransport = "smtp"\n{relays}', "utf-8")
    with desk.press(load_config(folder / "config.toml", {})) as press:
        for number in range(READERS):
            press.subscribers.add(Subscriber(email=f"r{number}@example.org", created_at=desk.clock.now()))
    return desk


def waited(event: threading.Event) -> None:
    """For a script: the usual answer, after the event."""
    event.wait(20)


def test_a_relay_that_is_down_is_named_while_the_other_sends_everything(tmp_path: Path) -> None:
    def slowly(event: Event) -> Late | None:
        """So that the other one is found out before all mails have gone, however busy this machine is."""
        return Late(1.0) if event.asked == 1 else None

    with SmtpServer() as gone, SmtpServer(script={"dot": slowly}) as well:
        gone.stop()
        desk = house(tmp_path, gone, well)
        ran = desk("run", "--json")
        assert (ran.code, ran.json["sent"], ran.json["deferred"]) == (0, READERS, 0)
        assert well.recipients == [f"r{number}@example.org" for number in range(READERS)]
        said = [note for note in ran.json["notes"] if note["subject"] == f"relay 127.0.0.1:{gone.port}"]
        assert [note["level"] for note in said] == ["error"]
        assert "no connection" in said[0]["text"]

        down, up = desk("status", "--json").json["mail"]["relays"]
        assert (down["state"], down["since"], up["state"]) == ("out", "2026-11-20T09:00:00+00:00", "ok")
        assert f"relay 127.0.0.1:{gone.port}: out since 2026-11-20 09:00 UTC" in desk("status").out
        why = desk("why", "--subscriber", "r1@example.org").out
        assert f"(via 127.0.0.1:{well.port})" in why

        checked = [one for one in desk("doctor", "--json").json["findings"] if one["check"] == "delivery"]
        assert [one["level"] for one in checked] == ["problem", "ok"]


def test_a_relay_that_works_again_is_no_longer_out(tmp_path: Path) -> None:
    back_is_asked = threading.Event()
    back_is_asked.set()
    with SmtpServer() as gone, SmtpServer(script={"dot": lambda _: waited(back_is_asked)}) as well:
        gone.stop()
        desk = house(tmp_path, gone, well)
        assert desk("run").code == 0
        back_is_asked.clear()  # however slowly this machine connects, the other one does not send everything before
        with SmtpServer(port=gone.port, script={"mail": lambda _: back_is_asked.set()}) as back:
            desk.ahead(timedelta(minutes=2))
            with desk.press(load_config(tmp_path / "config.toml", {})) as press:
                for number in range(40):
                    press.subscribers.add(Subscriber(email=f"new{number}@example.org", created_at=desk.clock.now()))
            assert desk("run", "--json").json["sent"] == 40
            assert len(back.accepted) >= 1
        assert [one["state"] for one in desk("status", "--json").json["mail"]["relays"]] == ["ok", "ok"]

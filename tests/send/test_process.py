"""Only a process that can be looked at may be called gone: a living worker's leases are not taken from it."""

from __future__ import annotations

import gc
import os
import subprocess
import sys

import pytest

from newsletter.process import is_gone, kept_objects, mark, myself, runs_here


def other(place: int, word: str) -> str:
    """This process's name with one of number, boot, namespace and birth changed."""
    host, _, process = myself().rpartition(" ")
    parts = process.split(".")
    parts[place] = word
    return f"{host} {'.'.join(parts)}"


def test_a_worker_that_runs_is_not_gone_and_one_that_was_killed_is() -> None:
    assert not is_gone(myself())
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        owner = f"{myself().rpartition(' ')[0]} {mark(process.pid)}"
        assert not is_gone(owner)
        process.kill()
        process.wait()
        assert is_gone(owner)


@pytest.mark.parametrize(("place", "word"), [(1, "otherboot"), (2, "4026532999")])
def test_a_worker_of_a_machine_or_container_of_the_same_name_is_not_called_gone(place: int, word: str) -> None:
    assert not is_gone(other(place, word))


def test_a_number_that_another_process_has_by_now_is_gone() -> None:
    assert is_gone(other(3, "1"))


def test_what_an_earlier_version_wrote_cannot_be_known() -> None:
    host = myself().rpartition(" ")[0]
    assert not is_gone(f"{host} {os.getpid()}.otherboot.777")
    assert runs_here(host, "") is None
    assert runs_here("elsewhere", mark(os.getpid())) is None


def test_what_lived_before_a_drain_is_searched_for_garbage_again_after_it_even_when_it_failed() -> None:
    during: list[int] = []

    def failing_drain() -> None:
        with kept_objects():
            during.append(gc.get_freeze_count())
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        failing_drain()
    assert during[0] > 0
    assert gc.get_freeze_count() == 0

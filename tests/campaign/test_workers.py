"""Crashes, hangs, tracebacks, code, litter and noise are found, and work goes on after them."""

import os
import signal
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from distill.errors import AudioError
from tests.campaign.report import Plan, Tally
from tests.campaign.workers import run_case


class HarmCase:
    """Each input says which harm its use does."""

    name = "harm"
    suffix = ".txt"
    kinds = (
        b"fine",
        b"crash",
        b"hang",
        b"bug",
        b"words",
        b"noise",
        b"litter",
        b"change",
        b"no",
        b"remark",
    )

    def __init__(self, canary: Path) -> None:
        self._canary = canary

    def whole(self) -> Sequence[bytes]:
        return (b"fine",)

    def make(self, rng: np.random.Generator, canary: Path) -> bytes:
        self._canary = canary
        return self.kinds[int(rng.integers(len(self.kinds)))] + b"----"

    def use(self, path: Path, rng: np.random.Generator) -> str:
        harm = path.read_bytes().rstrip(b"-")
        if harm == b"crash":
            os._exit(3)
        if harm == b"hang":
            # As after five seconds of computing.
            os.kill(os.getpid(), signal.SIGPROF)
        if harm == b"bug":
            raise KeyError("x")
        if harm == b"words":
            raise AudioError("no end")
        if harm == b"remark":
            # As functions of the library do, to whoever calls them.
            warnings.warn("'input.txt': read to its end.", stacklevel=1)
        if harm == b"noise":
            os.write(2, b"warning of a library")
        if harm == b"litter":
            path.with_name("left").write_bytes(b"")
        if harm == b"change":
            path.write_bytes(b"else")
        if harm == b"no":
            raise AudioError(f"{path} cannot be read: choose another.")
        return "used"


@pytest.mark.skipif(sys.platform != "linux", reason="processes are forked")
def test_each_harm_is_found_once_and_the_smallest_input_kept(tmp_path: Path) -> None:
    plan = Plan(seed=1, count=80, folder=tmp_path / "own", shared=tmp_path)
    tally: Tally = run_case(HarmCase(tmp_path / "canary"), plan)
    assert tally.done == 80
    assert set(tally.outcomes) == {"used", "refused"}
    found = {fault.what: fault.content for fault in tally.faults}
    assert found == {
        "crash": b"crash",
        "hang": b"hang",
        "traceback": b"bug",
        "sentence": b"words",
        "noise": b"noise",
        "litter": b"litter",
        "lost": b"change",
    }

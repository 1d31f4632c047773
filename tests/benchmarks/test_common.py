"""What all benchmarks share: corpora, bounds, JSON, memory, pictures."""

import json
import math
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks import common
from distill.errors import UsageError
from distill.settings import SAMPLE_RATE


@pytest.mark.parametrize(
    ("figure", "is_upper", "is_met"),
    [
        (0.9, True, True),
        (1.1, True, False),
        (0.9, False, False),
        (1.1, False, True),
        (1.0, True, True),
        (1.0, False, True),
    ],
)
def test_a_bound_is_met_on_its_side(figure: float, is_upper: bool, is_met: bool) -> None:
    bound = common.Bound(1.0, is_upper)
    assert bound.is_met(figure) is is_met
    assert bound.verdict(figure) == ("met" if is_met else "missed")


@pytest.mark.parametrize("is_upper", [True, False])
def test_a_figure_that_was_not_measured_meets_no_bound(is_upper: bool) -> None:
    assert not common.Bound(1.0, is_upper).is_met(math.nan)


def test_every_sixth_file_is_held_out(tmp_path: Path) -> None:
    for corpus in ("a", "b"):
        (tmp_path / corpus).mkdir()
        for i in range(7):
            (tmp_path / corpus / f"{i}.flac").touch()
    own, held_out = common.split_files(tmp_path, ["a", "b"])
    assert [f"{path.parent.name}{path.stem}" for path in held_out] == ["a5", "b4"]
    assert len(own) == 12
    linked = common.link_corpus(own, tmp_path / "links")
    assert (linked / "b-0.flac").resolve() == tmp_path / "b" / "0.flac"


def test_too_few_files_end_the_run_with_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="fewer than 6 FLAC files in nothing"):
        common.split_files(tmp_path, ["nothing"])


def test_json_has_null_for_nan(tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    common.write_json(path, {"a": [1.5, math.nan], "b": (2, {"c": math.nan})})
    assert json.loads(path.read_text()) == {"a": [1.5, None], "b": [2, {"c": None}]}


def test_an_error_of_distill_is_one_sentence() -> None:
    def fail() -> None:
        raise UsageError("--threads must be at least 1.")

    with pytest.raises(SystemExit, match=r"^--threads must be at least 1\.$"):
        common.run_main(fail)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="/proc is of Linux")
def test_the_peak_of_a_process_counts_what_it_held() -> None:
    code = "import time; held = bytearray(b'x') * 200_000_000; time.sleep(0.5)"
    assert common.peak_mb([sys.executable, "-c", code]) > 180


def test_a_command_that_fails_ends_the_run() -> None:
    with pytest.raises(SystemExit, match="failed"):
        common.peak_mb([sys.executable, "-c", "raise SystemExit(3)"])


@pytest.mark.parametrize("n_samples", [1, SAMPLE_RATE])
def test_spectrograms_of_any_length_are_drawn(tmp_path: Path, n_samples: int) -> None:
    sounds = {"silence": np.zeros(n_samples), "noise": np.random.default_rng(0).random(n_samples)}
    assert common.save_spectrograms(tmp_path / "page.png", sounds).stat().st_size > 1000

"""All targets in one run: what counts as met, and that the parts say what they measured."""

import json
import math
from argparse import Namespace
from pathlib import Path

import pytest
import soundfile as sf

from benchmarks.prior import copying
from benchmarks.prior import run as targets
from distill.audio.io import read_audio
from distill.settings import SAMPLE_RATE


@pytest.mark.parametrize(
    ("figure", "is_upper", "is_met"),
    [
        (0.9, True, True),
        (1.1, True, False),
        (0.9, False, False),
        (1.1, False, True),
        (1.0, True, True),
    ],
)
def test_a_target_is_met_on_its_side_of_the_bound(
    figure: float, is_upper: bool, is_met: bool
) -> None:
    assert targets.Target("", figure, 1.0, is_upper).is_met is is_met


@pytest.mark.parametrize("is_upper", [True, False])
def test_what_could_not_be_measured_is_not_met(is_upper: bool) -> None:
    assert not targets.Target("", math.nan, 1.0, is_upper).is_met


def test_what_is_planted_is_to_be_found_and_what_is_new_is_not() -> None:
    assert copying.goal_of("louder").is_met(0.95)
    assert not copying.goal_of("louder").is_met(0.94)
    assert copying.goal_of("never heard").is_met(0.05)
    assert not copying.goal_of("held out").is_met(0.06)


def test_parts_run_one_after_the_other_into_one_table_and_file(
    trained: Path,
    corpus_dir: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "corpora" / "tabla").mkdir(parents=True)
    for i, path in enumerate(sorted(corpus_dir.rglob("*.wav"))):
        sf.write(tmp_path / "corpora" / "tabla" / f"{i}.flac", read_audio(path)[0], SAMPLE_RATE)
    monkeypatch.setenv("DISTILL_CORPORA", str(tmp_path / "corpora"))
    sizes = {"count": 2, "gaps": 2, "passages": 4, "seeds": 1, "threads": 1}
    out = tmp_path / "targets.json"
    targets.main(
        Namespace(model=trained, corpora=["tabla"], parts=["hits", "joins"], out=out, **sizes)
    )
    rows = json.loads(out.read_text())["targets"]
    assert {row["name"].split(",")[0] for row in rows} == {"hits", "joins"}
    assert {row["name"] for row in rows} >= {
        f"joins, {way}: largest step" for way in ("continue", "infill", "loop")
    }
    said = capsys.readouterr().out
    assert f"of {len(rows)} met" in said
    assert said.count("missed") == sum(not row["is_met"] for row in rows)

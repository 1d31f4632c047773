"""All targets in one run: the parts report what they measured, in one table and file."""

import json
from argparse import Namespace
from pathlib import Path

import pytest
import soundfile as sf

import distill
from benchmarks.prior import run
from distill.audio.io import read_audio
from distill.settings import SAMPLE_RATE


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
    run.report(
        Namespace(model=trained, corpora=["tabla"], parts=["hits", "joins"], out=out, **sizes)
    )
    rows = json.loads(out.read_text())["targets"]
    assert {row["name"].split(",")[0] for row in rows} == {"hits", "joins"}
    assert {row["name"] for row in rows} >= {
        f"joins, {mode}: largest step" for mode in ("continue", "infill", "loop")
    }
    output = capsys.readouterr().out
    assert f"of {len(rows)} met" in output
    assert output.count("missed") == sum(not row["is_met"] for row in rows)


def test_hits_have_no_targets_for_other_corpora(trained: Path, corpus_dir: Path) -> None:
    setup = run.Setup(
        loaded=distill.load(trained, "cpu", 1),
        own=corpus_dir,
        corpora=("ambient",),
        count=1,
        gaps=1,
        passages=1,
        seeds=1,
        threads=1,
    )
    assert list(run.hit_targets(setup)) == []

"""The benchmark of prior training on long corpora, on a short one."""

from pathlib import Path

import pytest

from benchmarks.scale import prior
from benchmarks.scale.prior import in_own_process, open_meter, prepare


@pytest.mark.skipif(not prior.STATM.exists(), reason="memory is read as on Linux")
def test_a_corpus_is_prepared_and_its_meter_opened(
    codec_only: Path, corpus_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DISTILL_CACHE", str(tmp_path / "cache"))
    index = tmp_path / "index.pt"
    first, again = (in_own_process(prepare, codec_only, corpus_dir, index) for _ in range(2))
    assert first["encodings"] == again["encodings"] == 16
    assert first["peak_mb"] > 100
    assert list((tmp_path / "cache" / "codes").rglob("*.npz"))
    meter = in_own_process(open_meter, codec_only, index)
    # Seven plucks of half a second in all encodings.
    assert 1000 < meter["frames"] < 10_000
    assert meter["open_cpu_s"] > 0

"""Facts about codebooks and codes: their names and order are the keys of `--json`."""

from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest

import distill
from distill.inference.codes.grid import CodeGrid
from distill.inference.codes.region import Region
from distill.inference.codes.usage import read_codebook_usage
from distill.workflows.describe_codes import codebook_level, codes_facts, codes_level

LEVEL_KEYS = "name codebook_size utilisation perplexity counts dead_codes"
CODES_KEYS = (
    "path source model_id frames frame_rate n_samples duration_s channels gain width locked"
)
CODES_LEVEL_KEYS = "name used codebook_size perplexity never_in_corpus codes"


@pytest.fixture(scope="module")
def grid(trained: Path, corpus_dir: Path) -> CodeGrid:
    model = distill.load(trained, threads=1)
    return distill.encode(model, corpus_dir / "high" / "pluck 7.wav")


def test_a_codebook(trained: Path) -> None:
    usage = read_codebook_usage(trained)
    facts = codebook_level(usage, 1)
    assert list(asdict(facts)) == LEVEL_KEYS.split()
    assert facts.name == "Timbre"
    assert facts.counts is not None
    assert facts.dead_codes == [code for code, count in enumerate(facts.counts) if count == 0]
    assert facts.utilisation == 1 - len(facts.dead_codes) / 32


def test_a_codebook_of_an_earlier_version(trained: Path) -> None:
    usage = read_codebook_usage(trained)
    uncounted = replace(usage, counts=(None, None, None))
    facts = codebook_level(uncounted, 0)
    assert (facts.counts, facts.dead_codes) == (None, None)
    assert facts.utilisation == usage.health[0]["utilisation"]
    nothing = codebook_level(replace(uncounted, health=()), 0)
    assert (nothing.utilisation, nothing.perplexity) == (None, None)


def test_codes(grid: CodeGrid) -> None:
    locked = distill.edit.lock(grid, levels="1").grid
    facts = codes_facts(Path("x.json"), locked)
    assert list(asdict(facts)) == CODES_KEYS.split()
    assert (facts.source, facts.frames) == ("pluck 7.wav", len(grid.codes))
    assert facts.locked == len(grid.codes)
    assert codes_facts(Path("x.json"), grid).locked == 0


def test_a_level_of_codes(grid: CodeGrid) -> None:
    facts = codes_level(grid, 2, Region(3, 7))
    assert list(asdict(facts)) == CODES_LEVEL_KEYS.split()
    assert (facts.name, facts.never_in_corpus) == ("Detail", None)
    assert facts.used == len(facts.codes) == len(np.unique(grid.codes[3:7, 2]))
    assert sum(entry.count for entry in facts.codes) == 4
    assert [list(entry) for entry in asdict(facts)["codes"]] == [["code", "count", "share"]] * (
        facts.used
    )


def test_a_level_of_codes_beside_the_corpus(trained: Path, grid: CodeGrid) -> None:
    usage = read_codebook_usage(trained)
    counts = usage.counts[0]
    assert counts is not None
    facts = codes_level(grid, 0, use=usage)
    assert facts.never_in_corpus == sum(counts[entry.code] == 0 for entry in facts.codes)
    for entry in asdict(facts)["codes"]:
        assert list(entry) == ["code", "count", "share", "corpus_count", "corpus_share"]
        assert entry["corpus_count"] == counts[entry["code"]]
        assert entry["corpus_share"] == pytest.approx(counts[entry["code"]] / counts.sum())

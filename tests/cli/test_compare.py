"""`distill compare`: blind until the last vote."""

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

from distill.library.workspace import open_workspace
from tests.library.makers import keep


@pytest.fixture(autouse=True)
def _sounds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISTILL_WORKSPACE", str(tmp_path / "studio"))
    for folder in ("old-model", "new-model"):
        (tmp_path / folder).mkdir()
        for name in ("a.wav", "b.wav"):
            sf.write(tmp_path / folder / name, np.zeros(4800), 48_000)


def test_from_two_folders_to_the_result(run) -> None:
    made = run("compare", "new", "old-model", "new-model", "--name", "test", "--json")
    comparison_id = json.loads(made.stdout)["id"]
    folder = Path(json.loads(made.stdout)["folder"])
    assert len(list(folder.glob("pair-0[12]-[xy].wav"))) == 4

    first = run("compare", "vote", comparison_id, 1, "x", "--why", "warmer", "--json")
    shown = run("compare", "show", comparison_id, "--json")
    listed = run("compare", "list", "--json")
    # Nothing names a side before the end.
    for result in (made, first, shown, listed, run("compare", "show", comparison_id)):
        assert result.exit_code == 0
        assert "old-model" not in result.stdout + result.stderr
    refused = run("compare", "result", comparison_id)
    assert (refused.exit_code, refused.stderr.count("\n")) == (2, 1)
    assert "1 of 2 pairs have no vote yet" in refused.stderr

    assert run("compare", "vote", comparison_id, 2, "same").exit_code == 0
    result = json.loads(run("compare", "result", comparison_id, "--json").stdout)
    assert result["sides"] == ["old-model", "new-model"]
    assert (sum(result["preferred"]), result["equal"], result["chance"]) == (1, 1, 1.0)
    assert "two-sided" in run("compare", "result", comparison_id).stderr
    pairs = json.loads(run("compare", "show", comparison_id, "--json").stdout)["pairs"]
    assert {pairs[0]["x"], pairs[0]["y"]} == {"old-model (a.wav)", "new-model (a.wav)"}

    deleted = run("compare", "delete", comparison_id)
    assert f"`distill compare restore {comparison_id}` brings it back." in deleted.stderr
    assert json.loads(run("compare", "list", "--json").stdout)["comparisons"] == []
    again = json.loads(run("compare", "restore", comparison_id, "--json").stdout)
    assert again["pairs"] == pairs


@pytest.mark.parametrize(
    ("words", "part"),
    [
        ("new old-model nothing", "no generated sound of that name"),
        ("new old-model old-model/a.wav", "as many in both"),
        (f"new {'a' * 300} old-model", "no generated sound of that name"),
        ("new none.sda none.sda", "none.sda"),
        ("new rain.sda old-model", "rain.sda is a model and old-model is none"),
        ("new old-model rain.sda", "rain.sda is a model and old-model is none"),
        ("restore 20200101-000000-abcdef", "no deleted comparison"),
        ("show 20200101-000000-abcdef", "no comparison"),
        ("vote ../x 1 x", "no id"),
        ("play nothing 1", "no comparison"),
        ("result nothing", "no comparison"),
        ("result nothing --end", "no comparison"),
    ],
)
def test_one_sentence(run, words: str, part: str) -> None:
    result = run("compare", *words.split())
    assert result.exit_code in (1, 2)
    assert result.stderr.startswith("Error: ")
    assert part in result.stderr
    assert (result.stdout, result.stderr.count("\n")) == ("", 1)


def test_generated_sounds_are_compared_by_their_names(run, tmp_path: Path) -> None:
    for seed, name in enumerate(("rain", "storm")):
        keep(open_workspace(), tmp_path / "takes" / f"{name}.wav", seed)
    made = json.loads(run("compare", "new", "rain", "storm", "--json").stdout)
    run("compare", "result", made["id"], "--end")
    (pair,) = json.loads(run("compare", "show", made["id"], "--json").stdout)["pairs"]
    assert {pair["x"], pair["y"]} == {"rain (rain.wav)", "storm (storm.wav)"}

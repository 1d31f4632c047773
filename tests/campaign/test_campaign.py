"""A small campaign of all mutated files; inputs that once did harm are refused or used."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.campaign.checkpoints import CheckpointsCase
from tests.campaign.codes import CodesCase
from tests.campaign.material import material
from tests.campaign.models import ModelsCase
from tests.campaign.recipes import RecipesCase
from tests.campaign.sounds import SoundsCase
from tests.campaign.workers import Case, judge_alone

CASES = (ModelsCase, CodesCase, SoundsCase, RecipesCase, CheckpointsCase)
KINDS = [case.name for case in CASES]
REGRESSIONS = Path(__file__).parents[1] / "regressions"
INPUTS = [path for kind in KINDS for path in sorted((REGRESSIONS / kind).glob("*"))]
SHARE = 0.003
"""Of the trials of a whole campaign: 30 model files."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where campaigns work; it holds the whole files."""
    folder = tmp_path_factory.mktemp("campaign")
    (folder / "shared").mkdir()
    material(folder / "shared")
    return folder


@pytest.fixture(scope="module")
def printed(folder: Path) -> str:
    options = ("--only", ",".join(KINDS), "--share", str(SHARE), "--seed", "7", "--workers", "1")
    places = ("--folder", str(folder), "--regressions", str(folder / "faults"))
    command = [sys.executable, "-m", "tests.campaign", *options, *places]
    root = Path(__file__).parents[2]
    result = subprocess.run(command, capture_output=True, text=True, cwd=root, check=False)
    assert result.returncode in (0, 1), result.stderr
    return result.stdout


@pytest.mark.parametrize("kind", KINDS)
def test_mutated_files_do_no_harm(kind: str, printed: str) -> None:
    (line,) = (line for line in printed.splitlines() if line.startswith(f"{kind}:"))
    assert "; 0 faults" in line, printed
    assert " planned" not in line


def test_every_trial_is_counted(printed: str) -> None:
    assert "models: 30 trials: " in printed
    assert printed.splitlines()[-1].endswith(" 0 sorts of faults")


@pytest.fixture(scope="module")
def cases(folder: Path) -> dict[str, Case]:
    return {case.name: case(folder / "shared" / "material") for case in CASES}


def test_inputs_are_kept_of_kinds_that_are_replayed() -> None:
    assert len(INPUTS) >= 5
    assert {path.name for path in REGRESSIONS.iterdir()} >= {path.parent.name for path in INPUTS}


@pytest.mark.parametrize("path", INPUTS, ids=lambda path: f"{path.parent.name}/{path.name[:40]}")
def test_an_input_that_did_harm_does_none(
    path: Path, cases: dict[str, Case], tmp_path: Path
) -> None:
    case = cases[path.parent.name]
    # The draw decides how much is done with a survivor.
    for index in range(3):
        judgement = judge_alone(case, path.read_bytes(), tmp_path / str(index), index)
        assert not judgement.what, judgement

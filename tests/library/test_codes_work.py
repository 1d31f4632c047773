"""What the player makes of requests for documents."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

import distill
from distill.errors import RevisionError, UsageError
from distill.inference.codes.grid import CodeGrid
from distill.library.documents import create_document, open_document
from distill.library.player_requests import DecodeDocument, EditDocument
from distill.library.workspace import open_workspace
from distill.models.persistence import LoadedVQModel
from tests.library.player_work import Desk


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    return Desk(open_workspace(tmp_path_factory.mktemp("studio")))


@pytest.fixture(scope="module")
def loaded(trained: Path) -> LoadedVQModel:
    return distill.load(trained, "cpu", threads=1)


@pytest.fixture(scope="module")
def grid(loaded: LoadedVQModel, corpus_dir: Path) -> CodeGrid:
    return distill.encode(loaded, corpus_dir / "high" / "pluck 7.wav")


def test_a_document_is_heard_as_it_is_and_as_it_would_be(
    desk: Desk, loaded: LoadedVQModel, grid: CodeGrid, trained: Path, tmp_path: Path
) -> None:
    document = create_document(desk.workspace, grid)
    desk.do(EditDocument(document.id, ("reverse",)))
    reversed_grid = distill.edit.reverse(grid).grid
    part = {"start": "0.1", "stop": "20f", "levels": "1-2"}
    region = distill.parse_region(reversed_grid, *part.values())
    heard = {
        "now": DecodeDocument(document.id, trained, tmp_path / "now.wav", **part),
        "before": DecodeDocument(document.id, trained, tmp_path / "before.wav", edits=0, **part),
        "first": DecodeDocument(
            document.id, trained, tmp_path / "first.wav", grid=document.first, **part
        ),
        "tried": DecodeDocument(
            document.id, trained, tmp_path / "tried.wav", lines=("drift --amount 0.5",), **part
        ),
    }
    drifted = distill.edit.drift(loaded, reversed_grid, 0.5).grid
    for (name, request), expected in zip(
        heard.items(), (reversed_grid, grid, grid, drifted), strict=True
    ):
        assert desk.do(request)["revision"] == 1
        distill.decode_to_file(loaded, expected, tmp_path / "own.wav", region)
        assert (tmp_path / f"{name}.wav").read_bytes() == (tmp_path / "own.wav").read_bytes()
    # Nothing was kept.
    assert open_document(desk.workspace, document.id).revision == 1


def test_what_is_kept_is_what_was_heard(desk: Desk, grid: CodeGrid, trained: Path) -> None:
    document = create_document(desk.workspace, grid)
    line = ("drift --amount 0.5",)
    desk.do(EditDocument(document.id, line, model=trained, is_trial=True))
    trial = desk.worker.editor._trial
    assert trial is not None
    assert desk.do(EditDocument(document.id, line, model=trained))["revision"] == 1
    kept = desk.worker.editor.grid(open_document(desk.workspace, document.id))
    # The same in memory, and not made a second time.
    assert kept is trial[3].new.grid


@pytest.mark.parametrize(
    ("line", "span"),
    [
        ("repeat --from 4f --to 8f", (5, 15)),
        ("cut --from 6f --to 9f", (3, 9)),
        ("lock --from 2f --to 4f", (0, 12)),
    ],
)
def test_a_trial_is_heard_round_what_it_changes(
    desk: Desk, grid: CodeGrid, trained: Path, tmp_path: Path, line: str, span: tuple[int, int]
) -> None:
    # Each frame is another one, so that no change hides.
    codes = np.repeat(np.arange(12)[:, None], grid.codes.shape[1], axis=1)
    document = create_document(desk.workspace, replace(grid, codes=codes, n_samples=12 * 1024))
    output = tmp_path / "a.wav"
    facts = desk.do(DecodeDocument(document.id, trained, output, lines=(line,), around=3))
    assert facts["span"] == list(span)
    assert len(sf.read(output)[0]) == pytest.approx((span[1] - span[0]) * grid.frame_hop)


def test_a_column_of_a_document_is_held(
    desk: Desk, loaded: LoadedVQModel, grid: CodeGrid, trained: Path, tmp_path: Path
) -> None:
    document = create_document(desk.workspace, grid)
    facts = desk.do(DecodeDocument(document.id, trained, tmp_path / "a.wav", column="5f"))
    distill.decode_column(loaded, grid, "5f", tmp_path / "own.wav")
    assert facts["span"] == [5, 6]
    assert (tmp_path / "a.wav").read_bytes() == (tmp_path / "own.wav").read_bytes()


def test_what_cannot_be_heard(desk: Desk, grid: CodeGrid, trained: Path, tmp_path: Path) -> None:
    document = create_document(desk.workspace, grid)
    output = tmp_path / "a.wav"
    with pytest.raises(UsageError, match="has 0 edits"):
        desk.do(DecodeDocument(document.id, trained, output, edits=1))
    with pytest.raises(UsageError, match="lines or a number"):
        desk.do(DecodeDocument(document.id, trained, output, lines=("reverse",), edits=0))
    with pytest.raises(RevisionError):
        desk.do(DecodeDocument(document.id, trained, output, revision=7))
    assert not output.exists()

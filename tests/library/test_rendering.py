import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

from distill.audio.delivery import AS_IS, Delivery
from distill.errors import CodebookMismatchError, UsageError
from distill.inference.codes.decode import decode_sound
from distill.inference.codes.file import load_codes
from distill.inference.modes.request import Request
from distill.library.render_places import record_path
from distill.library.rendering import (
    History,
    Machine,
    Origin,
    RenderResult,
    generate_renders,
    make_again,
    make_variations,
)
from distill.library.renders import delete_render, file_state, find_renders, load_render
from distill.library.workspace import Workspace, open_workspace
from distill.models.persistence import LoadedVQModel, load_model_v2
from distill.workflows.edit import stretch
from distill.workflows.request import make_request
from tests.audio.sofa_files import write_sofa


@pytest.fixture(scope="module")
def loaded(trained: Path) -> LoadedVQModel:
    return load_model_v2(trained)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return open_workspace(tmp_path / "studio")


def make(
    loaded: LoadedVQModel, workspace: Workspace, output: Path, request: Request, **origin: object
) -> list[RenderResult]:
    output.parent.mkdir(parents=True, exist_ok=True)
    history = History(workspace)
    return list(generate_renders(loaded, output, request, history, Origin(**origin)))


SHORT = Request(duration=0.5, seed=7)


def test_every_sound_is_kept_with_its_codes(
    loaded: LoadedVQModel, workspace: Workspace, tmp_path: Path
) -> None:
    request = Request(duration=0.5, seed=7, count=2)
    first, second = make(loaded, workspace, tmp_path / "mine" / "a.wav", request)
    assert sorted(path.name for path in (tmp_path / "mine").iterdir()) == ["a-1.wav", "a-2.wav"]
    assert [row.id for row in find_renders(workspace).rows] == [
        second.render and second.render.id,
        first.render and first.render.id,
    ]
    render = first.render
    assert render is not None
    assert (render.seed, render.model_hash) == (7, loaded.weights_hash)
    assert (render.way, render.model_name) == ("new", "plucks")
    assert render.copy_percent == pytest.approx(
        first.sound.copy and first.sound.copy.passage_percent
    )
    assert load_render(workspace, render.id) == render
    # Earlier versions know no blends, and make it again too.
    assert "blend" not in render.recipe
    assert file_state(render).is_same
    # `decode` and `edit` take the codes as they are.
    assert render.codes is not None
    grid = load_codes(render.codes)
    assert grid.source == "a-1.wav"
    assert decode_sound(loaded, grid).shape == first.sound.audio.shape
    assert stretch(grid, factor=2).grid.n_samples > grid.n_samples


def test_a_workspace_that_cannot_be_used_costs_one_remark(
    loaded: LoadedVQModel, tmp_path: Path
) -> None:
    place = tmp_path / "file"
    place.write_text("no folder")
    request = Request(duration=0.3, seed=7, count=2)
    made = list(generate_renders(loaded, tmp_path / "a.wav", request, History(place)))
    assert [sound.path.exists() for sound in made] == [True, True]
    assert [sound.render for sound in made] == [None, None]
    assert made[0].remark.startswith("Written, but not kept in the history: ")
    assert made[1].remark == ""


def test_a_workspace_that_fails_later_costs_one_remark(
    loaded: LoadedVQModel, workspace: Workspace, tmp_path: Path
) -> None:
    workspace.render_records.write_text("in the way")
    request = Request(duration=0.3, seed=7, count=2)
    made = list(generate_renders(loaded, tmp_path / "a.wav", request, History(workspace)))
    assert [bool(sound.remark) for sound in made] == [True, False]
    assert [sound.path.exists() for sound in made] == [True, True]


def test_a_sound_that_cannot_be_kept_does_not_stop_the_next(
    loaded: LoadedVQModel, workspace: Workspace, tmp_path: Path
) -> None:
    workspace.render_records.write_text("in the way")
    request = Request(duration=0.3, seed=7, count=3)
    made = []
    for sound in generate_renders(loaded, tmp_path / "a.wav", request, History(workspace)):
        made.append(sound)
        if len(made) == 1:
            workspace.render_records.unlink()
    assert [sound.render is not None for sound in made] == [False, True, True]
    assert [bool(sound.remark) for sound in made] == [True, False, False]
    kept = [sound.render.id for sound in made if sound.render]
    assert {row.id for row in find_renders(workspace).rows} == set(kept)


def test_again_is_the_same_to_the_sample(
    loaded: LoadedVQModel, workspace: Workspace, tmp_path: Path
) -> None:
    (made,) = make(loaded, workspace, tmp_path / "a.wav", SHORT)
    assert made.render is not None
    original = sf.read(made.path)[0]
    made.path.unlink()
    again = make_again(workspace, made.render.id)
    assert again.path.is_relative_to(workspace.renders)
    assert np.array_equal(sf.read(again.path)[0], original)
    assert again.render is not None
    assert again.render.origin == made.render.id
    longer = make_again(workspace, made.render.id, duration=1.0, output=tmp_path / "longer.wav")
    assert sf.info(longer.path).frames == 2 * len(original)
    begin = sf.read(longer.path)[0][: len(original) // 2]
    assert np.array_equal(begin, original[: len(original) // 2])


def test_again_asks_for_a_source_that_is_gone(
    loaded: LoadedVQModel, workspace: Workspace, tmp_path: Path
) -> None:
    (first,) = make(loaded, workspace, tmp_path / "a.wav", SHORT)
    request = make_request(variation_of=first.path, seed=3)
    (varied,) = make(loaded, workspace, tmp_path / "b.wav", request, source_path=first.path)
    assert varied.render is not None
    again = make_again(workspace, varied.render.id)
    assert np.array_equal(sf.read(again.path)[0], sf.read(varied.path)[0])
    moved = first.path.rename(tmp_path / "moved.wav")
    with pytest.raises(UsageError, match=r"'a\.wav', which b\.wav was made from, .*--source"):
        make_again(workspace, varied.render.id)
    again = make_again(workspace, varied.render.id, source=moved)
    assert np.array_equal(sf.read(again.path)[0], sf.read(varied.path)[0])


def test_variations_come_from_the_sound(
    loaded: LoadedVQModel, workspace: Workspace, tmp_path: Path
) -> None:
    request = make_request(duration=0.5, seed=7, like="pluck", temperature=0.7)
    (made,) = make(loaded, workspace, tmp_path / "a.wav", request)
    assert made.render is not None
    varied = list(make_variations(workspace, made.render.id, amount=0.5, seed=3, count=2))
    assert [sound.render and sound.render.origin for sound in varied] == [made.render.id] * 2
    assert [sound.sound.recipe.way.kind for sound in varied] == ["variation"] * 2
    assert varied[0].sound.recipe.sampling.temperature == 0.7
    assert varied[0].sound.audio.shape == made.sound.audio.shape


def test_another_model_is_refused(
    loaded: LoadedVQModel, workspace: Workspace, tmp_path: Path, codec_only: Path
) -> None:
    (made,) = make(loaded, workspace, tmp_path / "a.wav", SHORT)
    assert made.render is not None
    with pytest.raises(CodebookMismatchError, match="made with another model"):
        make_again(workspace, made.render.id, machine=Machine(model=codec_only))
    delete_render(workspace, made.render.id)
    with pytest.raises(UsageError, match="There is no render"):
        make_again(workspace, made.render.id)


def test_a_place_is_made_again_and_not_doubled(
    loaded: LoadedVQModel, workspace: Workspace, tmp_path: Path
) -> None:
    sofa = write_sofa(tmp_path / "sets" / "head.sofa")
    delivery = Delivery(binaural=sofa, azimuth=30)
    output = tmp_path / "a.wav"
    (made,) = generate_renders(loaded, output, SHORT, History(workspace), delivery=delivery)
    assert made.render is not None
    # The file of the sound names no folder; the workspace knows it.
    assert made.sound.recipe.delivery.binaural == "head.sofa"
    assert made.render.sofa_path == sofa
    again = make_again(workspace, made.render.id)
    assert np.array_equal(sf.read(again.path)[0], sf.read(made.path)[0])
    # A variation of what both ears hear is not heard by two ears once more.
    (varied,) = make_variations(workspace, made.render.id, seed=3)
    assert varied.sound.recipe.delivery == AS_IS


def test_a_blend_is_made_again_with_its_second_model(
    loaded: LoadedVQModel, shifted: Path, workspace: Workspace, tmp_path: Path
) -> None:
    second = tmp_path / "a:b.sda"
    shutil.copy(shifted, second)
    request = make_request(duration=0.5, seed=7, blend=f"{second}:0.5")
    (first,) = make(loaded, workspace, tmp_path / "a.wav", request)
    assert first.render is not None
    assert first.render.blend_path == second
    assert first.render.second_model == "a:b.sda, 50 %"
    again = make_again(workspace, first.render.id)
    assert np.array_equal(first.sound.audio, again.sound.audio)
    (varied,) = make_variations(workspace, first.render.id, seed=1)
    assert varied.sound.recipe.blend == first.sound.recipe.blend
    record = record_path(workspace, first.render.id)
    entries = record.read_text()
    record.write_text(entries.replace('"versions": true', '"versions": false'))
    with pytest.raises(UsageError, match=r"a was rendered as a whole by 'a:b\.sda'"):
        next(make_variations(workspace, first.render.id, seed=1))
    record.write_text(entries)
    second.unlink()
    with pytest.raises(UsageError, match=r"a was blended with 'a:b\.sda' \(id shifted\)"):
        make_again(workspace, first.render.id)

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from distill.audio.level import active_rms_db
from distill.audio.limiter import limiter_reach
from distill.errors import CodebookMismatchError, UsageError
from distill.inference.codes import operations as ops
from distill.inference.codes.blend import blend, clear, drift
from distill.inference.codes.decode import (
    PREVIEW_DB,
    PREVIEW_S,
    carrier_code,
    column_sound,
    decode_blocks,
    decode_sound,
    entry_sound,
)
from distill.inference.codes.encode import encode_sound
from distill.inference.codes.grid import CodeGrid
from distill.inference.codes.region import Region
from distill.inference.heal import heal
from distill.inference.sampling.settings import Sampling
from distill.models import chunked
from distill.models.persistence import LoadedVQModel, load_model_v2
from distill.settings import SAMPLE_RATE


@pytest.fixture(scope="module")
def loaded(trained: Path) -> LoadedVQModel:
    return load_model_v2(trained)


@pytest.fixture(scope="module")
def grid(loaded: LoadedVQModel) -> CodeGrid:
    """Three seconds and a bit of hits, some so loud that the limiter is at work."""
    t = np.arange(3 * SAMPLE_RATE + 77) / SAMPLE_RATE
    hits = np.exp(-8 * (t % 0.3)) * np.sin(2 * np.pi * 300 * t)
    grid = encode_sound(loaded, hits[None].astype(np.float32))
    peak = float(np.abs(decode_sound(loaded, grid)).max())
    return replace(grid, gain=grid.gain * 2 / peak)


@pytest.mark.parametrize(
    ("start", "stop"), [(0, None), (0, 1), (50, 53), (30, 110), (139, 141), (140, None)]
)
def test_a_region_sounds_as_in_the_whole(
    loaded: LoadedVQModel, grid: CodeGrid, start: int, stop: int | None
) -> None:
    whole = decode_sound(loaded, grid)
    assert whole.shape == (1, grid.n_samples)
    assert np.abs(whole).max() > 0.999, "the limiter is not at work"
    part = decode_sound(loaded, grid, Region(start, stop))
    expected = whole[:, start * grid.frame_hop : None if stop is None else stop * grid.frame_hop]
    assert part.shape == expected.shape
    assert np.abs(part - expected).max() < 1e-4


@pytest.mark.parametrize("loud", [False, True])
@pytest.mark.parametrize(
    ("name", "start", "stop", "levels"),
    [
        ("set", 70, 71, (2,)),
        ("reverse", 60, 80, None),
        ("shuffle", 60, 80, None),
        ("move", 60, 80, None),
        ("overwrite", 60, 80, (1, 2)),
        ("swap", 60, 80, None),
        ("transplant", 60, 80, (0,)),
        ("clear", 0, 20, None),
        ("blend", 60, 80, (0, 1)),
        ("drift", 60, 80, None),
        ("heal", 55, 70, None),
        ("heal region", 60, 80, (1, 2)),
    ],
)
def test_an_edit_is_heard_no_farther_away_than_the_decoder_looks(
    loaded: LoadedVQModel,
    grid: CodeGrid,
    name: str,
    start: int,
    stop: int,
    levels: tuple[int, ...] | None,
    loud: bool,
) -> None:
    # Where nothing goes over full scale, the limiter has no part in it, which carries its rounding
    # on.
    grid = grid if loud else replace(grid, gain=0.4 * grid.gain)
    region, other, wild = (
        Region(start, stop, levels),
        ops.reverse(grid).grid,
        Sampling(temperature=3.0, top_p=1.0),
    )
    edited = {
        "set": lambda: ops.set_code(grid, 5, region),
        "reverse": lambda: ops.reverse(grid, region),
        "shuffle": lambda: ops.shuffle(grid, region, seed=1),
        "move": lambda: ops.move(grid, Region(start, start + 5), stop - 5),
        "overwrite": lambda: ops.copy(grid, Region(0, stop - start, levels), start, "overwrite"),
        "swap": lambda: ops.swap(grid, other, region)[0],
        "transplant": lambda: ops.transplant(grid, other, region),
        "clear": lambda: clear(loaded, grid, region),
        "blend": lambda: blend(loaded, grid, other, 0.5, region),
        "drift": lambda: drift(loaded, grid, 1.0, region),
        "heal": lambda: heal(loaded, replace(grid, seams=(stop,)), sampling=wild),
        "heal region": lambda: heal(loaded, grid, region, at_seams=False, sampling=wild),
    }[name]()
    changed = np.flatnonzero((edited.grid.codes != grid.codes).any(1))
    assert start <= changed.min() <= changed.max() < stop
    difference = np.abs(decode_sound(loaded, edited.grid) - decode_sound(loaded, grid)).max(0)
    reach = loaded.model.receptive_field[1] * grid.frame_hop + loud * limiter_reach(SAMPLE_RATE)
    before, after = changed.min() * grid.frame_hop, (changed.max() + 1) * grid.frame_hop
    far = np.concatenate((difference[: max(0, before - reach)], difference[after + reach :]))
    assert len(far) > SAMPLE_RATE / 2
    assert far.max() <= (1e-5 if loud else 0)
    assert difference[before:after].max() > 1e-3
    # Not an empty promise: sound near the edit changes, though its codes do not.
    assert difference[after : after + reach].max() > 1e-4


def test_what_moves_is_the_same_sound_with_other_noise(
    loaded: LoadedVQModel, grid: CodeGrid
) -> None:
    """The decoder's noise is told by where in the sound a frame stands."""
    grid = replace(grid, gain=0.4 * grid.gain)
    moved, reach = ops.cut(grid, Region(40, 60)).grid, loaded.model.receptive_field[1]
    was = decode_sound(loaded, grid, Region(60 + reach, 130))
    now = decode_sound(loaded, moved, Region(40 + reach, 110))
    assert np.abs(was - now).max() > 1e-4
    assert active_rms_db(now, SAMPLE_RATE) == pytest.approx(
        active_rms_db(was, SAMPLE_RATE), abs=0.5
    )


def test_in_pieces_as_in_one(
    loaded: LoadedVQModel, grid: CodeGrid, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = decode_sound(loaded, grid)
    monkeypatch.setattr(chunked, "CHUNK_S", 0.25)
    assert np.abs(decode_sound(loaded, grid) - whole).max() < 1e-4


def test_some_levels_are_the_sum_of_their_entries(loaded: LoadedVQModel, grid: CodeGrid) -> None:
    model, codes = loaded.model, torch.tensor(grid.codes).long()
    quiet = replace(grid, gain=1e-3)
    for levels in [(0,), (1,), (0, 2)]:
        values = sum(model.rvq.codebooks[q][codes[:, q]] for q in levels)
        with torch.inference_mode():
            expected = model.decode_values(values[None])[0].numpy()[
                :, : grid.n_samples
            ] * np.float32(1e-3)
        assert np.abs(decode_sound(loaded, quiet, Region(levels=levels)) - expected).max() < 1e-7
    first = decode_sound(loaded, quiet, Region(levels=(0,)))
    assert not np.array_equal(first, decode_sound(loaded, quiet))
    fewer = replace(quiet, codes=grid.codes[:, :1], level_names=grid.level_names[:1])
    assert np.array_equal(decode_sound(loaded, fewer), first)


def test_what_is_not_there_is_refused_before_anything_is_decoded(
    loaded: LoadedVQModel, grid: CodeGrid
) -> None:
    for region in (Region(0, len(grid.codes) + 1), Region(5, 5), Region(levels=(3,))):
        with pytest.raises(UsageError):
            decode_blocks(loaded, grid, region)
    with pytest.raises(CodebookMismatchError):
        decode_blocks(loaded, replace(grid, codebook_hash="0" * 64))


def test_entries_by_themselves_are_equally_loud_and_all_different(loaded: LoadedVQModel) -> None:
    sounds = [entry_sound(loaded, level, code) for level in (1, 2) for code in range(0, 32, 8)]
    sounds.append(entry_sound(loaded, 0, carrier_code(loaded.model)))
    assert {sound.shape for sound in sounds} == {(1, round(PREVIEW_S * SAMPLE_RATE))}
    levels = [active_rms_db(sound, SAMPLE_RATE) for sound in sounds]
    assert levels == pytest.approx([PREVIEW_DB] * 9, abs=1.5)
    assert all(np.abs(sound).max() <= 1 for sound in sounds)
    assert len({sound.tobytes() for sound in sounds}) == len(sounds)
    for level, code in [(3, 0), (-1, 0), (0, 32), (0, -1)]:
        with pytest.raises(UsageError, match="There is no code"):
            entry_sound(loaded, level, code)


def test_a_column_by_itself(loaded: LoadedVQModel, grid: CodeGrid) -> None:
    sound = column_sound(loaded, grid, 3, 0.2)
    assert sound.shape == (1, round(0.2 * SAMPLE_RATE))
    assert active_rms_db(sound, SAMPLE_RATE) == pytest.approx(PREVIEW_DB, abs=1.5)
    one_level = replace(grid, codes=grid.codes[:, :1], level_names=grid.level_names[:1])
    assert np.allclose(
        column_sound(loaded, one_level, 3), entry_sound(loaded, 0, int(grid.codes[3, 0])), atol=1e-6
    )
    with pytest.raises(UsageError, match="past the end"):
        column_sound(loaded, grid, len(grid.codes))

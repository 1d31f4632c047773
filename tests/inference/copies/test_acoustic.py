"""The acoustic search finds passages of the corpus at any place and level, and no others."""

import dataclasses

import numpy as np
import pytest
import soundfile as sf
import torch

import distill
from distill.inference.copies import acoustic
from distill.inference.copies.acoustic import PassageSearch
from distill.inference.copies.matches import NO_MATCHES, Matches
from distill.inference.copies.windows import Query
from distill.models.chunked import encode_audio
from distill.models.persistence import LoadedVQModel, load_model_v2
from distill.settings import SAMPLE_RATE


def rustle(seconds: float, seed: int) -> np.ndarray:
    """Noise whose colour and level change 12 times a second, `[1, N]`."""
    rng = np.random.default_rng(seed)
    n = round(seconds * SAMPLE_RATE)
    white = rng.standard_normal((2, n))
    low = np.convolve(white[0], np.ones(40) / 40, "same") * 6
    steps = np.arange(n) // (SAMPLE_RATE // 12)
    mix = rng.uniform(0, 1, steps.max() + 1)[steps]
    level = rng.uniform(0.01, 0.2, steps.max() + 1)[steps]
    return (level * (mix * white[1] + (1 - mix) * low))[None].astype(np.float32)


def hit(seconds: float, seed: int) -> np.ndarray:
    """A rustle that decays, `[1, N]`."""
    sound = rustle(seconds, seed)
    return sound * np.geomspace(2, 0.02, sound.shape[1], dtype=np.float32)


CORPUS = [rustle(3, 1), hit(0.16, 2), rustle(2, 3)]

COPIES = 4
"""Encodings of each sound, each a quarter of a frame after the other."""


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> LoadedVQModel:
    """A codec with settled codebooks; its decoder is not needed."""
    root = tmp_path_factory.mktemp("passages")
    for i, sound in enumerate([*CORPUS, rustle(3, 7)]):
        sf.write(root / f"{i}.wav", sound.T, SAMPLE_RATE)
    settings = {
        "codebook_size": 128,
        "num_quantizers": 6,
        "hidden_size": 48,
        "batch_size": 2,
        "crop_frames": 12,
    }
    distill.train(root, root / "codec.sda", steps=1, threads=1, **settings)  # type: ignore[arg-type]
    return load_model_v2(root / "codec.sda")


@pytest.fixture(scope="module")
def search(loaded: LoadedVQModel) -> PassageSearch:
    hop = loaded.model.frame_hop
    codes = [
        encode_audio(loaded.model, sound, i * hop // COPIES)
        for sound in CORPUS
        for i in range(COPIES)
    ]
    return PassageSearch(loaded.model, torch.cat(codes), [len(encoding) for encoding in codes])


def whole(matches: Matches, search: PassageSearch) -> Matches:
    """The matches whose window is not cut to a shorter recording."""
    is_whole = matches.length == search.window
    columns = {f.name: getattr(matches, f.name)[is_whole] for f in dataclasses.fields(matches)}
    return Matches(**columns)


def look_for(
    loaded: LoadedVQModel, search: PassageSearch, sound: np.ndarray, audible: slice = slice(None)
) -> Matches:
    codes = encode_audio(loaded.model, sound)
    is_audible = torch.zeros(len(codes), dtype=torch.bool)
    is_audible[audible] = True
    return search.nearest([Query(codes=codes, audible=is_audible)])[0].windows


@pytest.mark.parametrize("gain", [0.5, 1.0, 2.0])
@pytest.mark.parametrize("at_s", [0.0, 0.413, 1.13])
def test_a_passage_is_found_at_any_place_and_level(
    loaded: LoadedVQModel, search: PassageSearch, gain: float, at_s: float
) -> None:
    begin = round(at_s * SAMPLE_RATE)
    copy = gain * CORPUS[2][:, begin : begin + round(0.8 * SAMPLE_RATE)]
    matches = whole(look_for(loaded, search, copy), search)
    offset_s = (matches.frame - matches.start) / loaded.model.frame_rate
    is_right = (matches.sound // COPIES == 2) & ((offset_s - at_s).abs() < 0.03)
    assert is_right.float().mean() > 0.7
    new = whole(look_for(loaded, search, gain * rustle(0.8, 9)), search)
    assert matches.difference.median() < 0.6 * new.difference.median()
    assert matches.distance_db.median() < new.distance_db.median()


def test_the_same_codes_are_at_no_distance(loaded: LoadedVQModel, search: PassageSearch) -> None:
    matches = look_for(loaded, search, CORPUS[0])
    assert float(whole(matches, search).distance_db.max()) < 0.05
    assert matches.length.unique().tolist() == [8, 9, search.window]


def test_a_short_file_is_found_within_a_longer_sound(
    loaded: LoadedVQModel, search: PassageSearch
) -> None:
    quiet = np.zeros((1, round(0.25 * SAMPLE_RATE)), np.float32)
    sound = np.concatenate([rustle(0.25, 4), quiet, 0.7 * CORPUS[1], quiet, rustle(0.5, 5)], axis=1)
    matches = look_for(loaded, search, sound)
    is_short = matches.length < search.window
    assert set((matches.sound[is_short] // COPIES).tolist()) == {1}
    best = int(torch.where(is_short, matches.difference, torch.inf).argmin())
    assert int(matches.start[best]) / loaded.model.frame_rate == pytest.approx(0.5, abs=0.03)


def test_only_audible_windows_are_looked_for(loaded: LoadedVQModel, search: PassageSearch) -> None:
    matches = look_for(loaded, search, CORPUS[0], slice(30, 60))
    assert int(matches.start.min()) >= 26
    assert int((matches.start + matches.length).max()) <= 64
    assert len(look_for(loaded, search, CORPUS[0], slice(0, 0)).start) == 0


@pytest.mark.parametrize("n_samples", [1, 1024, 3000, 5000])
def test_sounds_of_few_frames(loaded: LoadedVQModel, search: PassageSearch, n_samples: int) -> None:
    matches = look_for(loaded, search, CORPUS[0][:, :n_samples])
    assert torch.isfinite(matches.difference).all()
    assert bool(len(matches.start)) is (n_samples > 2 * loaded.model.frame_hop)


def test_blocks_of_the_candidate_search_change_nothing(
    loaded: LoadedVQModel, search: PassageSearch, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_one = look_for(loaded, search, CORPUS[2])
    monkeypatch.setattr(acoustic, "AT_ONCE", 300)
    in_blocks = look_for(loaded, search, CORPUS[2])
    for name in ("start", "length", "distance_db", "difference"):
        a = getattr(in_one, name).float()
        b = getattr(in_blocks, name).float()
        assert torch.allclose(a, b, atol=1e-3), name


def test_several_sounds_at_once_are_as_each_alone(
    loaded: LoadedVQModel, search: PassageSearch
) -> None:
    sounds = [encode_audio(loaded.model, rustle(seconds, 6)) for seconds in (0.1, 1.0, 0.02, 0.5)]
    onsets = [0.4 * len(codes) for codes in sounds]
    queries = [
        Query(codes, torch.ones(len(codes), dtype=torch.bool), [onset])
        for codes, onset in zip(sounds, onsets, strict=True)
    ]
    for together, query in zip(search.nearest(queries), queries, strict=True):
        (single,) = search.nearest([query])
        for kind in ("windows", "events"):
            mine = getattr(together, kind)
            alone = getattr(single, kind)
            assert torch.equal(mine.start, alone.start)
            assert torch.allclose(mine.difference, alone.difference, atol=1e-3)


def test_the_longest_audible_stretch_is_counted_in_frames() -> None:
    audible = torch.tensor([1, 1, 0, 1, 1, 1, 0, 1], dtype=torch.bool)
    assert Query(torch.zeros(8, 1), audible).longest == 3


def test_matches_are_joined_in_order() -> None:
    column = torch.arange(2)
    examples = Matches(column, column, column / 2, column / 4, column, column)
    joined = Matches.join([NO_MATCHES, examples, examples])
    assert joined.start.tolist() == [0, 1, 0, 1]
    assert joined.difference.tolist() == [0.0, 0.25, 0.0, 0.25]


def test_an_event_is_found_whatever_follows_it(
    loaded: LoadedVQModel, search: PassageSearch
) -> None:
    """Also one that is shorter than a window."""
    begin = round(1.2 * SAMPLE_RATE)
    event = CORPUS[2][:, begin : begin + round(0.2 * SAMPLE_RATE)]
    sound = np.concatenate([rustle(0.3, 4), event, rustle(0.4, 5)], axis=1)
    codes = encode_audio(loaded.model, sound)
    rate = loaded.model.frame_rate
    query = Query(codes, torch.ones(len(codes), dtype=torch.bool), [0.3 * rate, 0.5 * rate])
    (found,) = search.nearest([query])
    assert found.events.start.tolist() == [0, 15, 24]
    assert int(found.events.difference.argmin()) == 1
    assert int(found.events.sound[1]) // COPIES == 2
    frame = int(found.events.frame[1]) - int(found.events.start[1])
    assert frame / rate == pytest.approx(1.2 - 0.3, abs=0.03)


def test_a_place_that_continues_a_copy_is_as_near(
    loaded: LoadedVQModel, search: PassageSearch
) -> None:
    codes = encode_audio(loaded.model, CORPUS[0])
    query = Query(codes, torch.ones(len(codes), dtype=torch.bool))
    start = torch.arange(0, 90, 10)
    length = torch.full_like(start, 8)
    assert float(search.difference_at(query, start, length, start).max()) < 1e-3
    assert float(search.difference_at(query, start, length, start + 9).min()) > 0.1

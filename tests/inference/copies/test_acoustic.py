import numpy as np
import pytest
import soundfile as sf
import torch

import distill
from distill.inference.copies import acoustic as passages
from distill.inference.copies.acoustic import Matches, PassageSearch, Query
from distill.models.chunked import encode_audio
from distill.models.persistence import LoadedVQModel, load_model_v2
from distill.settings import SAMPLE_RATE


def rustle(seconds: float, seed: int) -> np.ndarray:
    """Noise whose colour and level move from moment to moment, `[1, N]`."""
    rng = np.random.default_rng(seed)
    n = round(seconds * SAMPLE_RATE)
    white = rng.standard_normal((2, n))
    low = np.convolve(white[0], np.ones(40) / 40, "same") * 6
    steps = np.arange(n) // (SAMPLE_RATE // 12)
    mix, level = (
        rng.uniform(0, 1, steps.max() + 1)[steps],
        rng.uniform(0.01, 0.2, steps.max() + 1)[steps],
    )
    return (level * (mix * white[1] + (1 - mix) * low))[None].astype(np.float32)


def hit(seconds: float, seed: int) -> np.ndarray:
    """One that dies away."""
    sound = rustle(seconds, seed)
    return sound * np.geomspace(2, 0.02, sound.shape[1], dtype=np.float32)


CORPUS = [rustle(3, 1), hit(0.16, 2), rustle(2, 3)]
COPIES = 4
"""Encodings of each, the grid moved by a quarter of a frame from one to the next."""


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> LoadedVQModel:
    """A codec whose codes are settled on the corpus and other such sounds; its decoder is not
    needed."""
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
    return PassageSearch(loaded.model, torch.cat(codes), [len(one) for one in codes])


def whole(hits: Matches, search: PassageSearch) -> Matches:
    """Those that are not cut to the shorter recording."""
    return Matches(*(part[hits.length == search.window] for part in hits))


def look_for(
    loaded: LoadedVQModel, search: PassageSearch, sound: np.ndarray, audible: slice = slice(None)
) -> Matches:
    codes = encode_audio(loaded.model, sound)
    heard = torch.zeros(len(codes), dtype=torch.bool)
    heard[audible] = True
    return search.nearest([Query(codes, heard)])[0]


@pytest.mark.parametrize("gain", [0.5, 1.0, 2.0])
@pytest.mark.parametrize("at_s", [0.0, 0.413, 1.13])
def test_a_passage_is_found_wherever_and_however_loud(
    loaded: LoadedVQModel, search: PassageSearch, gain: float, at_s: float
) -> None:
    begin = round(at_s * SAMPLE_RATE)
    hits = look_for(loaded, search, gain * CORPUS[2][:, begin : begin + round(0.8 * SAMPLE_RATE)])
    hits = whole(hits, search)
    there_s = (hits.frame - hits.start) / loaded.model.frame_rate
    found = (hits.sound // COPIES == 2) & ((there_s - at_s).abs() < 0.03)
    assert found.float().mean() > 0.7
    new = whole(look_for(loaded, search, gain * rustle(0.8, 9)), search)
    assert hits.difference.median() < 0.6 * new.difference.median()
    assert hits.distance_db.median() < new.distance_db.median()


def test_the_same_codes_are_at_no_distance(loaded: LoadedVQModel, search: PassageSearch) -> None:
    hits = look_for(loaded, search, CORPUS[0])
    assert float(whole(hits, search).distance_db.max()) < 0.05
    assert hits.length.unique().tolist() == [8, 9, search.window]


def test_a_short_file_is_found_within_a_longer_sound(
    loaded: LoadedVQModel, search: PassageSearch
) -> None:
    quiet = np.zeros((1, round(0.25 * SAMPLE_RATE)), np.float32)
    sound = np.concatenate([rustle(0.25, 4), quiet, 0.7 * CORPUS[1], quiet, rustle(0.5, 5)], axis=1)
    hits = look_for(loaded, search, sound)
    short = hits.length < search.window
    assert set((hits.sound[short] // COPIES).tolist()) == {1}
    best = int(torch.where(short, hits.difference, torch.inf).argmin())
    assert int(hits.start[best]) / loaded.model.frame_rate == pytest.approx(0.5, abs=0.03)


def test_only_what_is_heard_is_looked_for(loaded: LoadedVQModel, search: PassageSearch) -> None:
    hits = look_for(loaded, search, CORPUS[0], slice(30, 60))
    assert int(hits.start.min()) >= 26
    assert int((hits.start + hits.length).max()) <= 64
    assert len(look_for(loaded, search, CORPUS[0], slice(0, 0)).start) == 0


@pytest.mark.parametrize("n_samples", [1, 1024, 3000, 5000])
def test_sounds_of_few_frames(loaded: LoadedVQModel, search: PassageSearch, n_samples: int) -> None:
    hits = look_for(loaded, search, CORPUS[0][:, :n_samples])
    assert torch.isfinite(hits.difference).all()
    assert bool(len(hits.start)) is (n_samples > 2 * loaded.model.frame_hop)


def test_all_at_once_or_in_parts_it_is_the_same(
    loaded: LoadedVQModel, search: PassageSearch, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_once = look_for(loaded, search, CORPUS[2])
    monkeypatch.setattr(passages, "AT_ONCE", 300)
    parts = look_for(loaded, search, CORPUS[2])
    assert all(
        torch.allclose(a.float(), b.float(), atol=1e-3)
        for a, b in zip(at_once[:4], parts[:4], strict=True)
    )


def test_several_sounds_at_once_are_as_each_alone(
    loaded: LoadedVQModel, search: PassageSearch
) -> None:
    sounds = [encode_audio(loaded.model, rustle(seconds, 6)) for seconds in (0.1, 1.0, 0.02, 0.5)]
    sought = [Query(codes, torch.ones(len(codes), dtype=torch.bool)) for codes in sounds]
    for together, one in zip(search.nearest(sought), sought, strict=True):
        (alone,) = search.nearest([one])
        assert torch.equal(together.start, alone.start)
        assert torch.allclose(together.difference, alone.difference, atol=1e-3)

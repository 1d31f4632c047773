"""Phrases of drum loops are passages; their hits in a new order are single events."""

import numpy as np
import pytest
import soundfile as sf

import distill
from distill.inference.copies.index import CorpusSound, build_copy_index
from distill.inference.copies.meter import CopyMeter
from distill.inference.copies.report import CopyReport
from distill.models.chunked import encode_audio
from distill.models.persistence import load_model_v2
from distill.models.vqvae import VQVAE
from distill.settings import SAMPLE_RATE
from tests.inference.copies.drum_loops import drum_loop, hit, joined, shuffled

LOOPS = [
    drum_loop(hits=8, bars=3, seed=1),
    drum_loop(hits=6, bars=4, seed=2),
    drum_loop(hits=12, bars=1, seed=3),
    drum_loop(hits=10, bars=2, seed=4),
]

ENCODINGS = 16
"""Encodings of each loop, spread evenly over a frame."""

FOUND = 95.0
"""Percent of planted phrases that counts as a passage, at least, in the median of the loops."""

LEAST_FOUND = 80.0
"""The same of each phrase."""

OWN = 90.0
"""Percent of hits in a new order that count as single events, at least."""

STRAY = 5.0
"""Percent that may count as what it is not."""


@pytest.fixture(scope="module")
def codec(tmp_path_factory: pytest.TempPathFactory) -> VQVAE:
    """A codec with settled codebooks; its decoder is not needed."""
    root = tmp_path_factory.mktemp("loops")
    for i, loop in enumerate(LOOPS):
        # Codebooks that know a loop at several levels and places of the frame grid.
        for j, gain in enumerate(np.float32([1, 2, 1, 2])):
            later = np.pad(gain * joined(loop), ((0, 0), (256 * j, 0)))
            sf.write(root / f"{i} {j}.wav", later.T, SAMPLE_RATE)
    settings = {
        "codebook_size": 512,
        "num_quantizers": 8,
        "hidden_size": 48,
        "batch_size": 2,
        "crop_frames": 12,
    }
    distill.train(root, root / "codec.sda", steps=1, threads=1, **settings)  # type: ignore[arg-type]
    return load_model_v2(root / "codec.sda").model


@pytest.fixture(scope="module")
def meter(codec: VQVAE) -> CopyMeter:
    leads = [i * codec.frame_hop // ENCODINGS for i in range(ENCODINGS)]
    # As in prior training, at several levels.
    gains = np.tile(np.float32([1, 2]), ENCODINGS // 2)
    corpus = [
        CorpusSound(
            name=f"{i}.wav",
            start_s=0.0,
            codes=[
                encode_audio(codec, gain * joined(loop), lead)
                for lead, gain in zip(leads, gains, strict=True)
            ],
            leads_s=[lead / SAMPLE_RATE for lead in leads],
        )
        for i, loop in enumerate(LOOPS)
    ]
    return CopyMeter(codec, build_copy_index(codec, corpus, []))


def measure(codec: VQVAE, meter: CopyMeter, audio: np.ndarray) -> CopyReport:
    """The report on `audio` `[1, N]`, which stands for what would be decoded."""
    return meter.measure(encode_audio(codec, audio), audio)


@pytest.mark.parametrize("case", ["verbatim", "part of a frame later", "louder", "1.5 s"])
def test_a_phrase_is_a_passage(codec: VQVAE, meter: CopyMeter, case: str) -> None:
    """Also one of a loop of equal bars, whose counterparts lie in many places."""
    percents = []
    for number, loop in enumerate(LOOPS):
        audio = joined(loop)
        if case == "part of a frame later":
            audio = np.pad(audio, ((0, 0), (337, 0)))
        elif case == "louder":
            audio = 2 * audio
        elif case == "1.5 s":
            audio = audio[:, 20_000 : 20_000 + round(1.5 * SAMPLE_RATE)]
        report = measure(codec, meter, audio)
        percents.append(report.passage_percent)
        assert report.event_percent <= STRAY
        assert report.passage is not None
        assert report.passage.is_passage
        assert report.passage.source == f"{number}.wav"
        if case == "verbatim":
            assert report.passage.seconds > 0.9 * audio.shape[1] / SAMPLE_RATE
    # Codebooks differ a little from one processor to another: a phrase may lose a hit at its edge.
    assert float(np.median(percents)) >= FOUND
    assert min(percents) >= LEAST_FOUND


def test_two_short_hits_in_their_order_are_a_passage(codec: VQVAE, meter: CopyMeter) -> None:
    pairs = [joined(LOOPS[2][first : first + 2]) for first in range(len(LOOPS[2]) - 1)]
    percents = [measure(codec, meter, pair).passage_percent for pair in pairs]
    assert float(np.median(percents)) >= FOUND
    # A hit that is soft beside the one before it has no onset.
    assert sum(percent >= FOUND for percent in percents) >= 0.8 * len(pairs)


@pytest.mark.parametrize("first", [1, 2, 9])
def test_two_hits_in_their_order_are_found_between_others(
    codec: VQVAE, meter: CopyMeter, first: int
) -> None:
    hits = [LOOPS[0][3], *LOOPS[2][first : first + 2], LOOPS[1][2]]
    percent = 100 * sum(map(len, hits[1:3])) / sum(map(len, hits))
    report = measure(codec, meter, joined(hits))
    assert report.passage_percent == pytest.approx(percent, abs=6)
    assert report.event_percent == pytest.approx(100 - percent, abs=30)


@pytest.mark.parametrize("seed", range(4))
def test_hits_in_a_new_order_are_single_events(codec: VQVAE, meter: CopyMeter, seed: int) -> None:
    report = measure(codec, meter, shuffled(LOOPS, count=24, seed=seed))
    assert report.event_percent >= OWN
    assert report.passage_percent <= STRAY
    assert "It repeats no passage of your recordings" in report.sentence
    assert "single sounds of yours in a new order" in report.sentence


def test_other_hits_are_neither(codec: VQVAE, meter: CopyMeter) -> None:
    others = joined([hit(0.24, seed) for seed in range(90_000, 90_020)])
    report = measure(codec, meter, others)
    assert report.passage_percent <= STRAY
    assert report.event_percent <= 2 * STRAY


def test_a_passage_names_where_it_is_from(codec: VQVAE, meter: CopyMeter) -> None:
    new = joined([hit(0.3, seed) for seed in range(95_000, 95_004)])
    before_s = new.shape[1] / SAMPLE_RATE
    phrase = LOOPS[2][4:9]
    source_s = sum(map(len, LOOPS[2][:4])) / SAMPLE_RATE
    report = measure(codec, meter, np.concatenate([new, joined(phrase), new], axis=1))
    assert report.passage is not None
    assert report.passage.source == "2.wav"
    assert report.passage.output_s == pytest.approx(before_s, abs=0.1)
    assert report.passage.source_s - source_s == pytest.approx(
        report.passage.output_s - before_s, abs=0.06
    )
    assert "repeats passages of your recordings, most plainly 2.wav from" in report.sentence


def test_silence_has_neither_passages_nor_events(codec: VQVAE, meter: CopyMeter) -> None:
    report = measure(codec, meter, np.zeros((1, SAMPLE_RATE), np.float32))
    assert (report.passage_percent, report.event_percent, report.passage) == (0, 0, None)

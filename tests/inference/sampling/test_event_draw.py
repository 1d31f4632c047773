"""Drawing by events: frames without a gap, in time, repeatable, and neither torn nor copied."""

import numpy as np
import pytest
import torch

from distill.inference.events.bank import EventBank
from distill.inference.events.onsets import find_onsets
from distill.inference.sampling.event_draw import EventDraw
from distill.inference.sampling.settings import Sampling
from tests.inference.events.banks import rhythm_bank

FRAMES = 400


@pytest.fixture(scope="module")
def bank() -> EventBank:
    return rhythm_bank()


def draw(
    bank: EventBank,
    frames: int = FRAMES,
    seed: int = 0,
    tempo: float | None = None,
    follow: int | None = None,
    **settings: object,
) -> torch.Tensor:
    """Codes `[T, Q]` of a stream, without a prior that prefers anything."""
    events = EventDraw(
        bank=bank,
        sampling=Sampling(**settings),  # type: ignore[arg-type]
        generator=torch.Generator().manual_seed(seed),
        tempo=tempo,
    )
    K = bank.codec.codebook_size
    even = torch.full((K,), -float(np.log(K)))
    if follow is not None:
        events.follow(bank.recordings[follow].codes[0][:20])
    codes: list[torch.Tensor] = []
    for t in range(frames):
        context = bank.codec.rvq.lookup(torch.stack(codes[-3:])) if codes else None
        if events.is_due:
            events.choose(t, context, even, goes_on=False)
        codes.append(events.next_frame().codes)
    return torch.stack(codes)


def onset_beats(bank: EventBank, codes: torch.Tensor, tempo: float) -> np.ndarray:
    onsets = find_onsets(bank.codec, bank.codec.rvq.lookup(codes))
    beats: np.ndarray = onsets / bank.codec.frame_rate * tempo / 60
    return beats


@pytest.mark.parametrize("tempo", [90.0, 120.0, 133.7])
def test_onsets_fall_on_the_beat_of_the_tempo(bank: EventBank, tempo: float) -> None:
    """To within 12 ms, on halves of beats, where the recordings have them."""
    beats = onset_beats(bank, draw(bank, tempo=tempo, nearness=1.0), tempo)
    deviation = np.abs(beats * 2 - np.round(beats * 2)) / 2 * 60 / tempo
    assert len(beats) > 10
    assert np.quantile(deviation, 0.9) < 0.012


def test_swing_delays_halves_of_beats(bank: EventBank) -> None:
    codes = draw(bank, 2 * FRAMES, tempo=120.0, nearness=1.0, swing=1.0)
    beats = onset_beats(bank, codes, 120.0)
    parts = beats % 1
    halves = parts[(parts > 0.3) & (parts < 0.9)]
    assert len(halves) > 3
    assert np.median(halves) == pytest.approx(2 / 3, abs=0.03)


def test_without_a_tempo_a_sound_moves_as_its_model_does(bank: EventBank) -> None:
    T = len(bank.recordings[2].codes[0])
    codes = draw(bank, frames=T, follow=2, nearness=1.0)
    assert torch.equal(codes, bank.recordings[2].codes[0])


def lengths_of_sounds(bank: EventBank, tempo: float | None = None) -> list[int]:
    """Frames of ten sounds, each drawn as one event where its template is a phrase."""
    K = bank.codec.codebook_size
    even = torch.full((K,), -float(np.log(K)))
    lengths = []
    for seed in range(10):
        events = EventDraw(
            bank=bank,
            sampling=Sampling(),
            generator=torch.Generator().manual_seed(seed),
            single_events=True,
            tempo=tempo,
        )
        ends = False
        t = 0
        while not ends:
            if events.is_due:
                events.choose(t, None, even, goes_on=False)
            ends = events.next_frame().ends
            t += 1
        lengths.append(t)
    return lengths


def test_a_single_sound_out_of_a_loop_is_one_event_of_it(bank: EventBank) -> None:
    assert [bank.is_phrase(number) for number in range(3)] == [True, True, False]
    phrases = bank.recording < 2
    lengths = lengths_of_sounds(bank)
    # Out of the third recording, all of it.
    singles = [length for length in lengths if length < len(bank.recordings[2].codes[0]) - 1]
    assert len(singles) > 3
    assert all(3 <= length <= bank.frames[phrases].max() for length in singles)


def test_a_single_sound_in_time_is_whole_bars(bank: EventBank) -> None:
    assert min(lengths_of_sounds(bank, tempo=120.0)) > 2 * bank.frames.max()


@pytest.mark.parametrize("tempo", [None, 120.0])
def test_the_seed_decides(bank: EventBank, tempo: float | None) -> None:
    assert torch.equal(draw(bank, seed=3, tempo=tempo), draw(bank, seed=3, tempo=tempo))
    assert not torch.equal(draw(bank, seed=3, tempo=tempo), draw(bank, seed=4, tempo=tempo))


def test_a_longer_draw_begins_alike(bank: EventBank) -> None:
    assert torch.equal(draw(bank, 150, tempo=120.0), draw(bank, tempo=120.0)[:150])


def test_a_free_draw_blends_all_and_a_near_one_nothing(bank: EventBank) -> None:
    recorded = {tuple(row) for r in bank.recordings for c in r.codes for row in c.tolist()}

    def share(nearness: float) -> float:
        codes = draw(bank, tempo=120.0, nearness=nearness)
        return float(np.mean([tuple(row) in recorded for row in codes.tolist()]))

    shares = [share(nearness) for nearness in (0.0, 0.5, 1.0)]
    assert shares == sorted(shares)
    assert shares[0] < 0.5
    assert shares[2] > 0.95


def test_a_bar_that_does_not_vary_comes_back_alike(bank: EventBank) -> None:
    """96 BPM: a bar has about 117 frames; onsets of bars of one letter lie on the same beats."""
    codes = draw(bank, tempo=96.0, form="A", form_variation=0.0, nearness=0.0)
    beats = onset_beats(bank, codes, 96.0)
    first = beats[beats < 3.9] % 4
    second = beats[(beats >= 3.9) & (beats < 7.9)] % 4
    for beat in first[first > 0.2]:
        assert np.abs(second - beat).min() < 0.05


def test_another_sound_follows_the_end_of_a_sound(bank: EventBank) -> None:
    events = EventDraw(bank, Sampling(), torch.Generator().manual_seed(0))
    even = torch.full((bank.codec.codebook_size,), -4.0)
    ends = []
    for t in range(600):
        if events.is_due:
            events.choose(t, None, even, goes_on=False)
        if events.next_frame().ends:
            ends.append(t + 1)
    lengths = {len(recording.codes[0]) for recording in bank.recordings}
    assert len(ends) > 2
    assert set(np.diff([0, *ends]).tolist()) <= {n + d for n in lengths for d in (-1, 0, 1)}


def test_it_goes_on_from_a_context_as_the_nearest_recording_does(bank: EventBank) -> None:
    own = bank.recordings[2].codes[0]
    events = EventDraw(
        bank, Sampling(nearness=1.0, temperature=0.0), torch.Generator().manual_seed(0)
    )
    even = torch.full((bank.codec.codebook_size,), -4.0)
    start = 25
    context = bank.codec.rvq.lookup(own[start - 3 : start])
    events.choose(0, context, even, goes_on=True)
    stop = int(bank.stop[bank.events_of[2]][bank.stop[bank.events_of[2]] > start][0])
    codes = torch.stack([events.next_frame().codes for _ in range(stop - start)])
    assert torch.equal(codes, own[start:stop])

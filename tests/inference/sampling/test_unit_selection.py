"""Unit selection: which frames of the recordings are chosen, and in which order."""

from collections.abc import Callable
from dataclasses import replace
from itertools import islice

import pytest
import torch

from distill.inference.sampling.conditions import Conditions, FixedCodes, LengthLimits
from distill.inference.sampling.draw import Frame, draw_frames
from distill.inference.sampling.frame_bank import build_frame_bank
from distill.inference.sampling.lead_in import LeadIn
from distill.inference.sampling.sampler import sample
from distill.inference.sampling.settings import Sampling
from distill.inference.sampling.unit_selection import (
    NEAREST,
    FrameBank,
    FrameContext,
    SilenceTest,
    log2_age,
)
from distill.models.attribute_classifier import Targets
from distill.models.prior import CodePrior
from distill.models.prior_metadata import Recording
from tests.inference.sampling.priors import K, Q, most_are_silent, recording, selecting_prior


def frames_drawn(
    prior: CodePrior,
    recordings: list[Recording],
    count: int = 60,
    is_silent: SilenceTest | None = None,
    sampling: dict | None = None,
    **conditions: object,
) -> list[Frame]:
    settings = Sampling(**{"free_levels": 1, "closeness": 0.5, **(sampling or {})})
    bank = build_frame_bank(prior, recordings, settings.free_levels, is_silent)
    generator = torch.Generator().manual_seed(3)
    stream = draw_frames(prior, 2, settings, generator, Conditions(frame_bank=bank, **conditions))
    return list(islice(stream, count))


def rows(codes: torch.Tensor) -> set[tuple[int, ...]]:
    return {tuple(row) for row in codes.tolist()}


@pytest.mark.parametrize("free_levels", [1, 2])
def test_finer_codes_come_together_from_a_recording(free_levels: int) -> None:
    recordings = [recording(30, 1), recording(20, 2)]
    draws = frames_drawn(selecting_prior(), recordings, sampling={"free_levels": free_levels})
    recorded = rows(torch.cat([r.codes[:, free_levels:] for r in recordings]))
    assert all(rows(frame.codes[:, free_levels:]) <= recorded for frame in draws)
    assert len(rows(torch.cat([frame.codes for frame in draws]))) > 20


def test_no_code_comes_that_no_recording_has() -> None:
    recordings = [recording(40, seed, codes=5) for seed in range(4)]
    draws = frames_drawn(selecting_prior(), recordings, sampling={"temperature": 3.0, "top_p": 1.0})
    codes = torch.cat([frame.codes for frame in draws])
    assert set(codes[:, 0].tolist()) == set(range(5))


def test_sounds_begin_and_end_as_recordings_do() -> None:
    recordings = [recording(12, seed) for seed in range(8)]
    draws = frames_drawn(selecting_prior(), recordings)
    first, last = (rows(torch.stack([r.codes[at, 1:] for r in recordings])) for at in (0, -1))
    begins = torch.ones(2, dtype=torch.bool)
    end_count = 0
    for frame in draws:
        for stream in range(2):
            fine = tuple(frame.codes[stream, 1:].tolist())
            if begins[stream] and not frame.ends[stream]:
                assert fine in first
            if frame.ends[stream] and not begins[stream]:
                assert fine in last
                end_count += 1
        begins = frame.ends
    assert end_count > 5


def test_sounds_begin_with_codes_that_recordings_begin_with() -> None:
    recordings = [recording(12, seed) for seed in range(4)]
    for source in recordings:
        source.codes[1:, 0] = source.codes[1:, 0] % 13
        source.codes[0, 0] = 13 + source.codes[0, 0] % 4
    draws = frames_drawn(selecting_prior(), recordings, 100, sampling={"closeness": 0.0})
    begins = torch.ones(2, dtype=torch.bool)
    beginnings = 0
    for frame in draws:
        single = begins & frame.ends
        assert torch.equal((frame.codes[:, 0] >= 13)[~single], begins[~single])
        beginnings += int(begins.sum())
        begins = frame.ends
    assert beginnings > 10


def with_silences(longest: int) -> Recording:
    """A recording that is silent for 1 frame, 2, 3 and so on up to `longest`, and again, with 2
    frames between."""
    generator, rows = torch.Generator().manual_seed(0), []
    for length in [*range(1, longest + 1)] * 4:
        rows += [
            torch.randint(13, (length, Q), generator=generator),
            torch.randint(13, K, (2, Q), generator=generator),
        ]
    return Recording("a.wav", torch.cat(rows), whole=True)


def longest_run(flags: list[bool]) -> int:
    return max(len(run) for run in "".join("x" if flag else " " for flag in flags).split(" "))


@pytest.mark.parametrize("longest", [1, 3])
@pytest.mark.parametrize("closeness", [0.0, 0.15, 1.0])
def test_no_silence_lasts_longer_than_in_a_recording(longest: int, closeness: float) -> None:
    prior, source = selecting_prior(), with_silences(longest)
    runs = []
    for is_silent in (most_are_silent, None):
        draws = frames_drawn(prior, [source], 200, is_silent, sampling={"closeness": closeness})
        silent = most_are_silent(torch.cat([frame.codes for frame in draws])).unflatten(0, (-1, 2))
        runs.append(max(longest_run(stream) for stream in silent.T.tolist()))
    assert runs[0] <= longest < runs[1]


def test_what_was_silent_before_counts() -> None:
    prior, source = selecting_prior(), with_silences(3)
    prior.pointer.ending.score.bias.data.fill_(-50.0)
    bank = build_frame_bank(prior, [source], 1, most_are_silent)
    for before, most in ((1, 2), (2, 1), (3, 0)):
        prompt = LeadIn(
            source.codes[7 : 7 + before], torch.zeros(before, dtype=torch.bool), False, ()
        )
        assert bool(most_are_silent(prompt.codes).all())
        for seed in range(8):
            generator = torch.Generator().manual_seed(seed)
            conditions = Conditions(prompt=prompt, frame_bank=bank)
            frames = islice(draw_frames(prior, 1, Sampling(), generator, conditions), most + 1)
            assert not bool(most_are_silent(torch.cat([frame.codes for frame in frames])).all())


@pytest.mark.parametrize("silent", [False, True])
def test_silence_is_drawn_only_where_recordings_hold_nothing_else(silent: bool) -> None:
    low, high = (0, 13) if silent else (13, K)
    source = recording(30, 1)
    source = replace(source, codes=source.codes % (high - low) + low)
    draws = frames_drawn(selecting_prior(), [source], 40, most_are_silent)
    codes = torch.cat([frame.codes for frame in draws])
    assert bool(most_are_silent(codes).all()) is silent


def test_at_closeness_one_it_goes_on_as_the_recording_did() -> None:
    """After frames that came once only, what came next comes again, at temperature 0."""
    prior, source = selecting_prior(), recording(30, 1, whole=False)
    prior.pointer.ending.score.bias.data.fill_(-50.0)
    prior.pointer.ending.score.weight.data.zero_()
    starts = torch.zeros(10, dtype=torch.bool)
    prompt = LeadIn(source.codes[:10], starts, False, ())
    bank = build_frame_bank(prior, [source, recording(30, 2, whole=False)], 1)
    close = Sampling(temperature=0, closeness=1.0)
    conditions = Conditions(prompt=prompt, frame_bank=bank)
    draws = islice(draw_frames(prior, 1, close, torch.Generator(), conditions), 15)
    assert torch.equal(torch.cat([frame.codes for frame in draws]), source.codes[10:25])


def test_frames_of_which_codes_are_given_are_drawn_code_by_code() -> None:
    prior = selecting_prior()
    kept = torch.zeros(20, Q, dtype=torch.bool)
    kept[5:15, 2] = True
    fixed = FixedCodes(torch.full((20, Q), 16), kept)
    draws = frames_drawn(prior, [recording(40, 1, codes=16)], 20, fixed_codes=fixed)
    assert all((frame.codes[:, 2] == 16).all() for frame in draws[5:15])
    assert not any((frame.codes[:, 2] == 16).any() for frame in draws[:5] + draws[15:])


def test_what_is_asked_decides_among_frames_too() -> None:
    """A reader that hears loudness in the sum of the latents: loud frames come where loudness is
    targets for."""
    prior, source = selecting_prior(descriptors=1), recording(400, 1)
    latents = prior.pointer.latents(source.codes).cumsum(1)
    loudness = (latents[:, -1, 0] > latents[:, -1, 0].median()).float()[:, None]
    prior.reader.learn((latents, loudness) for _ in range(300))
    shares = []
    for expected in (0.0, 1.0):
        targets = Targets(torch.full((1, 1, 1), expected), 6.0)
        draws = frames_drawn(prior, [source], targets=targets)
        sums = prior.pointer.latents(torch.cat([frame.codes for frame in draws])).sum(1)[:, 0]
        shares.append(float((sums > latents[:, -1, 0].median()).float().mean()))
    assert shares[1] - shares[0] > 0.5


def test_sounds_age_as_those_of_the_recordings_do() -> None:
    """Codes of the first two frames of a recording, or of the next four, come at no age four times
    as high."""
    prior, recordings = selecting_prior(), [recording(40, seed) for seed in (1, 2, 3)]
    with torch.no_grad():
        prior.pointer.ending.score.bias.fill_(-4.0)
    for source in recordings:
        source.codes[:, 0] = source.codes[:, 0] % 5 + 5 * torch.bucketize(
            torch.arange(40), torch.tensor([1, 5])
        )
    draws = frames_drawn(prior, recordings, 400, length_limits=LengthLimits(1, 40))
    ages, oldest = [0, 0], 0
    for frame in draws:
        for stream in range(2):
            age, part = ages[stream], int(frame.codes[stream, 0]) // 5
            if not frame.ends[stream]:
                assert part in ({0, 1, 2} if age < 7 else {1, 2} if age < 15 else {2})
            ages[stream] = 0 if frame.ends[stream] else age + 1
            oldest = max(oldest, age)
    assert oldest > 20


def test_a_sound_of_unknown_age_may_have_any() -> None:
    frames = torch.tensor([0, 1, 2, 3, 7, 100, 100])
    age = log2_age(frames, torch.tensor([True] * 6 + [False]))
    assert age[:5].tolist() == pytest.approx([0, 1, 1.585, 2, 3], abs=1e-3)
    assert age[6].isnan()
    bank = build_frame_bank(selecting_prior(), [recording(30, 1)], 1)
    no = torch.zeros(1, dtype=torch.bool)
    logits, place = (
        torch.zeros(1, K),
        FrameContext(torch.zeros(1, Q, dtype=torch.long), no, no, no, age[6:]),
    )
    joins = bank.join_scores(selecting_prior(), place)
    possible = bank.mix_with_neighbours(0, logits, joins, place, 0.0)[0] > -torch.inf
    assert possible.nonzero()[:, 0].tolist() == recording(30, 1).codes[1:-1, 0].unique().tolist()


def uncached(
    prior: CodePrior,
    bank: FrameBank,
    targets: Targets | None,
    prompt: LeadIn,
    frames: int,
    sampling: Sampling,
    drawn_after: Callable[..., torch.Tensor],
) -> torch.Tensor:
    """What `draw_frames` draws of one stream, but with the whole past scored again for every
    code."""
    dice = torch.Generator().manual_seed(3)
    codes, prompt_frames = prompt.codes[None], len(prompt.codes)
    starts = torch.cat([prompt.starts, torch.tensor([prompt.ends_sound])])[None]
    ends = torch.zeros(1, prompt_frames, dtype=torch.bool)
    age = torch.tensor([prompt_frames])
    for t in range(prompt_frames, prompt_frames + frames):
        codes = torch.cat([codes, torch.zeros(1, 1, Q, dtype=torch.long)], 1)
        end = prior.frame_scores(codes, starts).ends[:, -1]
        last = torch.rand(1, generator=dice, dtype=torch.float64) < end.double().sigmoid()
        ends = torch.cat([ends, last[:, None]], 1)
        no = torch.zeros(1, dtype=torch.bool)
        place = FrameContext(codes[:, t - 1], starts[:, t], last, no, log2_age(age, ~no))
        joins = bank.join_scores(prior, place)
        latents = torch.zeros(1, prior.pointer.entries.shape[-1])
        for level in range(bank.free_levels):
            logits = prior.frame_scores(codes, starts, ends=ends).codes[:, t, level]
            logits = bank.mix_with_neighbours(level, logits, joins, place, sampling.closeness)
            if targets is not None:
                sums = latents[:, None] + prior.pointer.entries[level]
                values = targets.at(t - prompt_frames)[:, None]
                logits = logits + targets.guidance * prior.reader(level, sums, values)
            past = codes[:, :t] if level == 0 else codes[:, :0]
            codes[:, t, level] = drawn_after(logits, past, sampling, dice)
            latents = latents + prior.pointer.entries[level][codes[:, t, level]]
        scores = bank.selection_scores(
            prior, codes[:, t, : bank.free_levels], joins, targets, t - prompt_frames
        )
        best = scores.topk(min(NEAREST, scores.shape[1]))
        chosen = sample(best.values, Sampling(temperature=sampling.temperature, top_p=1.0), dice)
        picked = best.indices.gather(1, chosen[:, None])[:, 0]
        codes[:, t, bank.free_levels :] = bank.codes[picked, bank.free_levels :]
        starts, age = torch.cat([starts, last[:, None]], 1), torch.where(last, 0, age + 1)
    return codes[0, prompt_frames:]


@pytest.mark.parametrize("free_levels", [1, 2])
@pytest.mark.parametrize("steered", [False, True])
def test_cached_equals_uncached_to_the_last_code_with_units(
    drawn_after: Callable[..., torch.Tensor], free_levels: int, steered: bool
) -> None:
    prior = selecting_prior(descriptors=2, tags=1)
    bank = build_frame_bank(prior, [recording(30, 1), recording(25, 2)], free_levels)
    assert bank is not None
    values = torch.rand(1, 40, 3, generator=torch.Generator().manual_seed(4))
    targets = Targets(values, 2.0) if steered else None
    begins = torch.arange(9) == 0
    prompt, sampling = (
        LeadIn(recording(9, 3).codes, begins, False, ()),
        Sampling(free_levels=free_levels),
    )
    conditions = Conditions(prompt=prompt, targets=targets, frame_bank=bank)
    stream = draw_frames(prior, 1, sampling, torch.Generator().manual_seed(3), conditions)
    cached = torch.cat([frame.codes for frame in islice(stream, 40)])
    with torch.inference_mode():
        assert torch.equal(
            cached, uncached(prior, bank, targets, prompt, 40, sampling, drawn_after)
        )

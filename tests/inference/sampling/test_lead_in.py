"""Prompts: stretches of recordings, or several recordings in a row."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from distill.audio.pulse import Pulse
from distill.errors import UsageError
from distill.inference.sampling.lead_in import (
    draw_lead_in,
    draw_nearest,
    draw_sound_end,
    matching_recordings,
    with_metre,
)
from distill.models.prior_metadata import Recording


def recording(name: str, frames: int, first: int = 0, whole: bool = True) -> Recording:
    """Frame `t` of it is `first + t` on both levels."""
    codes = (first + torch.arange(frames))[:, None].expand(-1, 2).to(torch.int16)
    return Recording(name, codes, whole)


def test_a_long_recording_gives_a_stretch_of_itself() -> None:
    long = [recording("drone.wav", 500)]
    begins = set()
    for seed in range(20):
        lead_in = draw_lead_in(long, 100, "", seed)
        assert lead_in.names == ("drone.wav",)
        assert (lead_in.codes[:, 0].diff() == 1).all()
        assert len(lead_in.codes) == 100
        assert lead_in.starts.sum() == (lead_in.codes[0, 0] == 0)
        assert not lead_in.ends_sound
        begins.add(int(lead_in.codes[0, 0]))
    assert len(begins) > 10


def test_short_recordings_come_one_after_the_other_and_a_new_sound_follows() -> None:
    hits = [recording(f"hit {i}.wav", 30, 100 * i) for i in range(5)]
    lead_in = draw_lead_in(hits, 100, "", 0)
    assert len(lead_in.codes) == 100
    # Codes of recording i begin at 100 i; one that comes twice has its name once.
    recordings = dict.fromkeys((lead_in.codes[:, 0] // 100).tolist())
    assert lead_in.names == tuple(f"hit {i}.wav" for i in recordings)
    # 120 frames; the last 100 are kept.
    assert lead_in.starts.nonzero()[:, 0].tolist() == [10, 40, 70]
    assert (lead_in.codes[lead_in.starts][:, 0] % 100 == 0).all()
    assert lead_in.ends_sound
    assert lead_in.age == 0


def test_a_recording_that_comes_twice_has_its_name_once() -> None:
    lead_in = draw_lead_in([recording("a.wav", 30), recording("b.wav", 30)], 300, "", 0)
    assert len(lead_in.codes) == 300
    assert sorted(lead_in.names) == ["a.wav", "b.wav"]


def test_a_sound_that_is_cut_off_goes_on() -> None:
    lead_in = draw_lead_in([recording("part.wav", 60, whole=False)], 60, "", 0)
    assert not lead_in.ends_sound
    assert lead_in.age == 60


def test_names_choose() -> None:
    recordings = [
        recording("drums/Kick.wav", 200),
        recording("voice/ah.wav", 200),
        recording("drums/hat.wav", 200),
    ]
    assert {draw_lead_in(recordings, 50, "drums/", seed).names for seed in range(20)} == {
        ("drums/Kick.wav",),
        ("drums/hat.wav",),
    }
    assert [result.name for result in matching_recordings(recordings, "kick")] == ["drums/Kick.wav"]
    with pytest.raises(UsageError, match=r"'bass'.*drums/Kick\.wav"):
        draw_lead_in(recordings, 50, "bass", 0)


@given(
    lengths=st.lists(st.integers(1, 40), min_size=1, max_size=5),
    frames=st.integers(1, 120),
    seed=st.integers(0, 99),
)
def test_any_lengths_give_as_many_frames_as_asked(
    lengths: list[int], frames: int, seed: int
) -> None:
    lead_in = draw_lead_in(
        [recording(f"{i}", n, 50 * i) for i, n in enumerate(lengths)], frames, "", seed
    )
    assert len(lead_in.codes) == len(lead_in.starts) == frames
    repeat = draw_lead_in(
        [recording(f"{i}", n, 50 * i) for i, n in enumerate(lengths)], frames, "", seed
    )
    assert torch.equal(lead_in.codes, repeat.codes)
    # Where no sound begins, the one before goes on.
    steps = lead_in.codes[1:, 0] - lead_in.codes[:-1, 0]
    assert (steps[~lead_in.starts[1:]] == 1).all()


def test_a_new_sound_follows_what_was_heard_to_its_end() -> None:
    recordings = [recording("drone.wav", 500), recording("cut off.wav", 500, whole=False)]
    for seed in range(10):
        lead_in = draw_sound_end(recordings, 100, "", seed)
        assert (lead_in.names, lead_in.ends_sound) == (("drone.wav",), True)
        assert lead_in.codes[:, 0].tolist() == list(range(400, 500))
    assert draw_sound_end(recordings[1:], 100, "", 0).ends_sound


def test_the_lead_in_is_near_to_what_is_asked() -> None:
    traits = torch.stack([torch.linspace(0, 1, 500), torch.full((500,), torch.nan)], 1)
    recordings = [replace(recording("drone.wav", 500), traits=traits)]
    for expected in (0.1, 0.5, 0.9):
        result = draw_nearest(
            draw_lead_in, recordings, 50, "", 0, torch.tensor([expected, torch.nan])
        )
        assert result.attributes is not None
        assert float(result.attributes[:, 0].mean()) == pytest.approx(expected, abs=0.1)
        assert torch.allclose(result.attributes[:, 0] * 499, result.codes[:, 0].float(), atol=1e-3)
    assert draw_nearest(
        draw_sound_end, recordings, 50, "", 0, torch.tensor([0.0, torch.nan])
    ).ends_sound


def test_without_traits_any_lead_in_will_do() -> None:
    result = draw_nearest(draw_lead_in, [recording("hit.wav", 30)], 50, "", 0, torch.tensor([0.9]))
    assert len(result.codes) == 50


@given(frames=st.integers(1, 150), seed=st.integers(0, 50))
def test_a_prompt_knows_its_place_in_each_recording(frames: int, seed: int) -> None:
    """Phases count from the beginning of each recording, wherever the prompt is cut."""
    pulse = Pulse(tempo=60.0, beats=np.arange(4.0), bar_beats=4, first_downbeat=0, confidence=1.0)
    recordings = [
        replace(recording("a.wav", 30, 0), pulse=pulse),
        replace(recording("b.wav", 45, 100), pulse=pulse),
        recording("c.wav", 20, 200),
    ]
    prompt = with_metre(draw_lead_in(recordings, frames, "", seed), frame_rate=10.0)
    assert prompt.metre is not None
    frame = prompt.codes[:, 0] % 100
    is_timed = prompt.codes[:, 0] < 200
    expected = torch.stack([frame / 10 % 1, frame / 40 % 1], 1)
    assert torch.allclose(prompt.metre[is_timed], expected[is_timed], atol=1e-5)
    assert prompt.metre[~is_timed].isnan().all()


def test_prompts_come_from_recordings_as_often_as_their_weight_says() -> None:
    light, heavy = recording("a.wav", 50), replace(recording("b.wav", 50), weight=9.0)
    names = [draw_lead_in([light, heavy], 40, "", seed).names[0] for seed in range(200)]
    assert 0.82 < names.count("b.wav") / 200 < 0.97
    alike = [replace(light, weight=3.0), replace(heavy, weight=3.0)]
    plain = [light, replace(heavy, weight=1.0)]
    for seed in range(10):
        assert draw_lead_in(alike, 40, "", seed).names == draw_lead_in(plain, 40, "", seed).names

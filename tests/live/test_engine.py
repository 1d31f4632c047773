"""The sound that plays: controls take effect where they come, and decide all of it."""

from collections.abc import Iterable
from itertools import islice

import numpy as np
import pytest

import distill
from distill.errors import UsageError
from distill.inference.sampling.curves import Steering
from distill.inference.sampling.settings import Sampling
from distill.live.control_log import ControlPlayer
from distill.live.controls import Control
from distill.live.engine import Hands, LiveBlock, LiveEngine
from distill.live.settings import STEERING_WAIT_FRAMES, LiveSettings
from distill.live.voices import OneShot, draw_one_shot
from distill.models.persistence import LoadedVQModel

FRAMES = 60
"""Code frames that most sounds of this file last: 1.3 s."""

Script = list[tuple[int, Control]]


def settings(latency: str = "half", level: float = 0.0, **sampling: float) -> LiveSettings:
    return LiveSettings(
        seed=4,
        sampling=Sampling(**sampling),
        steering=Steering(guidance=20),
        latency=latency,
        level=level,
    )


def play(
    model: LoadedVQModel,
    script: Iterable[tuple[int, Control]] = (),
    begin: LiveSettings | None = None,
    frames: int = FRAMES,
    noted: Script | None = None,
) -> list[LiveBlock]:
    """The first blocks of a sound to which a script is done."""
    begin = begin or settings()
    player = ControlPlayer(list(script))
    noted = [] if noted is None else noted

    def one_shot(seed: int | None) -> OneShot | None:
        return draw_one_shot(model, begin.request, 3 if seed is None else seed)

    hands = Hands(
        controls=player.take,
        one_shot=one_shot,
        note=lambda frame, control: noted.append((frame, control)),
    )
    return list(islice(LiveEngine(model, begin, hands).blocks(), frames))


@pytest.fixture(scope="module")
def plain(model: LoadedVQModel) -> list[LiveBlock]:
    """A sound that is left alone."""
    return play(model, frames=80)[:80]


def sound_of(blocks: list[LiveBlock]) -> np.ndarray:
    return np.concatenate([block.sound for block in blocks], 1)


def codes_of(blocks: list[LiveBlock]) -> np.ndarray:
    return np.concatenate([block.codes for block in blocks])


def first_difference(one: np.ndarray, other: np.ndarray) -> int:
    """First sample at which two sounds `[C, N]` differ."""
    return int(np.nonzero(np.abs(one - other).max(0) > 1e-6)[0][0])


def test_untouched_it_is_the_stream_of_the_same_seed(model: LoadedVQModel) -> None:
    blocks = play(model, begin=settings(latency="full"))
    stream = list(islice(distill.stream(model, 4, guidance=20).blocks(), 6))
    codes = np.concatenate([block.codes for block in stream])
    sound = np.concatenate([block.sound for block in stream], 1)
    assert np.array_equal(codes_of(blocks), codes[:FRAMES])
    n = FRAMES * model.model.frame_hop
    assert np.abs(sound_of(blocks) - sound[:, :n]).max() < 1e-5


def test_the_same_controls_give_the_same_sound_to_the_bit(
    model: LoadedVQModel, plain: list[LiveBlock]
) -> None:
    script = [
        (20, Control("brightness", 95.0)),
        (24, Control("note", (60.0, 90.0))),
        (30, Control("tag", ("low", 1.0))),
        (36, Control("temperature", 2.0)),
        (38, Control("nearness", 0.1)),
        (40, Control("seed", 9.0)),
        (44, Control("level", -6.0)),
        (48, Control("brightness", None)),
    ]
    noted: Script = []
    first = play(model, script, noted=noted)
    again = play(model, noted)
    assert np.array_equal(sound_of(first), sound_of(again))
    assert not np.array_equal(sound_of(first), sound_of(plain))


@pytest.mark.parametrize(
    "control",
    [
        Control("brightness", 100.0),
        Control("nearness", 0.0),
        Control("seed", 77.0),
    ],
)
def test_a_control_changes_what_comes_soon_and_nothing_before(
    model: LoadedVQModel, plain: list[LiveBlock], control: Control
) -> None:
    """Codes change in time, whatever event sounds."""
    noted: Script = []
    changed = codes_of(play(model, [(30, control)], frames=80, noted=noted))
    ((frame, _),) = noted
    different = np.nonzero((codes_of(plain) != changed).any(1))[0]
    assert frame <= different[0]
    # One decision may come out as before; three events and turns in a row do not.
    assert different[0] <= frame + 3 * STEERING_WAIT_FRAMES


def test_the_look_ahead_is_what_is_said(model: LoadedVQModel) -> None:
    """From the frame that a changed code has to the sample where it is first heard."""
    begin = settings("low")
    control = Control("brightness", 100.0)
    untouched = play(model, begin=begin)
    changed = play(model, [(30, control)], begin)
    heard = first_difference(sound_of(untouched), sound_of(changed)) // model.model.frame_hop
    code = np.nonzero((codes_of(untouched) != codes_of(changed)).any(1))[0][0]
    # Two frames, and that of the inverse transform.
    assert code - 3 <= heard <= code


def test_level_and_notes_come_without_the_look_ahead_and_without_a_step(
    model: LoadedVQModel, plain: list[LiveBlock]
) -> None:
    sound = sound_of(plain)[:, : FRAMES * model.model.frame_hop]
    for control in (Control("level", -80.0), Control("note", (60.0, 127.0))):
        noted: Script = []
        changed = sound_of(play(model, [(30, control)], noted=noted))
        frame = noted[0][0]
        heard = first_difference(sound, changed) / model.model.frame_hop
        # The decoder holds 11 frames that were drawn before.
        assert frame - 12 <= heard <= frame - 9
        if control.name == "level":
            assert not changed[:, frame * model.model.frame_hop :].any()
            assert np.abs(np.diff(changed)).max() <= np.abs(np.diff(sound)).max()


def test_what_cannot_be_followed_is_remarked_and_what_is_taken_back_leaves_nothing(
    model: LoadedVQModel, plain: list[LiveBlock]
) -> None:
    noted: Script = []
    script = [
        (20, Control("tag", ("violin", 1.0))),
        (24, Control("tag", ("low", 1.0))),
        (24, Control("tag", ("low", 0.0))),
    ]
    blocks = play(model, script, noted=noted)
    remarks = [remark for block in blocks for remark in block.remarks]
    assert len(remarks) == 1
    assert "no tag 'violin'" in remarks[0]
    assert [control for _, control in noted] == [control for _, control in script[1:]]
    assert np.array_equal(codes_of(blocks), codes_of(plain)[:FRAMES])


def test_settings_that_are_none_are_refused(model: LoadedVQModel) -> None:
    with pytest.raises(UsageError, match="no latency"):
        settings(latency="none")
    begin = LiveSettings(seed=-1, sampling=Sampling(), steering=Steering())
    with pytest.raises(UsageError, match="--seed"):
        play(model, begin=begin)

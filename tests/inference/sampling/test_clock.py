import pytest

from distill.inference.sampling.clock import Clock


def test_beats_are_even_without_swing() -> None:
    clock = Clock(tempo=120.0, swing=0.0, frame_rate=46.875)
    assert [clock.frame(beat) for beat in (0, 0.5, 1, 8)] == pytest.approx(
        [0, 11.71875, 23.4375, 187.5]
    )


def test_an_origin_is_frame_0() -> None:
    clock = Clock(tempo=60.0, swing=0.4, frame_rate=50.0, origin=2.5)
    assert clock.frame(2.5) == 0
    assert clock.frame(3.5) == pytest.approx(50)


@pytest.mark.parametrize(("swing", "place"), [(0.0, 1 / 2), (0.5, 7 / 12), (1.0, 2 / 3)])
def test_swing_delays_the_second_half_of_a_beat_alone(swing: float, place: float) -> None:
    clock = Clock(tempo=60.0, swing=swing, frame_rate=1.0)
    for beat in range(4):
        assert clock.frame(beat) == pytest.approx(beat)
        assert clock.frame(beat + 0.5) == pytest.approx(beat + place)
    times = [clock.frame(i / 16) for i in range(64)]
    assert times == sorted(times)


@pytest.mark.parametrize("swing", [0.0, 0.3, 1.0])
def test_frames_and_beats_are_inverse(swing: float) -> None:
    clock = Clock(tempo=93.0, swing=swing, frame_rate=46.875, origin=1.25)
    beats = [i / 12 for i in range(96)]
    assert [clock.beat(clock.frame(beat)) for beat in beats] == pytest.approx(beats, abs=1e-9)

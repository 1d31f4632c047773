"""Codes settled once, then a decoder that learns under them."""

from pathlib import Path
from typing import Any

import pytest
import torch

import distill
from distill.data.corpus import scan_corpus
from distill.data.dataset import make_manifest, split_by_manifest
from distill.models import frame_memory
from distill.models.chunked import decode_codes, encode_audio
from distill.models.losses import MEL_SCALES, MelLoss
from distill.settings import SAMPLE_RATE
from distill.training.codec.trainer import CodecTrainer
from distill.training.codec.validation import measure_health
from distill.training.config import VQVAEConfig

SETTLED = ("analysis.", "rvq.", "memory.keys")


@pytest.fixture
def trainer(corpus_dir: Path, tiny: dict[str, Any]) -> CodecTrainer:
    return trainer_of(corpus_dir, **tiny)


def trainer_of(folder: Path, **settings: Any) -> CodecTrainer:
    clips = scan_corpus(folder).clips
    split = split_by_manifest(clips, make_manifest(clips))
    return CodecTrainer(VQVAEConfig(steps=100, **settings), split, SAMPLE_RATE, torch.device("cpu"))


def codes_of(trainer: CodecTrainer) -> torch.Tensor:
    return torch.cat(
        [encode_audio(trainer.codec, region.audio()) for region in trainer.sampler.regions]
    )


def test_codes_stay_as_they_were_settled_while_everything_else_learns(
    trainer: CodecTrainer,
) -> None:
    assert not trainer.codebooks_ready
    trainer.settle_codes()
    codes, name = codes_of(trainer), trainer.codec.codebook_hash()
    before = {name: tensor.clone() for name, tensor in trainer.codec.state_dict().items()}
    # Muon moves at every other step.
    for _ in range(4):
        trainer.step()
    assert torch.equal(codes_of(trainer), codes)
    assert trainer.codec.codebook_hash() == name
    for key, tensor in trainer.codec.state_dict().items():
        assert torch.equal(tensor, before[key]) == key.startswith(SETTLED), key


def test_every_frame_that_it_learns_from_can_be_known_by_heart(trainer: CodecTrainer) -> None:
    trainer.settle_codes()
    memory = trainer.codec.memory
    assert memory is not None
    codes = codes_of(trainer)
    assert memory.vectors.shape == (len(codes), 256)
    assert memory.find(codes)[1].all()
    held_out = torch.cat(
        [encode_audio(trainer.codec, region.audio()) for region in trainer.held_out]
    )
    new = ~(held_out[:, None] == codes).all(2).any(1)
    assert new.any()
    assert not memory.find(held_out[new])[1].any()


@pytest.mark.parametrize(("room", "width"), [(100, 96), (63, 0)])
def test_of_a_longer_corpus_less_is_known_of_each_frame(
    corpus_dir: Path, tiny: dict[str, Any], monkeypatch: pytest.MonkeyPatch, room: int, width: int
) -> None:
    frames = len(codes_of(trainer_of(corpus_dir, **tiny)))
    monkeypatch.setattr(frame_memory, "MOST_NUMBERS", room * frames)
    trainer = trainer_of(corpus_dir, **tiny)
    trainer.step()
    shape = trainer.codec.memory.vectors.shape if trainer.codec.memory else None
    assert shape == ((frames, width) if width else None)


def test_levels_are_well_used_and_counted_from_the_first_step(trainer: CodecTrainer) -> None:
    assert trainer.level_health() == ()
    for _ in range(20):
        metrics = trainer.step()
    assert [level.name for level in metrics.levels] == ["Structure", "Timbre", "Detail"]
    assert all(level.utilisation > 0.9 for level in metrics.levels)
    assert all(level.dead_codes == round(32 * (1 - level.utilisation)) for level in metrics.levels)
    assert all(level.utilisation >= 0.8 for level in measure_health(trainer.finish().code_counts))


def test_what_is_settled_hardly_depends_on_the_batch(
    corpus_dir: Path, tiny: dict[str, Any]
) -> None:
    """A batch halved for want of memory must not leave fewer sounds to settle the codes by."""
    distances = []
    for batch_size in (1, 32):
        trainer = trainer_of(corpus_dir, **tiny | {"batch_size": batch_size})
        trainer.settle_codes()
        distances.append((trainer.first_distance, trainer.validate().own))
    single, many = distances
    assert single == pytest.approx(many, rel=0.15)


def test_the_first_distance_is_that_of_training_sounds_before_it_learns(
    trainer: CodecTrainer,
) -> None:
    trainer.settle_codes()
    own = trainer.validate().own
    # Heard in pieces, with silence between sounds, and by other windows.
    assert trainer.first_distance == pytest.approx(own, rel=0.5)
    losses = [trainer.step().mel_loss for _ in range(30)]
    assert sum(losses[-10:]) / 10 < trainer.first_distance


@pytest.mark.parametrize("stop", [0, 3, 4])
def test_a_restored_trainer_takes_the_same_steps(
    corpus_dir: Path, tmp_path: Path, tiny: dict[str, Any], stop: int
) -> None:
    whole, first, second = (trainer_of(corpus_dir, **tiny) for _ in range(3))
    losses = [whole.step().mel_loss for _ in range(7)]
    for _ in range(stop):
        first.step()
    torch.save(first.state(), tmp_path / "state.pt")
    second.restore(torch.load(tmp_path / "state.pt", weights_only=True))
    assert [second.step().mel_loss for _ in range(stop, 7)] == losses[stop:]
    state = second.codec.state_dict()
    assert all(
        torch.equal(tensor, state[name]) for name, tensor in whole.codec.state_dict().items()
    )
    assert second.first_distance == whole.first_distance
    with whole.average.apply(), second.average.apply():
        assert torch.equal(whole.codec.outline.weight, second.codec.outline.weight)


@pytest.mark.parametrize("half", [True, False])
def test_the_precision_is_that_of_the_machine_where_training_began(
    trainer: CodecTrainer, corpus_dir: Path, tiny: dict[str, Any], half: bool
) -> None:
    state = trainer.state() | {"half_precision": half}
    other = trainer_of(corpus_dir, **tiny)
    other.restore(state)
    assert other.codec.half_precision == half


def test_each_level_brings_the_sound_nearer(trained: Path, corpus_dir: Path) -> None:
    model, mel = distill.load(trained, "cpu", 1).model, MelLoss(SAMPLE_RATE)
    sounds = [clip.audio() for clip in scan_corpus(corpus_dir).clips]
    totals = [0.0, 0.0, 0.0]
    for sound in sounds:
        codes = encode_audio(model, sound)
        target = torch.nn.functional.pad(
            torch.tensor(sound), (0, -sound.shape[1] % model.frame_hop)
        )
        for q in range(3):
            decoded = torch.from_numpy(decode_codes(model, codes[:, : q + 1]))
            totals[q] += float(mel(decoded, target, tuple(range(2, len(MEL_SCALES)))))
    assert totals[0] > totals[1] > totals[2]
    assert totals[2] < 0.9 * totals[0]

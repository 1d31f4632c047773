"""Set-up of prior training: everything that is done once, before the first step.

The corpus is encoded and measured, the prior built, its attribute classifier trained.
"""

import math
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import torch

from distill.cancellation import cancellable, check_each
from distill.data.dataset import ClipRegion, Split
from distill.errors import UsageError
from distill.models.persistence import LoadedVQModel
from distill.models.prior import CodePrior
from distill.models.vqvae import VQVAE
from distill.settings import SAMPLE_RATE
from distill.training.corpus_facts import CorpusFacts
from distill.training.prior.attribute_targets import AttributeTargets, classifier_batches
from distill.training.prior.data import (
    PriorCodes,
    Shape,
    batch_shapes,
    context_frames,
    metre_of,
    validation_pieces,
)
from distill.training.prior.encoding import (
    Encoder,
    Encoding,
    count_encodings,
    draw_gains,
    draw_offsets,
)
from distill.training.prior.material import Material, collect_material
from distill.training.prior.preparation import (
    PreparationCallback,
    PreparedSounds,
    prepare_sounds,
)
from distill.training.prior.region_traits import RegionTraits
from distill.training.prior.streams import Stream
from distill.training.prior_config import PriorConfig
from distill.training.world import World

CLASSIFIER = "reader."
"""Beginning of the names of the weights of a prior's attribute classifier."""

MOST_STEPS = 400
"""Steps of an epoch at most, about a minute: whoever waits hears how training goes. They hold as
many frames as 1.8 hours of sound."""

METRE = "metre."
"""The same of those that take positions in beat and bar."""


@dataclass(frozen=True)
class PriorSetup:
    """Parts of a prior training, ready for the first step.

    Attributes:
        loaded: Model with the frozen codec.
        split: Training and held-out regions.
        config: Settings.
        corpus_facts: Facts about the corpus that the verdicts need.
        offsets: Samples by which the frame grid moves in each encoding.
        codes: Codes of the corpus.
        material: The sounds that generation takes events from, with the targets of the attribute
            classifier.
        arguments: Constructor arguments of the prior beside the codebook size.
        prior: Untrained, on its device, with a trained attribute classifier.
        shapes: Shapes of the batches, which repeat.
        held_out: Pieces of held-out sounds, for validation.
        own: Pieces of training sounds, for validation.
        steps_per_epoch: Batches of an epoch.
        muted: Name and hash of each file that is left out by hand.
        parent_hash: Hash of the weights of the model whose prior learns on; empty for a new prior.
        world: The processes that train it.
    """

    loaded: LoadedVQModel
    split: Split
    config: PriorConfig
    corpus_facts: CorpusFacts
    offsets: list[int]
    codes: PriorCodes
    material: Material
    arguments: dict[str, Any]
    prior: CodePrior
    shapes: list[Shape]
    held_out: list[Stream]
    own: list[Stream]
    steps_per_epoch: int
    muted: Sequence[Mapping[str, str]] = ()
    parent_hash: str = ""
    world: World = field(default_factory=World)

    @property
    def file_count(self) -> int:
        """Distinct sounds of the corpus."""
        return count_files(self.split)


def count_files(split: Split) -> int:
    """Distinct sounds of both parts of `split`."""
    regions = (*split.train, *split.held_out)
    return len({region.clip.content_hash for region in regions})


def prepare_prior(
    loaded: LoadedVQModel,
    split: Split,
    config: PriorConfig,
    corpus_facts: CorpusFacts,
    cancel_event: threading.Event,
    muted: Sequence[Mapping[str, str]] = (),
    learns_on: bool = False,
    callback: PreparationCallback | None = None,
    world: World | None = None,
) -> PriorSetup:
    """Encode and measure the corpus, and build the prior.

    Args:
        loaded: Model with the codec, which is frozen.
        split: Training and held-out regions.
        config: Settings.
        corpus_facts: Facts about the corpus.
        cancel_event: Once set, nothing further is done.
        muted: Name and hash of each file that is left out by hand.
        learns_on: Whether to begin with the weights of the model's prior.
        callback: Gets the progress of encoding and measuring.
        world: The processes that train it; None for this one alone.

    Raises:
        CancelledError: `cancel_event` was set.
        OutputError: The cache cannot be written.
        UsageError: The model's prior has another shape.
    """
    world = world or World()
    codec = loaded.model.requires_grad_(False)
    count = count_encodings(config.encodings, _seconds_of(split.train))
    offsets = draw_offsets(count, codec.frame_hop, config.seed)
    gains = draw_gains(count, config.seed)
    encoder = Encoder(codec, [Encoding(*pair) for pair in zip(offsets, gains, strict=True)])
    measures = RegionTraits(codec.sample_rate, codec.frame_hop, codec.channels)
    tell = callback if callback and world.is_first else lambda metrics: None
    with cancellable(cancel_event):
        # The others find in the cache what the first one of their machine leaves there.
        sounds = world.in_turn(lambda: prepare_sounds(split, encoder, measures, tell))
        with world.together():
            setup = _assemble(
                loaded, split, config, corpus_facts, offsets, gains, sounds, learns_on
            )
    world.take_first(setup.prior)
    return replace(setup, muted=muted, world=world)


def _assemble(
    loaded: LoadedVQModel,
    split: Split,
    config: PriorConfig,
    corpus_facts: CorpusFacts,
    offsets: list[int],
    gains: list[float],
    sounds: PreparedSounds,
    learns_on: bool,
) -> PriorSetup:
    """The setup of a training on these sounds, each encoded with these offsets and gains (dB)."""
    codec = loaded.model
    codes = _with_metre(
        sounds, [offset / codec.sample_rate for offset in offsets], codec.frame_rate
    )
    material = collect_material(split, sounds, gains, codec.frame_rate)
    attributes = material.attributes

    context = context_frames(config, codec.frame_rate)
    has_metre = bool(codes.train_metre) or (learns_on and loaded.require_prior().metre is not None)
    arguments = _prior_arguments(codec, config, context, attributes, has_metre)
    prior = _build_prior(codec, arguments, config.seed)
    if learns_on:
        _take_weights(prior, loaded)
    _train_classifier(prior, codes, attributes, config.seed)

    shapes = batch_shapes(config, codec.frame_rate)
    held_out, own = validation_pieces(codes, context, codec.frame_rate, config.seed)
    return PriorSetup(
        loaded=loaded,
        split=split,
        config=config,
        corpus_facts=corpus_facts,
        offsets=offsets,
        codes=codes,
        material=material,
        arguments=arguments,
        prior=prior,
        shapes=shapes,
        held_out=held_out,
        own=own,
        steps_per_epoch=_steps_per_epoch(codes, shapes[0], config),
        parent_hash=loaded.weights_hash if learns_on else "",
    )


def _seconds_of(regions: Sequence[ClipRegion]) -> float:
    return sum(region.n_samples for region in regions) / SAMPLE_RATE


def _with_metre(sounds: PreparedSounds, leads_s: Sequence[float], frame_rate: float) -> PriorCodes:
    """The codes, with the positions of their frames in beat and bar where any sound has some.

    Args:
        sounds: The corpus.
        leads_s: Seconds of silence before a sound in each encoding.
        frame_rate: Code frames per second.
    """
    train, held_out = sounds
    codes = PriorCodes(train=train.codes, held_out=[versions[0] for versions in held_out.codes])
    if not any(train.pulses):
        return codes
    train_metre = [
        [
            metre_of(pulse, len(version), lead_s, frame_rate)
            for version, lead_s in zip(versions, leads_s, strict=True)
        ]
        for pulse, versions in zip(train.pulses, codes.train, strict=True)
    ]
    held_out_metre = [
        metre_of(pulse, len(version), 0.0, frame_rate)
        for pulse, version in zip(held_out.pulses, codes.held_out, strict=True)
    ]
    return codes._replace(train_metre=train_metre, held_out_metre=held_out_metre)


def _prior_arguments(
    codec: VQVAE,
    config: PriorConfig,
    context: int,
    attributes: AttributeTargets,
    has_metre: bool,
) -> dict[str, Any]:
    """Constructor arguments of the prior beside the codebook size."""
    Q, _, D = codec.rvq.codebooks.shape
    return {
        "seq_len": context * Q,
        "num_quantizers": Q,
        "hidden_size": config.hidden_size,
        "num_layers": config.num_layers,
        "num_heads": config.num_heads,
        "dropout": config.dropout,
        "latent_dim": D,
        "hears_ahead": config.ahead_share > 0,
        "descriptors": len(attributes.table.rows),
        "tags": len(attributes.tags),
        "ends_first": True,
        "has_metre": has_metre,
    }


def _build_prior(codec: VQVAE, arguments: dict[str, Any], seed: int) -> CodePrior:
    """An untrained prior on the codec's device, whose pointer has the codec's codebooks."""
    torch.manual_seed(seed)
    prior = CodePrior(codec.codebook_size, **arguments)
    if prior.pointer is not None:
        prior.pointer.set_entries(codec.rvq.codebooks)
    return prior.to(codec.rvq.codebooks.device)


def _take_weights(prior: CodePrior, loaded: LoadedVQModel) -> None:
    """Give `prior` the weights of the one in `loaded`, all but those of its classifier.

    The classifier learns anew: it depends on the folders and percentiles of the corpus.
    """
    own = prior.state_dict()
    weights = {
        name: tensor
        for name, tensor in loaded.require_prior().state_dict().items()
        if not name.startswith(CLASSIFIER)
    }
    for name in own.keys() - weights.keys():
        if name.startswith(METRE):
            # Positions in time are a new input: it changes nothing before it is learned.
            weights[name] = torch.zeros_like(own[name])
    shapes = {name: own[name].shape for name in own if not name.startswith(CLASSIFIER)}
    if {name: tensor.shape for name, tensor in weights.items()} != shapes:
        raise UsageError(
            f"The prior in {loaded.path} is of another size or an earlier kind, and cannot learn "
            "on: train it afresh (--afresh)."
        )
    prior.load_state_dict(own | weights)


def _train_classifier(
    prior: CodePrior, codes: PriorCodes, attributes: AttributeTargets, seed: int
) -> None:
    """Train the attribute classifier, which then stays as it is."""
    if prior.reader is None or prior.pointer is None:
        return
    batches = classifier_batches(prior.pointer, codes.train, attributes, seed)
    prior.reader.learn(check_each(batches))


def _steps_per_epoch(codes: PriorCodes, shape: Shape, config: PriorConfig) -> int:
    """Batches that hold as many frames as the corpus, within the limits of an epoch."""
    frames = sum(len(versions[0]) for versions in codes.train)
    one_pass = math.ceil(frames / math.prod(shape))
    return max(min(one_pass, MOST_STEPS), config.min_steps_per_epoch)

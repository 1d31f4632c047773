"""Model files: saving and loading a codec, and later its prior, in one `.sda` file.

`sda_file` reads and writes the file, `rebuild` builds networks from its entries without trusting
them. This module knows which entries a codec and a prior have.
"""

import hashlib
import logging
import math
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import torch

from distill.errors import CodebookMismatchError, NoPriorError
from distill.files import FilePath
from distill.html import card, line_chart
from distill.models.code_faults import fault_in_beats, fault_in_codes
from distill.models.header import (
    PRIOR_SETTINGS,
    check_codec_facts,
    check_codec_settings,
    check_prior_facts,
    refuse_fault,
)
from distill.models.metadata_types import REQUIRED_KEYS, fault_in_codec_metadata
from distill.models.prior import CodePrior
from distill.models.prior_metadata import PriorMetadata
from distill.models.rebuild import accepted_arguments, check_fits, rebuild
from distill.models.sda_checks import FORMAT, VERSION, require
from distill.models.sda_file import WEIGHTS, plain_copy, read_contents, write_contents
from distill.models.vqvae import VQVAE

logger = logging.getLogger(__name__)


@dataclass
class LoadedVQModel:
    """Contents of a `.sda` file: networks in eval mode on one device, and plain entries.

    Attributes:
        model: The codec.
        config: Constructor arguments of the codec.
        metadata: Entries about the codec and its training.
        path: The file.
        prior: The prior; this and the next two are None without one.
        prior_config: Constructor arguments of the prior, and settings of its training.
        prior_metadata: Entries about the prior and its training, as `prior_facts` reads them.
        tools: Objects that other modules have made of this model and keep with it, by name.
    """

    model: VQVAE
    config: dict[str, Any]
    metadata: dict[str, Any]
    path: Path
    prior: CodePrior | None = None
    prior_config: dict[str, Any] | None = None
    prior_metadata: dict[str, Any] | None = None
    # Not an argument: a model with other contents has tools of its own.
    tools: dict[str, Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    @cached_property
    def prior_facts(self) -> PriorMetadata:
        """Typed view of `prior_metadata`; all defaults without a prior."""
        return PriorMetadata.from_dict(self.prior_metadata or {})

    def _repr_html_(self) -> str:
        """Facts and losses, for notebooks."""
        corpus = self.metadata.get("corpus") or []
        losses = _curve(self.metadata, "own_loss"), _curve(self.metadata, "val_loss")
        prior = _curve(self.prior_metadata or {}, "val_loss")
        channels = {1: "mono", 2: "stereo"}.get(self.output_channels)
        facts = {
            "File": self.path,
            "Codec": f"{channels}, {self.model.num_quantizers} levels of "
            f"{self.model.codebook_size} codes",
            "Corpus": f"{len(corpus)} recordings",
            "Verdict": self.metadata.get("verdict"),
            "Prior": "none yet" if self.prior is None else self.prior_facts.verdict or "trained",
        }
        return card(
            f"Model {self.metadata.get('name') or self.path.name}",
            facts,
            line_chart("Mel distance", {"own": losses[0], "held out": losses[1]}),
            line_chart("Loss of the prior in nats", {"held out": prior}),
        )

    @property
    def output_channels(self) -> int:
        """Channels of decoded audio: those of the codec, or two equal ones (dual mono)."""
        channels = self.metadata.get("output_channels")
        if channels in (1, 2) and channels > self.model.channels:
            return channels
        return self.model.channels

    @cached_property
    def weights_hash(self) -> str:
        """SHA-256 of all weights, codec and prior; computed once, since they do not change."""
        digest = hashlib.sha256()
        networks = [self.model] if self.prior is None else [self.model, self.prior]
        for network in networks:
            for name, weights in sorted(network.state_dict().items()):
                digest.update(name.encode())
                digest.update(weights.detach().cpu().contiguous().numpy().tobytes())
        return digest.hexdigest()

    def require_prior(self) -> CodePrior:
        """The prior of this model.

        Raises:
            NoPriorError: If the file holds a codec alone.
        """
        if self.prior is None:
            raise NoPriorError(
                f"{self.path} has no prior yet: run `distill train-prior {self.path} SOUNDS` first."
            )
        return self.prior


def _curve(metadata: dict[str, Any], name: str) -> list[float]:
    """Finite values of a loss curve that a file keeps."""
    values = [point.get(name) for point in metadata.get("loss_curves") or []]
    return [float(v) for v in values if isinstance(v, int | float) and math.isfinite(v)]


def save_model_v2(path: FilePath, model: VQVAE, metadata: dict[str, Any]) -> Path:
    """Write a codec to a file, whole or not at all; an earlier file is replaced.

    The file holds no prior, even if the earlier one did.

    Args:
        path: File to write.
        model: The codec.
        metadata: Entries to store with it: tensors, numbers, strings, bools, None, lists, dicts.
            The codec's codebook hash is added.

    Returns:
        The path.

    Raises:
        OutputError: If the file cannot be written; the earlier one then stays.
        TypeError: If an entry is of another type.
    """
    path = Path(path)
    contents = {
        "format": FORMAT,
        "version": VERSION,
        "vqvae_config": plain_copy(model.config, "config"),
        "state_dict": plain_copy(model.state_dict(), "state_dict"),
        "metadata": plain_copy({**metadata, "codebook_hash": model.codebook_hash()}, "metadata"),
        "has_prior": False,
    }
    # The checks of reading: better to fail here than when the file is opened.
    check_codec_settings(path, contents["vqvae_config"])
    check_fits(path, VQVAE, contents["vqvae_config"], contents["state_dict"])
    write_contents(path, contents)
    return path


def load_model_v2(path: FilePath, device: str | torch.device = "cpu") -> LoadedVQModel:
    """Load the codec in a file, and its prior if there is one.

    Runs no code from the file, and keeps no part of it open or mapped.

    Args:
        path: The `.sda` file.
        device: Where the networks go.

    Returns:
        The contents, networks in eval mode.

    Raises:
        ModelFileError: One of its subclasses, saying why the file cannot be used.

    Example:
        loaded = load_model_v2("my.sda")
        codes = loaded.model.encode(audio)
    """
    path = Path(path)
    contents = read_contents(path)
    check_codec_facts(path, contents)
    model = _build_codec(path, contents)
    loaded = LoadedVQModel(
        model=model.to(device),
        config=plain_copy(contents["vqvae_config"], "vqvae_config"),
        metadata=plain_copy(contents["metadata"], "metadata"),
        path=path,
    )
    if contents.get("has_prior") is True:
        check_prior_facts(path, contents)
        refuse_fault(path, fault_in_codes(contents["prior_metadata"], model.codebook_size))
        refuse_fault(path, fault_in_beats(contents["prior_metadata"]))
        loaded.prior = _build_prior(path, contents, model.codebook_hash()).to(device)
        loaded.prior_config = plain_copy(contents["prior_config"], "prior_config")
        loaded.prior_metadata = plain_copy(contents["prior_metadata"], "prior_metadata")
    return loaded


def save_prior_to_model(
    model_path: FilePath,
    prior_model: CodePrior,
    prior_config: dict[str, Any],
    prior_metadata: dict[str, Any],
) -> Path:
    """Add a prior to a model file, in place of any prior there.

    Args:
        model_path: The file, which holds a codec.
        prior_model: The prior.
        prior_config: Its constructor arguments, at least `PRIOR_SETTINGS`, and further settings.
        prior_metadata: Entries about its training. The codec's codebook hash is added.

    Returns:
        The path.

    Raises:
        CodebookMismatchError: If `prior_metadata` names another codebook hash.
        ModelFileError: As `load_model_v2`.
        OutputError: If the file cannot be written. In every such case it is as it was.
    """
    path = Path(model_path)
    # A copy of everything: no mapping of the old file may be open when it is replaced.
    contents = plain_copy(read_contents(path), "contents")
    refuse_fault(path, fault_in_codec_metadata(contents["metadata"]))
    codebook_hash = _build_codec(path, contents).codebook_hash()
    hashed_metadata = {"codebook_hash": codebook_hash, **prior_metadata}
    contents |= {
        "has_prior": True,
        "prior_state_dict": plain_copy(prior_model.state_dict(), "prior_state_dict"),
        "prior_config": plain_copy(prior_config, "prior_config"),
        "prior_metadata": plain_copy(hashed_metadata, "prior_metadata"),
    }
    arguments = _prior_arguments(path, contents, codebook_hash)
    check_fits(path, CodePrior, arguments, contents["prior_state_dict"])
    write_contents(path, contents)
    logger.info("Bundled prior into %s", path)
    return path


def read_header(path: FilePath) -> dict[str, Any]:
    """Read all entries of a model file but the weights, in a few milliseconds for any size.

    Checks marker, version and required entries, but not whether the weights are whole.

    Raises:
        ModelFileError: As `load_model_v2`.
    """
    path = Path(path)
    contents = read_contents(path, weights=False)
    check_codec_facts(path, contents)
    if contents.get("has_prior") is True:
        check_prior_facts(path, contents)
    header = {key: value for key, value in contents.items() if key not in WEIGHTS}
    copy: dict[str, Any] = plain_copy(header, "header")
    return copy


def _build_codec(path: Path, contents: dict[str, Any]) -> VQVAE:
    """The codec in `contents`, once its codebooks have the hash that is stated."""
    config = contents["vqvae_config"]
    check_codec_settings(path, config)
    model = rebuild(path, VQVAE, config, contents["state_dict"])
    reference = contents["metadata"].get("codebook_hash")
    if reference is not None and reference != model.codebook_hash():
        raise CodebookMismatchError(
            f"{path} holds other codebooks than it states: use another copy of it."
        )
    return model


def _build_prior(path: Path, contents: dict[str, Any], codebook_hash: str) -> CodePrior:
    arguments = _prior_arguments(path, contents, codebook_hash)
    return rebuild(path, CodePrior, arguments, contents["prior_state_dict"])


def _prior_arguments(path: Path, contents: dict[str, Any], codebook_hash: str) -> dict[str, Any]:
    """Constructor arguments of the prior in `contents`, once it belongs to the codec there."""
    config = contents["prior_config"]
    metadata = contents["prior_metadata"]
    require(path, "prior_config", config, PRIOR_SETTINGS)
    require(path, "prior_metadata", metadata, REQUIRED_KEYS)
    codec = contents["vqvae_config"]
    same_levels = config["num_quantizers"] == codec["num_quantizers"]
    if metadata["codebook_hash"] != codebook_hash or not same_levels:
        raise CodebookMismatchError(
            f"The prior does not belong to the codec in {path}: "
            "train it again with 'distill train-prior'."
        )
    return accepted_arguments(CodePrior, config) | {"codebook_size": codec["codebook_size"]}

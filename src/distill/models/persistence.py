"""Model files: a codec, and later its prior, in one `.sda` file.

`sda_file` reads and writes the file, `rebuild` makes networks of what it says; here both meet the
codec and the prior.
"""

import hashlib
import logging
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import torch

from distill.errors import CodebookMismatchError, NoPriorError, ShapeMismatchError
from distill.models.prior import CodePrior
from distill.models.prior_metadata import REQUIRED_KEYS, PriorMetadata
from distill.models.rebuild import accepted_arguments, check_fits, rebuild
from distill.models.sda_file import (
    FORMAT,
    VERSION,
    WEIGHTS,
    plain_copy,
    read_contents,
    require,
    write_contents,
)
from distill.models.vqvae import VQVAE

logger = logging.getLogger(__name__)

CODEC_SETTINGS = ("codebook_size", "num_quantizers", "sample_rate", "channels")
PRIOR_SETTINGS = ("hidden_size", "num_layers", "num_heads", "seq_len", "num_quantizers", "dropout")


@dataclass
class LoadedVQModel:
    """What a `.sda` file holds: networks in eval mode on one device; `prior*` None without a
    prior."""

    model: VQVAE
    config: dict[str, Any]
    metadata: dict[str, Any]
    path: Path
    prior: CodePrior | None = None
    prior_config: dict[str, Any] | None = None
    prior_metadata: dict[str, Any] | None = None

    @cached_property
    def prior_facts(self) -> PriorMetadata:
        """Typed view of `prior_metadata`; all defaults without a prior."""
        return PriorMetadata.from_dict(self.prior_metadata or {})

    @property
    def output_channels(self) -> int:
        """Channels of what is decoded: those of the codec, or two that are the same (dual mono)."""
        stated = self.metadata.get("output_channels")
        return stated if stated in (1, 2) and stated > self.model.channels else self.model.channels

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


def save_model_v2(path: str | Path, model: VQVAE, metadata: dict[str, Any]) -> Path:
    """Write the codec `model` to `path`, replacing any file there whole; never a prior. Returns the
    path.

    `metadata` (tensors, numbers, strings, bools, None, lists, dicts, else `TypeError`) goes in with
    the codec's codebook hash added. `OutputError` if the file cannot be written; the earlier one
    then stays.
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
    # What is written now must be readable for ever: better to fail here than when it is opened.
    _check_codec_settings(path, contents["vqvae_config"])
    check_fits(path, VQVAE, contents["vqvae_config"], contents["state_dict"])
    write_contents(path, contents)
    return path


def load_model_v2(path: str | Path, device: str | torch.device = "cpu") -> LoadedVQModel:
    """The codec in the file at `path`, with its prior if it has one, in eval mode on `device`.

    Runs no code from the file and keeps no hold on it. Raises the `ModelFileError` that says what
    is wrong.
    """
    path = Path(path)
    contents = read_contents(path)
    model = _build_codec(path, contents)
    loaded = LoadedVQModel(
        model=model.to(device),
        config=plain_copy(contents["vqvae_config"], "vqvae_config"),
        metadata=plain_copy(contents["metadata"], "metadata"),
        path=path,
    )
    if contents.get("has_prior") is True:
        loaded.prior = _build_prior(path, contents, model.codebook_hash()).to(device)
        loaded.prior_config = plain_copy(contents["prior_config"], "prior_config")
        loaded.prior_metadata = plain_copy(contents["prior_metadata"], "prior_metadata")
    return loaded


def save_prior_to_model(
    model_path: str | Path,
    prior_model: CodePrior,
    prior_config: dict[str, Any],
    prior_metadata: dict[str, Any],
) -> Path:
    """Add `prior_model` to the model file at `model_path`, in place of any prior there. Returns the
    path.

    `prior_config` holds at least `PRIOR_SETTINGS`; `prior_metadata` is stored with the codec's
    codebook hash (`CodebookMismatchError` if it names another). Raises like `load_model_v2`, and
    `OutputError` if the file cannot be written; in every such case the file is as it was.
    """
    path = Path(model_path)
    # A copy of everything: no mapping of the old file may be open when it is replaced.
    contents = plain_copy(read_contents(path), "contents")
    codebook_hash = _build_codec(path, contents).codebook_hash()
    contents |= {
        "has_prior": True,
        "prior_state_dict": plain_copy(prior_model.state_dict(), "prior_state_dict"),
        "prior_config": plain_copy(prior_config, "prior_config"),
        "prior_metadata": plain_copy(
            {"codebook_hash": codebook_hash, **prior_metadata}, "prior_metadata"
        ),
    }
    arguments = _prior_arguments(path, contents, codebook_hash)
    check_fits(path, CodePrior, arguments, contents["prior_state_dict"])
    write_contents(path, contents)
    logger.info("Bundled prior into %s", path)
    return path


def read_header(path: str | Path) -> dict[str, Any]:
    """Every entry of the model file at `path` but the weights, in a few milliseconds whatever its
    size.

    Marker, version and required entries are checked; whether the weights are whole is not.
    """
    contents = read_contents(Path(path), weights=False)
    _check_codec_settings(Path(path), contents["vqvae_config"])
    if contents.get("has_prior") is True:
        require(Path(path), "prior_config", contents["prior_config"], PRIOR_SETTINGS)
        require(Path(path), "prior_metadata", contents["prior_metadata"], REQUIRED_KEYS)
    header = {key: value for key, value in contents.items() if key not in WEIGHTS}
    copied: dict[str, Any] = plain_copy(header, "header")
    return copied


def _check_codec_settings(path: Path, config: dict[str, Any]) -> None:
    require(path, "vqvae_config", config, CODEC_SETTINGS)
    for name in CODEC_SETTINGS:
        if type(config[name]) is not int or config[name] < 1:
            raise ShapeMismatchError(
                f"{path} states no usable '{name}': use another copy of it, or train again."
            )


def _build_codec(path: Path, contents: dict[str, Any]) -> VQVAE:
    config = contents["vqvae_config"]
    _check_codec_settings(path, config)
    model = rebuild(path, VQVAE, config, contents["state_dict"])
    stated = contents["metadata"].get("codebook_hash")
    if stated is not None and stated != model.codebook_hash():
        raise CodebookMismatchError(
            f"{path} holds other codebooks than it states: use another copy of it."
        )
    return model


def _build_prior(path: Path, contents: dict[str, Any], codebook_hash: str) -> CodePrior:
    arguments = _prior_arguments(path, contents, codebook_hash)
    return rebuild(path, CodePrior, arguments, contents["prior_state_dict"])


def _prior_arguments(path: Path, contents: dict[str, Any], codebook_hash: str) -> dict[str, Any]:
    """Constructor arguments of the prior in `contents`, once it is known to belong to the codec
    there."""
    config, metadata = contents["prior_config"], contents["prior_metadata"]
    require(path, "prior_config", config, PRIOR_SETTINGS)
    require(path, "prior_metadata", metadata, REQUIRED_KEYS)
    codec = contents["vqvae_config"]
    same_levels = config["num_quantizers"] == codec["num_quantizers"]
    if metadata["codebook_hash"] != codebook_hash or not same_levels:
        raise CodebookMismatchError(
            f"The prior does not belong to the codec in {path}: train it again with 'distill train-prior'."
        )
    return accepted_arguments(CodePrior, config) | {"codebook_size": codec["codebook_size"]}

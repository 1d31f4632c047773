"""The header of a model file: all entries but the numbers of tensors. Free of torch.

`read_outline` gives it to whoever must answer before torch is there. `persistence` uses the same
checks.
"""

from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

from distill.errors import ShapeMismatchError
from distill.files import FilePath
from distill.models.archive_records import Records, open_records
from distill.models.inert_pickle import STORAGE_BYTES, read_pickle
from distill.models.metadata_types import (
    REQUIRED_KEYS,
    fault_in_codec_metadata,
    fault_in_prior_metadata,
)
from distill.models.plain_types import find_fault
from distill.models.sda_checks import check_marker, check_plain, check_tables, model_errors, require

# Entries without which a file is refused.
CODEC_SETTINGS = ("codebook_size", "num_quantizers", "sample_rate", "channels")
PRIOR_SETTINGS = ("hidden_size", "num_layers", "num_heads", "seq_len", "num_quantizers", "dropout")

# Types of settings that are read before a network is built; `rebuild` checks all of them.
CODEC_SETTING_TYPES = {
    "hop_length?": int,
    "memory_frames?": int,
    "memory_width?": int,
    "oscillators?": bool,
}
PRIOR_SETTING_TYPES = {
    "hidden_size": int,
    "num_layers": int,
    "num_heads": int,
    "seq_len": int,
    "num_quantizers": int,
    "dropout": float,
}


@dataclass(frozen=True)
class TensorOutline:
    """A tensor whose numbers were not read.

    Attributes:
        dtype: Type of its numbers, such as `float32`.
        shape: Its shape.
        item_bytes: Bytes of a number.
    """

    dtype: str
    shape: tuple[int, ...]
    item_bytes: int

    def __len__(self) -> int:
        return self.shape[0]

    @property
    def nbytes(self) -> int:
        """Bytes of its numbers."""
        return prod(self.shape) * self.item_bytes


def read_outline(path: FilePath, weights: bool = False) -> dict[str, Any]:
    """Read the entries of a model file, with a `TensorOutline` in place of each tensor.

    It checks what `persistence.read_header` checks.

    Args:
        path: The file.
        weights: Whether to check that the weights are whole, too.

    Raises:
        ModelFileError: One of its subclasses, saying why the file cannot be used.

    Example:
        >>> read_outline("my.sda")["metadata"]["name"]
        'my'
    """
    path = Path(path)
    with model_errors(path):
        with open_records(path) as records:
            if weights:
                records.check_all()
            contents = read_pickle(records.pickle, Outlines(records))
        check_marker(path, contents)
        check_plain(path, contents, TensorOutline)
        check_tables(path, contents)
        check_codec_facts(path, contents)
        if contents.get("has_prior") is True:
            check_prior_facts(path, contents)
        return dict(contents)


class Outlines:
    """Outlines of tensors, see `inert_pickle.Tensors`.

    Args:
        records: The archive, whose records have to be as long as tensors say.
    """

    def __init__(self, records: Records) -> None:
        self.records = records

    def storage(self, key: str, kind: str, size: int) -> str:
        """The kind of a storage, once it has the size that is stated."""
        self.records.storage(key, size * STORAGE_BYTES[kind])
        return kind

    def tensor(
        self, storage: str, offset: int, shape: tuple[int, ...], strides: tuple[int, ...]
    ) -> TensorOutline:
        """The outline of a tensor."""
        del offset, strides
        item_bytes = STORAGE_BYTES[storage]
        return TensorOutline(dtype=_TYPES[storage], shape=shape, item_bytes=item_bytes)


_TYPES = {
    "BFloat16Storage": "bfloat16",
    "BoolStorage": "bool",
    "ByteStorage": "uint8",
    "CharStorage": "int8",
    "DoubleStorage": "float64",
    "FloatStorage": "float32",
    "HalfStorage": "float16",
    "IntStorage": "int32",
    "LongStorage": "int64",
    "ShortStorage": "int16",
}


# --- checks ---------------------------------------------------------------------------------------


def check_codec_facts(path: Path, contents: dict[str, Any]) -> None:
    """Raise unless settings and metadata of the codec have the types that readers rely on."""
    codec = contents["vqvae_config"]
    check_codec_settings(path, codec)
    refuse_fault(path, find_fault(contents, {"has_prior?": bool}, "model"))
    refuse_fault(path, find_fault(codec, CODEC_SETTING_TYPES, "vqvae_config"))
    refuse_fault(path, fault_in_codec_metadata(contents["metadata"]))


def check_prior_facts(path: Path, contents: dict[str, Any]) -> None:
    """Raise unless settings and metadata of the prior are there and of such types."""
    config = contents["prior_config"]
    metadata = contents["prior_metadata"]
    require(path, "prior_config", config, PRIOR_SETTINGS)
    require(path, "prior_metadata", metadata, REQUIRED_KEYS)
    refuse_fault(path, find_fault(config, PRIOR_SETTING_TYPES, "prior_config"))
    refuse_fault(path, fault_in_prior_metadata(metadata, contents["vqvae_config"]))


def refuse_fault(path: Path, place: str | None) -> None:
    """Raise if there is an entry that no reader could use."""
    if place is not None:
        raise ShapeMismatchError(
            f"{path} states no usable '{place}': use another copy of it, or train again."
        )


def check_codec_settings(path: Path, config: dict[str, Any]) -> None:
    """Raise unless every required setting of the codec is there and a positive integer."""
    require(path, "vqvae_config", config, CODEC_SETTINGS)
    for name in CODEC_SETTINGS:
        if type(config[name]) is not int or config[name] < 1:
            raise ShapeMismatchError(
                f"{path} states no usable '{name}': use another copy of it, or train again."
            )

"""Model files are read back as written; nothing else gets in or survives half-written."""

import logging
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from distill.errors import (
    CodebookMismatchError,
    MissingKeyError,
    ModelFileError,
    ModelVersionError,
    NoPriorError,
    NotAModelError,
    OutputError,
    ShapeMismatchError,
)
from distill.models.persistence import (
    load_model_v2,
    read_header,
    save_model_v2,
    save_prior_to_model,
)
from distill.models.prior import CodePrior
from distill.models.vqvae import VQVAE
from distill.settings import SAMPLE_RATE

TINY = {
    "sample_rate": SAMPLE_RATE,
    "channels": 1,
    "codebook_size": 8,
    "num_quantizers": 2,
    "hidden_size": 8,
    "decoder_layers": 1,
    "latent_dim": 4,
}
PRIOR_CONFIG: dict[str, Any] = {
    "hidden_size": 16,
    "num_layers": 1,
    "num_heads": 2,
    "seq_len": 32,
    "num_quantizers": 2,
    "dropout": 0.1,
}
PRIOR_METADATA = {
    "epochs_trained": 3,
    "final_perplexity": 4.5,
    "best_perplexity": 4.0,
    "training_date": "2024-01-01T00:00:00",
}


def tiny_codec(seed: int = 0) -> VQVAE:
    torch.manual_seed(seed)
    model = VQVAE(**TINY)
    model.rvq.codebooks.normal_()
    return model


def tiny_prior(seed: int = 0, **changes: Any) -> CodePrior:
    torch.manual_seed(seed)
    return CodePrior(codebook_size=8, **{**PRIOR_CONFIG, **changes})


def same_weights(a: torch.nn.Module, b: torch.nn.Module) -> bool:
    ours, theirs = a.state_dict(), b.state_dict()
    return ours.keys() == theirs.keys() and all(
        torch.equal(ours[name], theirs[name]) for name in ours
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return save_model_v2(tmp_path / "my sounds é.sda", tiny_codec(), {"name": "my sounds"})


@pytest.fixture
def with_prior(path: Path) -> Path:
    return save_prior_to_model(path, tiny_prior(), PRIOR_CONFIG, PRIOR_METADATA)


def rewrite(path: Path, **changes: Any) -> None:
    """Write the file again with other top-level entries; None takes one out."""
    contents = {**torch.load(path, weights_only=True), **changes}
    torch.save({key: value for key, value in contents.items() if value is not None}, path)


def entry(path: Path, key: str) -> Any:
    return torch.load(path, weights_only=True)[key]


def refused(path: Path, error: type[ModelFileError], *words: str) -> None:
    """Loading raises `error` in one sentence that names the file and says `words`."""
    with pytest.raises(error) as raised:
        load_model_v2(path)
    message = str(raised.value)
    assert type(raised.value) is error
    assert "\n" not in message
    for word in (str(path), *words):
        assert word in message


# --- there and back -------------------------------------------------------------------------------


def test_codec_comes_back(tmp_path: Path) -> None:
    model = tiny_codec().train()
    path = tmp_path / "m.sda"
    assert save_model_v2(str(path), model, {"name": "m", "losses": [1.0, None]}) == path
    loaded = load_model_v2(path)
    assert same_weights(model, loaded.model)
    assert not loaded.model.training
    assert loaded.config == model.config == loaded.model.config
    assert loaded.metadata == {
        "name": "m",
        "losses": [1.0, None],
        "codebook_hash": model.codebook_hash(),
    }
    assert loaded.path == path
    assert loaded.prior is loaded.prior_config is loaded.prior_metadata is None
    audio = torch.randn(1, 1, 8 * model.frame_hop)
    assert torch.equal(model.encode(audio), loaded.model.encode(audio))


def test_default_size_comes_back(tmp_path: Path) -> None:
    model = VQVAE(SAMPLE_RATE)
    path = save_model_v2(tmp_path / "m.sda", model, {})
    assert same_weights(model, load_model_v2(path).model)


def test_what_is_remembered_comes_back(tmp_path: Path) -> None:
    torch.manual_seed(0)
    model = VQVAE(**TINY, memory_frames=6, memory_width=4).eval()
    model.rvq.codebooks.normal_()
    codes = torch.arange(6)[None, :, None].expand(1, 6, 2)
    model.memory.fit(codes[0, :4])
    torch.nn.init.normal_(model.memory.vectors, std=5)
    loaded = load_model_v2(save_model_v2(tmp_path / "m.sda", model, {})).model
    assert torch.equal(loaded.decode(codes), model.decode(codes))
    forgetful = model.decode_values(model.rvq.lookup(codes)).detach()
    assert not torch.allclose(loaded.decode(codes), forgetful, atol=1e-3)


def test_oscillators_come_back(tmp_path: Path) -> None:
    torch.manual_seed(0)
    model = VQVAE(**TINY, oscillators=True).eval()
    model.rvq.codebooks.normal_()
    torch.nn.init.normal_(model.shares.weight)
    codes = torch.arange(6)[None, :, None].expand(1, 6, 2)
    loaded = load_model_v2(save_model_v2(tmp_path / "m.sda", model, {})).model
    assert torch.equal(loaded.decode(codes), model.decode(codes))


LATER = ("memory_frames", "memory_width", "oscillators")
"""Settings of codecs that the first files do not have."""


def test_a_file_from_before_memory_and_oscillators_sounds_as_it_did(path: Path) -> None:
    config = {
        name: value for name, value in entry(path, "vqvae_config").items() if name not in LATER
    }
    rewrite(path, vqvae_config=config)
    codes = torch.arange(8)[None, :, None].expand(1, 8, 2)
    assert torch.equal(load_model_v2(path).model.decode(codes), tiny_codec().eval().decode(codes))


def test_prior_comes_back(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    prior = tiny_prior(1).train()
    with caplog.at_level(logging.INFO):
        assert save_prior_to_model(str(path), prior, PRIOR_CONFIG, PRIOR_METADATA) == path
    assert f"Bundled prior into {path}" in caplog.text
    loaded = load_model_v2(path)
    assert loaded.prior is not None
    assert same_weights(prior, loaded.prior)
    assert not loaded.prior.training
    assert loaded.prior_config == PRIOR_CONFIG
    assert loaded.prior_metadata == {
        **PRIOR_METADATA,
        "codebook_hash": loaded.model.codebook_hash(),
    }
    assert same_weights(tiny_codec(), loaded.model)
    assert entry(path, "has_prior") is True


def test_the_prior_is_required_by_name(with_prior: Path, tmp_path: Path) -> None:
    loaded = load_model_v2(with_prior)
    assert loaded.require_prior() is loaded.prior
    single = load_model_v2(save_model_v2(tmp_path / "alone.sda", tiny_codec(), {}))
    with pytest.raises(
        NoPriorError, match=r"alone\.sda has no prior yet: run `distill train-prior"
    ):
        single.require_prior()


def test_prior_is_replaced(with_prior: Path) -> None:
    bigger = tiny_prior(2, num_layers=2)
    save_prior_to_model(
        with_prior,
        bigger,
        {**PRIOR_CONFIG, "num_layers": 2},
        {**PRIOR_METADATA, "epochs_trained": 9},
    )
    loaded = load_model_v2(with_prior)
    assert loaded.prior is not None
    assert same_weights(bigger, loaded.prior)
    assert loaded.prior_metadata is not None
    assert loaded.prior_metadata["epochs_trained"] == 9


def test_saving_a_codec_never_keeps_a_prior(with_prior: Path) -> None:
    save_model_v2(with_prior, tiny_codec(), {})
    assert load_model_v2(with_prior).prior is None
    assert not [key for key in torch.load(with_prior, weights_only=True) if key.startswith("prior")]


def test_bundling_leaves_all_else_alone(path: Path) -> None:
    rewrite(path, extra={"from": "elsewhere"})
    save_prior_to_model(path, tiny_prior(), PRIOR_CONFIG, PRIOR_METADATA)
    assert entry(path, "extra") == {"from": "elsewhere"}
    assert entry(path, "metadata")["name"] == "my sounds"


def test_the_file_is_as_the_format_says(with_prior: Path) -> None:
    contents = torch.load(with_prior, weights_only=True, mmap=True)
    assert contents["format"] == "distill.sda"
    assert contents["version"] == 2
    keys = {"format", "version", "vqvae_config", "state_dict", "metadata"}
    assert (
        keys | {"has_prior", "prior_state_dict", "prior_config", "prior_metadata"}
        == contents.keys()
    )
    assert all(
        type(contents[key]) is dict
        for key in contents
        if key.endswith(("dict", "config", "metadata"))
    )


def test_views_are_saved_without_what_they_view(tmp_path: Path) -> None:
    big = torch.zeros(1_000_000)
    path = save_model_v2(tmp_path / "m.sda", tiny_codec(), {"curve": big[:3]})
    assert path.stat().st_size < 200_000
    assert load_model_v2(path).metadata["curve"].tolist() == [0, 0, 0]


def test_loading_leaves_the_random_state_alone(with_prior: Path) -> None:
    before = torch.get_rng_state()
    load_model_v2(with_prior)
    assert torch.equal(before, torch.get_rng_state())


def test_loading_keeps_no_hold_on_the_file(with_prior: Path) -> None:
    loaded, header = load_model_v2(with_prior), read_header(with_prior)
    maps = Path("/proc/self/maps")
    if maps.exists():
        assert str(with_prior) not in maps.read_text()
    assert loaded.metadata["name"] == header["metadata"]["name"]


def test_header_is_everything_but_the_weights(with_prior: Path) -> None:
    header = read_header(with_prior)
    assert header["vqvae_config"]["codebook_size"] == 8
    assert header["has_prior"] is True
    assert header["prior_config"] == PRIOR_CONFIG
    assert not any("state_dict" in key for key in header)


def test_prior_settings_beyond_the_needed_ones_are_optional(with_prior: Path) -> None:
    rewrite(with_prior, prior_config={**PRIOR_CONFIG, "learning_rate": 1e-3})
    assert load_model_v2(with_prior).prior is not None


def test_a_prior_with_a_pointer_comes_back(path: Path) -> None:
    prior = tiny_prior(latent_dim=4)
    assert prior.pointer is not None
    prior.pointer.set_entries(tiny_codec().rvq.codebooks)
    save_prior_to_model(path, prior, {**PRIOR_CONFIG, "latent_dim": 4}, PRIOR_METADATA)
    loaded = load_model_v2(path).prior
    assert loaded is not None
    assert same_weights(loaded, prior)


# --- refused, by name -----------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["codebook_size", "num_quantizers", "sample_rate", "channels"])
def test_missing_codec_settings(path: Path, key: str) -> None:
    rewrite(path, vqvae_config={name: value for name, value in TINY.items() if name != key})
    refused(path, MissingKeyError, key)


@pytest.mark.parametrize("key", PRIOR_CONFIG)
def test_missing_prior_settings(with_prior: Path, key: str) -> None:
    rewrite(
        with_prior,
        prior_config={name: value for name, value in PRIOR_CONFIG.items() if name != key},
    )
    refused(with_prior, MissingKeyError, key)


@pytest.mark.parametrize(
    "change", [{"codebook_size": 16}, {"channels": 0}, {"hidden_size": "wide"}], ids=str
)
def test_codecs_that_do_not_fit(path: Path, change: dict[str, Any]) -> None:
    rewrite(path, vqvae_config={**tiny_codec().config, **change})
    refused(path, ShapeMismatchError)


@pytest.mark.parametrize(
    "change", [{"hidden_size": 32}, {"num_heads": 0}, {"seq_len": 1 << 40}], ids=str
)
def test_priors_that_do_not_fit(with_prior: Path, change: dict[str, Any]) -> None:
    rewrite(with_prior, prior_config={**PRIOR_CONFIG, **change})
    refused(with_prior, ShapeMismatchError)


def test_weights_that_do_not_fit(path: Path) -> None:
    rewrite(path, state_dict={**entry(path, "state_dict"), "magnitude.bias": torch.zeros(3)})
    refused(path, ShapeMismatchError, "magnitude.bias")


def test_a_failed_save_leaves_the_file_alone(path: Path) -> None:
    before = path.read_bytes()
    with pytest.raises(TypeError, match=r"metadata\['where'\]"):
        save_model_v2(path, tiny_codec(), {"where": path})
    with pytest.raises(TypeError, match=r"prior_metadata\['when'\]"):
        save_prior_to_model(path, tiny_prior(), PRIOR_CONFIG, {"when": (2024, 1)})
    assert path.read_bytes() == before
    assert os.listdir(path.parent) == [path.name]


def test_other_codebooks(with_prior: Path) -> None:
    rewrite(with_prior, prior_metadata={**PRIOR_METADATA, "codebook_hash": "0" * 64})
    refused(with_prior, CodebookMismatchError, "train-prior")
    rewrite(with_prior, prior_metadata=PRIOR_METADATA)
    refused(with_prior, MissingKeyError, "codebook_hash")
    rewrite(with_prior, metadata={"codebook_hash": "0" * 64})
    refused(with_prior, CodebookMismatchError)


def test_only_a_prior_of_this_codec_is_bundled(path: Path) -> None:
    before = path.read_bytes()
    foreign = {**PRIOR_METADATA, "codebook_hash": tiny_codec(5).codebook_hash()}
    with pytest.raises(CodebookMismatchError):
        save_prior_to_model(path, tiny_prior(), PRIOR_CONFIG, foreign)
    with pytest.raises(ShapeMismatchError):
        save_prior_to_model(path, tiny_prior(), {**PRIOR_CONFIG, "hidden_size": 8}, PRIOR_METADATA)
    with pytest.raises(MissingKeyError):
        save_prior_to_model(path, tiny_prior(), {"seq_len": 32}, PRIOR_METADATA)
    assert path.read_bytes() == before
    assert os.listdir(path.parent) == [path.name]


def test_bundling_checks_marker_and_version(path: Path) -> None:
    rewrite(path, version=3)
    with pytest.raises(ModelVersionError):
        save_prior_to_model(path, tiny_prior(), PRIOR_CONFIG, PRIOR_METADATA)
    rewrite(path, format="other")
    with pytest.raises(NotAModelError):
        save_prior_to_model(path, tiny_prior(), PRIOR_CONFIG, PRIOR_METADATA)
    with pytest.raises(ModelFileError):
        save_prior_to_model(path.parent / "none.sda", tiny_prior(), PRIOR_CONFIG, PRIOR_METADATA)


# --- interrupted and at once ----------------------------------------------------------------------

SAVE_FOREVER = """
import sys
from distill.models.persistence import load_model_v2, save_model_v2
loaded = load_model_v2(sys.argv[1])
save_model_v2(sys.argv[1], loaded.model, {"name": "again"})
print("ready", flush=True)
while True:
    save_model_v2(sys.argv[1], loaded.model, {"name": "again"})
"""

BUNDLE_OFTEN = """
import sys
from distill.models.persistence import load_model_v2, save_prior_to_model
loaded = load_model_v2(sys.argv[1])
print("ready", flush=True)
for epoch in range(12):
    metadata = {**loaded.prior_metadata, "writer": sys.argv[2], "epochs_trained": epoch}
    save_prior_to_model(sys.argv[1], loaded.prior, loaded.prior_config, metadata)
"""


def start(script: str, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", script, *arguments], stdout=subprocess.PIPE, text=True
    )


def wait_until_ready(process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"


def test_killed_while_saving(tmp_path: Path) -> None:
    draw = random.Random(0)
    paths = [save_model_v2(tmp_path / f"{i}.sda", tiny_codec(), {}) for i in range(2)]
    for _ in range(2):
        processes = [start(SAVE_FOREVER, str(path)) for path in paths]
        for process in processes:
            wait_until_ready(process)
        for process, path in zip(processes, paths, strict=True):
            time.sleep(draw.uniform(0.05, 0.3))
            process.kill()
            process.communicate()
            loaded = load_model_v2(path)
            assert same_weights(loaded.model, tiny_codec())
            assert loaded.metadata["name"] == "again"


def test_a_file_replaced_while_it_is_read_is_read_again(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The old file is still open then, and whole; the newer one counts."""
    newer = save_model_v2(
        tmp_path / "newer.sda", tiny_codec(1), {"name": "so long that all lies elsewhere" * 100}
    )
    map_file = np.memmap

    def replaced_first(*arguments: Any, **settings: Any) -> np.memmap:
        if newer.exists():
            newer.replace(path)
        return map_file(*arguments, **settings)

    monkeypatch.setattr(np, "memmap", replaced_first)
    assert same_weights(load_model_v2(path).model, tiny_codec(1))
    assert not newer.exists()


def test_two_processes_bundle_at_once(with_prior: Path) -> None:
    processes = [start(BUNDLE_OFTEN, str(with_prior), name) for name in ("one", "two")]
    for process in processes:
        wait_until_ready(process)
    while any(process.poll() is None for process in processes):
        loaded = load_model_v2(with_prior)
        assert loaded.prior is not None
        assert same_weights(loaded.prior, tiny_prior())
    for process in processes:
        process.communicate()
        assert process.returncode == 0
    loaded = load_model_v2(with_prior)
    assert loaded.prior_metadata is not None
    assert loaded.prior_metadata["epochs_trained"] == 11
    assert same_weights(loaded.model, tiny_codec())
    assert os.listdir(with_prior.parent) == [with_prior.name]


@contextmanager
def no_file_above(size: int) -> Iterator[None]:
    """Writing a file beyond `size` bytes fails, as it does on a full disk."""
    resource = pytest.importorskip("resource")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("room", [0, 1000, 12_000])
def test_full_disk(with_prior: Path, room: int) -> None:
    before = with_prior.read_bytes()
    with no_file_above(room), pytest.raises(OutputError) as raised:
        save_model_v2(with_prior, tiny_codec(), {})
    assert str(with_prior) in str(raised.value)
    with no_file_above(room), pytest.raises(OutputError):
        save_prior_to_model(with_prior, tiny_prior(), PRIOR_CONFIG, PRIOR_METADATA)
    assert with_prior.read_bytes() == before
    assert os.listdir(with_prior.parent) == [with_prior.name]


def test_no_folder_to_write_to(tmp_path: Path) -> None:
    with pytest.raises(OutputError):
        save_model_v2(tmp_path / "none" / "m.sda", tiny_codec(), {})

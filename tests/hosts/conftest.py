"""Small codecs and their models, mono and stereo, with and without frame memory and oscillators."""

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
import torch

from distill.hosts.onnx_files import write_onnx_files
from distill.models.persistence import LoadedVQModel
from distill.models.vqvae import VQVAE
from tests.conftest import made_once
from tests.models.codecs import fitted, tones

MakeCodec = Callable[..., VQVAE]


@cache
def small_codec(channels: int = 1, memory: bool = True) -> VQVAE:
    """A codec whose codes are settled, and whose decoder is not as it began."""
    fit = fitted(channels)
    sizes = {"memory_frames": 40, "memory_width": 12, "oscillators": True} if memory else {}
    codec = VQVAE(**(fit.config | sizes)).eval()
    codec.load_state_dict(fit.state_dict(), strict=False)
    draw = torch.Generator().manual_seed(1)
    for weights in codec.parameters():
        if weights.ndim > 1:
            weights.data += 0.05 * torch.randn(weights.shape, generator=draw)
    if codec.memory is not None:
        columns = codec.encode(tones(channels)).reshape(-1, codec.num_quantizers)
        codec.memory.fit(columns[:40])
    return codec


@pytest.fixture(scope="session")
def make_codec() -> MakeCodec:
    return small_codec


@pytest.fixture(params=[(1, False), (1, True), (2, False), (2, True)], ids=str)
def codec(request: pytest.FixtureRequest) -> VQVAE:
    """Codecs of each kind: channels, and whether there are memory and oscillators."""
    return small_codec(*request.param)


@pytest.fixture
def codes(codec: VQVAE) -> torch.Tensor:
    """Codes `[1, T, Q]` of some tones, one after the other."""
    return codec.encode(sound_of(codec))


def sound_of(codec: VQVAE) -> torch.Tensor:
    """Tones `[1, C, N]`, one after the other."""
    return tones(codec.channels, n=3).transpose(0, 1).reshape(1, codec.channels, -1)


@pytest.fixture
def sound(codec: VQVAE) -> torch.Tensor:
    return sound_of(codec)


def model_of(codec: VQVAE) -> LoadedVQModel:
    return LoadedVQModel(model=codec, config=codec.config, metadata={}, path=Path("small.sda"))


@pytest.fixture(scope="session")
def make_model() -> Callable[[VQVAE], LoadedVQModel]:
    return model_of


@pytest.fixture(scope="session")
def onnx_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The stereo codec as ONNX, with the shortest look-ahead: half a minute of work."""

    def make(folder: Path) -> None:
        (folder / "files").mkdir()
        write_onnx_files(model_of(small_codec(2)), folder / "files", "low")

    return made_once(tmp_path_factory, "onnx", make) / "files"

"""A codec as a TorchScript file for nn~ (Max, Pure Data) and for what else reads its protocol.

For each method there is a buffer `NAME_params`: channels in, samples for each of their numbers,
channels out, samples likewise. For each attribute there are `NAME_params`, the types of its values,
`get_NAME` and `set_NAME`. Hosts call a method with `[B, channels, n / ratio]`.

TorchScript is deprecated since torch 2.11, and it is what nn~ reads: nothing else here needs it.
"""

import io
import zipfile
from typing import BinaryIO

import torch
from torch import Tensor, nn

from distill.files import FilePath
from distill.hosts.compiled import no_deprecation
from distill.hosts.decoder import StreamDecoder
from distill.hosts.encoder import StreamEncoder
from distill.hosts.parity import Host
from distill.models.vqvae import VQVAE

_BOOL, _INT, _FLOAT = 0, 1, 2
"""Types of values in `NAME_params`."""


class NnTilde(nn.Module):
    """Encoder and decoder with the state of each method, as nn~ calls them.

    Args:
        codec: The codec, in eval mode; weights are shared with it.
        ahead: Code frames that the decoder looks ahead.
    """

    decode_state: list[Tensor]
    forward_state: list[Tensor]
    encode_state: list[Tensor]
    forward_past: list[Tensor]
    sounding_levels: int
    gain_db: float
    is_right: bool

    def __init__(self, codec: VQVAE, ahead: int) -> None:
        super().__init__()
        self.encoder = StreamEncoder(codec)
        self.decoder = StreamDecoder(codec, ahead)
        self.hop = codec.frame_hop
        self.rate = codec.sample_rate
        self.all_levels = codec.num_quantizers
        self.entries = codec.codebook_size
        self.decode_state = []
        self.forward_state = []
        self.encode_state = []
        self.forward_past = []
        self.sounding_levels = codec.num_quantizers
        self.gain_db = 0.0
        self.is_right = True
        C, Q = codec.channels, codec.num_quantizers
        ratios = {
            "forward": [C, 1, C, 1],
            "encode": [C, 1, Q, self.hop],
            "decode": [Q, self.hop, C, 1],
        }
        types = {"reset": _BOOL, "levels": _INT, "gain": _FLOAT, "rate_is_right": _BOOL}
        for name, values in ratios.items():
            self.register_buffer(f"{name}_params", torch.tensor(values))
        for name, value in types.items():
            self.register_buffer(f"{name}_params", torch.tensor([value]))

    # --- methods ----------------------------------------------------------------------------------

    @torch.jit.export
    def forward(self, sound: Tensor) -> Tensor:
        """Encode and decode sound `[B, C, n]`, `n` a multiple of the code frame."""
        self.check_frames(sound)
        B = sound.shape[0]
        if self.is_new(self.forward_past, B, sound):
            self.forward_past = [self.encoder.start(B, sound)]
            # The first column is that of the silence before the sound.
            self.forward_state = self.decoder.start(B, sound, -self.encoder.delay)
        codes, past = self.encoder(sound.nan_to_num(0.0), self.forward_past[0])
        output, self.forward_state = self.decoder(codes, self.sounding(sound), self.forward_state)
        self.forward_past = [past]
        return self.amplified(output)

    @torch.jit.export
    def encode(self, sound: Tensor) -> Tensor:
        """Codes `[B, Q, T]` of sound `[B, C, T * hop]`, as whole numbers of floats."""
        self.check_frames(sound)
        if self.is_new(self.encode_state, sound.shape[0], sound):
            self.encode_state = [self.encoder.start(sound.shape[0], sound)]
        codes, past = self.encoder(sound.nan_to_num(0.0), self.encode_state[0])
        self.encode_state = [past]
        return codes.transpose(1, 2).to(sound.dtype)

    @torch.jit.export
    def decode(self, codes: Tensor) -> Tensor:
        """Sound `[B, C, T * hop]` of codes `[B, Q, T]`; what is no code becomes the nearest."""
        # The first entry is a number; the others have a row for each stream.
        if self.is_new(self.decode_state[1:], codes.shape[0], codes):
            self.decode_state = self.decoder.start(codes.shape[0], codes)
        whole = codes.nan_to_num(0.0).round().clamp(0, self.entries - 1)
        columns = whole.to(torch.int64).transpose(1, 2)
        output, self.decode_state = self.decoder(columns, self.sounding(codes), self.decode_state)
        return self.amplified(output)

    def is_new(self, state: list[Tensor], B: int, like: Tensor) -> bool:
        """Whether there is no state for `B` streams on the device of `like`."""
        if len(state) == 0:
            return True
        return state[0].shape[0] != B or state[0].device != like.device

    def check_frames(self, sound: Tensor) -> None:
        """Refuse blocks that are not whole code frames."""
        if sound.shape[2] % self.hop != 0:
            raise RuntimeError("The size of a block must be a multiple of the code frame.")

    def sounding(self, like: Tensor) -> Tensor:
        """Which levels sound, `[Q]`."""
        levels = torch.arange(self.all_levels, device=like.device)
        return (levels < self.sounding_levels).to(like.dtype)

    def amplified(self, sound: Tensor) -> Tensor:
        """Sound with the gain that is set."""
        if self.gain_db == 0.0:
            return sound
        return sound * 10 ** (self.gain_db / 20)

    # --- what there is ----------------------------------------------------------------------------

    @torch.jit.export
    def get_methods(self) -> list[str]:
        """Names of the methods."""
        return ["forward", "encode", "decode"]

    @torch.jit.export
    def get_attributes(self) -> list[str]:
        """Names of the attributes."""
        return ["reset", "levels", "gain", "rate_is_right"]

    @torch.jit.export
    def set_sample_rate(self, rate: int) -> int:
        """Take note of the sample rate of the host, in Hz: it does not resample."""
        self.is_right = rate == self.rate
        return 0

    # --- attributes -------------------------------------------------------------------------------

    @torch.jit.export
    def get_reset(self) -> list[bool]:
        """Always false: a reset is over at once."""
        return [False]

    @torch.jit.export
    def set_reset(self, value: bool) -> int:
        """Forget all sound and codes so far. Hosts read `1` as false, so that any value will do."""
        self.forward_past = []
        self.encode_state = []
        self.decode_state = []
        return 0

    @torch.jit.export
    def get_levels(self) -> list[int]:
        """How many levels sound."""
        return [self.sounding_levels]

    @torch.jit.export
    def set_levels(self, levels: int) -> int:
        """Let the first `levels` levels sound; beyond what there is, the nearest number."""
        self.sounding_levels = max(1, min(levels, self.all_levels))
        return 0

    @torch.jit.export
    def get_gain(self) -> list[float]:
        """Gain of all sound in dB."""
        return [self.gain_db]

    @torch.jit.export
    def set_gain(self, gain: float) -> int:
        """Set the gain of all sound in dB, between -120 and 40."""
        # Comparisons with NaN are false: it changes nothing.
        if gain >= -120.0 and gain <= 40.0:
            self.gain_db = gain
            return 0
        return -1

    @torch.jit.export
    def get_rate_is_right(self) -> list[bool]:
        """Whether the host has the sample rate of the codec."""
        return [self.is_right]

    @torch.jit.export
    def set_rate_is_right(self, value: bool) -> int:
        """Refuse: it is a fact."""
        return -1


def write_nn_tilde(model: NnTilde, file: BinaryIO, facts: str) -> None:
    """Write a model as TorchScript.

    Args:
        model: The model, new: its state would go with it.
        file: File to write to.
        facts: JSON about the model, which is kept inside.
    """
    whole = io.BytesIO()
    with no_deprecation():
        scripted = torch.jit.script(model.eval())
        torch.jit.save(scripted, whole, {"distill.json": facts})
    _copy_archive(whole, file)


def _copy_archive(source: BinaryIO, target: BinaryIO) -> None:
    """Copy a TorchScript archive, without the paths of the source files on this machine."""
    with zipfile.ZipFile(source) as whole, zipfile.ZipFile(target, "w") as copy:
        for entry in whole.infolist():
            if not entry.filename.endswith(".debug_pkl"):
                # A new entry: the old one has the padding of its old place.
                copy.writestr(zipfile.ZipInfo(entry.filename), whole.read(entry))


def read_nn_tilde(path: FilePath) -> torch.jit.ScriptModule:
    """Load a file as hosts do."""
    with no_deprecation():
        model: torch.jit.ScriptModule = torch.jit.load(str(path))
    return model.eval()


def nn_tilde_host(model: torch.jit.ScriptModule, delays: NnTilde) -> Host:
    """A loaded file, to be compared with its model.

    Args:
        model: The file.
        delays: The module that it was made of.
    """
    return Host(
        reset=lambda: model.set_reset(True),
        encode=lambda sound: model.encode(sound[None])[0].T.long(),
        decode=lambda codes: model.decode(codes.T[None].float())[0],
        forward=lambda sound: model.forward(sound[None])[0],
        encode_delay=delays.encoder.delay,
        decode_delay=delays.decoder.delay,
    )

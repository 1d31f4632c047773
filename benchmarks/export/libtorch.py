"""The file that `distill export --to nn` makes, in libtorch without Python, as nn~ calls it.

    python -m benchmarks.export.libtorch MODEL.sda [--libtorch FOLDER ...]

A minute for each libtorch on 1 thread. It takes `g++`, and builds `nn_host.cpp` beside this file: a
host that knows the protocol of nn~ alone. A libtorch is a folder with `include` and `lib`, such as
`torch` of an unpacked wheel (libraries that it wants go on LD_LIBRARY_PATH); the default is that of
the torch installed here. nn~ 1.6 has that of torch 2.5.1.

The file is made here. Every method runs over 4 s of the recordings in blocks of 1,024, 2,048 and
8,192 samples, and with two levels at -6 dB. Samples are compared with those that Python gives for
the same blocks, and the cost of a block is processor time.
"""

import argparse
import os
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

import distill
from benchmarks.common import Bound, parser_of, run_main
from distill.errors import UsageError
from distill.hosts.nn_tilde import read_nn_tilde
from distill.hosts.parity import LARGEST_DIFFERENCE
from distill.hosts.sample import sample_sound

SOURCE = Path(__file__).with_name("nn_host.cpp")

BLOCKS = (1024, 2048, 8192)
"""Samples of a block: the least, that of most patches, and a large one."""

FRAMES = 192
"""Code frames of the sound, 4 s: whole blocks of every size."""

NEW_STRINGS = b"torchCheckFailEPKcS2_jRKNSt7__cxx11"
"""Part of a name in libraries that have the strings of C++11; others take an older form."""

SETTINGS = {"levels": 2, "gain": -6.0}
"""Attributes that are set once."""

DIFFERENCE_BOUND = Bound(LARGEST_DIFFERENCE)
COLUMNS_BOUND = Bound(100, is_upper=False)


@dataclass(frozen=True)
class Method:
    """A method as the file states it."""

    name: str
    inputs: int
    input_ratio: int
    outputs: int
    output_ratio: int


@dataclass(frozen=True)
class Host:
    """The program, built against one libtorch, and a file for it.

    Attributes:
        program: The program.
        model: The file that it loads.
        folder: Place for signals on their way.
    """

    program: Path
    model: Path
    folder: Path

    def lines(self, *arguments: object) -> list[list[str]]:
        """Words of each line that the program prints; its error as `UsageError`."""
        command = [str(self.program), str(self.model), *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise UsageError(f"{self.program.name} failed: {done.stderr.strip()[-500:]}")
        return [line.split() for line in done.stdout.splitlines()]

    def methods(self) -> list[Method]:
        """The methods of the file."""
        found = [words[1:] for words in self.lines() if words[0] == "method"]
        return [Method(name, *map(int, numbers)) for name, *numbers in found]

    def run(
        self, method: Method, block: int, signals: np.ndarray, settings: dict[str, float]
    ) -> tuple[np.ndarray, float]:
        """Signals `[outputs, N]` of `signals` `[inputs, N]`, and milliseconds a block.

        `UsageError` if a setting is refused.
        """
        source = self.folder / "input.f32"
        target = self.folder / "output.f32"
        signals.astype(np.float32).tofile(source)
        words = [f"{name}={value}" for name, value in settings.items()]
        lines = self.lines(method.name, block, source, target, *words)
        for name, answer, value in (words[1:] for words in lines if words[0] == "set"):
            if answer != "0" or float(value) != settings[name]:
                raise UsageError(f"{name} was to be {settings[name]} and is {value}.")
        return np.fromfile(target, np.float32).reshape(method.outputs, -1), float(lines[-1][1])


def build(libtorch: Path, program: Path) -> None:
    """Compile the host. `UsageError` with the last words of the compiler if that fails."""
    library = libtorch / "lib"
    core = library / "libc10.so"
    if not core.is_file():
        raise UsageError(f"{libtorch} is no libtorch: it has no lib/libc10.so.")
    new_strings = int(NEW_STRINGS in core.read_bytes())
    command = [
        *("g++", "-O1", "-std=c++20", f"-D_GLIBCXX_USE_CXX11_ABI={new_strings}"),
        *(str(SOURCE), "-o", str(program)),
        *(f"-I{libtorch}/include", f"-I{libtorch}/include/torch/csrc/api/include"),
        *(f"-L{library}", f"-Wl,-rpath,{library}", "-Wl,--no-as-needed", "-ltorch_cpu", "-lc10"),
        # Wheels for GPUs want libraries that a CPU does without.
        "-Wl,--unresolved-symbols=ignore-in-shared-libs",
    ]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError as error:
        raise UsageError("g++ is not installed.") from error
    if done.returncode:
        raise UsageError(f"{SOURCE.name} was not built: {done.stderr.strip()[-500:]}")


def by_python(
    path: Path, method: Method, block: int, signals: np.ndarray, settings: dict[str, float]
) -> np.ndarray:
    """What Python gives for the same blocks, as `Host.run`."""
    model = read_nn_tilde(path)
    for name, value in settings.items():
        getattr(model, f"set_{name}")(value)
    kept = torch.from_numpy(signals.astype(np.float32))
    # The last sample of each number.
    numbers = kept[:, method.input_ratio - 1 :: method.input_ratio]
    with torch.inference_mode():
        parts = [
            getattr(model, method.name)(part[None])[0]
            for part in numbers.split(block // method.input_ratio, 1)
        ]
    return torch.cat(parts, 1).repeat_interleave(method.output_ratio, 1).numpy()


def show(libtorch: Path, host: Host, rate: int, signals: dict[str, np.ndarray]) -> None:
    """Print the figures of one libtorch.

    Args:
        libtorch: Its folder.
        host: The program that was built against it.
        rate: Sample rate of the model, in Hz.
        signals: Signals `[inputs, N]` for each method.
    """
    version = host.lines()[0][1]
    print(f"libtorch {version} ({libtorch})")
    for method in host.methods():
        for block, settings in [*((block, {}) for block in BLOCKS), (2048, SETTINGS)]:
            own = by_python(host.model, method, block, signals[method.name], settings)
            found, ms = host.run(method, block, signals[method.name], settings)
            share = 100 * ms * rate / (1000 * block)
            if method.name == "encode":
                columns = (found == own).all(0).mean()
                what = f"{100 * columns:.1f} % of columns equal ({COLUMNS_BOUND})"
            else:
                what = f"difference {np.abs(found - own).max():.1e} ({DIFFERENCE_BOUND})"
            words = ", levels 2, gain -6" if settings else ""
            print(f"  {method.name}, blocks of {block}{words}: {what}, {share:.1f} % of a block")


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = parser_of(__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument(
        "--libtorch", nargs="+", type=Path, default=[Path(torch.__file__).parent], metavar="FOLDER"
    )
    parser.add_argument("--latency", default="full", choices=("full", "half", "low"))
    return parser.parse_args()


def main() -> None:
    """Run the benchmark."""
    args = arguments()
    os.environ["OMP_NUM_THREADS"] = "1"
    loaded = distill.load(args.model, "cpu", 1)
    codec = loaded.model
    sound, _ = sample_sound(loaded, FRAMES)
    codes = codec.encode(sound[None])[0].T.numpy()
    signals = {
        "forward": sound.numpy(),
        "encode": sound.numpy(),
        "decode": np.repeat(codes, codec.frame_hop, 1),
    }
    print(f"{codec.channels} channels, written by torch {torch.__version__}, {args.latency}")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = distill.export(loaded, "nn", folder / "model.ts", args.latency).path
        for i, libtorch in enumerate(args.libtorch):
            host = Host(program=folder / f"nn_host_{i}", model=path, folder=folder)
            build(libtorch.resolve(), host.program)
            show(libtorch, host, codec.sample_rate, signals)


if __name__ == "__main__":
    run_main(main)

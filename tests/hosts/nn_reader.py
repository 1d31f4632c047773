"""A reader of the protocol of nn~: it uses a file as its backend in C++ does."""

from pathlib import Path

import numpy as np
import torch

from distill.hosts.nn_tilde import read_nn_tilde

BOOL, INT, FLOAT = 0, 1, 2


class NnReader:
    """A loaded file, called as nn~ calls it."""

    def __init__(self, path: Path) -> None:
        self.model = read_nn_tilde(path)

    def methods(self) -> list[str]:
        return self.model.get_methods()

    def attributes(self) -> list[str]:
        return self.model.get_attributes()

    def params(self, name: str) -> list[int]:
        """The four numbers of a method, or the types of an attribute."""
        return [int(value) for value in getattr(self.model, f"{name}_params")]

    def largest_ratio(self) -> int:
        """The smallest block that the host can have."""
        return max(max(self.params(name)[1], self.params(name)[3]) for name in self.methods())

    def perform(self, method: str, buffers: np.ndarray, batches: int = 1) -> np.ndarray:
        """One block: signals `[channels, n]` in, signals out, all at the rate of the host.

        Args:
            method: Name of the method.
            buffers: Signals; those of a channel lie beside each other for all batches.
            batches: Number of sounds.
        """
        n_in, in_ratio, n_out, out_ratio = self.params(method)
        n = buffers.shape[1]
        x = torch.from_numpy(np.ascontiguousarray(buffers, np.float32))
        x = x.reshape(n_in, batches, -1, in_ratio)[..., -1].permute(1, 0, 2)
        with torch.inference_mode():
            y = getattr(self.model, method)(x)
        y = y.repeat_interleave(out_ratio).reshape(batches, n_out, -1)
        assert y.dtype == torch.float32
        assert y.shape[2] == n, "output size is not consistent"
        return y.permute(1, 0, 2).reshape(n_out * batches, n).numpy().copy()

    def run(self, method: str, signals: np.ndarray, block: int, batches: int = 1) -> np.ndarray:
        """All of `signals` `[channels, N]`, block by block."""
        starts = range(0, signals.shape[1], block)
        parts = [
            self.perform(method, signals[:, start : start + block], batches) for start in starts
        ]
        return np.concatenate(parts, 1)

    def get(self, name: str) -> str:
        """An attribute as text."""
        values = getattr(self.model, f"get_{name}")()
        assert isinstance(values, list | tuple)
        forms = {BOOL: lambda v: "true" if v else "false", INT: str, FLOAT: lambda v: f"{v:f}"}
        types = self.params(name)
        return " ".join(forms[kind](value) for kind, value in zip(types, values, strict=True))

    def set(self, name: str, *words: str) -> None:
        """Set an attribute from the words of a message; `RuntimeError` if it is refused."""
        readers = {BOOL: _bool, INT: lambda word: int(float(word)), FLOAT: float}
        types = self.params(name)
        assert len(types) == len(words)
        values = [readers[kind](word) for kind, word in zip(types, words, strict=True)]
        result = getattr(self.model, f"set_{name}")(*values)
        assert type(result) is int
        if result != 0:
            raise RuntimeError(f"setter for {name} failed")


def _bool(word: str) -> bool:
    """As `std::boolalpha` reads: anything but the word is false, `1` too."""
    return word.lower() == "true"


def signals_of(codes: np.ndarray, hop: int) -> np.ndarray:
    """Codes `[T, Q]` as the signals `[Q, T * hop]` that carry them."""
    return np.repeat(codes.T.astype(np.float32), hop, axis=1)

"""Memory that runs out: a smaller batch, then a sentence, and nothing lost."""

import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import distill
from distill.errors import MemoryUsedUpError
from distill.models.persistence import load_model_v2
from distill.models.vqvae import VQVAE
from distill.training.checkpoint import load_checkpoint
from distill.training.metrics import BatchHalved, StepMetrics, TrainingEvent
from distill.training.out_of_memory import is_out_of_memory
from distill.training.paths import checkpoint_path

IN_LITTLE_MEMORY = """
import re, resource, sys
from pathlib import Path
from distill.data.corpus import scan_corpus
import distill
from distill.training.metrics import BatchHalved

def say(event):
    if isinstance(event, BatchHalved):
        print(event.batch_size)

tiny = {"hidden_size": 16, "codebook_size": 16, "num_quantizers": 2, "crop_frames": 6, "threads": 1}
corpus = scan_corpus(sys.argv[1])
distill.train(corpus, "m.sda", steps=1, batch_size=1, **tiny)
used = int(re.search(r"VmData:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) * 1024
resource.setrlimit(resource.RLIMIT_DATA, (used + 100 * 2**20,) * 2)
assert distill.train(corpus, "n.sda", steps=2, batch_size=512, callback=say, **tiny).finished
"""


@pytest.mark.skipif(sys.platform != "linux", reason="limits on memory work on Linux only")
def test_a_process_with_little_memory_trains_with_smaller_batches(
    corpus_dir: Path, tmp_path: Path
) -> None:
    command = [sys.executable, "-c", IN_LITTLE_MEMORY, str(corpus_dir)]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    assert 1 <= int(result.stdout.split()[0]) < 512
    assert load_model_v2(tmp_path / "n.sda").metadata["training"]["steps_done"] == 2


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (MemoryError(), True),
        (torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB."), True),
        (RuntimeError("MPS backend out of memory (MPS allocated: 9 GB)"), True),
        (
            RuntimeError(
                "CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling cublasCreate(handle)"
            ),
            True,
        ),
        (RuntimeError("shape '[3]' is invalid for input of size 4"), False),
        (ValueError("out of memory"), False),
    ],
)
def test_errors_are_told_apart(error: Exception, expected: bool) -> None:
    assert is_out_of_memory(error) == expected


def test_what_numpy_raises_is_one_too() -> None:
    with pytest.raises(MemoryError) as raised:
        np.zeros(2**56)
    assert is_out_of_memory(raised.value)


class SmallMemory:
    """Lets the codec's forward pass fail above `room` pieces, as a GPU does, from step `since`
    on."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, room: int, since: int = 5) -> None:
        self.room, self.since, self.step = room, since, 0
        self.halved: list[BatchHalved] = []
        self.forward = VQVAE.forward
        monkeypatch.setattr(
            VQVAE, "forward", lambda model, *args, **kwargs: self(model, *args, **kwargs)
        )

    def __call__(self, model: VQVAE, audio: torch.Tensor, *args: Any, **kwargs: Any) -> Any:
        if self.step >= self.since and len(audio) > self.room:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return self.forward(model, audio, *args, **kwargs)

    def watch(self, cancel: threading.Event, stop: int) -> Callable[[TrainingEvent], None]:
        def see(event: TrainingEvent) -> None:
            if isinstance(event, BatchHalved):
                self.halved.append(event)
            if isinstance(event, StepMetrics):
                self.step = event.step
                if event.step == stop:
                    cancel.set()

        return see


def test_the_smaller_batch_is_kept_when_training_is_resumed(
    corpus_dir: Path, tmp_path: Path, tiny: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    weights = []
    for name, stop in (("whole.sda", 99), ("parts.sda", 8)):
        memory, cancel = SmallMemory(monkeypatch, room=1), threading.Event()
        callback = memory.watch(cancel, stop)
        result = distill.train(
            corpus_dir, tmp_path / name, steps=12, callback=callback, cancel_event=cancel, **tiny
        )
        assert memory.halved == [BatchHalved(step=6, batch_size=1)]
        memory.room = 99
        if not result.finished:
            distill.resume(tmp_path / name)
        weights.append(load_model_v2(tmp_path / name).model.state_dict())
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])


def test_when_one_piece_is_too_much_nothing_is_lost(
    corpus_dir: Path, tmp_path: Path, tiny: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    path, memory = tmp_path / "m.sda", SmallMemory(monkeypatch, room=0)
    with pytest.raises(MemoryUsedUpError, match="close other programs"):
        distill.train(
            corpus_dir, path, steps=12, callback=memory.watch(threading.Event(), 99), **tiny
        )
    assert load_checkpoint(checkpoint_path(path))["trainer"]["step"] == 5
    memory.room = 99
    assert distill.resume(path).steps == 12

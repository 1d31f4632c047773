"""Trainings of several processes, each a script of its own, joined over the loopback (gloo)."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

PREFACE = """
import hashlib, json, os, signal, sys, threading, time
from pathlib import Path
import torch
import distill
from distill.models.vqvae import VQVAE
from distill.ranks import own_place
from distill.training import many_processes
from distill.training.codec import run, trainer
from distill.training.metrics import *
from distill.training.prior import checkpoint, run as prior_run

place = own_place()
RANK = place.rank
digest_of = many_processes._digest

def note(name, value):
    with open(f"{name}-{RANK}.txt", "a") as file:
        print(json.dumps(value), file=file)

def note_weights(self, tensors, check=many_processes.ManyProcesses.check_equal):
    tensors = list(tensors)
    note("weights", digest_of(tensors))
    check(self, tensors)

many_processes.ManyProcesses.check_equal = note_weights

def save_every_step():
    run.FIRST_SAVE_S = run.SAVE_EVERY_S = checkpoint.CHECKPOINT_EVERY_S = 0.0
    run.is_worsening = lambda *facts: False
"""
"""Notes in files what each process saw: the weights, whenever they are compared, and more."""


def processor() -> dict[str, str]:
    """The environment of a process that computes on one thread."""
    return os.environ | {"OMP_NUM_THREADS": "1"}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def run_together(
    folder: Path, script: str, *arguments: object, size: int = 2
) -> list[subprocess.CompletedProcess[str]]:
    """Run a script in processes that train together, in `folder`; they all end."""
    variables = {
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(free_port()),
        "WORLD_SIZE": str(size),
        "LOCAL_WORLD_SIZE": str(size),
    }
    command = [sys.executable, "-c", PREFACE + script, *map(str, arguments)]
    processes = [
        subprocess.Popen(
            command,
            cwd=folder,
            env=processor() | variables | {"RANK": str(rank), "LOCAL_RANK": str(rank)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(size)
    ]
    ends = []
    for process in processes:
        stdout, stderr = process.communicate()
        ends.append(subprocess.CompletedProcess(command, process.returncode, stdout, stderr))
    return ends


def run_by_torchrun(
    folder: Path, script: str, *arguments: object
) -> subprocess.CompletedProcess[str]:
    """Run a script in two processes that `torchrun` starts, and starts anew when one dies."""
    path = folder / "script.py"
    path.write_text(PREFACE + script)
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    options = ["--nproc-per-node=2", "--max-restarts=3", str(path), *map(str, arguments)]
    return subprocess.run(
        [*torchrun, *options],
        cwd=folder,
        env=processor() | {"TORCH_DISABLE_SHARE_RDZV_TCP_STORE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


def notes(folder: Path, name: str) -> list[list[Any]]:
    """The notes of each process under a name."""
    texts = [path.read_text() for path in sorted(folder.glob(f"{name}-*.txt"))]
    return [[json.loads(line) for line in text.splitlines()] for text in texts]


def check_alike(folder: Path) -> list[str]:
    """Digests of the weights at each comparison, once both processes have the same."""
    first, second = notes(folder, "weights")
    assert first == second
    return first


def check_ends(ends: list[subprocess.CompletedProcess[str]]) -> None:
    """Check that all processes have ended well."""
    assert [end.returncode for end in ends] == [0] * len(ends), "".join(e.stderr for e in ends)

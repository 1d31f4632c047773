"""A training on several devices: one process for each, which `torchrun` starts.

The process of the command starts them and waits. The first of them is the command itself: it shows
and writes. The others follow (`follow_training`, `follow_prior`): they compute, and say nothing.
"""

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from distill.cli.console import INTERRUPT_CODE, cancel_on_interrupt
from distill.errors import LostProcessError, UsageError
from distill.ranks import is_first_process, is_one_of_many, own_place

if TYPE_CHECKING:
    # Every command imports this file.
    from distill.cli.train_request import TrainingRequest

RESTARTS = 3
"""How often all processes are started anew when one dies."""

STOP_S = 600
"""Seconds that the processes have for saving once they are told to stop."""

OUTCOME = "DISTILL_OUTCOME"
"""Variable with the file that holds the exit code of a command that has come to its end, well or
not. Without it, `torchrun` would start anew what was stopped by hand or refused."""


def starts_processes(devices: int | None, device: str, detach: bool) -> bool:
    """Whether a command is to start processes, rather than do the work.

    Args:
        devices: Number of processes; None for a single one.
        device: Device to train on.
        detach: Whether it is to train in the background.

    Raises:
        UsageError: If this machine has too few devices.
    """
    if devices is None or is_one_of_many():
        return False
    from distill.training.many_processes import check_devices

    check_devices(devices, device)
    if devices == 1:
        return False
    if detach:
        raise UsageError("--detach trains on one device: leave out --detach or --devices.")
    return True


def train_on_devices(devices: int) -> int:
    """Run this command again, in so many processes that train together; returns its exit code."""
    # Read by torch as it is imported: its tables of failures are no sentences.
    os.environ["LOGLEVEL"] = "CRITICAL"
    # Else processes that are started anew look for each other where the dead ones were.
    os.environ["TORCH_DISABLE_SHARE_RDZV_TCP_STORE"] = "1"
    # Files of the current folder are no modules.
    os.environ["PYTHONSAFEPATH"] = "1"
    from torch.distributed.elastic.multiprocessing import SignalException
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
    from torch.distributed.run import parse_args, run

    from distill.device import MAX_THREADS
    from distill.process import available_cores

    # Else torchrun sets a single one.
    threads = max(1, min(available_cores() // devices, MAX_THREADS))
    os.environ.setdefault("OMP_NUM_THREADS", str(threads))
    options = ["--standalone", f"--nproc-per-node={devices}", f"--max-restarts={RESTARTS}"]
    options += ["-m", "distill"]
    with TemporaryDirectory(prefix="distill-") as folder:
        outcome = Path(folder) / "outcome"
        os.environ[OUTCOME] = str(outcome)
        arguments = parse_args([*options, *sys.argv[1:]])
        # Older versions have no such option.
        arguments.shutdown_timeout = STOP_S
        try:
            run(arguments)
        except SignalException:
            return _read_code(outcome) or INTERRUPT_CODE
        except ChildFailedError as error:
            code = _read_code(outcome)
            if code is not None:
                return code
            rank, failure = min(error.failures.items(), key=lambda item: item[1].timestamp)
            raise LostProcessError(
                f"Process {rank} of {devices} has ended with exit code {failure.exitcode}, after "
                f"{RESTARTS} new starts: what was saved stays (--resume)."
            ) from error
        return _read_code(outcome) or 0


def _read_code(outcome: Path) -> int | None:
    return int(outcome.read_text()) if outcome.exists() else None


@contextmanager
def exit_codes_of_many() -> Iterator[None]:
    """While inside, exit codes tell `torchrun` whether to start the processes anew.

    A stop by hand is none that it should mend. An error in one sentence would come again. Both go
    to the process that waits (`train_on_devices`), if there is one.
    """
    if not is_one_of_many():
        yield
        return
    outcome = os.environ.get(OUTCOME)
    if outcome and os.path.exists(outcome):
        # The command has come to its end: this process was started anew in vain.
        sys.exit(0)
    try:
        yield
    except SystemExit as end:
        has_ended = isinstance(end.code, int) and end.code not in (0, LostProcessError.exit_code)
        if outcome and has_ended and is_first_process():
            Path(outcome).write_text(str(end.code))
        if end.code == INTERRUPT_CODE:
            sys.exit(0)
        raise


@contextmanager
def immediate_exit() -> Iterator[None]:
    """Leave a process of a training on several devices without the interpreter's shutdown.

    Threads of torch still run. One that needs the interpreter during its shutdown aborts the
    process, after all work is done. Other processes exit as usual.
    """
    try:
        yield
    except SystemExit as end:
        if not is_one_of_many() and "torch.distributed.run" not in sys.modules:
            raise
        logging.shutdown()
        sys.stdout.flush()
        sys.stderr.flush()
        if end.code is None:
            os._exit(0)
        os._exit(end.code if isinstance(end.code, int) else 1)


# --- the processes that follow --------------------------------------------------------------------


def tell_followers(device: str, value: Any) -> None:
    """Tell the other processes what comes next; nothing happens without any."""
    if own_place().size > 1:
        from distill.training.many_processes import open_world

        open_world(device).first_says(value)


def follow_training(training: "TrainingRequest") -> None:
    """Train a codec, and a prior where the first process does, in one of the other processes."""
    from distill.cli.train_prior import NOT_GIVEN
    from distill.training.many_processes import open_world

    _keep_silent()
    work = training.work()
    with cancel_on_interrupt() as event:
        complete = work(training.dataset_dir, cancel_event=event)
        sounds, prior = open_world(training.device).first_says(("", None))
    if complete.finished and prior is not None:
        follow_prior(training.output, Path(sounds), training.device, NOT_GIVEN | prior)


def follow_prior(
    model_path: Path,
    sounds: Path,
    device: str,
    overrides: dict[str, Any],
    learns_on: bool | None = None,
) -> None:
    """Train a prior in one of the other processes; arguments as of `distill.train_prior`."""
    from distill.workflows.train import train_prior

    _keep_silent()
    with cancel_on_interrupt() as event:
        train_prior(
            model_path,
            sounds,
            cancel_event=event,
            device=device,
            learns_on=learns_on,
            **overrides,
        )


def _keep_silent() -> None:
    """The first process says what the library warns of."""
    logging.getLogger("distill").setLevel(logging.ERROR)

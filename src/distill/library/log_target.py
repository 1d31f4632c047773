"""Where a training is logged to, beside its own log: `tensorboard=FOLDER`. Free of torch."""

import os
from importlib.util import find_spec
from pathlib import Path

from distill.errors import UsageError
from distill.files import make_folder

TENSORBOARD = "tensorboard"


def check_log(text: str) -> Path:
    """The folder that `text` names; it is made where there is none.

    Args:
        text: `tensorboard=FOLDER`.

    Raises:
        UsageError: It is of no such form, or TensorBoard is not installed.
        OutputError: The folder cannot be made.
    """
    kind, _, folder = text.partition("=")
    if kind != TENSORBOARD or not folder:
        raise UsageError(f"--log takes tensorboard=FOLDER, such as tensorboard=runs, not '{text}'.")
    if find_spec(TENSORBOARD) is None:
        raise UsageError(
            "TensorBoard is not installed: run `pip install 'distill[tensorboard]'`, or leave out "
            "--log, since the log beside the model has the same numbers."
        )
    make_folder(folder)
    return Path(folder)


def absolute_log(text: str) -> str:
    """`text` with an absolute folder, for another process; empty for an empty one. See
    `check_log`."""
    return f"{TENSORBOARD}={os.path.abspath(check_log(text))}" if text else ""

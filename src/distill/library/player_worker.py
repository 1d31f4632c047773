"""What the work of the player process shares: models in memory, and checks of what comes in."""

import inspect
import os
from collections import OrderedDict
from collections.abc import Callable, Mapping
from pathlib import Path
from types import NoneType
from typing import Any, TypeVar

from distill.cancellation import check_cancellation
from distill.errors import UsageError
from distill.files import FilePath
from distill.library.editing import Editor
from distill.library.job_queue import is_training
from distill.library.player_channel import Channel, Order
from distill.library.player_request import PlayerRequest
from distill.library.workspace import Workspace
from distill.models.cancel_points import cancel_points
from distill.models.persistence import LoadedVQModel
from distill.workflows.load import Loader, load, use_threads

Facts = dict[str, Any]

MOST_MODELS = 2
"""Models in memory at most: one that is worked with, and one to compare it with."""


class Models:
    """Models in memory: those used last."""

    def __init__(self) -> None:
        self._models: OrderedDict[Path, tuple[tuple[int, ...], LoadedVQModel]] = OrderedDict()

    @property
    def paths(self) -> list[Path]:
        """Their files, the one used last at the end."""
        return list(self._models)

    def get(self, path: FilePath, threads: int | None) -> LoadedVQModel:
        """The model in the file at `path`, read again where that was replaced.

        Raises:
            ModelFileError: It cannot be used.
        """
        path = Path(path)
        stamp = _stamp(path)
        earlier = self._models.pop(path, None)
        if earlier is None or earlier[0] != stamp:
            # Not a third one beside them while it is read.
            earlier = None
            while len(self._models) >= MOST_MODELS:
                self._models.popitem(last=False)
            # On a busy machine that takes seconds.
            with cancel_points():
                earlier = (stamp, load(path, threads=threads))
        self._models[path] = earlier
        check_cancellation()
        return earlier[1]


def _stamp(path: Path) -> tuple[int, ...]:
    """What changes when a file is replaced; nothing for one that is not there."""
    try:
        status = os.stat(path)
    except OSError:
        # Loading says what is wrong.
        return ()
    return status.st_mtime_ns, status.st_size, status.st_ino


class Worker:
    """What the work of requests needs.

    Args:
        workspace: The workspace of the player.
        channel: The way to the player.
    """

    def __init__(self, workspace: Workspace, channel: Channel) -> None:
        self.workspace = workspace
        self.channel = channel
        self.models = Models()
        self.editor = Editor(workspace)

    def model(self, path: FilePath, order: Order) -> LoadedVQModel:
        """The model at `path`, ready to use on the threads of `order`."""
        threads = order.threads or threads_for(self.workspace)
        loaded = self.models.get(path, threads)
        use_threads(loaded, threads)
        return loaded

    def loader(self, order: Order) -> Loader:
        """`load` for `order`: from memory, on the threads of the order if it names some."""

        def load_for_order(path: FilePath, _device: str, threads: int | None) -> LoadedVQModel:
            if order.threads is None:
                order.threads = threads
            return self.model(path, order)

        return load_for_order


def threads_for(workspace: Workspace) -> int | None:
    """Threads to compute on: one while a training of the workspace runs, else the default."""
    return 1 if is_training(workspace) else None


TYPES: Mapping[Any, tuple[type, ...]] = {
    bool: (bool,),
    str: (str,),
    int: (int,),
    float: (int, float),
    float | None: (int, float, NoneType),
}
"""Types that a setting may have, by its annotation. Others are checked where they are read."""


def check_settings(function: Callable[..., Any], settings: Mapping[str, Any]) -> None:
    """Check settings that come from outside, as arguments of `function`.

    Raises:
        UsageError: There is no such setting, or it is of another type.
    """
    parameters = inspect.signature(function).parameters
    for name, value in settings.items():
        if name not in parameters:
            raise UsageError(f"There is no setting '{name}' here.")
        types = TYPES.get(parameters[name].annotation)
        # A bool is an int to Python.
        if types and (not isinstance(value, types) or (type(value) is bool and bool not in types)):
            raise UsageError(f"The setting {name} cannot be {value!r}.")


Kind = TypeVar("Kind", bound=PlayerRequest)


def request_of(order: Order, kind: type[Kind]) -> Kind:
    """The request of `order`, which is of that kind."""
    assert isinstance(order.request, kind)
    return order.request

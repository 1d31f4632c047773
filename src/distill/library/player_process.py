"""The process of the player: takes requests from its input, one after the other, until it ends.

Only `Player` starts it: `python -m distill.library.player_process WORKSPACE`. It does what the
commands do, through the same functions, and adds nothing to them.
"""

import base64
import inspect
import os
import signal
import sys
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from types import NoneType
from typing import Any, TypeVar

import numpy as np

from distill.cancellation import cancellable, check_cancellation
from distill.claims import release_all
from distill.device import prepare
from distill.errors import CancelledError, DistillError, UsageError
from distill.files import FilePath, plain_json
from distill.inference.codes.compatible import check_fits_usage
from distill.inference.codes.file import load_codes, save_codes
from distill.inference.codes.region import parse_region
from distill.inference.codes.usage import read_codebook_usage
from distill.inference.modes.request import Request
from distill.inference.modes.traits import SOURCE_OPTIONS
from distill.library.editing import Editor
from distill.library.job_queue import is_training
from distill.library.player_channel import Channel, Order, open_channel
from distill.library.player_requests import (
    Decode,
    DecodeEntry,
    Edit,
    EditDocument,
    Encode,
    Generate,
    Picture,
    PlayerRequest,
    Stream,
)
from distill.library.rendering import History, Origin, generate_renders, render_facts
from distill.library.workspace import Workspace, open_workspace
from distill.models.persistence import LoadedVQModel
from distill.workflows.codes import decode_column, decode_entry, decode_to_file, encoding_of
from distill.workflows.describe_results import (
    DecodedFacts,
    edited_facts,
    encoded_facts,
    step_facts,
)
from distill.workflows.edit import EDITS
from distill.workflows.edit_lines import SOUND
from distill.workflows.edit_script import Step, apply, check_model, read_line
from distill.workflows.generate import generate, stream
from distill.workflows.load import load
from distill.workflows.paths import codes_path, output_paths, picture_path
from distill.workflows.pictures import draw_grid, save_png
from distill.workflows.request import EarlierSound, make_request

Facts = dict[str, Any]

MOST_MODELS = 2
"""Models in memory at most: one that is worked with, and one to compare it with."""


class Models:
    """Models in memory: those used last."""

    def __init__(self) -> None:
        self._loaded: OrderedDict[Path, tuple[tuple[int, ...], LoadedVQModel]] = OrderedDict()

    @property
    def paths(self) -> list[Path]:
        """Their files, the one used last at the end."""
        return list(self._loaded)

    def get(self, path: FilePath, threads: int | None) -> LoadedVQModel:
        """The model in the file at `path`, read again where that was replaced.

        Raises:
            ModelFileError: It cannot be used.
        """
        path = Path(path)
        stamp = _stamp(path)
        earlier = self._loaded.pop(path, None)
        if earlier is None or earlier[0] != stamp:
            # Not a third one beside them while it is read.
            earlier = None
            while len(self._loaded) >= MOST_MODELS:
                self._loaded.popitem(last=False)
            earlier = (stamp, load(path, threads=threads))
        self._loaded[path] = earlier
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
    """Does the work of requests.

    Args:
        workspace: The workspace of the player.
        channel: The way to the player.
    """

    def __init__(self, workspace: Workspace, channel: Channel) -> None:
        self.workspace = workspace
        self.channel = channel
        self.models = Models()
        self.editor = Editor(workspace)

    def run(self) -> None:
        """Take requests until the player is gone."""
        for order in self.channel.orders():
            self._run_one(order)

    def _run_one(self, order: Order) -> None:
        try:
            with cancellable(order.cancel_event):
                facts = WORK[type(order.request)](self, order)
            outcome: Facts = {"type": "done", "facts": plain_json(facts)}
        except CancelledError as error:
            outcome = {"type": "cancelled", "sentence": str(error)}
        except DistillError as error:
            outcome = {"type": "failed", "error": type(error).__name__, "sentence": str(error)}
        finally:
            # A process of commands ends with its claims; this one goes on.
            release_all()
        self.channel.end(order, outcome | {"models": [str(path) for path in self.models.paths]})

    def model(self, path: FilePath, order: Order) -> LoadedVQModel:
        """The model at `path`, ready to use on the threads of `order`."""
        threads = order.threads or threads_for(self.workspace)
        loaded = self.models.get(path, threads)
        prepare(threads)
        return loaded


def threads_for(workspace: Workspace) -> int | None:
    """Threads to compute on: one while a training of the workspace runs, else the default."""
    return 1 if is_training(workspace) else None


# --- kinds of requests ----------------------------------------------------------------------------


def _generate(worker: Worker, order: Order) -> Facts:
    request = _as(order, Generate)
    earlier = EarlierSound.read(request.again) if request.again else None
    generation = _make_request(earlier, request.settings)
    sources = [request.settings.get(option) for option in SOURCE_OPTIONS]
    output_paths(request.output, generation.count, [request.model, request.again, *sources])
    if earlier and order.threads is None:
        # The same sound to the bit takes as many threads.
        order.threads = earlier.recipe.threads
    loaded = worker.model(request.model, order)
    if earlier:
        earlier.recipe.check_model(loaded, earlier.path)
    files = []
    history = History(worker.workspace)
    # A request has one source at most.
    origin = Origin(source_path=next(filter(None, sources), None))
    results = generate_renders(loaded, request.output, generation, history, origin, order.report)
    for result in results:
        facts = plain_json(render_facts(result, generation.max_copy) | {"remark": result.remark})
        worker.channel.send({"type": "written", "id": order.id, "facts": facts})
        files.append(facts)
    return {"model": request.model, "files": files}


def _stream(worker: Worker, order: Order) -> Facts:
    request = _as(order, Stream)
    check_settings(stream, request.settings)
    loaded = worker.model(request.model, order)
    try:
        blocks = stream(loaded, **request.settings)
    except (TypeError, ValueError) as error:
        raise UsageError(f"These settings make no stream: {error}.") from error
    for block in blocks:
        order.wait_for_room()
        samples = np.ascontiguousarray(block.T, dtype="<f4").tobytes()
        content = {
            "samples": base64.b64encode(samples).decode(),
            "channels": len(block),
            "sample_rate": loaded.model.sample_rate,
        }
        worker.channel.send({"type": "block", "id": order.id, **content})
    return {}


def _encode(worker: Worker, order: Order) -> Facts:
    request = _as(order, Encode)
    output = codes_path(Path(request.output), [request.model, request.sound])
    loaded = worker.model(request.model, order)
    encoding = encoding_of(loaded, request.sound, order.report)
    path = save_codes(output, encoding.grid)
    return asdict(encoded_facts(path, encoding.grid, encoding.remark))


def _decode(worker: Worker, order: Order) -> Facts:
    request = _as(order, Decode)
    (path,) = output_paths(request.output, 1, [request.model, request.codes])
    loaded = worker.model(request.model, order)
    grid = load_codes(request.codes)
    if request.column is not None:
        n_samples = decode_column(loaded, grid, request.column, path).shape[1]
    else:
        region = parse_region(grid, request.start, request.stop, request.levels)
        n_samples = decode_to_file(loaded, grid, path, region, order.report)
    facts = DecodedFacts(path, duration_s=n_samples / grid.sample_rate, n_samples=n_samples)
    return asdict(facts)


def _decode_entry(worker: Worker, order: Order) -> Facts:
    request = _as(order, DecodeEntry)
    (path,) = output_paths(request.output, 1, [request.model])
    loaded = worker.model(request.model, order)
    n_samples = decode_entry(loaded, request.entry, path).shape[1]
    seconds = n_samples / loaded.model.sample_rate
    return asdict(DecodedFacts(path, duration_s=seconds, n_samples=n_samples))


def _edit(worker: Worker, order: Order) -> Facts:
    request = _as(order, Edit)
    read = [read_line(line) for line in request.lines]
    steps = [_telling(step, order) for step in read if step is not None]
    others = [step.options.get(SOUND) for step in steps]
    output = codes_path(Path(request.output), [request.model, *others])
    needs_model = check_model(steps, request.model is not None)
    grid = load_codes(request.codes)
    loaded = None
    if needs_model and request.model is not None:
        loaded = worker.model(request.model, order)
    facts = []
    for step in steps:
        edited = apply(step, grid, loaded)
        facts.append(asdict(step_facts(step.name, grid, edited)))
        grid = edited.grid
    save_codes(output, grid)
    return asdict(edited_facts(output, grid)) | {"steps": facts}


def _edit_document(worker: Worker, order: Order) -> Facts:
    request = _as(order, EditDocument)
    loaded = None
    if request.model is not None:
        loaded = worker.model(request.model, order)
    editor = worker.editor
    run = editor.try_script if request.is_trial else editor.run
    edits = run(request.document, request.lines, request.revision, loaded)
    return {
        "document": request.document,
        "revision": edits[-1].document.revision,
        "steps": [asdict(edit.facts) for edit in edits],
    }


def _picture(_worker: Worker, order: Order) -> Facts:
    request = _as(order, Picture)
    output = picture_path(Path(request.output), [request.model, request.codes])
    grid = load_codes(request.codes)
    usage = None
    if request.model is not None:
        usage = read_codebook_usage(request.model)
        check_fits_usage(usage, grid)
    return {"path": save_png(output, draw_grid(grid, usage))}


WORK: Mapping[type[PlayerRequest], Callable[[Worker, Order], Facts]] = {
    Generate: _generate,
    Stream: _stream,
    Encode: _encode,
    Decode: _decode,
    DecodeEntry: _decode_entry,
    Edit: _edit,
    EditDocument: _edit_document,
    Picture: _picture,
}
"""The function for each kind of request."""


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


def _as(order: Order, kind: type[Kind]) -> Kind:
    """The request of `order`, which is of that kind."""
    assert isinstance(order.request, kind)
    return order.request


def _make_request(earlier: EarlierSound | None, settings: Mapping[str, Any]) -> Request:
    """The request of `settings`."""
    check_settings(generate, settings)
    try:
        return make_request(earlier, **settings)
    except (TypeError, ValueError) as error:
        raise UsageError(f"These settings make no sound: {error}.") from error


def _telling(step: Step, order: Order) -> Step:
    """`step`, which tells how far it has come if it can."""
    if "progress" not in inspect.signature(EDITS[step.name]).parameters:
        return step
    return replace(step, options={**step.options, "progress": order.report})


def main() -> None:
    """Work for the player until it is gone."""
    channel = open_channel()
    # Ctrl-C reaches all processes of a terminal; the player decides what ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Worker(open_workspace(Path(sys.argv[1])), channel).run()


if __name__ == "__main__":
    main()

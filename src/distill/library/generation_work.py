"""Work of the player process for new sound: generated, streamed, made again, varied, compared.

Each function takes the worker and the order, and returns facts for the player.
"""

import base64
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from distill.errors import UsageError
from distill.files import plain_json
from distill.inference.blending.settings import read_blend
from distill.inference.modes.request import Request
from distill.inference.modes.traits import SOURCE_OPTIONS
from distill.library.comparison_models import compare_models
from distill.library.comparison_sounds import create_comparison
from distill.library.generation_requests import (
    CompareModels,
    CompareSounds,
    Generate,
    MakeAgain,
    Vary,
    Warm,
)
from distill.library.generation_requests import Stream as StreamRequest
from distill.library.player_channel import Order
from distill.library.player_worker import Facts, Worker, check_settings, request_of
from distill.library.render_places import free_place
from distill.library.rendering import (
    History,
    Machine,
    Origin,
    RenderResult,
    generate_renders,
    make_again,
    make_variations,
    render_facts,
)
from distill.workflows.generate import generate
from distill.workflows.paths import output_paths
from distill.workflows.request import EarlierSound, make_request
from distill.workflows.stream import Stream, stream

NAME = "generated.wav"
"""Name of a sound that gets no other one."""


def generate_sounds(worker: Worker, order: Order) -> Facts:
    """Generate sounds, write and keep them."""
    request = request_of(order, Generate)
    earlier = EarlierSound.read(request.again) if request.again else None
    settings = _with_second(worker, order, request.settings)
    generation = _make_request(earlier, settings)
    sources = [request.settings.get(option) for option in SOURCE_OPTIONS]
    output = request.output or free_place(worker.workspace, NAME, generation.count)
    output_paths(output, generation.count, [request.model, request.again, *sources])
    if earlier and order.threads is None:
        # The same sound to the bit takes as many threads.
        order.threads = earlier.recipe.threads
    loaded = worker.model(request.model, order)
    if earlier:
        earlier.recipe.check_model(loaded, earlier.path)
    history = History(worker.workspace)
    # A request has one source at most.
    origin = Origin(source_path=next(filter(None, sources), None))
    results = generate_renders(loaded, output, generation, history, origin, order.report)
    return {"model": request.model, "files": _send_all(worker, order, results, generation.max_copy)}


def stream_blocks(worker: Worker, order: Order) -> Facts:
    """Send blocks of new sound until it is cancelled."""
    request = request_of(order, StreamRequest)
    check_settings(stream, request.settings)
    settings = _with_second(worker, order, request.settings)
    loaded = worker.model(request.model, order)
    try:
        playing = stream(loaded, **settings)
    except (TypeError, ValueError) as error:
        raise UsageError(f"These settings make no stream: {error}.") from error
    blocks = playing.blocks()
    while True:
        order.wait_for_room()
        _steer(worker, order, playing)
        block = next(blocks)
        samples = np.ascontiguousarray(block.sound.T, dtype="<f4").tobytes()
        content = {
            "samples": base64.b64encode(samples).decode(),
            "codes": block.codes.tolist(),
            "channels": len(block.sound),
            "sample_rate": loaded.model.sample_rate,
        }
        worker.channel.send({"type": "block", "id": order.id, **content})


def warm_up(worker: Worker, order: Order) -> Facts:
    """Load a model, and draw a block of new sound with it: the first of all takes longest."""
    request = request_of(order, Warm)
    loaded = worker.model(request.model, order)
    if loaded.prior is not None:
        next(stream(loaded).blocks())
    return {"model": request.model}


def _steer(worker: Worker, order: Order, playing: Stream) -> None:
    """Take up the changes that came since the last block, and tell how each went."""
    while not order.steering.empty():
        sentence = None
        try:
            playing.steer(**order.steering.get())
        except UsageError as error:
            sentence = str(error)
        worker.channel.send({"type": "steered", "id": order.id, "error": sentence})


def make_render_again(worker: Worker, order: Order) -> Facts:
    """Make a render once more, or longer."""
    request = request_of(order, MakeAgain)
    result = make_again(
        worker.workspace,
        request.render,
        output=request.output,
        duration=request.duration,
        source=request.source,
        machine=_machine(worker, order, request),
        progress=order.report,
    )
    return {"files": _send_all(worker, order, [result])}


def vary_render(worker: Worker, order: Order) -> Facts:
    """Vary a render."""
    request = request_of(order, Vary)
    results = make_variations(
        worker.workspace,
        request.render,
        amount=request.amount,
        seed=request.seed,
        count=request.count,
        output=request.output,
        machine=_machine(worker, order, request),
        progress=order.report,
    )
    return {"files": _send_all(worker, order, results)}


def compare_two_models(worker: Worker, order: Order) -> Facts:
    """Make a blind comparison of two models."""
    request = request_of(order, CompareModels)
    comparison = compare_models(
        worker.workspace,
        (request.first, request.second),
        request.pairs,
        request.duration,
        request.seed,
        request.name,
        loader=worker.loader(order),
        progress=order.report,
    )
    return {"comparison": comparison.id}


def compare_sounds(worker: Worker, order: Order) -> Facts:
    """Make a blind comparison of sounds."""
    request = request_of(order, CompareSounds)
    comparison = create_comparison(
        worker.workspace, request.couples, request.sides, request.seed, request.name
    )
    return {"comparison": comparison.id}


def _machine(worker: Worker, order: Order, request: MakeAgain | Vary) -> Machine:
    return Machine(model=request.model, threads=order.threads, load=worker.loader(order))


def _send_all(
    worker: Worker,
    order: Order,
    results: Iterable[RenderResult],
    max_copy: float | None = None,
) -> list[Facts]:
    """Tell the facts of each sound as soon as it is written, and collect them."""
    files = []
    for result in results:
        facts = plain_json(render_facts(result, max_copy) | {"remark": result.remark})
        worker.channel.send({"type": "written", "id": order.id, "facts": facts})
        files.append(facts)
    return files


def _with_second(worker: Worker, order: Order, settings: Mapping[str, Any]) -> dict[str, Any]:
    """`settings` with the second model of a blend as it is in memory."""
    blend = read_blend(settings.get("blend"))
    if blend is None:
        return dict(settings)
    return {**settings, "blend": (worker.model(blend.path, order), blend.share)}


def _make_request(earlier: EarlierSound | None, settings: Mapping[str, Any]) -> Request:
    """The request of `settings`."""
    check_settings(generate, settings)
    try:
        return make_request(earlier, **settings)
    except (TypeError, ValueError) as error:
        raise UsageError(f"These settings make no sound: {error}.") from error

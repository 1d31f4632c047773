"""The process of the player: takes requests from its input, one after the other, until it ends.

Only `Player` starts it: `python -m distill.library.player_process WORKSPACE`. It does what the
commands do, through the same functions, and adds nothing to them.
"""

import signal
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from distill.cancellation import cancellable
from distill.claims import release_all
from distill.errors import CancelledError, DistillError
from distill.files import plain_json
from distill.library.codes_requests import (
    CountCodes,
    Decode,
    DecodeDocument,
    DecodeEntry,
    Edit,
    EditDocument,
    Encode,
    Picture,
)
from distill.library.codes_work import (
    count_codes,
    decode_codes,
    decode_document,
    decode_one_entry,
    draw_picture,
    edit_codes,
    edit_document,
    encode_sound,
)
from distill.library.generation_requests import (
    CompareModels,
    CompareSounds,
    Generate,
    MakeAgain,
    Stream,
    Vary,
    Warm,
)
from distill.library.generation_work import (
    compare_sounds,
    compare_two_models,
    generate_sounds,
    make_render_again,
    stream_blocks,
    vary_render,
    warm_up,
)
from distill.library.player_channel import Order, open_channel
from distill.library.player_request import PlayerRequest
from distill.library.player_worker import Facts, Worker
from distill.library.sound_requests import (
    ConvertSound,
    DrawSound,
    FindSources,
    MeasureCurves,
    MeasureLoudness,
    Preview,
)
from distill.library.sound_work import (
    convert,
    draw_sound,
    find_nearest,
    make_previews,
    measure_loudness,
    measure_sound,
)
from distill.library.workspace import open_workspace

WORK: Mapping[type[PlayerRequest], Callable[[Worker, Order], Facts]] = {
    Generate: generate_sounds,
    MakeAgain: make_render_again,
    Vary: vary_render,
    Stream: stream_blocks,
    Warm: warm_up,
    CompareModels: compare_two_models,
    CompareSounds: compare_sounds,
    Encode: encode_sound,
    Decode: decode_codes,
    DecodeEntry: decode_one_entry,
    Edit: edit_codes,
    EditDocument: edit_document,
    DecodeDocument: decode_document,
    CountCodes: count_codes,
    Picture: draw_picture,
    MeasureCurves: measure_sound,
    MeasureLoudness: measure_loudness,
    FindSources: find_nearest,
    ConvertSound: convert,
    DrawSound: draw_sound,
    Preview: make_previews,
}
"""The function for each kind of request."""


def run(worker: Worker) -> None:
    """Take requests until the player is gone."""
    for order in worker.channel.orders():
        outcome = _outcome(worker, order)
        models = [str(path) for path in worker.models.paths]
        worker.channel.end(order, outcome | {"models": models})


def _outcome(worker: Worker, order: Order) -> Facts:
    """Do the work of a request; how it ended, for the player."""
    try:
        with cancellable(order.cancel_event):
            facts = WORK[type(order.request)](worker, order)
        return {"type": "done", "facts": plain_json(facts)}
    except CancelledError as error:
        return {"type": "cancelled", "sentence": str(error)}
    except DistillError as error:
        return {"type": "failed", "error": type(error).__name__, "sentence": str(error)}
    finally:
        # A process of commands ends with its claims; this one goes on.
        release_all()


def main() -> None:
    """Work for the player until it is gone."""
    channel = open_channel()
    # Ctrl-C reaches all processes of a terminal; the player decides what ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    run(Worker(open_workspace(Path(sys.argv[1])), channel))


if __name__ == "__main__":
    main()

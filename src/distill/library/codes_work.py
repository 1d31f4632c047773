"""Work of the player process on codes: encoded, decoded, edited, drawn.

Each function takes the worker and the order, and returns facts for the player.
"""

import math
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from distill.audio.io import stream_audio
from distill.audio.level import integrated_loudness_of
from distill.errors import UsageError
from distill.inference.codes.compatible import check_fits_usage
from distill.inference.codes.file import load_codes, save_codes
from distill.inference.codes.grid import CodeGrid
from distill.inference.codes.region import Region, parse_region
from distill.inference.codes.usage import read_codebook_usage
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
from distill.library.documents import check_revision, open_document
from distill.library.editing import Edited
from distill.library.player_channel import Order
from distill.library.player_worker import Facts, Worker, request_of
from distill.models.persistence import LoadedVQModel
from distill.workflows.codes import decode_column, decode_entry, decode_to_file, encoding_of
from distill.workflows.describe import codebook_level
from distill.workflows.describe_results import (
    DecodedFacts,
    edited_facts,
    encoded_facts,
    step_facts,
)
from distill.workflows.edit_lines import SOUND
from distill.workflows.edit_script import apply, check_model, read_line, with_progress
from distill.workflows.paths import codes_path, output_paths, picture_path
from distill.workflows.pictures import draw_grid, save_png


def count_codes(_worker: Worker, order: Order) -> Facts:
    """Tell how a model uses its codes; the header of its file says it."""
    use = read_codebook_usage(request_of(order, CountCodes).model)
    levels = [codebook_level(use, level) for level in range(len(use.level_names))]
    return {"levels": [asdict(level) for level in levels]}


def encode_sound(worker: Worker, order: Order) -> Facts:
    """Encode a sound to a codes file."""
    request = request_of(order, Encode)
    output = codes_path(Path(request.output), [request.model, request.sound])
    loaded = worker.model(request.model, order)
    encoding = encoding_of(loaded, request.sound, order.report)
    path = save_codes(output, encoding.grid)
    return asdict(encoded_facts(path, encoding.grid, encoding.remark))


def decode_codes(worker: Worker, order: Order) -> Facts:
    """Decode codes, or a part of them, to a sound file."""
    request = request_of(order, Decode)
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


def decode_one_entry(worker: Worker, order: Order) -> Facts:
    """Decode a codebook entry to a sound file."""
    request = request_of(order, DecodeEntry)
    (path,) = output_paths(request.output, 1, [request.model])
    loaded = worker.model(request.model, order)
    n_samples = decode_entry(loaded, request.entry, path).shape[1]
    seconds = n_samples / loaded.model.sample_rate
    return asdict(DecodedFacts(path, duration_s=seconds, n_samples=n_samples))


def edit_codes(worker: Worker, order: Order) -> Facts:
    """Edit a codes file."""
    request = request_of(order, Edit)
    read = [read_line(line) for line in request.lines]
    steps = [with_progress(step, order.report) for step in read if step is not None]
    others = [step.options.get(SOUND) for step in steps]
    output = codes_path(Path(request.output), [request.model, *others])
    needs_model = check_model(steps, request.model is not None)
    grid = load_codes(request.codes)
    loaded = None
    if needs_model and request.model is not None:
        loaded = worker.model(request.model, order)
    facts = []
    for step in steps:
        result = apply(step, grid, loaded)
        facts.append(asdict(step_facts(step.name, grid, result)))
        grid = result.grid
    save_codes(output, grid)
    return asdict(edited_facts(output, grid)) | {"steps": facts}


def edit_document(worker: Worker, order: Order) -> Facts:
    """Edit a document, or try to."""
    request = request_of(order, EditDocument)
    loaded = None
    if request.model is not None:
        loaded = worker.model(request.model, order)
    if request.is_trial:
        edits = _try(worker, order, request.lines, loaded)
    else:
        edits = worker.editor.run(
            request.document, request.lines, request.revision, loaded, order.report
        )
    return {
        "document": request.document,
        "revision": edits[-1].document.revision,
        "steps": [asdict(edit.facts) for edit in edits],
    }


def _try(
    worker: Worker, order: Order, lines: Sequence[str], loaded: LoadedVQModel | None
) -> list[Edited]:
    """What edits would make of the document of `order`."""
    request = order.request
    assert isinstance(request, EditDocument | DecodeDocument)
    editor = worker.editor
    if len(lines) == 1:
        # One that is kept afterwards is kept as it was heard.
        return [editor.try_edit(request.document, lines[0], request.revision, loaded)]
    return editor.try_script(request.document, lines, request.revision, loaded)


def decode_document(worker: Worker, order: Order) -> Facts:
    """Decode a document, or what edits would make of it."""
    request = request_of(order, DecodeDocument)
    (path,) = output_paths(request.output, 1, [request.model])
    loaded = worker.model(request.model, order)
    document = open_document(worker.workspace, request.document)
    check_revision(document, request.revision)
    count = request.edits if request.grid is None else document.count_at(request.grid)
    if request.lines and count is not None:
        raise UsageError("Edits are tried at the cursor: give lines or a number of edits.")
    if count is not None and not 0 <= count <= len(document.edits):
        raise UsageError(f"'{document.name}' has {len(document.edits)} edits.")
    before = worker.editor.grid(document, count, loaded)
    grid = before
    steps = []
    if request.lines:
        edits = _try(worker, order, request.lines, loaded)
        grid = edits[-1].grid
        steps = [asdict(edit.facts) for edit in edits]
    region = _region_to_hear(request, before, grid)
    if request.column is not None:
        n_samples = decode_column(loaded, grid, request.column, path).shape[1]
    else:
        n_samples = decode_to_file(loaded, grid, path, region, order.report)
    loudness = integrated_loudness_of(stream_audio(path, grid.sample_rate), grid.sample_rate)
    facts = DecodedFacts(path, duration_s=n_samples / grid.sample_rate, n_samples=n_samples)
    start, stop, _ = region.resolve(*grid.codes.shape)
    return asdict(facts) | {
        "revision": document.revision,
        "steps": steps,
        "span": [start, stop],
        "loudness_lufs": loudness if math.isfinite(loudness) else None,
    }


def _region_to_hear(request: DecodeDocument, before: CodeGrid, after: CodeGrid) -> Region:
    """What of the grid `after` is heard: what is named, or a change with its surroundings."""
    if request.column is not None:
        start = parse_region(after, request.column).start
        return Region(start=start, stop=start + 1)
    if request.around is not None and request.lines:
        span = _change(before, after)
        if span is not None:
            levels = parse_region(after, levels=request.levels).levels
            stop = min(len(after.codes), span[1] + request.around)
            # A cut at the end leaves nothing behind it.
            start = min(max(0, span[0] - request.around), stop - 1)
            return Region(start=start, stop=stop, levels=levels)
    return parse_region(after, request.start, request.stop, request.levels)


def _change(before: CodeGrid, after: CodeGrid) -> tuple[int, int] | None:
    """Frames of `after` that lie between what both grids begin and end with; None if equal.

    Unlike `EditResult.changed` it ends with the change, also where all after it has moved.
    """
    overlap = min(len(before.codes), len(after.codes))
    differs = (before.codes[:overlap] != after.codes[:overlap]).any(1)
    from_end = (before.codes[::-1][:overlap] != after.codes[::-1][:overlap]).any(1)
    first = int(differs.argmax()) if differs.any() else overlap
    last = int(from_end.argmax()) if from_end.any() else overlap
    if first == overlap and len(before.codes) == len(after.codes):
        return None
    # What repeats would count to both ends, and hide what came in between.
    last = min(last, overlap - first)
    return first, len(after.codes) - last


def draw_picture(_worker: Worker, order: Order) -> Facts:
    """Draw codes."""
    request = request_of(order, Picture)
    output = picture_path(Path(request.output), [request.model, request.codes])
    grid = load_codes(request.codes)
    usage = None
    if request.model is not None:
        usage = read_codebook_usage(request.model)
        check_fits_usage(usage, grid)
    return {"path": save_png(output, draw_grid(grid, usage))}

"""Edits in the latent space of the codec: blend two sounds, drift to near codes, clear.

A code stands for an entry of a codebook, and the entries of all levels add up to a latent vector
that the decoder hears. These edits change the sum and search for codes that give it, so they need
the model. Residual quantisation picks level by level and so misses good combinations. A beam search
over the levels finds better ones (Babenko and Lempitsky 2014, Additive Quantization).
"""

from dataclasses import replace

import numpy as np

from distill.cancellation import check_each
from distill.errors import UsageError
from distill.inference.codes.compatible import check_fits_model
from distill.inference.codes.grid import CodeGrid
from distill.inference.codes.operations import about_pair, shared_region
from distill.inference.codes.rearrange import EditResult, overwrite
from distill.inference.codes.region import WHOLE, Region
from distill.models.chunked import encode_audio
from distill.models.persistence import LoadedVQModel
from distill.settings import check_seed

BEAM_WIDTH = 2
"""Paths that the beam search keeps beside the codes of both sounds.

The codes of the sounds are good starts, so a narrow beam is enough and keeps an edit instant.
"""

PIECE_FRAMES = 512
"""Code frames quantised at once: their distances fit into a processor's cache."""

NEIGHBOUR_COUNT = 4
"""`drift` replaces a code by one of this many nearest entries of its codebook."""

SILENT_FRAMES = 9
"""Code frames of silence that are encoded to find its codes; the middle one has silence around."""

LARGEST_STEP_COUNT = 1000
"""Steps of `drift`: a random walk has long spread over the whole codebook by then."""


def blend(
    loaded: LoadedVQModel,
    a: CodeGrid,
    b: CodeGrid,
    amount: float | np.ndarray,
    region: Region = WHOLE,
) -> EditResult:
    """Go from `a` towards `b` in a region: one sound between both, where a crossfade plays two.

    `a` keeps its length; where `b` has ended, `a` keeps its own codes. Locked cells stay, and the
    others are blended as if those were the same in both sounds.

    Args:
        loaded: The model that made the codes.
        a: The grid to edit.
        b: The grid to go towards.
        amount: 0 gives the codes of `a`, 1 those of `b`; one number, or `[t]` with one for each
            frame of the region.
        region: The region of `a` to blend.

    Returns:
        The edited grid; `distance` `[t]` says how near each frame came to the exact blend.

    Raises:
        CodebookMismatchError: The model or one grid is of another codec.
        UsageError: `amount` is not between 0 and 1, or the region is empty.
    """
    # The curve of amounts covers the region as it was named, `b` may end before it.
    check_fits_model(loaded, a)
    _, full_stop, _ = region.resolve(*a.codes.shape)
    start, stop, levels = shared_region(a, b, region).resolve(*a.codes.shape)
    weights = _weights_by_frame(amount, full_stop - start)[: stop - start]

    # Locked cells of `a` count as equal in both sounds.
    codes_a = a.codes[start:stop, levels]
    codes_b = b.codes[start:stop, levels]
    is_locked = _locked_cells(a)[start:stop, levels]
    targets = np.where(is_locked, codes_a, codes_b)

    # A straight line between both latents, which the search then comes near to.
    books = _codebooks(loaded)[levels]
    latents_a = sum_entries(books, codes_a)
    latents_b = sum_entries(books, targets)
    latents = latents_a + weights[:, None] * (latents_b - latents_a)

    # At 0 and 1, and where both sounds agree, the codes are known; only the rest is searched.
    new = np.where((weights == 1)[:, None], targets, codes_a)
    is_between = (weights > 0) & (weights < 1) & (codes_a != targets).any(1)
    seeds = np.stack((codes_a[is_between], targets[is_between]))
    new[is_between] = quantise_with_locks(latents[is_between], books, seeds, is_locked[is_between])

    codes = a.codes.copy()
    codes[start:stop, levels] = new
    would_change = (codes_a != codes_b) & (weights > 0)[:, None]
    return replace(
        overwrite(a, codes, about_pair(a, b, region)),
        kept_back=int(np.count_nonzero(would_change & is_locked)),
        distance=_relative_distance(sum_entries(books, new), latents, latents_b - latents_a),
    )


def drift(
    loaded: LoadedVQModel,
    grid: CodeGrid,
    amount: float,
    region: Region = WHOLE,
    seed: int = 0,
    steps: int = 1,
) -> EditResult:
    """Make a region a little different: some codes are replaced by codes that sound near.

    Equal codes get equal replacements, so that repetitions in the sound still repeat.

    Args:
        loaded: The model that made the codes.
        grid: The grid to edit.
        amount: Share of the codes that are replaced in each step, from 0 to 1.
        region: The region to edit.
        seed: Decides which codes are replaced, and by which.
        steps: Number of times that codes are replaced, each time starting from the last result.

    Raises:
        CodebookMismatchError: Another codec made the codes.
        UsageError: `amount`, `steps` or `seed` is out of range, or the region is empty.
    """
    check_fits_model(loaded, grid)
    start, stop, levels = region.resolve(*grid.codes.shape)
    if not 0 <= amount <= 1:
        raise UsageError("--amount must lie between 0 and 1.")
    if not 1 <= steps <= LARGEST_STEP_COUNT:
        raise UsageError(f"--steps must lie between 1 and {LARGEST_STEP_COUNT}.")
    check_seed(seed)

    # One table of replacements for each level, the same at every frame.
    generator = np.random.default_rng(seed)
    books = _codebooks(loaded)
    codes = grid.codes.copy()
    for level in levels:
        replacements = _random_walk(books[level], amount, steps, generator)
        codes[start:stop, level] = replacements[codes[start:stop, level]]
    return overwrite(grid, codes)


def clear(
    loaded: LoadedVQModel,
    grid: CodeGrid,
    region: Region = WHOLE,
) -> EditResult:
    """Wipe a region: all levels become silence, single levels the code that adds least."""
    check_fits_model(loaded, grid)
    start, stop, levels = region.resolve(*grid.codes.shape)
    codes = grid.codes.copy()
    Q = codes.shape[1]
    if len(levels) == Q:
        codes[start:stop] = _silent_codes(loaded)[:Q]
    else:
        # The entry with the smallest norm changes the sum of the other levels least.
        norms = np.square(_codebooks(loaded)[levels]).sum(2)
        codes[start:stop, levels] = norms.argmin(1)
    return overwrite(grid, codes)


def sum_entries(books: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """Latents `[T, D]`: the sums of the entries that `codes` `[T, Q]` name in `books` `[Q, K, D]`.

    In numpy, apart from the codec's own `rvq.lookup`, since a search calls it many times.
    """
    total = books[0].take(codes[:, 0], 0)
    for q in range(1, len(books)):
        total += books[q].take(codes[:, q], 0)
    return total


def _locked_cells(grid: CodeGrid) -> np.ndarray:
    """The locked cells `[T, Q]` (bool), also of a grid without any."""
    return np.zeros(grid.codes.shape, bool) if grid.locked is None else grid.locked


def _codebooks(loaded: LoadedVQModel) -> np.ndarray:
    """The codebooks `[Q, K, D]`."""
    books: np.ndarray = loaded.model.rvq.codebooks.detach().cpu().numpy()
    return books


def _weights_by_frame(amount: float | np.ndarray, frame_count: int) -> np.ndarray:
    """`amount` as `[t]`, checked."""
    amounts = np.asarray(amount, dtype=np.float32)
    # Comparisons are enough: NaN fails every one.
    is_in_range = ((amounts >= 0) & (amounts <= 1)).all()
    if amounts.shape not in ((), (frame_count,)) or not is_in_range:
        raise UsageError(
            "--amount must lie between 0 and 1: "
            f"one number, or one for each of the {frame_count} frames."
        )
    return np.broadcast_to(amounts, (frame_count,))


def _relative_distance(
    latents: np.ndarray,
    exact: np.ndarray,
    difference: np.ndarray,
) -> np.ndarray:
    """Distances `[t]` of `latents` from the `exact` ones, as shares of the length of `difference`.

    All come as `[t, D]`. Where there is no difference, the distance is 0.
    """
    # Where both sounds have the same latent, nothing can be missed.
    error = np.linalg.norm(latents - exact, axis=1)
    separation = np.linalg.norm(difference, axis=1)
    return np.divide(error, separation, out=np.zeros_like(error), where=separation > 0)


def _silent_codes(loaded: LoadedVQModel) -> np.ndarray:
    """The codes `[Q]` of a frame of silence with silence around it."""
    codec = loaded.model
    silence = np.zeros((codec.channels, SILENT_FRAMES * codec.frame_hop), np.float32)
    codes: np.ndarray = encode_audio(codec, silence)[SILENT_FRAMES // 2].numpy()
    return codes


def _random_walk(
    book: np.ndarray,
    amount: float,
    steps: int,
    generator: np.random.Generator,
) -> np.ndarray:
    """Codes `[K]` that those of `book` `[K, D]` are replaced by after `steps` steps."""
    K = len(book)
    squares = np.square(book).sum(1)
    distance = squares[:, None] - 2 * book @ book.T + squares
    # No code is its own neighbour.
    np.fill_diagonal(distance, np.inf)
    neighbour_count = max(1, min(NEIGHBOUR_COUNT, K - 1))
    neighbours = distance.argsort(1, kind="stable")[:, :neighbour_count]

    codes = np.arange(K)
    place = codes
    for _ in check_each(range(steps)):
        choice = generator.integers(neighbours.shape[1], size=K)
        moves = generator.random(K) < amount
        step = np.where(moves, neighbours[codes, choice], codes)
        place = step[place]
    return place


# --- quantising a blend ---------------------------------------------------------------------------


def quantise_with_locks(
    x: np.ndarray,
    books: np.ndarray,
    seeds: np.ndarray,
    is_locked: np.ndarray,
) -> np.ndarray:
    """Quantise as `quantise` does, but leave locked cells alone.

    The other levels make up the rest of `x` beside them. Frames with the same locked levels are
    searched together.

    Args:
        x: Latents `[T, D]` to come near to.
        books: Codebooks `[Q, K, D]`.
        seeds: Known candidates `[S, T, Q]`, all with the same codes in locked cells.
        is_locked: Cells `[T, Q]` (bool) that keep those codes.

    Returns:
        Codes `[T, Q]`.
    """
    codes = seeds[0].copy()
    patterns, pattern_of_frame = np.unique(is_locked, axis=0, return_inverse=True)
    for i, pattern in enumerate(patterns):
        frames = np.flatnonzero(pattern_of_frame == i)
        free = np.flatnonzero(~pattern)
        if len(free) == 0:
            continue
        rest = x[frames]
        if pattern.any():
            rest = rest - sum_entries(books[pattern], codes[frames][:, pattern])
        free_seeds = seeds[:, frames][:, :, free]
        codes[np.ix_(frames, free)] = quantise(rest, books[free], free_seeds)
    return codes


def quantise(
    x: np.ndarray,
    books: np.ndarray,
    seeds: np.ndarray,
) -> np.ndarray:
    """Find codes whose entries sum up to nearly `x`, by a beam search over the levels.

    The result is no worse than the best of the seeds, and a path may leave a seed at every level.

    Args:
        x: Latents `[T, D]` to come near to.
        books: Codebooks `[Q, K, D]`.
        seeds: Known candidates `[S, T, Q]`, followed beside the `BEAM_WIDTH` best paths.

    Returns:
        Codes `[T, Q]`.
    """
    if len(x) == 0:
        return np.zeros((0, len(books)), seeds.dtype)
    pieces = [slice(i, i + PIECE_FRAMES) for i in range(0, len(x), PIECE_FRAMES)]
    codes = [_search(x[piece], books, seeds[:, piece]) for piece in check_each(pieces)]
    return np.concatenate(codes)


def _search(
    x: np.ndarray,
    books: np.ndarray,
    seeds: np.ndarray,
) -> np.ndarray:
    """As `quantise`, of few frames."""
    T, D = x.shape
    Q, K, _ = books.shape
    S = len(seeds)
    frames = np.arange(T)
    # For each path the part of `x` still to be made up, and its codes: one empty path at first.
    residuals = x[None]
    paths = np.zeros((1, T, Q), seeds.dtype)

    for q, book in enumerate(books):
        best = _smallest(_squared_distances(residuals, book), BEAM_WIDTH)
        path, entry = np.divmod(best, K)
        # Each seed goes on from its own path: the empty one at first, then the last `S`.
        seed_path = np.arange(len(residuals) - S, len(residuals)) if q else np.zeros(S, int)
        path = np.concatenate((path, np.broadcast_to(seed_path[:, None], (S, T))))
        entry = np.concatenate((entry, seeds[:, :, q]))

        # Row `path * T + frame` of the flattened arrays is where a new path comes from.
        origin = path * T + frames
        residuals = residuals.reshape(-1, D).take(origin, 0) - book.take(entry, 0)
        paths = paths.reshape(-1, Q).take(origin, 0)
        paths[:, :, q] = entry

    nearest = np.square(residuals).sum(2).argmin(0)
    codes: np.ndarray = paths[nearest, frames]
    return codes


def _squared_distances(residuals: np.ndarray, book: np.ndarray) -> np.ndarray:
    """Squared distances `[T, P * K]` of `residuals` `[P, T, D]` of `P` paths to `book` `[K, D]`."""
    P, T, _ = residuals.shape
    distance = np.empty((T, P, len(book)), residuals.dtype)
    # |x|^2 - 2 x·e + |e|^2, so that a matrix product does the work.
    for p in range(P):
        np.matmul(residuals[p], -2 * book.T, out=distance[:, p])
    distance += np.einsum("ptd,ptd->tp", residuals, residuals)[..., None]
    distance += np.square(book).sum(1)
    return distance.reshape(T, -1)


def _smallest(distance: np.ndarray, count: int) -> np.ndarray:
    """Columns `[count, T]` of the `count` smallest values in each row of `distance` `[T, M]`.

    `distance` is overwritten. A pass for each is quicker than sorting: `count` is 2.
    """
    rows = np.arange(len(distance))
    columns = []
    for _ in range(count):
        column = distance.argmin(1)
        columns.append(column)
        distance[rows, column] = np.inf
    return np.stack(columns)

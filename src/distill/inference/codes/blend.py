"""Edits through what codes stand for: their entries, summed over levels. These need the model."""

from dataclasses import replace

import numpy as np

from distill.errors import UsageError
from distill.inference.codes.compatible import check_fits_model
from distill.inference.codes.grid import CodeGrid
from distill.inference.codes.operations import about_pair, shared_region
from distill.inference.codes.rearrange import EditResult, overwrite
from distill.inference.codes.region import WHOLE, Region
from distill.models.chunked import encode_audio
from distill.models.persistence import LoadedVQModel
from distill.settings import check_seed

PATHS = 2
"""Kept while quantising a blend, beside those of the two sounds."""

PIECE = 512
"""Frames quantised at once: what fits into a processor's cache."""

NEAR = 4
SILENT_FRAMES = 9


def blend(
    loaded: LoadedVQModel,
    a: CodeGrid,
    b: CodeGrid,
    amount: float | np.ndarray,
    region: Region = WHOLE,
) -> EditResult:
    """Go from `a` (`amount` 0) towards `b` (1) in a region: what lies between them in sound, not a
    crossfade.

    `amount` is a number, or `[t]` with one for each frame of the region. The length of `a` holds;
    where `b` has ended, `a` goes on as itself. At 0 and 1 the codes are those of `a` and `b`.
    Locked cells stay as they are, and the others are blended as if those were the same in both.
    """
    check_fits_model(loaded, a)
    _, asked, _ = region.resolve(*a.codes.shape)
    start, stop, levels = shared_region(a, b, region).resolve(*a.codes.shape)
    weight = _amounts(amount, asked - start)[: stop - start]
    ours, asked_for = (grid.codes[start:stop, levels] for grid in (a, b))
    held = np.zeros(ours.shape, bool) if a.locked is None else a.locked[start:stop, levels]
    theirs = np.where(held, ours, asked_for)
    books = _codebooks(loaded)[levels]
    from_a, from_b = lookup(books, ours), lookup(books, theirs)
    mixed = from_a + weight[:, None] * (from_b - from_a)
    between = (weight > 0) & (weight < 1) & (ours != theirs).any(1)
    codes = a.codes.copy()
    part = np.where((weight == 1)[:, None], theirs, ours)
    part[between] = quantise_beside(
        mixed[between], books, np.stack((ours[between], theirs[between])), held[between]
    )
    codes[start:stop, levels] = part
    kept_back = int(np.count_nonzero((ours != asked_for) & held & (weight > 0)[:, None]))
    missed = np.linalg.norm(lookup(books, part) - mixed, axis=1)
    apart = np.linalg.norm(from_b - from_a, axis=1)
    distance = np.divide(missed, apart, out=np.zeros_like(missed), where=apart > 0)
    return replace(
        overwrite(a, codes, about_pair(a, b, region)), kept_back=kept_back, distance=distance
    )


def drift(
    loaded: LoadedVQModel,
    grid: CodeGrid,
    amount: float,
    region: Region = WHOLE,
    seed: int = 0,
    steps: int = 1,
) -> EditResult:
    """Make a region a little different: a share `amount` of the codes give way to codes that sound
    near, `steps` times.

    The same code always gives way to the same one, so what repeats still repeats. The same `seed`,
    the same result.
    """
    check_fits_model(loaded, grid)
    start, stop, levels = region.resolve(*grid.codes.shape)
    if not 0 <= amount <= 1:
        raise UsageError("--amount must lie between 0 and 1.")
    if not 1 <= steps <= 1000:
        raise UsageError("--steps must lie between 1 and 1000.")
    check_seed(seed)
    generator = np.random.default_rng(seed)
    codes = grid.codes.copy()
    books = _codebooks(loaded)
    for level in levels:
        walk = _walk(books[level], amount, steps, generator)
        codes[start:stop, level] = walk[codes[start:stop, level]]
    return overwrite(grid, codes)


def clear(loaded: LoadedVQModel, grid: CodeGrid, region: Region = WHOLE) -> EditResult:
    """Wipe a region: all levels of it fall silent; some of them give way to the codes that add
    least to the others."""
    check_fits_model(loaded, grid)
    start, stop, levels = region.resolve(*grid.codes.shape)
    codes = grid.codes.copy()
    if len(levels) == codes.shape[1]:
        codes[start:stop] = _silence(loaded)[: codes.shape[1]]
    else:
        codes[start:stop, levels] = np.square(_codebooks(loaded)[levels]).sum(2).argmin(1)
    return overwrite(grid, codes)


def lookup(books: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """Sums `[T, D]` of the entries that `codes` `[T, Q]` name in `books` `[Q, K, D]`."""
    total = books[0].take(codes[:, 0], 0)
    for q in range(1, len(books)):
        total += books[q].take(codes[:, q], 0)
    return total


def _codebooks(loaded: LoadedVQModel) -> np.ndarray:
    """`[Q, K, D]`."""
    books: np.ndarray = loaded.model.rvq.codebooks.detach().cpu().numpy()
    return books


def _amounts(amount: float | np.ndarray, frames: int) -> np.ndarray:
    amounts = np.asarray(amount, dtype=np.float32)
    # Comparing is enough: NaN fails every comparison.
    if amounts.shape not in ((), (frames,)) or not ((amounts >= 0) & (amounts <= 1)).all():
        raise UsageError(
            f"--amount must lie between 0 and 1: one number, or one for each of the {frames} frames."
        )
    return np.broadcast_to(amounts, (frames,))


def _silence(loaded: LoadedVQModel) -> np.ndarray:
    """The codes `[Q]` of silence with silence around it."""
    model = loaded.model
    quiet = np.zeros((model.channels, SILENT_FRAMES * model.frame_hop), np.float32)
    codes: np.ndarray = encode_audio(model, quiet)[SILENT_FRAMES // 2].numpy()
    return codes


def _walk(
    book: np.ndarray, amount: float, steps: int, generator: np.random.Generator
) -> np.ndarray:
    """Where each code of `book` `[K, D]` ends up, `[K]`."""
    K = len(book)
    squares = np.square(book).sum(1)
    distance = squares[:, None] - 2 * book @ book.T + squares
    np.fill_diagonal(distance, np.inf)
    near = distance.argsort(1, kind="stable")[:, : max(1, min(NEAR, K - 1))]
    ends = np.arange(K)
    for _ in range(steps):
        to = near[np.arange(K), generator.integers(near.shape[1], size=K)]
        ends = np.where(generator.random(K) < amount, to, np.arange(K))[ends]
    return ends


# --- quantising a blend ---------------------------------------------------------------------------


def quantise_beside(
    x: np.ndarray, books: np.ndarray, seeds: np.ndarray, held: np.ndarray
) -> np.ndarray:
    """As `quantise`, but cells that are `held` `[T, Q]` (bool) keep the code that all `seeds` `[S,
    T, Q]` have there: the others make up what is left of `x` beside them."""
    codes = seeds[0].copy()
    patterns, of_frame = np.unique(held, axis=0, return_inverse=True)
    for i, pattern in enumerate(patterns):
        rows, free = np.flatnonzero(of_frame == i), np.flatnonzero(~pattern)
        if len(free):
            rest = x[rows]
            if pattern.any():
                rest = rest - lookup(books[pattern], codes[rows][:, pattern])
            codes[np.ix_(rows, free)] = quantise(rest, books[free], seeds[:, rows][:, :, free])
    return codes


def quantise(x: np.ndarray, books: np.ndarray, seeds: np.ndarray) -> np.ndarray:
    """Codes `[T, Q]` whose entries of `books` `[Q, K, D]` sum up to nearly `x` `[T, D]`.

    A beam search of `PATHS` paths beside the `seeds` `[S, T, Q]`: no worse than any of those, and
    at every level a path may leave them.
    """
    pieces = [slice(i, i + PIECE) for i in range(0, len(x), PIECE)]
    done = [_search(x[piece], books, seeds[:, piece]) for piece in pieces]
    return np.concatenate(done) if done else np.zeros((0, len(books)), seeds.dtype)


def _search(x: np.ndarray, books: np.ndarray, seeds: np.ndarray) -> np.ndarray:
    T, D = x.shape
    Q, K, _ = books.shape
    S, rows = len(seeds), np.arange(T)
    left, paths = x[None], np.zeros((1, T, Q), seeds.dtype)
    for q, book in enumerate(books):
        path, entry = np.divmod(_least(_distances(left, book), PATHS), K)
        # The seeds go on beside the best: from the one path that there is at first, then from the
        # last places.
        own = np.arange(len(left) - S, len(left)) if q else np.zeros(S, int)
        origin = np.concatenate((path, np.broadcast_to(own[:, None], (S, T)))) * T + rows
        entry = np.concatenate((entry, seeds[:, :, q]))
        left = left.reshape(-1, D).take(origin, 0) - book.take(entry, 0)
        paths = paths.reshape(-1, Q).take(origin, 0)
        paths[:, :, q] = entry
    best: np.ndarray = paths[np.square(left).sum(2).argmin(0), rows]
    return best


def _distances(left: np.ndarray, book: np.ndarray) -> np.ndarray:
    """Squared distances `[T, P * K]` of what is `left` `[P, T, D]` on every path to the entries of
    `book` `[K, D]`."""
    P, T, _ = left.shape
    distance = np.empty((T, P, len(book)), left.dtype)
    for p in range(P):
        np.matmul(left[p], -2 * book.T, out=distance[:, p])
    distance += np.einsum("ptd,ptd->tp", left, left)[..., None]
    distance += np.square(book).sum(1)
    return distance.reshape(T, -1)


def _least(distance: np.ndarray, count: int) -> np.ndarray:
    """Where the `count` least of each row of `distance` `[T, M]` stand, `[count, T]`; they are
    overwritten."""
    rows, found = np.arange(len(distance)), []
    for _ in range(count):
        found.append(distance.argmin(1))
        distance[rows, found[-1]] = np.inf
    return np.stack(found)

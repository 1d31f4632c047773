"""Undo, redo, and a memory that has an end."""

import tracemalloc

from distill.inference.codes import operations as ops
from distill.inference.codes.history import History
from distill.inference.codes.region import Region


def test_there_and_back(new_grid) -> None:
    start = new_grid()
    history = History(start)
    assert (history.grid, history.done, history.undone) == (start, (), ())
    assert (history.undo(), history.redo()) == (start, start)
    turned = history.add("reverse", ops.reverse(start).grid)
    shorter = history.add("cut", ops.cut(turned, Region(0, 1)).grid)
    assert (history.grid, history.done) == (shorter, ("reverse", "cut"))
    assert history.undo() == turned
    assert (history.done, history.undone) == (("reverse",), ("cut",))
    assert history.redo() == shorter


def test_a_new_step_forgets_what_was_undone(new_grid) -> None:
    history = History(new_grid())
    history.add("first", new_grid(seed=1))
    history.undo()
    history.add("second", new_grid(seed=2))
    assert (history.done, history.undone) == (("second",), ())
    assert history.undo() == new_grid()


def test_memory_is_bounded(new_grid) -> None:
    size = new_grid().codes.nbytes
    history = History(new_grid(), memory=3 * size)
    for seed in range(1, 9):
        history.add(f"step {seed}", new_grid(seed=seed))
    assert history.done == ("step 7", "step 8")
    history.undo()
    assert history.undo() == history.undo() == new_grid(seed=6)
    assert history.undone == ("step 7", "step 8")


def test_seams_count(new_grid) -> None:
    """After a shuffle there are more bytes in them than in the codes."""
    start = new_grid(3000, 2)
    history = History(start, memory=1 << 20)
    tracemalloc.start()
    for seed in range(60):
        history.add(f"shuffle {seed}", ops.shuffle(start, seed=seed).grid)
    _, peak = tracemalloc.get_traced_memory()
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert 5 < len(history.done) < 10
    assert held < 1.2 * history.memory
    assert peak < 3 * history.memory


def test_what_is_larger_than_the_memory_is_held_alone(new_grid) -> None:
    history = History(new_grid(), memory=1)
    assert history.add("step", new_grid(seed=1)) == history.grid
    assert (history.done, history.undo()) == ((), new_grid(seed=1))

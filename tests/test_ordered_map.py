"""Work side by side: in order, ahead of the caller, and left when the caller leaves."""

import threading
import time
from collections.abc import Iterable, Iterator

import pytest
import torch

from distill.cancellation import CancelledError, cancellable, check_cancellation
from distill.ordered_map import ordered_map


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_results_come_in_order(workers: int) -> None:
    def work(item: int) -> int:
        # The first takes longest.
        time.sleep(0.01 * (10 - item))
        return item * item

    assert list(ordered_map(work, range(10), workers)) == [n * n for n in range(10)]
    assert list(ordered_map(work, [], workers)) == []


def test_two_are_in_work_at_once_each_on_one_thread_of_torch() -> None:
    both = threading.Barrier(2)

    def work(item: int) -> tuple[int, bool, bool]:
        both.wait(10)
        tiny = torch.tensor([1e-40]) * torch.ones(1)
        own = threading.current_thread() is threading.main_thread()
        return torch.get_num_threads(), bool(tiny == 0), own

    assert list(ordered_map(work, range(4), 2)) == [(1, True, False)] * 4


def test_items_are_taken_by_the_caller_and_not_far_ahead() -> None:
    taken: list[bool] = []

    def items() -> Iterator[int]:
        for item in range(100):
            taken.append(threading.current_thread() is threading.main_thread())
            yield item

    results = ordered_map(lambda item: item, items(), 3)
    assert next(results) == 0
    assert taken == [True] * 4
    results.close()
    assert len(taken) == 4


def test_a_map_within_the_work_of_another_starts_no_threads() -> None:
    def name(_: int) -> str:
        return threading.current_thread().name

    def work(item: int) -> bool:
        return set(ordered_map(name, range(3), 2)) == {name(item)}

    assert all(ordered_map(work, range(4), 2))
    assert name(0) not in set(ordered_map(name, range(3), 2))


@pytest.mark.parametrize("workers", [1, 2])
def test_an_error_comes_in_its_place(workers: int) -> None:
    def work(item: int) -> int:
        if item == 2:
            raise ValueError("two")
        return item

    results = ordered_map(work, range(9), workers)
    assert [next(results), next(results)] == [0, 1]
    with pytest.raises(ValueError, match="two"):
        next(results)


@pytest.mark.parametrize("workers", [1, 2])
def test_work_is_cancelled_with_its_caller(workers: int) -> None:
    event = threading.Event()

    def work(item: int) -> int:
        if item == 1:
            event.set()
        check_cancellation()
        return item

    done: list[int] = []
    with pytest.raises(CancelledError), cancellable(event):
        done.extend(ordered_map(work, range(9), workers))
    assert set(done) <= {0}


def test_what_was_made_ahead_is_not_given_once_the_work_is_left() -> None:
    event = threading.Event()

    def leave_at_first(items: Iterable[int]) -> Iterator[int]:
        for item in items:
            event.set()
            yield item

    given: list[int] = []
    with pytest.raises(CancelledError), cancellable(event):
        given.extend(leave_at_first(ordered_map(int, range(9), 2)))
    assert given == [0]

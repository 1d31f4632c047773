"""Work on several items side by side, whose results come in order."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import ContextVar, copy_context
from typing import TypeVar

from distill.cancellation import check_cancellation
from distill.device import prepare

_IS_WORKER = ContextVar("is_worker", default=False)
"""Whether a thread works for an `ordered_map`: it does not start threads of its own."""

Item = TypeVar("Item")
Result = TypeVar("Result")


def ordered_map(
    work: Callable[[Item], Result], items: Iterable[Item], workers: int
) -> Iterator[Result]:
    """Results of `work` on each of the `items`, made ahead of the caller by several threads.

    Each thread computes alone, on one core. So none waits for another within an operation, as the
    threads of one product do: beside other busy programs, those take many times as long. Results
    do not depend on the number of threads.

    Args:
        work: Called by other threads, within the context of the caller: it can be cancelled.
        items: Taken by the caller's own thread, at most `workers` ahead.
        workers: Threads; with one, or within the work of another map, the caller does all the work
            itself.

    Example:
        sounds = ordered_map(decode, chunks, workers=2)
    """
    if workers <= 1 or _IS_WORKER.get():
        yield from map(work, items)
        return

    def work_alone(item: Item) -> Result:
        _IS_WORKER.set(True)
        return work(item)

    # Each thread has its own setting of denormals and of the number of threads.
    with ThreadPoolExecutor(workers, initializer=prepare, initargs=(1,)) as pool:
        waiting: deque[Future[Result]] = deque()
        try:
            for item in items:
                waiting.append(pool.submit(copy_context().run, work_alone, item))
                if len(waiting) > workers:
                    yield waiting.popleft().result()
                    # Work that is left gives nothing more, though some of it was made ahead.
                    check_cancellation()
            while waiting:
                yield waiting.popleft().result()
                check_cancellation()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)

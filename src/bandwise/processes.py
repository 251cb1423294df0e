"""Several processes that all end in order when one is told to."""

import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import active_children, get_context
from multiprocessing.process import BaseProcess
from typing import TypeVar

from bandwise.errors import BandwiseError
from bandwise.interrupts import TIDYING_S, end_when_told
from bandwise.one_line import tell_warnings_in_one_line

Item = TypeVar("Item")
Result = TypeVar("Result")


def spread(function: Callable[[Item], Result], items: Iterable[Item], workers: int) -> Iterator[Result]:
    """Yield function(item) of every item as it is done, worked on in processes of their own memory."""
    with ending_in_order(workers) as pool:
        tasks = [submit(pool, function, item) for item in items]
        for task in as_completed(tasks):
            yield task.result()


@contextmanager
def ending_in_order(workers: int) -> Iterator[ProcessPoolExecutor]:
    """Processes to `submit` to.

    On Ctrl-C, or whatever else ends the block, each is told to tidy up and end, and it ends before the block
    does.
    """
    pool = ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_begin)
    try:
        yield pool
    except BrokenProcessPool as error:
        _end(active_children())
        raise BandwiseError(
            "got a process that was killed, mostly for want of memory; fewer at once need less; start fewer"
        ) from error
    except BaseException:
        _end(active_children())
        raise
    finally:
        pool.shutdown(cancel_futures=True)


def _begin() -> None:
    end_when_told()
    tell_warnings_in_one_line()


def submit(pool: ProcessPoolExecutor, function: Callable[[Item], Result], item: Item) -> "Future[Result]":
    """Hand out function(item), to a new process if none is idle and there may be more."""
    with _born_deaf_to_interrupts():
        return pool.submit(_work, function, item)


def _end(children: list[BaseProcess]) -> None:
    """Tell processes to end until they have: one that is told inside a callback may hear nothing of it."""
    while children:
        for child in children:
            child.terminate()
        for child in children:
            child.join(2 * TIDYING_S)
        children = [child for child in children if child.is_alive()]


@contextmanager
def _born_deaf_to_interrupts() -> Iterator[None]:
    """Start processes that ignore Ctrl-C from their first moment: the parent hears it and sends SIGTERM."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _work(function: Callable[[Item], Result], item: Item) -> Result:
    try:
        return function(item)
    except SystemExit as end:  # a pool takes it for the result of the task and goes on to the next
        os._exit(end.code if isinstance(end.code, int) else 1)

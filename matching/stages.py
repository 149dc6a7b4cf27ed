"""Stages of a run: who computes them, how long they take, when to stop."""

import gc
import itertools
import resource
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from matching.engine import BlockT, Engine, ResultT, SharedT
from matching.errors import Cancelled
from matching.kernels import collect_leftovers

WorkT = TypeVar("WorkT")

MOST_BLOCKS = 256
EDGES_PER_BLOCK = 100_000


class Stages:
    """Runs stages one after the other and remembers seconds and peak memory."""

    def __init__(
        self,
        engine: Engine,
        progress: Callable[[str, float], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> None:
        self.engine = engine
        self.seconds: dict[str, float] = {}
        self.peak_mb: dict[str, float] = {}
        self._progress = progress
        self._cancelled = cancelled
        self._name = ""

    @contextmanager
    def __call__(self, name: str) -> Iterator[None]:
        """Time what happens inside; a stage may come again."""
        if self._cancelled is not None and self._cancelled():
            raise Cancelled(f"cancelled before {name}")
        self._name = name
        collect_leftovers()
        self._report(0, 1)
        begin = time.perf_counter()
        yield
        self.seconds[name] = self.seconds.get(name, 0) + time.perf_counter() - begin
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        self.peak_mb[name] = round(peak, 1)
        self._report(1, 1)

    def map(
        self,
        step: Callable[[BlockT, SharedT], ResultT],
        blocks: Sequence[BlockT],
        shared: SharedT,
    ) -> list[ResultT]:
        """Compute a step on all blocks; results in their order."""
        return self.engine.map_blocks(
            step, blocks, shared, progress=self._report, cancelled=self._cancelled
        )

    def report(self) -> dict[str, dict[str, float]]:
        """Return seconds and peak memory in MB, stage by stage."""
        return {
            name: {"seconds": round(seconds, 4), "peak_mb": self.peak_mb[name]}
            for name, seconds in self.seconds.items()
        }

    def _report(self, done: int, total: int) -> None:
        if self._progress is not None:
            self._progress(self._name, done / total)


@contextmanager
def uncollected() -> Iterator[None]:
    """Leave garbage alone for a while.

    Records by the hundred thousand make the collector walk over all of them again
    and again, and there is nothing to find.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


@contextmanager
def beside(work: Callable[[], WorkT]) -> Iterator[Future[WorkT]]:
    """Do some work in a thread, beside kernels that leave a core free.

    Yields its result to come, which is there at the end, as is its error.
    """
    with ThreadPoolExecutor(1) as pool:
        done = pool.submit(work)
        yield done
    done.result()


def company_blocks(start: npt.NDArray[np.int64]) -> list[tuple[int, int]]:
    """Split the companies into ranges with about as many edges each.

    Parameters
    ----------
    start : int64 array of shape (n_companies + 1,)
        Where the edges of each company stand.

    Notes
    -----
    The ranges depend on the market alone, so that every engine computes the same.
    """
    n, edges = len(start) - 1, int(start[-1])
    pieces = min(MOST_BLOCKS, edges // EDGES_PER_BLOCK + 1)
    ends = np.searchsorted(start, np.arange(1, pieces) * edges // pieces)
    return list(itertools.pairwise(sorted({0, n, *ends.tolist()})))

"""Stages of a run: who computes them, how long they take, when to stop."""

import itertools
import resource
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import numpy as np

from matching.engine import BlockT, Engine, ResultT, SharedT
from matching.errors import Cancelled
from matching.market import Market

MOST_BLOCKS = 256
NEEDS_PER_BLOCK = 256


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


def company_blocks(market: Market) -> list[tuple[int, int]]:
    """Split the companies into ranges with about as many needs each.

    The ranges depend on the market alone, so that every engine computes the same.
    """
    n = len(market.companies)
    pieces = min(MOST_BLOCKS, market.n_needs // NEEDS_PER_BLOCK + 1, max(n, 1))
    company = [market.company_at[one.company or one.id] for one in market.needs]
    ends = np.arange(1, pieces) * len(company) // pieces
    cuts = sorted({0, n, *(company[at] for at in ends)})
    return list(itertools.pairwise(cuts))

"""One verb, `map_blocks`: on the threads of this machine or on a Dask cluster.

The engine decides where a block is computed, never what comes out: results are
put in the order of the blocks, so a plan has the same bytes on every engine. The
cluster's stands in `engine_dask`.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Any, Protocol, TypeVar

from threadpoolctl import threadpool_limits

from matching.errors import Cancelled, EngineError

BlockT = TypeVar("BlockT")
SharedT = TypeVar("SharedT")
ResultT = TypeVar("ResultT")

Step = Callable[[BlockT, SharedT], ResultT]
_LIBRARIES = ("OMP", "OPENBLAS", "MKL", "NUMBA")
# Surroundings of a process whose libraries keep to one thread.
ONE_THREAD = {f"{library}_NUM_THREADS": "1" for library in _LIBRARIES}

Progress = Callable[[int, int], None]
Cancel = Callable[[], bool]


class Engine(Protocol):
    """Computes a step on blocks, in whatever order, and returns block order."""

    def map_blocks(
        self,
        step: Callable[[BlockT, SharedT], ResultT],
        blocks: Sequence[BlockT],
        shared: SharedT,
        *,
        progress: Progress | None = None,
        cancelled: Cancel | None = None,
    ) -> list[ResultT]:
        """Return `[step(block, shared) for block in blocks]`.

        Parameters
        ----------
        step : callable
            A function of a module (so that it can be sent by name), without side
            effects: it may run twice when a worker is lost.
        blocks : sequence
            Small descriptions of the work, for instance ranges of rows.
        shared : object
            What every block reads and none writes, for instance an index. Sent to
            each worker once; there its arrays may be read-only.
        progress : callable, optional
            Called with (blocks done, all blocks) in the caller's thread.
        cancelled : callable, optional
            Asked between blocks; True ends the work.

        Returns
        -------
        list
            One result per block, in the order of `blocks`.

        Raises
        ------
        Cancelled
            `cancelled` said so.
        EngineError
            The workers cannot be reached or were lost.
        Exception
            Whatever `step` raises, unchanged.
        """
        ...

    def close(self) -> None:
        """Give back what the engine holds; it cannot be used afterwards."""
        ...


def from_address(
    address: str, *, environment: Mapping[str, str] = os.environ
) -> Engine:
    """Return the engine that an address names.

    Parameters
    ----------
    address : str
        "local" for the threads of this machine, "local:N" for N of them;
        "tcp://HOST:PORT" or "tls://HOST:PORT" for a Dask scheduler.
    environment : mapping
        For tls: HANDSCHLAG_TLS_CA, HANDSCHLAG_TLS_CERT and HANDSCHLAG_TLS_KEY name
        the files with the authority, the own certificate and its key.

    Raises
    ------
    EngineError
        The address is none of these, a file is missing, or nobody answers.
    """
    kind, _, rest = address.partition(":")
    if kind == "local" and (not rest or rest.isdecimal()):
        return LocalEngine(int(rest or 0) or None)
    if kind in ("tcp", "tls") and rest.startswith("//"):
        from matching.engine_dask import DaskEngine  # slow to import

        return DaskEngine.connect(address, tls=_tls_files(kind, environment))
    raise EngineError(f"{address}: neither local nor tcp://HOST:PORT nor tls://…")


def _tls_files(kind: str, environment: Mapping[str, str]) -> Sequence[str]:
    if kind != "tls":
        return ()
    names = ("HANDSCHLAG_TLS_CA", "HANDSCHLAG_TLS_CERT", "HANDSCHLAG_TLS_KEY")
    for name in names:
        if not os.path.isfile(environment.get(name, "")):
            raise EngineError(f"{name} must name a file for a tls:// engine")
    return tuple(environment[name] for name in names)


class LocalEngine:
    """Threads of this process. Kernels release the interpreter lock, so they scale.

    BLAS runs on one thread meanwhile: the blocks are the parallelism, and the same
    thread count everywhere gives the same rounding everywhere.
    """

    def __init__(self, threads: int | None = None) -> None:
        self.threads = threads or available_cores()

    def map_blocks(
        self,
        step: Callable[[BlockT, SharedT], ResultT],
        blocks: Sequence[BlockT],
        shared: SharedT,
        *,
        progress: Progress | None = None,
        cancelled: Cancel | None = None,
    ) -> list[ResultT]:
        """See `Engine.map_blocks`."""
        with (
            threadpool_limits(limits=1),
            ThreadPoolExecutor(self.threads, thread_name_prefix="blocks") as pool,
        ):
            futures = [pool.submit(step, block, shared) for block in blocks]
            try:
                _watch(futures, progress, cancelled)
                return [future.result() for future in futures]
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise

    def close(self) -> None:
        """Nothing is held between two calls."""


def available_cores() -> int:
    """Return how many cores this process may use, at least 1."""
    if hasattr(os, "sched_getaffinity"):
        return max(1, len(os.sched_getaffinity(0)))
    return os.cpu_count() or 1


def _watch(
    futures: Sequence[Future[Any]], progress: Progress | None, cancelled: Cancel | None
) -> None:
    """Wait for all, reporting; the first failure or a cancellation ends the wait."""
    open_futures = set(futures)
    while open_futures:
        if cancelled is not None and cancelled():
            raise Cancelled("cancelled between two blocks")
        done, open_futures = wait(open_futures, 0.2, return_when=FIRST_COMPLETED)
        for future in done:
            future.result()
        if progress is not None and done:
            progress(len(futures) - len(open_futures), len(futures))

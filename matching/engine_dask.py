"""The engine on a Dask cluster: other processes, other machines, the same bytes."""

import asyncio
import concurrent.futures
import hashlib
import os
import queue
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import distributed
import psutil

from matching.engine import BlockT, Cancel, Progress, ResultT, SharedT
from matching.errors import Cancelled, EngineError
from matching.parcel import Parcel, UnreachableError, can_map

PARTS = 4  # a task is this part of a worker's share of what is left
_ATTEMPTS = 3  # to send again what the blocks share, after all who had it were lost
_LOST = (asyncio.CancelledError, concurrent.futures.CancelledError)


def _compute(
    step: Callable[[Any, Any], Any], blocks: list[Any], kind: Any, *parcels: Parcel
) -> list[Any]:
    """Compute some blocks with what was shared, put together again."""
    parts = [parcel.content for parcel in parcels]
    shared = parts[0] if kind is None else kind(*parts)
    return [step(block, shared) for block in blocks]


class DaskEngine:
    """Workers of a Dask cluster: other processes, other machines.

    What the blocks share is sent to each worker once and stays there until
    something else is shared; of a named tuple, each field by itself, so that stages
    that share the columns send them once. Results are put in place by the number of
    their block, so neither order nor repetition matters. Blocks of a lost worker are
    computed again by the others; if what they share was lost too, it is sent again.
    """

    def __init__(
        self, client: Any, *, patience: float = 30.0, mapped: bool = True
    ) -> None:
        """Use a `distributed.Client`.

        patience : seconds to wait for a lost worker
        mapped : whether workers on this machine may map its memory
        """
        self._client = client
        self.patience = patience
        self.mapped = mapped and hasattr(os, "memfd_create")
        self.sent: list[_Sent] = []
        self._together: set[str] = set()  # workers that can map our memory

    @classmethod
    def connect(
        cls,
        address: str,
        *,
        tls: Sequence[str] = (),
        workers: int = 1,
        timeout: float = 8.0,
        mapped: bool = True,
    ) -> "DaskEngine":
        """Connect to a scheduler; `tls` are the files of authority, certificate, key.

        Raises EngineError, within about `timeout` seconds, when nobody answers or
        fewer than `workers` are there.
        """
        security = None
        if tls:
            authority, certificate, key = tls
            security = distributed.Security(
                tls_ca_file=authority,
                tls_client_cert=certificate,
                tls_client_key=key,
                require_encryption=True,
            )
        client = None
        try:
            client = distributed.Client(
                address, security=security, timeout=timeout, set_as_default=False
            )
            client.wait_for_workers(workers, timeout=timeout)
        except (OSError, TimeoutError, ValueError, RuntimeError) as problem:
            nobody = "nobody answers" if client is None else "too few workers"
            if client is not None:
                client.close(timeout=1)
            raise EngineError(f"{address}: {nobody}") from problem
        if set(client.run(source_version).values()) != {source_version()}:
            client.close(timeout=1)
            raise EngineError(f"{address}: a worker runs another version of matching")
        return cls(client, mapped=mapped)

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
        results: dict[int, ResultT] = {}
        watch = _Watch(progress, cancelled)
        self._seen = time.monotonic()
        try:
            for _ in range(_ATTEMPTS):
                self._run(step, blocks, shared, results, watch)
                if len(results) == len(blocks):
                    return [results[i] for i in range(len(blocks))]
        except distributed.KilledWorker as problem:
            raise EngineError("a block ended several workers in a row") from problem
        except OSError as problem:
            raise EngineError("the connection to the cluster was lost") from problem
        raise EngineError(f"workers and their data were lost {_ATTEMPTS} times")

    def _run(
        self,
        step: Callable[[BlockT, SharedT], ResultT],
        blocks: Sequence[BlockT],
        shared: SharedT,
        results: dict[int, ResultT],
        watch: "_Watch",
    ) -> None:
        """Compute the blocks without result; return early if the cluster lost some."""
        fields: Any = getattr(shared, "_fields", None)
        kind = None if fields is None else type(shared)
        parts = [shared] if fields is None else [getattr(shared, one) for one in fields]
        sent = self._send(parts)
        run = uuid.uuid4().hex
        left = [i for i in range(len(blocks)) if i not in results]
        numbers = {
            self._client.submit(
                _compute,
                step,
                [blocks[i] for i in some],
                kind,
                *sent,
                key=f"blocks-{run}-{some[0]}",
                pure=False,
                # Those submitted within a moment come in any order otherwise.
                priority=-some[0],
            ): some
            for some in bundles(left, sum(self._client.nthreads().values()))
        }
        done: queue.SimpleQueue[Any] = queue.SimpleQueue()
        for future in numbers:
            future.add_done_callback(done.put)
        try:
            while len(results) < len(blocks):
                ready = _drain(done)
                self._check(watch, bool(ready))
                if not ready:
                    continue
                values = self._client.gather(ready, direct=True)
                for future, value in zip(ready, values, strict=True):
                    results.update(zip(numbers[future], value, strict=True))
                watch.report(len(results), len(blocks))
        except (*_LOST, UnreachableError):
            self.sent = []  # what the blocks share may be lost as well
            self._together = set()
        finally:
            if self._client.status == "running":
                self._client.cancel(list(numbers), force=True)

    def _check(self, watch: "_Watch", alive: bool) -> None:
        """Raise when the caller wants to stop or nobody is left to wait for."""
        watch.raise_if_cancelled()
        if self._client.status != "running":
            raise EngineError("the connection to the cluster was lost")
        now = time.monotonic()
        if alive or self._client.nthreads():
            self._seen = now
        elif now - self._seen > self.patience:
            raise EngineError(f"no worker for {self.patience:.0f} s")

    def _send(self, parts: Sequence[Any]) -> list[Any]:
        """Return futures of what is there already or sent now; small parts as such."""
        there = {id(one.part): one for one in self.sent}
        new = [(one, Parcel.of(one)) for one in parts if id(one) not in there]
        self.sent = [there[id(one)] for one in parts if id(one) in there]
        self.sent += self._brought([pair for pair in new if pair[1].buffers])
        found = {id(one): parcel for one, parcel in new}
        found |= {id(one.part): one.future for one in self.sent}
        return [found[id(one)] for one in parts]

    def _brought(self, new: Sequence[tuple[Any, Parcel]]) -> "list[_Sent]":
        """Bring parts to all workers of now."""
        if not new:
            return []
        self._await_worker()
        parts, parcels = zip(*new, strict=True)
        if self.mapped and self._all_can_map():
            parcels = tuple(parcel.in_common_memory() for parcel in parcels)
        futures = self._client.scatter(
            list(parcels), broadcast=True, hash=False, direct=True
        )
        return list(map(_Sent, parts, parcels, futures))

    def _all_can_map(self) -> bool:
        """Return whether all workers of now can map our memory."""
        workers = set(self._client.nthreads())
        if not workers <= self._together:
            probe = Parcel(b"", ()).in_common_memory()
            seen = self._client.run(can_map, probe.place)
            self._together = {worker for worker, can in seen.items() if can}
        return workers <= self._together

    def _await_worker(self) -> None:
        try:
            self._client.wait_for_workers(1, timeout=self.patience)
        except TimeoutError as problem:
            raise EngineError(f"no worker for {self.patience:.0f} s") from problem

    def memory(self) -> dict[str, float]:
        """Return the memory of each worker by its address, in MB."""
        megabytes: dict[str, float] = self._client.run(_resident_mb)
        return megabytes

    def close(self) -> None:
        """Leave the cluster, which goes on without us."""
        self.sent = []
        self._client.close(timeout=5)


class _Sent(NamedTuple):
    """What is on the workers."""

    part: Any
    parcel: Parcel  # whose memory they may have mapped
    future: Any  # of Dask, which stands for it


@dataclass(frozen=True, slots=True)
class _Watch:
    """The caller's wishes while blocks are computed."""

    progress: Progress | None
    cancelled: Cancel | None

    def report(self, done: int, total: int) -> None:
        if self.progress is not None:
            self.progress(done, total)

    def raise_if_cancelled(self) -> None:
        if self.cancelled is not None and self.cancelled():
            raise Cancelled("cancelled between two blocks")


def bundles(blocks: Sequence[int], workers: int) -> list[Sequence[int]]:
    """Split blocks into tasks, large ones first, small ones to end together.

    A task costs scheduler and sender some milliseconds, whatever it computes. Each
    takes a part of an equal share of what is left (guided self-scheduling,
    Polychronopoulos and Kuck 1987).
    """
    found, begin = [], 0
    while begin < len(blocks):
        size = max(1, (len(blocks) - begin) // (PARTS * max(1, workers)))
        found.append(blocks[begin : begin + size])
        begin += size
    return found


def source_version() -> str:
    """Return a hash of the engine's source: another source may give other bytes."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def _resident_mb() -> float:
    return round(float(psutil.Process().memory_info().rss) / 1e6, 1)


def _drain(done: "queue.SimpleQueue[Any]") -> list[Any]:
    """Return what is done by now, after a short wait if nothing is."""
    ready = []
    try:
        ready.append(done.get(timeout=0.2))
        while True:
            ready.append(done.get_nowait())
    except queue.Empty:
        return ready

"""The engine on a Dask cluster: other processes, other machines, the same bytes."""

import asyncio
import concurrent.futures
import hashlib
import pickle
import queue
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import distributed
import numpy as np
import psutil
from distributed.protocol import dask_deserialize, dask_serialize

from matching.engine import BlockT, Cancel, Progress, ResultT, SharedT
from matching.errors import Cancelled, EngineError

_ATTEMPTS = 3  # to send again what the blocks share, after all who had it were lost
_LOST = (asyncio.CancelledError, concurrent.futures.CancelledError)


class Parcel:
    """What the blocks share, on its way to a worker.

    Arrays that arrive inside a message begin at any byte. Kernels would be compiled
    anew for such arrays and run slower, so each gets memory of its own on arrival,
    once per worker.
    """

    def __init__(self, head: bytes, buffers: Sequence[Any]) -> None:
        self.head = head
        self.buffers = buffers

    @classmethod
    def of(cls, content: object) -> "Parcel":
        """Pack an object; its arrays stay where they are."""
        buffers: list[pickle.PickleBuffer] = []
        head = pickle.dumps(content, protocol=5, buffer_callback=buffers.append)
        return cls(head, [np.frombuffer(part.raw(), np.uint8) for part in buffers])

    @cached_property
    def content(self) -> Any:
        """The object again; unpacked once, then kept."""
        return pickle.loads(self.head, buffers=self.buffers)  # noqa: S301 - our own


def _to_frames(parcel: Parcel) -> tuple[dict[str, Any], list[Any]]:
    return {}, [parcel.head, *parcel.buffers]


def _from_frames(header: dict[str, Any], frames: list[Any]) -> Parcel:
    head, *buffers = frames
    return Parcel(bytes(head), [np.array(part, np.uint8) for part in buffers])


dask_serialize.register(Parcel)(_to_frames)
dask_deserialize.register(Parcel)(_from_frames)


def _compute(
    step: Callable[[Any, Any], Any], block: object, kind: Any, *parcels: Parcel
) -> Any:
    """Compute a block with what was shared, put together again."""
    parts = [parcel.content for parcel in parcels]
    return step(block, parts[0] if kind is None else kind(*parts))


class DaskEngine:
    """Workers of a Dask cluster: other processes, other machines.

    What the blocks share is sent to each worker once and stays there until
    something else is shared; of a named tuple, each field by itself, so that stages
    that share the columns send them once. Results are put in place by the number of
    their block, so neither order nor repetition matters. Blocks of a lost worker are
    computed again by the others; if what they share was lost too, it is sent again.
    """

    def __init__(self, client: Any, *, patience: float = 30.0) -> None:
        """Use a `distributed.Client`; wait `patience` seconds for a lost worker."""
        self._client = client
        self.patience = patience
        # What was sent last, and the futures that stand for it.
        self.sent: list[tuple[Any, Any]] = []

    @classmethod
    def connect(
        cls,
        address: str,
        *,
        tls: Sequence[str] = (),
        workers: int = 1,
        timeout: float = 8.0,
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
        return cls(client)

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
        numbers = {
            self._client.submit(
                _compute,
                step,
                blocks[i],
                kind,
                *sent,
                key=f"block-{run}-{i}",
                pure=False,
            ): i
            for i in range(len(blocks))
            if i not in results
        }
        done: queue.SimpleQueue[Any] = queue.SimpleQueue()
        for future in numbers:
            future.add_done_callback(done.put)
        try:
            while len(results) < len(blocks):
                ready = _drain(done)
                self._check(watch, bool(ready))
                values = self._client.gather(ready, direct=True)
                for future, value in zip(ready, values, strict=True):
                    results[numbers[future]] = value
                watch.report(len(results), len(blocks))
        except _LOST:
            self.sent = []  # what the blocks share may be lost as well
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
        before, self.sent = self.sent, []
        found: list[Any] = []
        for part in parts:
            there = [future for one, future in before if one is part]
            parcel = None if there else Parcel.of(part)
            if parcel is not None and not parcel.buffers:
                found.append(parcel)
                continue
            found.append(there[0] if parcel is None else self._scattered(parcel))
            self.sent.append((part, found[-1]))
        return found

    def _scattered(self, parcel: Parcel) -> Any:
        self._await_worker()
        return self._client.scatter(parcel, broadcast=True, hash=False, direct=True)

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

"""Other libraries asked for the nearest offerings, each in a process of its own.

    python -m matching.evaluation.speed_peers NAME FOLDER [--repeats N]

FOLDER has `needs.npz` and `offerings.npz`, sparse matrices of topics with rows of
length 1. The answer is JSON on standard output. A process each, on one thread: what
a library leaves in memory or in caches is nobody else's, and its peak is its own.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp
from threadpoolctl import threadpool_limits

from matching.engine import ONE_THREAD

NEAREST = 50
PATIENCE = 60.0  # seconds after which nobody is asked once more
MISSING = 3  # exit code: the library is not installed

Named = Sequence[Any]
Ask = Callable[[], Named]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a library named, and what it took."""

    named: list[list[int]]  # per need the numbers of at most NEAREST offerings
    micros: float  # per need, median of the repeats
    build_seconds: float
    peak_mb: float


def ask_all(folder: Path, repeats: int) -> dict[str, Answer | str]:
    """Ask every library; a string says why there is no answer."""
    return {name: _ask(name, folder, repeats) for name in PEERS}


def _ask(name: str, folder: Path, repeats: int) -> Answer | str:
    command = [sys.executable, "-m", __spec__.name, name, str(folder)]
    done = subprocess.run(
        [*command, "--repeats", str(repeats)],
        env=os.environ | ONE_THREAD,
        capture_output=True,
        check=False,
        text=True,
    )
    if done.returncode == MISSING:
        return "not installed"
    if done.returncode != 0:
        last = (done.stderr.splitlines() or [""])[-1]
        return f"ended with {done.returncode} {last}".rstrip()
    return Answer(**json.loads(done.stdout))


def main() -> int:
    """Ask one library for the nearest offerings of all needs in a folder."""
    parser = argparse.ArgumentParser(prog="python -m matching.evaluation.speed_peers")
    parser.add_argument("name", choices=PEERS)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--repeats", type=int, default=1)
    chosen = parser.parse_args()
    needs, offerings = (
        sp.csr_matrix(sp.load_npz(chosen.folder / f"{side}.npz"))
        for side in ("needs", "offerings")
    )
    with threadpool_limits(limits=1):
        begin = time.perf_counter()
        try:
            ask = PEERS[chosen.name](needs, offerings)
        except ImportError:
            return MISSING
        build_seconds = time.perf_counter() - begin
        named, seconds = repeated(ask, chosen.repeats)
    answer = Answer(
        named=[list(map(int, one)) for one in named],
        micros=1e6 * seconds / needs.shape[0],
        build_seconds=build_seconds,
        peak_mb=_peak_mb(),
    )
    json.dump(asdict(answer), sys.stdout)
    return 0


def repeated(ask: Ask, repeats: int) -> tuple[Named, float]:
    """Ask some times, less often if it takes long: the last answer, median seconds."""
    seconds: list[float] = []
    while len(seconds) < repeats and sum(seconds) < PATIENCE:
        begin = time.perf_counter()
        named = ask()
        seconds.append(time.perf_counter() - begin)
    return named, statistics.median(seconds)


def _peak_mb() -> float:
    """Return the most memory of this process; `getrusage` counts its parent's, too."""
    status = Path("/proc/self/status").read_text()
    kilobytes = status.partition("VmHWM:")[2].split()[0]
    return int(kilobytes) / 1024


def _naive(needs: sp.csr_matrix, offerings: sp.csr_matrix) -> Ask:
    columns = offerings.T.tocsr()

    def one(at: int) -> Any:
        row = (needs[at] @ columns).toarray()[0]
        return np.argsort(-row, kind="stable")[:NEAREST].copy()  # not all of it

    return lambda: [one(at) for at in range(needs.shape[0])]


def _scikit(needs: sp.csr_matrix, offerings: sp.csr_matrix) -> Ask:
    from sklearn.neighbors import NearestNeighbors

    index = NearestNeighbors(n_neighbors=NEAREST, metric="cosine", algorithm="brute")
    index.fit(offerings)
    return lambda: list(index.kneighbors(needs)[1])


def _scikit_dense(needs: sp.csr_matrix, offerings: sp.csr_matrix) -> Ask:
    from sklearn.neighbors import NearestNeighbors

    index = NearestNeighbors(n_neighbors=NEAREST, metric="cosine", algorithm="brute")
    index.fit(offerings.toarray())
    asked = needs.toarray()
    return lambda: list(index.kneighbors(asked)[1])


def _sparse_dot(needs: sp.csr_matrix, offerings: sp.csr_matrix) -> Ask:
    from sparse_dot_topn import sp_matmul_topn

    columns = sp.csr_matrix(offerings.T)

    def ask() -> Named:
        found = sp_matmul_topn(needs, columns, top_n=NEAREST, n_threads=1)
        return np.split(found.indices, found.indptr[1:-1])

    return ask


def _faiss(needs: sp.csr_matrix, offerings: sp.csr_matrix) -> Ask:
    import faiss

    faiss.omp_set_num_threads(1)
    index = faiss.IndexFlatIP(offerings.shape[1])
    index.add(offerings.toarray())
    asked = needs.toarray()
    return lambda: list(index.search(asked, NEAREST)[1])


def _hnsw(needs: sp.csr_matrix, offerings: sp.csr_matrix) -> Ask:
    import hnswlib

    index = hnswlib.Index(space="ip", dim=offerings.shape[1])
    index.init_index(max_elements=offerings.shape[0], ef_construction=100, M=16)
    index.add_items(offerings.toarray())
    index.set_ef(2 * NEAREST)
    index.set_num_threads(1)
    asked = needs.toarray()
    return lambda: list(index.knn_query(asked, k=NEAREST)[0])


PEERS: dict[str, Callable[[sp.csr_matrix, sp.csr_matrix], Ask]] = {
    "naive loop of scipy products": _naive,
    "scikit-learn NearestNeighbors, sparse": _scikit,
    "scikit-learn NearestNeighbors, dense": _scikit_dense,
    "sparse_dot_topn": _sparse_dot,
    "faiss IndexFlatIP": _faiss,
    "hnswlib (approximate)": _hnsw,
}

if __name__ == "__main__":
    sys.exit(main())

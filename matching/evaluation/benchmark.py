"""Speed and memory of a round, beside other libraries, in one run.

    python -m matching benchmark --companies 3000 30000 --peers

The plan is run whole, after one run that compiles or loads the kernels; medians of
repeated runs, because machines are noisy. Peers answer the easier question: the 50
offerings with the nearest topics for each need, without region, help and exclusions.
How much of the list that counts they name is said beside their times.
"""

import json
import math
import resource
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp
from threadpoolctl import threadpool_limits

from matching.candidates import batches, build, search
from matching.engine import from_address
from matching.evaluation.simulate import generate
from matching.lists import LAST
from matching.market import Market
from matching.pipeline import plan
from matching.settings import Settings
from matching.sparse_rows import UNIT, Rows, as_matrix
from matching.topics import TopicModel
from matching.vectors import vectorise

ASKED = 2000  # needs asked of everybody; the time per need is about constant
NEAREST = 50
OURS = "ours: topic, region, help, age, exclusions"


def run(
    sizes: Sequence[int],
    *,
    peers: bool = False,
    engine: str = "local",
    repeats: int = 3,
    out: Path | None = None,
) -> None:
    """Print the tables for each number of companies, and how the time grows."""
    figures = [measure(size, engine, repeats, peers) for size in sizes]
    for one in figures:
        print(table(one))
    if len(figures) > 1:
        print(f"\ngrowth of plan with companies: exponent {exponent(figures):.2f}")
    if out is not None:
        out.write_text(json.dumps(figures, indent=2) + "\n")


def measure(companies: int, engine: str, repeats: int, peers: bool) -> dict[str, Any]:
    """Plan a generated market `repeats` times; seconds are medians."""
    market, as_of = _market(companies)
    computing = from_address(engine)
    plan(_market(200)[0], engine=computing)  # kernels are ready from here on
    runs = []
    for _ in range(repeats):
        begin = time.perf_counter()
        found = plan(market, engine=computing)
        runs.append((time.perf_counter() - begin, found.manifest))
    seconds = statistics.median(took for took, _ in runs)
    manifest = runs[-1][1]
    stages = manifest["stages"]
    return {
        "companies": companies,
        "listings": len(market.listings),
        "needs": market.n_needs,
        "as_of": as_of,
        "plan_seconds": seconds,
        "stages": {name: stage["seconds"] for name, stage in stages.items()},
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "ratio": manifest["ratio"],
        "coverage": manifest["coverage"],
        "search": _searching(market) if peers else {},
    }


def table(figures: dict[str, Any]) -> str:
    """The figures of one size as a Markdown table."""
    lines = [
        f"\n### {figures['companies']} companies, {figures['listings']} listings",
        "",
        "| figure | value |",
        "|---|---|",
        f"| plan, median | {figures['plan_seconds']:.2f} s |",
        *(
            f"| … {name} | {seconds:.2f} s |"
            for name, seconds in figures["stages"].items()
        ),
        f"| peak memory of the process | {figures['peak_mb']:.0f} MB |",
        f"| welfare / bound | {figures['ratio']:.5f} |",
        f"| coverage | {figures['coverage']:.3f} |",
    ]
    if not figures["search"]:
        return "\n".join(lines)
    own = figures["search"][OURS]["micros"]
    lines += [
        f"\nThe {NEAREST} best offerings of a need, one thread:\n",
        "| method | µs per need | × ours | recall of the list by topic and region |",
        "|---|---|---|---|",
    ]
    for name, found in figures["search"].items():
        if found is None:
            lines.append(f"| {name} | not installed | | |")
            continue
        ratio, recall = found["micros"] / own, found["recall"]
        lines.append(f"| {name} | {found['micros']:.0f} | {ratio:.1f} | {recall:.2f} |")
    return "\n".join(lines)


def exponent(figures: Sequence[dict[str, Any]]) -> float:
    """Slope of log seconds over log companies: 1 is linear."""
    sizes = [math.log(one["companies"]) for one in figures]
    seconds = [math.log(one["plan_seconds"]) for one in figures]
    return float(np.polyfit(sizes, seconds, 1)[0])


def _market(companies: int) -> tuple[Market, str]:
    made = generate(companies, seed=1)
    model = TopicModel.load()
    dates = [one.since for one in made.listings if one.since]
    as_of = max(dates)
    vectors = vectorise(made.listings, model, lambda done: None)
    market = Market.of(
        made.listings, made.companies, made.history, vectors, as_of=as_of
    )
    return market, as_of.isoformat()


def _searching(market: Market) -> dict[str, dict[str, float] | None]:
    """Ask ourselves and the peers for the same needs, each on one thread.

    We answer by topic, region, help, freshness and exclusions; peers by topic only.
    Recall is the share of our list, which is exact, that a peer names.
    """
    columns = market.columns(Settings())
    index = build(columns, market.n_topics)
    blocks = batches(columns, market.n_topics)
    some = blocks[:: max(1, len(blocks) * len(blocks[0]) // ASKED)]
    asked = np.concatenate(some)
    with threadpool_limits(limits=1):
        begin = time.perf_counter()
        keys = [one for needs in some for one in search(columns, index, needs, NEAREST)]
        micros = 1e6 * (time.perf_counter() - begin) / len(asked)
        lists = [set((LAST - (key & LAST)).tolist()) for key in keys]
        found: dict[str, dict[str, float] | None] = {
            OURS: {"micros": micros, "recall": 1.0}
        }
        offerings = _floats(columns.offerings.topics, market.n_topics)
        needs = _floats(columns.needs.topics, market.n_topics)[asked]
        for name, prepare in PEERS.items():
            try:
                ask = prepare(needs, offerings)
            except ImportError:
                found[name] = None
                continue
            begin = time.perf_counter()
            named = ask()
            micros = 1e6 * (time.perf_counter() - begin) / len(asked)
            found[name] = {"micros": micros, "recall": _recall(lists, named)}
    return found


def _floats(rows: Rows, width: int) -> sp.csr_matrix:
    return sp.csr_matrix(as_matrix(rows, width).astype(np.float32) / np.float32(UNIT))


def _recall(lists: Sequence[set[int]], named: Sequence[Sequence[int]]) -> float:
    shares = [
        len(ours & set(map(int, theirs))) / len(ours)
        for ours, theirs in zip(lists, named, strict=True)
        if ours
    ]
    return statistics.fmean(shares)


Named = Sequence[Any]
Ask = Callable[[], Named]


def _naive(needs: sp.csr_matrix, offerings: sp.csr_matrix) -> Ask:
    columns = offerings.T.tocsc()

    def one(at: int) -> Any:
        row = (needs[at] @ columns).toarray()[0]
        return np.argsort(-row, kind="stable")[:NEAREST]

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

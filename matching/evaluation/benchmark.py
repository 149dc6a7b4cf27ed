"""Speed and memory of a round, beside other libraries, in one run.

    python -m matching benchmark --companies 3000 30000 --peers

The plan is run whole, after one run that compiles or loads the kernels; medians of
repeated runs, because machines are noisy. Peers answer the easier question: the 50
offerings with the nearest topics for each need, without region, help and exclusions.
"""

import json
import math
import resource
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp

from matching.engine import from_address
from matching.evaluation.simulate import generate
from matching.market import Market
from matching.pipeline import plan
from matching.topics import TopicModel
from matching.vectors import vectorise

ASKED = 1000  # needs asked of each peer; their time per need is constant
NEAREST = 50

Rows = list[tuple[str, float]]


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
        "peers": dict(_peers(market)) if peers else {},
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
    own = 1e6 * figures["stages"]["candidates"] / max(figures["needs"], 1)
    lines.append(
        f"| candidates with region, texts and exclusions | {own:.0f} µs per need |"
    )
    for name, micros in figures["peers"].items():
        said = "not installed" if micros is None else f"{micros:.0f} µs per need"
        ratio = "" if micros is None else f", {micros / own:.1f} × ours"
        lines.append(f"| {name}, topics only | {said}{ratio} |")
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


def _peers(market: Market) -> Iterator[tuple[str, float | None]]:
    texts = [f"{one.title} {one.text}" for one in market.listings]
    topics = TopicModel.load().transform(texts).topics
    needs = topics[: min(ASKED, market.n_needs)]
    offerings = topics[market.n_needs :]
    for name, ask in (
        ("naive loop of scipy products", _naive),
        ("scikit-learn NearestNeighbors", _scikit),
        ("sparse_dot_topn", _sparse_dot),
        ("faiss IndexFlatIP", _faiss),
        ("hnswlib (approximate)", _hnsw),
    ):
        try:
            yield name, 1e6 * _median(ask(needs, offerings)) / needs.shape[0]
        except ImportError:
            yield name, None


def _median(ask: Callable[[], object], repeats: int = 3) -> float:
    took = []
    for _ in range(repeats):
        begin = time.perf_counter()
        ask()
        took.append(time.perf_counter() - begin)
    return statistics.median(took)


def _naive(needs: sp.csr_array, offerings: sp.csr_array) -> Callable[[], object]:
    columns = offerings.T.tocsc()

    def ask() -> None:
        for at in range(needs.shape[0]):
            row = (needs[[at]] @ columns).toarray()[0]
            np.argsort(-row, kind="stable")[:NEAREST]

    return ask


def _scikit(needs: sp.csr_array, offerings: sp.csr_array) -> Callable[[], object]:
    from sklearn.neighbors import NearestNeighbors

    index = NearestNeighbors(n_neighbors=NEAREST, metric="cosine", algorithm="brute")
    index.fit(offerings)
    return lambda: index.kneighbors(needs)


def _sparse_dot(needs: sp.csr_array, offerings: sp.csr_array) -> Callable[[], object]:
    from sparse_dot_topn import sp_matmul_topn

    columns = sp.csr_matrix(offerings.T)
    rows = sp.csr_matrix(needs)
    return lambda: sp_matmul_topn(rows, columns, top_n=NEAREST, n_threads=1)


def _faiss(needs: sp.csr_array, offerings: sp.csr_array) -> Callable[[], object]:
    import faiss

    index = faiss.IndexFlatIP(offerings.shape[1])
    index.add(np.ascontiguousarray(offerings.toarray(), np.float32))
    asked = np.ascontiguousarray(needs.toarray(), np.float32)
    return lambda: index.search(asked, NEAREST)


def _hnsw(needs: sp.csr_array, offerings: sp.csr_array) -> Callable[[], object]:
    import hnswlib

    index = hnswlib.Index(space="ip", dim=offerings.shape[1])
    index.init_index(max_elements=offerings.shape[0], ef_construction=100, M=16)
    index.add_items(np.ascontiguousarray(offerings.toarray(), np.float32))
    index.set_ef(2 * NEAREST)
    asked = np.ascontiguousarray(needs.toarray(), np.float32)
    return lambda: index.knn_query(asked, k=NEAREST)

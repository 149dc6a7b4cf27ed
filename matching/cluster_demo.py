"""`python -m matching.cluster demo | partition`: the engine spread out, measured."""

import argparse
import hashlib
import time
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from matching.allocation import allocate
from matching.allocation_parts import allocate_in_parts
from matching.cluster import Cluster
from matching.engine import Engine, LocalEngine, ResultT
from matching.engine_dask import DaskEngine
from matching.evaluation import simulate
from matching.market import Market
from matching.outcome import Plan
from matching.pipeline import plan, score
from matching.selection import pair_scores
from matching.settings import Settings
from matching.stages import Stages
from matching.topics import TopicModel


def run(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; 0 when everything came out as it must."""
    parser = argparse.ArgumentParser(prog="python -m matching.cluster")
    commands = parser.add_subparsers(dest="command", required=True)
    show = commands.add_parser("demo", help="threads against a cluster: same bytes")
    show.add_argument("--companies", type=int, default=3000)
    show.add_argument("--workers", type=int, default=2)
    show.add_argument("--repeats", type=int, default=3)
    show.add_argument("--sent", action="store_true", help="map no memory")
    show.add_argument("--tcp", action="store_true", help="without TLS")
    split = commands.add_parser("partition", help="allocate in parts: the loss")
    split.add_argument("--companies", type=int, default=3000)
    split.add_argument("--parts", type=int, default=4)
    for one in (show, split):
        one.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args(arguments)
    market = generated(chosen.companies, chosen.seed)
    if chosen.command == "demo":
        cluster = Cluster(chosen.workers, tls=not chosen.tcp)
        return demo(market, cluster, repeats=chosen.repeats, mapped=not chosen.sent)
    return partition(market, parts=chosen.parts)


def generated(companies: int, seed: int) -> Market:
    """Make a market up, with the vectors of its listings."""
    begin = time.perf_counter()
    made = simulate.generate(companies, seed=seed)
    texts = [f"{one.title}\n{one.text}" for one in made.listings]
    vectors = TopicModel.load().transform(texts)
    market = Market.of(
        made.listings, made.companies, made.history, vectors, as_of=simulate.TODAY
    )
    seconds = time.perf_counter() - begin
    print(f"market: {companies} companies, {len(texts)} listings, {seconds:.1f} s")
    return market


def demo(market: Market, cluster: Cluster, *, repeats: int, mapped: bool) -> int:
    """Plan on threads and on a cluster, kill a worker, and compare the bytes."""
    workers = cluster.wanted
    local = LocalEngine(workers)
    plan(market, engine=local)  # compile and warm up
    with cluster:
        dask = cluster.connect(mapped=mapped)
        plan(market, engine=dask)
        # In turns: what else the machine does meets both.
        runs = [(_run(market, local), _run(market, dask)) for _ in range(repeats)]
        (expected, local_seconds), (digest, seconds) = map(
            _summary, zip(*runs, strict=True)
        )
        ratio = float(np.median([there[1] / here[1] for here, there in runs]))
        print(f"{workers} threads: {local_seconds:.2f} s, plan {expected}")
        print(f"{workers} workers at {cluster.address}: {seconds:.2f} s, plan {digest}")
        print(f"workers / threads: {ratio:.2f}")
        for address, megabytes in dask.memory().items():
            print(f"memory of {address}: {megabytes} MB")
        survived = digest
        if workers > 1:
            survived = _plan_with_a_killing(market, cluster, dask)
            print(f"one worker killed in the middle: plan {survived}")
        dask.close()
    same = expected == digest == survived
    print("the same bytes" if same else "THE BYTES DIFFER")
    return 0 if same else 1


def _run(market: Market, engine: Engine) -> tuple[str, float]:
    begin = time.perf_counter()
    made = plan(market, engine=engine)
    seconds = time.perf_counter() - begin
    return digest_of(made), seconds


def _summary(runs: Sequence[tuple[str, float]]) -> tuple[str, float]:
    """Return what came out, more than one thing if runs differ, and the median."""
    return " ".join(sorted({digest for digest, _ in runs})), float(
        np.median([seconds for _, seconds in runs])
    )


def _plan_with_a_killing(market: Market, cluster: Cluster, dask: DaskEngine) -> str:
    killed: list[str] = []

    def kill_in_the_middle(stage: str, share: float) -> None:
        if not killed and stage == "candidates" and 0.3 <= share < 1:
            killed.append(stage)
            cluster.kill_worker(0)

    digest = digest_of(plan(market, engine=dask, progress=kill_in_the_middle))
    return digest if killed else f"{digest} (nobody was killed: too few blocks)"


def digest_of(made: Plan) -> str:
    """Return a hash of the pairs, with all their scores and reasons."""
    return hashlib.sha256(repr(made.pairs).encode()).hexdigest()[:16]


def partition(market: Market, *, parts: int) -> int:
    """Allocate whole and in parts by region, and print what the parts lose."""
    settings = Settings()
    (u, v, score), seconds = _timed(lambda: graph(market, settings))
    print(f"graph: {seconds:.1f} s")
    capacity = np.array(
        [
            0 if one.paused else min(one.capacity, settings.most_per_company)
            for one in market.companies
        ],
        np.int32,
    )
    part = regions(market, parts)
    print(f"{len(u)} pairs, {np.mean(part[u] != part[v]):.1%} between {parts} parts")
    whole, seconds = _timed(lambda: allocate(u, v, score, capacity))
    print(
        f"whole:    {whole.ratio:.6f} of the bound {whole.bound:.2f}, {seconds:.2f} s"
    )
    spread, seconds = _timed(lambda: allocate_in_parts(u, v, score, capacity, part))
    found, n = spread.allocation, len(capacity)
    print(
        f"in parts: {found.ratio:.6f} of the bound {found.bound:.2f}, {seconds:.2f} s"
    )
    print(f"welfare lost: {1 - found.welfare / whole.welfare:.6%}")
    print(f"travels per company: {spread.price_bytes / n:.0f} B of prices, ", end="")
    print(f"{spread.edge_bytes / n:.0f} B of edges")
    return 0


def _timed(work: Callable[[], ResultT]) -> tuple[ResultT, float]:
    begin = time.perf_counter()
    result = work()
    return result, time.perf_counter() - begin


def graph(
    market: Market, settings: Settings
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.float32]]:
    """Return the pairs of companies and their scores, as `pipeline.plan` does."""
    columns = market.columns(settings)
    pairs, _ = score(market, columns, settings, Stages(LocalEngine()))
    return pairs.a, pairs.b, pair_scores(pairs.score, settings.other_way)


def regions(market: Market, parts: int) -> NDArray[np.int32]:
    """Split the companies by place into parts of the same size (halving in turn).

    Companies without a place count as standing in the middle of the map.
    """
    place = np.array(
        [
            (51.0 if one.lat is None else one.lat, 10.0 if one.lon is None else one.lon)
            for one in market.companies
        ]
    )
    part = np.zeros(len(place), np.int32)

    def split(members: NDArray[np.int64], first: int, count: int, axis: int) -> None:
        if count == 1:
            part[members] = first
            return
        along = members[np.argsort(place[members, axis], kind="stable")]
        left = count // 2
        cut = len(along) * left // count
        split(along[:cut], first, left, 1 - axis)
        split(along[cut:], first + left, count - left, 1 - axis)

    split(np.arange(len(place)), 0, parts, 1)
    return part

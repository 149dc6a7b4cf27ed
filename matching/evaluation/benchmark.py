"""Speed and memory of a round, beside other libraries, in one run.

    python -m matching benchmark --companies 3000 30000 --peers

The plan is run whole, after one run that compiles or loads the kernels; medians of
repeated runs, because machines are noisy. Peers answer the easier question: the 50
offerings with the nearest topics for each need, without region, help and exclusions,
each in a process of its own (`speed_peers`). How much of the list that counts they
name is said beside their times.
"""

import json
import math
import resource
import statistics
import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import scipy.sparse as sp
from threadpoolctl import threadpool_limits

from matching.candidates import batches, build, search
from matching.engine import from_address
from matching.evaluation.simulate import generate
from matching.evaluation.speed_peers import NEAREST, Named, ask_all, repeated
from matching.kernels import Array
from matching.lists import LAST
from matching.market import Market
from matching.pipeline import plan
from matching.settings import Settings
from matching.sparse_rows import UNIT, Rows, as_matrix
from matching.topics import TopicModel
from matching.vectors import vectorise

ASKED = 2000  # needs asked of everybody; the time per need is about constant
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
        "search": _searching(market, repeats) if peers else {},
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
        "| method | µs per need | × ours | index | peak memory"
        " | recall of the list by topic and region |",
        "|---|---|---|---|---|---|",
        *(_line(name, found, own) for name, found in figures["search"].items()),
    ]
    return "\n".join(lines)


def _line(name: str, found: dict[str, float] | str, own: float) -> str:
    if isinstance(found, str):
        return f"| {name} | {found} | | | | |"
    peak = f"{found['peak_mb']:.0f} MB" if "peak_mb" in found else "see above"
    return (
        f"| {name} | {found['micros']:.0f} | {found['micros'] / own:.1f}"
        f" | {found['build_seconds']:.1f} s | {peak} | {found['recall']:.2f} |"
    )


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


def _searching(market: Market, repeats: int) -> dict[str, Any]:
    """Ask ourselves and the peers for the same needs, each on one thread.

    We answer by topic, region, help, freshness and exclusions; peers by topic only.
    Recall is the share of our list, which is exact, that a peer names.
    """
    columns = market.columns(Settings())
    begin = time.perf_counter()
    index = build(columns, market.n_topics)
    build_seconds = time.perf_counter() - begin
    blocks = batches(columns, market.n_topics)
    some = blocks[:: max(1, len(blocks) * len(blocks[0]) // ASKED)]
    asked = np.concatenate(some)

    def ask() -> Named:
        return [one for needs in some for one in search(columns, index, needs, NEAREST)]

    with threadpool_limits(limits=1):
        keys, seconds = repeated(ask, repeats)
    lists = [set((LAST - (key & LAST)).tolist()) for key in keys]
    own = {
        "micros": 1e6 * seconds / len(asked),
        "build_seconds": build_seconds,
        "recall": 1.0,
    }
    with TemporaryDirectory(prefix="handschlag-peers-") as name:
        folder = Path(name)
        _save(folder / "needs", columns.needs.topics, market.n_topics, asked)
        _save(folder / "offerings", columns.offerings.topics, market.n_topics)
        answers = ask_all(folder, repeats)
    return {OURS: own} | {
        name: answer
        if isinstance(answer, str)
        else {
            "micros": answer.micros,
            "build_seconds": answer.build_seconds,
            "peak_mb": answer.peak_mb,
            "recall": _recall(lists, answer.named),
        }
        for name, answer in answers.items()
    }


def _save(
    path: Path, rows: Rows, width: int, some: slice | Array = slice(None)
) -> None:
    matrix = as_matrix(rows, width)[some].astype(np.float32) / np.float32(UNIT)
    sp.save_npz(path, sp.csr_matrix(matrix), compressed=False)


def _recall(lists: Sequence[set[int]], named: Sequence[Sequence[int]]) -> float:
    shares = [
        len(ours & set(theirs)) / len(ours)
        for ours, theirs in zip(lists, named, strict=True)
        if ours
    ]
    return statistics.fmean(shares)

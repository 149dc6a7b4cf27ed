"""How quickly a form answers while somebody types.

    python -m matching.evaluation.typing_speed --companies 30000

Recognises topics of texts and counts who could fit, in a mapped index of a generated
market, as the web processes do.
"""

import argparse
import statistics
import tempfile
import time
from pathlib import Path

from matching.evaluation.simulate import generate
from matching.live import LiveIndex
from matching.topics import TopicModel

TEXTS = 300


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--companies", type=int, default=30_000)
    companies = parser.parse_args().companies
    model, market = TopicModel.load(), generate(companies, seed=1)
    vectors = model.transform([one.text for one in market.listings])
    typed = generate(TEXTS, seed=2).listings[:TEXTS]
    recognising, counting = [], []
    with tempfile.TemporaryDirectory() as folder:
        saved = Path(folder) / "index"
        LiveIndex.build(market.listings, market.companies, vectors).save(saved)
        size = sum(file.stat().st_size for file in saved.iterdir())
        begin = time.perf_counter()
        index = LiveIndex.open(saved)
        opened = time.perf_counter() - begin
        for one in typed:
            begin = time.perf_counter()
            text = model.transform([one.text])
            then = time.perf_counter()
            index.count(text, one.kind, 48.4, 9.99, "national", None)
            counting.append(1000 * (time.perf_counter() - then))
            recognising.append(1000 * (then - begin))
    print(f"{companies} companies, {len(market.listings)} listings, {TEXTS} texts\n")
    print("| figure | median | 95 of 100 below |")
    print("|---|---|---|")
    for name, took in (
        ("topics of a text", recognising),
        ("how many could fit", counting),
    ):
        p95 = statistics.quantiles(took, n=20)[-1]
        print(f"| {name} | {statistics.median(took):.1f} ms | {p95:.1f} ms |")
    print(f"| opening the index of {size / 2**20:.0f} MB | {1000 * opened:.1f} ms | |")


if __name__ == "__main__":
    main()

"""`make evaluate`: the tables of matching quality, beside peers in the same run."""

import argparse
import os
import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt

from matching import knowledge
from matching.evaluation.ablation import ablation
from matching.evaluation.content import content
from matching.evaluation.judged import Judged, read_mixed, read_titles
from matching.evaluation.messy import messy
from matching.evaluation.metrics import Quality, difference, measure
from matching.evaluation.peers import METHODS, bm25
from matching.evaluation.recognition import recognition, strange
from matching.topics import TopicModel

ROOT = Path(__file__).parents[2]
JUDGED = ROOT / "tests" / "data" / "judged_dev.jsonl"
FIELD = JUDGED.with_name("judged_field.jsonl")
# Written when the method was done; nothing may be chosen by looking at them.
BLIND = (
    JUDGED.with_name("judged_blind.jsonl"),
    JUDGED.with_name("judged_pages.jsonl"),
)
LABELLED = JUDGED.with_name("labelled_topics.jsonl")
OFF_TOPIC = JUDGED.with_name("off_topic.txt")
TITLES = ROOT.parent / "shared" / "data" / "dnb_titles"

Floats = npt.NDArray[np.float64]


def main(arguments: list[str] | None = None) -> int:
    """Print the tables that were asked for."""
    parser = argparse.ArgumentParser(prog="python -m matching.evaluation.report")
    parser.add_argument("--judged", type=Path, nargs="+", help="graded files")
    parser.add_argument(
        "--ablation", action="store_true", help="what each ingredient is worth"
    )
    options = parser.parse_args(arguments)
    judged = options.judged
    if judged is None:
        judged = (JUDGED, FIELD) if options.ablation else (JUDGED, FIELD, *BLIND)
    sets = {path.stem: read_mixed(path) for path in judged}
    if options.ablation:
        ablation(knowledge.load(), sets)
        return 0
    model = TopicModel.load()
    for name, one in sets.items():
        print_judged(model, one, name)
        print()
    print_messy(model, next(iter(sets.values())))
    print()
    print_recognition(model)
    print()
    print_titles(model, Path(os.environ.get("HANDSCHLAG_DNB", TITLES)))
    return 0


def print_judged(model: TopicModel, judged: Judged, name: str) -> None:
    """Print topic, text and both beside the peers, and the gain over BM25."""
    ours = content(model, judged.needs, judged.offerings)
    results = {
        "topic and text": measure(ours.fused(), judged.grades),
        "topic alone": measure(ours.topic, judged.grades),
        "text alone": measure(ours.text, judged.grades),
    }
    for peer, method in METHODS.items():
        scores = method(judged.needs, judged.offerings)
        results[peer] = measure(scores, judged.grades)
    needs, offerings = judged.grades.shape
    print(f"{name}: {needs} needs, {offerings} offerings\n")
    _print_table(results)
    best, peer_ndcg = results["topic and text"].ndcg, results["BM25, stems"].ndcg
    gain, low, high = difference(peer_ndcg, best)
    ratio = best.mean() / max(peer_ndcg.mean(), 1e-9)
    print(
        f"\nagainst BM25: {ratio:.2f} times, nDCG@10 {gain:+.3f}"
        f" (95 % interval {low:+.3f} … {high:+.3f})"
    )


def print_messy(model: TopicModel, judged: Judged) -> None:
    """Print how much is left when all texts are written carelessly, beside BM25."""
    print("| texts | nDCG@10 | recall@20 | MRR | nDCG@10 of BM25 |")
    print("|---|---|---|---|---|")
    variants = [("as they are", judged), *messy(judged, model.features.compounds)]
    for name, texts in variants:
        ours = content(model, texts.needs, texts.offerings).fused()
        peer = measure(bm25(texts.needs, texts.offerings), texts.grades).means()[0]
        figures = (*measure(ours, texts.grades).means(), peer)
        print(f"| {name} | {' | '.join(f'{figure:.3f}' for figure in figures)} |")


def print_recognition(model: TopicModel) -> None:
    """Print how many recognised topics fit, and what is recognised in nonsense."""
    found = recognition(model, JUDGED, LABELLED)
    print(
        f"labelled_topics: {found.precision:.3f} of the three strongest topics fit"
        f" ({found.fits} of {found.fits + found.misfits} read, {found.unread} unread;"
        f" nothing recognised in {found.silent} of {found.texts} texts)"
    )
    texts = OFF_TOPIC.read_text(encoding="utf-8").splitlines()
    wrong = strange(model, texts)
    print(f"off_topic: a topic is recognised in {len(wrong)} of {len(texts)} texts")


def print_titles(model: TopicModel, folder: Path) -> None:
    """Print how the text part does on general German, if the titles are there."""
    if not (folder / "queries.jsonl").is_file():
        print(f"dnb_titles: absent ({folder}); HANDSCHLAG_DNB names another folder")
        return
    judged = read_titles(folder)
    ours = content(model, judged.needs, judged.offerings)
    stored = content(model, judged.needs, judged.offerings, register=False)
    results = {
        "text part": _measure_titles(ours.text, judged),
        "text part without the register's weights": _measure_titles(
            stored.text, judged
        ),
        "BM25, stems": _measure_titles(bm25(judged.needs, judged.offerings), judged),
    }
    needs, offerings = judged.grades.shape
    print(f"dnb_titles: {needs} titles looked up among {offerings}\n")
    _print_table(results)


def _measure_titles(scores: Floats, judged: Judged) -> Quality:
    """Measure without what is not to be ranked: a title that is its own query."""
    own = np.isnan(judged.grades)
    return measure(np.where(own, 0, scores), np.nan_to_num(judged.grades))


def _print_table(results: dict[str, Quality]) -> None:
    print("| method | nDCG@10 | recall@20 | MRR |\n|---|---|---|---|")
    for name, quality in results.items():
        figures = " | ".join(f"{figure:.3f}" for figure in quality.means())
        print(f"| {name} | {figures} |")


if __name__ == "__main__":
    sys.exit(main())

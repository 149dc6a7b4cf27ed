"""The whole score on judged listings: as `rank` orders them, so they are judged."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt

from matching.errors import BadInput, BadRow
from matching.evaluation.metrics import Quality, measure
from matching.files import Judgement, Read, read
from matching.inputs import read_inputs
from matching.market import Market
from matching.ranking import rank
from matching.topics import TopicModel
from matching.vectors import full_text, vectorise

Floats = npt.NDArray[np.float64]


def score_matrix(
    market: Market, needs: dict[str, int], offerings: dict[str, int]
) -> Floats:
    """Return the whole score of every need and offering, by the places given."""
    scores = np.zeros((len(needs), len(offerings)))
    for need, matches in rank(market, top=max(len(offerings), 1)):
        for one in matches:
            scores[needs[need], offerings[one.offering]] = one.score
    return scores


def print_quality(listings: Path, judgements: Path, *, peers: bool) -> None:
    """Print nDCG@10, recall@20 and MRR of the whole score on judged listings.

    Raises
    ------
    BadInput
        A row is broken, or a judgement names a listing that is not there.
    """
    inputs = read_inputs(listings, None)
    judged = read(judgements, Judgement)
    needs = [one for one in inputs.listings if one.kind == "need"]
    offerings = [one for one in inputs.listings if one.kind == "offering"]
    row = {one.id: at for at, one in enumerate(needs)}
    column = {one.id: at for at, one in enumerate(offerings)}
    bad = judged.bad + _strangers(judged, row, column)
    if bad:
        raise BadInput(bad)
    grades = np.zeros((len(row), len(column)))
    for one in judged.records:
        grades[row[one.need], column[one.offering]] = one.grade
    model = TopicModel.load()
    market = Market.of(
        inputs.listings,
        inputs.companies,
        [],
        vectorise(inputs.listings, model),
        as_of=inputs.as_of,
    )
    results = {"whole score": measure(score_matrix(market, row, column), grades)}
    if peers:
        texts = list(map(full_text, needs)), list(map(full_text, offerings))
        for name, method in peer_methods().items():
            results[name] = measure(method(*texts), grades)
    for line in table(results):
        print(line)


def peer_methods() -> dict[str, Callable[[list[str], list[str]], Floats]]:
    """Return the peers of `make evaluate` by name."""
    from matching.evaluation import peers

    return dict(peers.METHODS)


def _strangers(
    judged: Read[Judgement], needs: dict[str, int], offerings: dict[str, int]
) -> list[BadRow]:
    bad = []
    for line, one in zip(judged.lines, judged.records, strict=True):
        if one.need not in needs:
            bad.append(BadRow(judged.file, line, "need", f"unknown {one.need!r}"))
        if one.offering not in offerings:
            why = f"unknown {one.offering!r}"
            bad.append(BadRow(judged.file, line, "offering", why))
    return bad


def table(results: dict[str, Quality]) -> list[str]:
    """Return lines of a Markdown table, one per method."""
    lines = ["| method | nDCG@10 | recall@20 | MRR |", "|---|---|---|---|"]
    for name, quality in results.items():
        figures = " | ".join(f"{figure:.3f}" for figure in quality.means())
        lines.append(f"| {name} | {figures} |")
    return lines

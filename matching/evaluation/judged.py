"""Sets of needs, offerings and grades that people gave."""

import csv
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from matching.errors import BadInput, BadRow


@dataclass(frozen=True)
class Judged:
    """Texts of needs and offerings, and how well each pair fits.

    `grades` has shape (n_needs, n_offerings), 0 to 3; pairs nobody graded have 0.
    """

    needs: tuple[str, ...]
    offerings: tuple[str, ...]
    grades: npt.NDArray[np.float32]


def grade_matrix(
    needs: list[str], offerings: list[str], judgements: Iterable[dict[str, Any]]
) -> npt.NDArray[np.float32]:
    """Return grades by ids of needs and offerings.

    Raises
    ------
    KeyError
        A judgement names an id that is not among them.
    """
    row = {need: at for at, need in enumerate(needs)}
    column = {offering: at for at, offering in enumerate(offerings)}
    grades = np.zeros((len(row), len(column)), np.float32)
    for one in judgements:
        grades[row[one["need"]], column[one["offering"]]] = one["grade"]
    return grades


def read_mixed(path: Path) -> Judged:
    """Read one JSON Lines file whose rows say by `type` what they are.

    Raises
    ------
    BadInput
        With every row that is no JSON, or judges a listing that is not there.
    """
    rows: dict[str, list[dict[str, Any]]] = {"need": [], "offering": []}
    judgements: list[tuple[int, dict[str, Any]]] = []
    bad: list[BadRow] = []
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            try:
                record = json.loads(line)
                if record["type"] == "judgement":
                    judgements.append((number, record))
                else:
                    rows[record["type"]].append(record)
            except (ValueError, KeyError, TypeError):
                bad.append(BadRow(path.name, number, "type", "is no known record"))
    ids = {kind: [record["id"] for record in found] for kind, found in rows.items()}
    for number, record in judgements:
        for kind in ("need", "offering"):
            if record.get(kind) not in ids[kind]:
                bad.append(BadRow(path.name, number, kind, "is not listed"))
    if bad:
        raise BadInput(bad)
    return Judged(
        tuple(record["text"] for record in rows["need"]),
        tuple(record["text"] for record in rows["offering"]),
        grade_matrix(ids["need"], ids["offering"], (one for _, one in judgements)),
    )


def read_titles(folder: Path) -> Judged:
    """Read a folder of `docs.jsonl`, `queries.jsonl` and `qrels.tsv`.

    A query that is itself among the documents does not find itself.
    """

    def records(name: str) -> list[dict[str, Any]]:
        with (folder / name).open(encoding="utf-8") as lines:
            return [json.loads(line) for line in lines]

    queries, docs = records("queries.jsonl"), records("docs.jsonl")
    with (folder / "qrels.tsv").open(encoding="utf-8") as lines:
        judgements = [
            {"need": query, "offering": doc, "grade": float(grade)}
            for query, doc, grade in csv.reader(lines, delimiter="\t")
        ]
    query_ids = [record["id"] for record in queries]
    doc_ids = [record["id"] for record in docs]
    grades = grade_matrix(query_ids, doc_ids, judgements)
    place = {doc: at for at, doc in enumerate(doc_ids)}
    for at, query in enumerate(query_ids):
        if query in place:
            grades[at, place[query]] = np.nan  # not to be ranked
    return Judged(
        tuple(record["text"] for record in queries),
        tuple(record["text"] for record in docs),
        grades,
    )

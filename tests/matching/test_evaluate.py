import json

import numpy as np
import pytest

from matching import knowledge
from matching.errors import BadInput
from matching.evaluation import report
from matching.evaluation.content import content
from matching.evaluation.held_out import hold_out
from matching.evaluation.judged import read_mixed
from matching.evaluation.metrics import measure
from matching.evaluation.peers import METHODS
from matching.topics import TopicModel

ROWS = [
    {"type": "need", "id": "n1", "text": "Rechnungen abtippen"},
    {"type": "need", "id": "n2", "text": "Touren planen"},
    {"type": "offering", "id": "o1", "text": "Tourenplanung für Speditionen"},
    {"type": "offering", "id": "o2", "text": "Rechnungen automatisch lesen"},
    {"type": "judgement", "need": "n1", "offering": "o2", "grade": 3},
    {"type": "judgement", "need": "n2", "offering": "o1", "grade": 2},
]


@pytest.fixture(scope="module")
def model():
    return TopicModel.load()


@pytest.fixture
def judged_file(tmp_path):
    def write(rows):
        path = tmp_path / "judged.jsonl"
        path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
        return path

    return write


def test_a_mixed_file_becomes_texts_and_grades(judged_file):
    judged = read_mixed(judged_file(ROWS))

    assert judged.needs == ("Rechnungen abtippen", "Touren planen")
    assert judged.grades.tolist() == [[0, 3], [2, 0]]


def test_rows_that_say_nothing_known_are_all_named(judged_file):
    broken = [*ROWS, {"type": "wish"}, {**ROWS[4], "need": "n9"}]

    with pytest.raises(BadInput) as refusal:
        read_mixed(judged_file(broken))

    assert [(row.line, row.field) for row in refusal.value.rows] == [
        (7, "type"),
        (8, "need"),
    ]


@pytest.mark.parametrize("name", METHODS)
def test_peers_find_shared_words(name):
    scores = METHODS[name](
        ["Rechnungen lesen", "Tourenplanung im Winter"],
        ["Tourenplanung für Speditionen", "Wir lesen Rechnungen"],
    )

    assert scores.shape == (2, 2)
    assert scores.argmax(axis=1).tolist() == [1, 0]


def test_held_out_sentences_are_not_in_the_knowledge():
    full = knowledge.load()

    rest, judged = hold_out(full, 1)

    left = {need for case in rest.use_cases for need in case.needs_de}
    assert len(judged.needs) > 300
    assert not left & set(judged.needs)
    assert np.diag(judged.grades).tolist() == [3] * len(judged.needs)
    assert len(rest.use_cases) == len(full.use_cases)


@pytest.mark.parametrize(
    ("path", "least"),
    [
        (report.JUDGED, 0.83),
        (report.FIELD, 0.7),
        *((path, 0.85) for path in report.BLIND),
    ],
)
def test_matching_is_well_ahead_of_every_peer(model, path, least):
    judged = read_mixed(path)

    ours = measure(
        content(model, judged.needs, judged.offerings).fused(), judged.grades
    )

    peers = {
        name: measure(method(judged.needs, judged.offerings), judged.grades)
        for name, method in METHODS.items()
    }
    assert ours.ndcg.mean() > least
    assert ours.ndcg.mean() > 2 * peers["BM25, stems"].ndcg.mean()
    for name, peer in peers.items():
        assert ours.ndcg.mean() > peer.ndcg.mean() + 0.3, name


def test_the_report_says_when_the_titles_are_absent(
    judged_file, monkeypatch, tmp_path, capsys
):
    monkeypatch.setenv("HANDSCHLAG_DNB", str(tmp_path))

    code = report.main(["--judged", str(judged_file(ROWS))])

    printed = capsys.readouterr().out
    assert code == 0
    assert "2 needs, 2 offerings" in printed
    assert "dnb_titles: absent" in printed


def test_titles_do_not_find_themselves(model, tmp_path, capsys):
    texts = {"a": "Ermüdung von Elektroblech", "b": "Ermüdung von Stahl", "c": "Lyrik"}
    docs = [json.dumps({"id": key, "text": text}) for key, text in texts.items()]
    (tmp_path / "docs.jsonl").write_text("\n".join(docs), encoding="utf-8")
    (tmp_path / "queries.jsonl").write_text(docs[0], encoding="utf-8")
    (tmp_path / "qrels.tsv").write_text("a\tb\t2\n", encoding="utf-8")

    report.print_titles(model, tmp_path)

    assert "| text part | 1.000 | 1.000 | 1.000 |" in capsys.readouterr().out

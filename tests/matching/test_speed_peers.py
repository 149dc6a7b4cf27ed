"""Peers of the benchmark answer from processes of their own."""

import numpy as np
import pytest
import scipy.sparse as sp

from matching.evaluation import speed_peers
from matching.evaluation.speed_peers import NEAREST, PEERS, ask_all


@pytest.fixture
def folder(tmp_path):
    draw = np.random.default_rng(3)
    for side, n in (("needs", 4), ("offerings", 200)):
        rows = sp.random_array((n, 30), density=0.3, rng=draw, format="csr")
        length = np.sqrt(rows.multiply(rows).sum(axis=1))
        unit = sp.csr_matrix(rows.multiply(1 / length[:, None]), dtype=np.float32)
        sp.save_npz(tmp_path / side, unit, compressed=False)
    return tmp_path


def test_exact_peers_name_the_nearest(folder):
    needs, offerings = (
        sp.load_npz(folder / f"{side}.npz").toarray() for side in ("needs", "offerings")
    )
    nearest = [
        set(row[:NEAREST].tolist()) for row in np.argsort(-(needs @ offerings.T))
    ]

    answers = ask_all(folder, repeats=2)

    assert set(answers) == set(PEERS)
    exact = [one for name, one in answers.items() if "approximate" not in name]
    given = [one for one in exact if not isinstance(one, str)]
    assert len(given) >= 3  # the others are not installed everywhere
    assert all([set(named) for named in one.named] == nearest for one in given)
    assert all(one.micros > 0 and one.peak_mb > 10 for one in given)


def test_a_peer_that_fails_is_said_so_and_the_others_go_on(tmp_path, monkeypatch):
    monkeypatch.setattr(speed_peers, "PEERS", dict.fromkeys(["sparse_dot_topn", "x"]))

    answers = ask_all(tmp_path, repeats=1)

    assert "No such file" in answers["sparse_dot_topn"]
    assert "ended with 2" in answers["x"]

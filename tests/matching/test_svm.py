import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.svm import LinearSVC

from matching import svm
from matching.kernels import plain


@pytest.fixture
def texts():
    """Sixty sparse rows of length 1 in three classes."""
    random = np.random.default_rng(0)
    classes = np.repeat(np.arange(3), 20)
    rows = random.random((60, 30)) * (random.random((60, 30)) < 0.3)
    rows[np.arange(60), classes] += 1
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    labels = sp.csr_array(np.eye(3)[classes])
    return sp.csr_array(rows.astype(np.float32)), labels, classes


def test_weights_are_those_of_liblinear(texts):
    X, labels, classes = texts
    peer = LinearSVC(C=0.3, tol=1e-8, max_iter=100_000).fit(X, classes)

    weights, bias = svm.fit(X, labels, np.full(60, 0.3, np.float32), rounds=60)

    assert np.allclose(weights.T, peer.coef_, atol=0.005)
    assert np.allclose(bias, peer.intercept_, atol=0.005)


def test_threads_do_not_change_a_byte(texts):
    X, labels, _ = texts
    cost = np.full(60, 0.3, np.float32)

    one, _ = svm.fit(X, labels, cost, threads=1)
    three, _ = svm.fit(X, labels, cost, threads=3)

    assert one.tobytes() == three.tobytes()


def test_plain_python_gives_the_same_bytes(texts, monkeypatch):
    X, labels, _ = texts
    cost = np.full(60, 0.3, np.float32)
    compiled, _ = svm.fit(X, labels, cost)

    monkeypatch.setattr(svm, "_descend", plain(svm._descend))
    interpreted, _ = svm.fit(X, labels, cost)

    assert compiled.tobytes() == interpreted.tobytes()


def test_a_stored_zero_leaves_a_text_out(texts):
    X, labels, _ = texts
    cost = np.full(60, 0.3, np.float32)
    without = labels.toarray()
    keep = np.arange(60) != 20
    shorter, _ = svm.fit(X[keep], sp.csr_array(without[keep]), cost[keep], rounds=60)

    rows, columns = np.r_[np.arange(60), 20], np.r_[np.repeat([0, 1, 2], 20), 0]
    data = np.r_[np.ones(60), 0.0]
    with_zero = sp.csr_array((data, (rows, columns)), shape=(60, 3))
    left_out, _ = svm.fit(X, with_zero, cost, rounds=60)

    assert left_out[:, 0] == pytest.approx(shorter[:, 0], abs=0.005)

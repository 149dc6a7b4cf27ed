import numpy as np
import pytest

from matching.topics import TopicModel
from matching.types import Listing
from matching.vectors import vectorise


@pytest.fixture(scope="module")
def model():
    return TopicModel.load()


def listings(texts):
    return [Listing(str(at), "need", text) for at, text in enumerate(texts)]


def test_vectors_of_a_register_have_its_word_weights(model):
    texts = [f"Zeppelin {word}" for word in ("Miete", "Kauf", "Flug", "Bau")]

    vectors = vectorise(listings(texts), model)

    expected = model.in_register(model.transform(texts).words).toarray()
    found = np.zeros_like(expected)
    owner = np.repeat(np.arange(4), np.diff(vectors.words.start))
    found[owner, vectors.words.column] = vectors.words.weight
    cosine = (found * expected).sum(axis=1) / np.linalg.norm(found, axis=1)
    assert cosine == pytest.approx(np.ones(4), abs=1e-3)


def test_an_empty_register_has_no_rows(model):
    assert len(vectorise([], model)) == 0

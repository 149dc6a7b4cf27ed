"""From the knowledge base to the weights of the topic model.

Every sentence, term and label of a topic or use case is one training text; each
whole entry is one more, which ties together what its sentences say apart.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from matching import svm
from matching.knowledge import Knowledge, Topic, UseCase
from matching.text import Features

COST = 0.3
N_GRAMS = 60_000
# Below this a weight says nothing; negative ones learn the style of our sentences
# more than their subject (ablation in docs/evaluation.md).
LEAST_WEIGHT = 0.01


@dataclass(frozen=True)
class Weights:
    """What training leaves: features, and the weight of each known one per class."""

    features: Features
    matrix: sp.csr_array  # (n_known, n_topics + n_use_cases), float32
    bias: npt.NDArray[np.float32]


def topic_texts(topic: Topic) -> list[str]:
    """Return everything the knowledge base says about a topic, labels first."""
    return [
        *(label for labels in topic.labels.values() for label in labels),
        *(label for labels in topic.narrow.values() for label in labels),
        topic.summary_de,
        topic.summary_en,
        *topic.needs_de,
        *topic.needs_en,
        *topic.offers_de,
        *topic.offers_en,
        *topic.terms_de,
        *topic.terms_en,
    ]


def use_case_texts(case: UseCase) -> list[str]:
    """Return everything the knowledge base says about a use case."""
    return [
        case.title_de,
        case.title_en,
        case.benefit_de,
        *case.needs_de,
        *case.needs_en,
        *case.offers_de,
        *case.offers_en,
        *case.terms_de,
    ]


def class_texts(knowledge: Knowledge) -> Iterator[list[str]]:
    """Yield the texts of each topic, then of each use case."""
    yield from map(topic_texts, knowledge.topics)
    yield from map(use_case_texts, knowledge.use_cases)


def train(knowledge: Knowledge, *, threads: int | None = None) -> Weights:
    """Learn features and weights; the same knowledge gives the same weights."""
    entries = list(class_texts(knowledge))
    sentences = [sentence for entry in entries for sentence in entry]
    features = Features.fit(sentences, n_grams=N_GRAMS)
    texts = sentences + [" . ".join(entry) for entry in entries]
    classes = np.concatenate(
        [
            np.repeat(np.arange(len(entries)), list(map(len, entries))),
            np.arange(len(entries)),
        ]
    )
    known = features.transform(texts)[:, : features.n_known]
    labels = sp.csr_array(
        (np.ones(len(texts)), (np.arange(len(texts)), classes)),
        shape=(len(texts), len(entries)),
    )
    cost = np.full(len(texts), COST, np.float32)
    dense, bias = svm.fit(known, labels, cost, threads=threads)
    dense[dense < LEAST_WEIGHT] = 0
    return Weights(features, sp.csr_array(dense), bias)

"""From the knowledge base to the weights of the topic model.

Every sentence, term and label of a topic or use case is one training text. Three
learners look at them, and their weights are added, since all are linear and each
errs elsewhere (ablation in docs/evaluation.md):

machines  one-vs-rest support vector machines on texts and whole entries. Only
          positive weights stay: negative ones learn the style of our sentences;
entries   cosine with the whole entry as one text;
odds      log odds of a feature in the class against all texts, where positive.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from matching.knowledge import Knowledge, Topic, UseCase
from matching.text import Features

N_GRAMS = 60_000
COST = 0.3
SMOOTHING = 10.0  # as if each class had so much more text, of the average kind
SENTENCE = 5  # words; what has fewer is a term
LEAST_WEIGHT = 0.003  # of the largest; smaller ones only make the model large


Integers = npt.NDArray[np.integer]


@dataclass(frozen=True, slots=True)
class Recipe:
    """What goes into the model; ablations leave something out."""

    machines: float = 1.0
    entries: float = 1.0
    odds: float = 1.0
    negative: bool = False  # keep the machines' negative weights
    lexicon: bool = True

    def share(self, learner: str) -> float:
        """Return a learner's share by its name."""
        return float(getattr(self, learner))


RECIPE = Recipe()


@dataclass(frozen=True)
class Weights:
    """What training leaves: features, and the weight of each known one per class."""

    features: Features
    matrix: sp.csr_array  # (n_known, n_topics + n_use_cases), float32
    bias: npt.NDArray[np.float32]
    usual: npt.NDArray[np.float32]  # mean topic vector, see `TopicModel.settled`
    field: npt.NDArray[np.float32]  # (n_known,): what speaks for our field at all
    field_bias: float


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


def train(
    knowledge: Knowledge, recipe: Recipe = RECIPE, *, threads: int | None = None
) -> Weights:
    """Learn features and weights; the same knowledge gives the same weights."""
    from matching import svm  # compiles: not for those who load trained weights

    entries = list(class_texts(knowledge))
    sentences = [sentence for entry in entries for sentence in entry]
    groups = knowledge.lexicon if recipe.lexicon else ()
    features = Features.fit(sentences, n_grams=N_GRAMS, groups=groups)
    texts = sentences + [" . ".join(entry) for entry in entries]
    of_class = np.repeat(np.arange(len(entries)), list(map(len, entries)))
    known = features.transform(texts)[:, : features.n_known]
    single, whole = known[: len(sentences)], known[len(sentences) :]
    belongs = _one_hot(of_class, len(entries))
    machines, bias = svm.fit(
        known,
        sp.vstack([belongs, sp.eye_array(len(entries))], format="csr"),
        np.full(len(texts), COST, np.float32),
        threads=threads,
    )
    if not recipe.negative:
        np.maximum(machines, 0, out=machines)
    learners = {
        "machines": sp.csr_array(machines),
        "entries": whole.T.tocsr(),
        "odds": _odds((belongs.T @ single).tocsr()).T.tocsr(),
    }
    matrix, bias = _add(learners, bias, recipe, single[::20])
    field, field_bias = _field(features, sentences, single, knowledge.everyday)
    return Weights(features, matrix, bias, np.zeros_like(bias), field, field_bias)


def _field(
    features: Features,
    sentences: list[str],
    known: sp.csr_array,
    everyday: Sequence[str],
) -> tuple[npt.NDArray[np.float32], float]:
    """Learn what tells sentences of our field from sentences on anything else.

    Both sides weigh the same, however many there are. Terms and labels are left out:
    they have no everyday words, and would teach that those speak against our field.
    """
    from matching import svm

    whole = np.array([len(one.split()) >= SENTENCE for one in sentences])
    other = features.transform(everyday)[:, : features.n_known]
    ours = known[np.flatnonzero(whole)]
    n, m = ours.shape[0], other.shape[0]
    cost = np.repeat(np.array([COST, COST * n / m], np.float32), [n, m])
    is_ours = sp.csr_array((np.arange(n + m) < n).astype(np.float32)[:, None])
    rows = sp.vstack([ours, other], format="csr")
    weights, bias = svm.fit(rows, is_ours, cost)
    return np.ascontiguousarray(weights[:, 0]), float(bias[0])


def _one_hot(classes: Integers, n_classes: int) -> sp.csr_array:
    n = len(classes)
    ones = np.ones(n, np.float32)
    hot: sp.csr_array = sp.csr_array(
        (ones, (np.arange(n), classes)), shape=(n, n_classes)
    )
    return hot


def _odds(sums: sp.csr_array) -> sp.csr_array:
    """Return log odds of features, from their sums per class (rows); 0 where absent.

    Smoothed towards the average class, so that a rare feature seen once does not
    outweigh a common one that is typical.
    """
    average = np.asarray(sums.sum(axis=0)).ravel()
    average = average / average.sum()
    row = np.repeat(np.arange(sums.shape[0]), np.diff(sums.indptr))
    size = np.asarray(sums.sum(axis=1)).ravel()[row]
    usual = average[sums.indices]
    share = (sums.data + SMOOTHING * usual) / (size + SMOOTHING)
    odds = sums.copy()
    odds.data = np.maximum(np.log(share / usual), 0).astype(np.float32)
    return odds


def _add(
    learners: dict[str, sp.csr_array],
    bias: npt.NDArray[np.float32],
    recipe: Recipe,
    sample: sp.csr_array,
) -> tuple[sp.csr_array, npt.NDArray[np.float32]]:
    """Add the learners, each scaled to the same spread of decisions on a sample."""
    total = learners["machines"] * np.float32(0)
    total_bias = np.zeros_like(bias)
    for name, matrix in learners.items():
        decisions = (sample @ matrix).toarray()
        if name == "machines":
            decisions = decisions + bias
        decisions -= decisions.mean(axis=1, keepdims=True)
        scale = recipe.share(name) / float(decisions.std())
        total = total + matrix * np.float32(scale)
        if name == "machines":
            total_bias = bias * np.float32(scale)
    total.data[np.abs(total.data) < LEAST_WEIGHT * total.data.max()] = 0
    total.eliminate_zeros()
    total.sort_indices()
    return total, total_bias

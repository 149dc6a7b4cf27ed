"""From what a text speaks of to what it is near: along use cases and the taxonomy."""

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from matching.knowledge import Knowledge

Floats = npt.NDArray[np.float32]

FIRST_TOPIC = 0.5  # how much a use case counts for the topic it belongs to
FURTHER_TOPIC = 0.25  # and for the others it names
PARENT = 0.05
RELATED = 0.15
FAINT = 0.05  # of a vector's length: less is left out
USE_CASES = 0.5  # length of the use cases beside the topics, which have 1


class Spread:
    """Linear maps of the knowledge base, made once.

    All sparse: row by row in a fixed order, so that a text alone and a text among
    many get the same bytes, which dense products do not promise.
    """

    def __init__(
        self,
        knowledge: Knowledge,
        *,
        parent: float = PARENT,
        related: float = RELATED,
        use_cases: float = USE_CASES,
    ) -> None:
        place = {topic.id: at for at, topic in enumerate(knowledge.topics)}
        self.n_topics, n_cases = len(place), len(knowledge.use_cases)
        belongs = np.zeros((n_cases, self.n_topics), np.float32)
        for at, case in enumerate(knowledge.use_cases):
            own, *others = (place[name] for name in case.topics)
            belongs[at, others] = FURTHER_TOPIC
            belongs[at, own] = FIRST_TOPIC
        near = np.eye(self.n_topics, dtype=np.float32)
        for at, topic in enumerate(knowledge.topics):
            if topic.parent is not None:
                near[at, place[topic.parent]] = parent
            near[at, [place[other] for other in topic.related]] = related
        self._use_cases = np.float32(use_cases)
        self.belongs = sp.csr_array(belongs)
        counted = np.vstack([np.eye(self.n_topics, dtype=np.float32), belongs])
        self._counted = sp.csr_array(counted)
        self._near = sp.csr_array(counted @ near)

    def direct(self, strengths: sp.csr_array) -> sp.csr_array:
        """Return the strength of each topic, its use cases counted, not spread."""
        direct: sp.csr_array = strengths @ self._counted
        return direct

    def __call__(
        self, strengths: sp.csr_array, usual: Floats | None = None
    ) -> sp.csr_array:
        """Return topic vectors.

        Parameters
        ----------
        strengths : csr_array of shape (n, n_topics + n_use_cases), float32
        usual : float32 array of shape (n_topics + n_use_cases,), optional
            What all texts speak of, taken off: two texts are not alike because both
            speak of it. Vectors have their lengths without it, and without what is
            faint: it costs half of the time of a round and nothing else.

        Returns
        -------
        csr_array, float32
            Of the same shape; rows of length 1, or empty.
        """
        topics = _unit(strengths @ self._near)
        cases = _unit(strengths[:, self.n_topics :])
        cases.data *= self._use_cases
        both = _unit(sp.hstack([topics, cases], format="csr"))
        if usual is None:
            return both
        left = both.data - usual[both.indices]
        left[left < FAINT] = 0
        both.data = left
        both.eliminate_zeros()
        return _unit(both)


def _unit(rows: sp.csr_array) -> sp.csr_array:
    """Bring each row to length 1, in place; empty rows stay empty."""
    rows.sort_indices()
    n = rows.shape[0]
    row = np.repeat(np.arange(n), np.diff(rows.indptr))
    length = np.sqrt(np.bincount(row, rows.data.astype(np.float64) ** 2, n))
    rows.data = (rows.data / length[row]).astype(np.float32)
    return rows

"""Finding a topic by typing: forgiving of typos, umlauts and word order."""

from rapidfuzz import fuzz

from matching.knowledge import Knowledge
from matching.types import Language
from matching.words import fold

LEAST_SCORE = 72.0  # of 100: one wrong letter in six still finds the topic


class LabelSearch:
    """All labels of active topics, folded once."""

    def __init__(self, knowledge: Knowledge) -> None:
        self._labels: list[str] = []
        self._owners: list[tuple[int, str, float]] = []
        for at, topic in enumerate(knowledge.topics):
            if topic.status != "active":
                continue
            for worth, sets in ((1.0, topic.labels), (0.95, topic.narrow)):
                for language, labels in sets.items():
                    for place, label in enumerate(labels):
                        # The name itself before synonyms, those before narrow words.
                        name = 1.02 if worth == 1.0 and place == 0 else worth
                        self._labels.append(fold(label.lower()))
                        self._owners.append((at, language, name))
        self._ids = tuple(topic.id for topic in knowledge.topics)

    def __call__(self, query: str, lang: Language, limit: int) -> tuple[str, ...]:
        """Return at most `limit` topic ids, the best first; ties by taxonomy.

        Labels of the other language count a little less than those of `lang`.
        """
        folded = fold(query.lower().strip())
        if not folded:
            return ()
        best: dict[int, float] = {}
        for label, owner in zip(self._labels, self._owners, strict=True):
            score = _score(folded, label)
            if score < LEAST_SCORE:
                continue
            topic, language, worth = owner
            value = score * worth * (1.0 if language == lang else 0.97)
            best[topic] = max(best.get(topic, 0.0), value)
        order = sorted(best, key=lambda topic: (-best[topic], topic))
        return tuple(self._ids[topic] for topic in order[:limit])


def _score(query: str, label: str) -> float:
    """Score 0 to 100: the beginning of a label or of one of its words counts most."""
    if label == query:
        return 100.0
    if label.startswith(query):
        return 97.0
    if f" {query}" in f" {label}":
        return 92.0
    return float(fuzz.WRatio(query, label)) * 0.9

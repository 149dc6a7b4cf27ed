"""Words of a text: what they stem from, what they are made of, what they stand for.

Three spellings of a German word are one: with umlauts, with ae, oe, ue, and with the
dots left out.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import chain

import Stemmer

from matching.stopwords import STOP_WORDS

SHORTEST_COMPOUND = 8
SHORTEST_PART = 4
LINKS = ("", "s", "es", "n", "en", "er", "e", "ns")

TOKEN = re.compile(r"[^\W_]+")
_DOTS = str.maketrans({"ä": "a", "ö": "o", "ü": "u", "ß": "ss"})
_SPELT_OUT = re.compile(r"(?<![aeq])([uU])[eE]|([aAoO])[eE]")
WORDS_KEPT = 400_000  # whose spelling and stem is remembered
_stem = lru_cache(maxsize=WORDS_KEPT)(Stemmer.Stemmer("german").stemWord)


def spelt(text: str) -> str:
    """Return a text in lower case, soft hyphens removed."""
    return text.lower().replace("\u00ad", "")


def tokens(text: str) -> list[str]:
    """Return the words and numbers of a text, spelt alike."""
    return TOKEN.findall(spelt(text))


def number_tokens(texts: Iterable[str]) -> tuple[list[str], list[int], list[int]]:
    """Number the distinct tokens of texts, by first occurrence.

    Returns
    -------
    words : list of str
        By number.
    numbers : list of int
        Of the tokens of all texts, one text after the other.
    ends : list of int
        0, then where the numbers of each text end.
    """
    place: dict[str, int] = {}
    numbers: list[int] = []
    ends = [0]
    for text in texts:
        for token in tokens(text):
            numbers.append(place.setdefault(token, len(place)))
        ends.append(len(numbers))
    return list(place), numbers, ends


@lru_cache(maxsize=WORDS_KEPT)
def fold(word: str) -> str:
    """Write a lower-case word so that ä, ae and a dotless a look alike.

    Examples
    --------
    >>> fold("prüfung") == fold("pruefung") == fold("prufung")
    True
    >>> fold("steuer"), fold("quelle")
    ('steuer', 'quelle')
    """
    return _SPELT_OUT.sub(lambda m: m.group(1) or m.group(2), word.translate(_DOTS))


def stem(word: str) -> str:
    """Return the Snowball stem of a lower-case word, folded."""
    stemmed: str = _stem(word)
    return fold(stemmed)


class Compounds:
    """Splits German compounds into words that a corpus knows.

    Among all splits the one wins whose parts are the most frequent (geometric mean);
    parts may be joined by one of `LINKS`. After Koehn and Knight, "Empirical methods
    for compound splitting", EACL 2003.
    """

    def __init__(self, counts: dict[str, int]) -> None:
        self.counts = counts
        self._parts: dict[str, tuple[str, ...]] = {}

    @classmethod
    def fit(cls, texts: Iterable[str]) -> "Compounds":
        """Count the words of a corpus and, half as much, their stems."""
        counts = Counter(chain.from_iterable(map(tokens, texts)))
        stems: Counter[str] = Counter()
        for word, count in counts.items():
            stems[_stem(word)] += count
        known = {
            word: 2 * count
            for word, count in counts.items()
            if len(word) <= 14 and cls._may_be_part(word)
        }
        for word, count in stems.items():
            if cls._may_be_part(word):
                known.setdefault(word, count)
        return cls(known)

    @staticmethod
    def _may_be_part(word: str) -> bool:
        return len(word) >= SHORTEST_PART and word.isalpha() and word not in STOP_WORDS

    def split(self, word: str) -> tuple[str, ...]:
        """Return the parts of a lower-case word; none when it is no compound."""
        if len(word) < SHORTEST_COMPOUND or not word.isalpha():
            return ()
        parts = self._parts.get(word)
        if parts is None:
            if len(self._parts) > 400_000:
                self._parts.clear()
            parts = self._best(word, 0)[1]
            parts = parts if len(parts) > 1 else ()
            self._parts[word] = parts
        return parts

    def _best(self, word: str, depth: int) -> tuple[float, tuple[str, ...]]:
        """Return the best score and parts; at depth 0 a split beats the whole word."""
        best_score: float = self._weight(word) if depth else 0
        best: tuple[str, ...] = (word,)
        if depth > 2:
            return best_score, best
        for cut in range(SHORTEST_PART, len(word) - SHORTEST_PART + 1):
            heads = self._heads(word[:cut])
            if not heads:
                continue
            tail_score, tail = self._best(word[cut:], depth + 1)
            if not tail_score:
                continue
            for head, weight in heads:
                parts = (head, *tail)
                score = (weight * tail_score ** len(tail)) ** (1 / len(parts))
                score *= 0.8 ** (len(parts) - 2)
                if score > best_score:
                    best_score, best = score, parts
        return best_score, best

    def _heads(self, front: str) -> list[tuple[str, float]]:
        """Return the known words that `front` can be, less a joining sound."""
        found = []
        for link in LINKS:
            if not front.endswith(link):
                continue
            word = front[: len(front) - len(link)]
            weight = self._weight(word)
            if weight:
                found.append((word, weight * (0.9 if link else 1.0)))
        return found

    def _weight(self, word: str) -> float:
        if len(word) < SHORTEST_PART:
            return 0
        return self.counts.get(word) or self.counts.get(_stem(word), 0) / 2


Lexicon = Mapping[str, tuple[str, ...]]


def lexicon(groups: Iterable[Sequence[str]]) -> dict[str, tuple[str, ...]]:
    """Return, by stem, the names of the groups of like words that it stands in.

    A group is named after its first word. Words of several tokens are left out: the
    rest of the engine speaks of single tokens.
    """
    found: dict[str, dict[str, None]] = {}
    for group in groups:
        single = [tokens(word)[0] for word in group if len(tokens(word)) == 1]
        for word in single:
            if word not in STOP_WORDS:
                found.setdefault(stem(word), {})[f"={single[0]}"] = None
    return {word: tuple(names) for word, names in found.items()}


def word_features(
    token: str, compounds: Compounds, meanings: Lexicon
) -> tuple[str, ...]:
    """Return what a token stands for: its stem, those of its parts, their meanings."""
    if len(token) < 2 or token in STOP_WORDS:
        return ()
    parts = (part for part in compounds.split(token) if len(part) >= SHORTEST_PART)
    stems = (stem(token), *map(stem, parts))
    meant = dict.fromkeys(name for one in stems for name in meanings.get(one, ()))
    return (*stems, *meant)

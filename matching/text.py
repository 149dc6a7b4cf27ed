"""Texts become features: word stems, parts of compounds, pieces of letters.

Three spellings of a German word give the same features: with umlauts, with ae, oe,
ue, and with the dots left out. A feature is known by a 64-bit hash of its letters.
The knowledge base decides which hashes have a column of their own; all others share
`N_BUCKETS` columns, so that two texts still meet in a word we never saw.
"""

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import chain

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp
import Stemmer

from matching.stopwords import STOP_WORDS

Floats = npt.NDArray[np.float32]
Hashes = npt.NDArray[np.uint64]
Ints = npt.NDArray[np.int32]

GRAMS = (3, 4, 5)
WORD_SHARE = 0.4  # of the squared length of a text; the rest is pieces of letters
N_BUCKETS = 1 << 19
KNOWLEDGE_SHARE = 0.1  # of its texts, where a register has its own say
SHORTEST_COMPOUND = 8
SHORTEST_PART = 4
LINKS = ("", "s", "es", "n", "en", "er", "e", "ns")

_TOKEN = re.compile(r"[^\W_]+")
_DOTS = str.maketrans({"ä": "a", "ö": "o", "ü": "u", "ß": "ss"})
_SPELT_OUT = re.compile(r"(?<![aeq])([uU])[eE]|([aAoO])[eE]")
_stem = lru_cache(maxsize=400_000)(Stemmer.Stemmer("german").stemWord)

_SUBLINEAR = np.array([0.0] + [1 + math.log(count) for count in range(1, 1000)])

# Two odd constants: a base for letters, and the finisher of SplitMix64.
_BASE = np.uint64(0x9E3779B97F4A7C15)
_MIX = (np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))


def tokens(text: str) -> list[str]:
    """Return the words and numbers of a text in lower case, soft hyphens removed."""
    return _TOKEN.findall(text.lower().replace("\u00ad", ""))


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


def hash_words(words: Sequence[str]) -> Hashes:
    """Return one 64-bit hash per word; words and pieces of letters never collide."""
    hashes, lengths = _letters(words)
    starts = np.cumsum(lengths) - lengths
    powers = _powers(int(lengths.max(initial=0)))
    place = np.arange(len(hashes)) - np.repeat(starts, lengths)
    weighted = hashes * powers[np.repeat(lengths, lengths) - 1 - place]
    total = np.zeros(len(words), np.uint64)
    full = lengths > 0
    if full.any():
        total[full] = np.add.reduceat(weighted, starts[full])
    return _finish(total + lengths.astype(np.uint64))


def hash_grams(words: Sequence[str]) -> tuple[Hashes, Ints]:
    """Return the hashes of all pieces of 3, 4 and 5 letters and whose word each is.

    Words are taken with a space on either side, so that a piece knows whether it
    begins or ends a word. Pieces are ordered by length of piece, then by word.
    """
    padded = [f" {word} " for word in words]
    letters, lengths = _letters(padded)
    owner = np.repeat(np.arange(len(words), dtype=np.int32), lengths)
    powers = _powers(max(GRAMS))
    hashes, owners = [], []
    for size in GRAMS:
        n = len(letters) - size + 1
        if n <= 0:
            continue
        inside = owner[:n] == owner[size - 1 :]
        value = np.zeros(n, np.uint64)
        for place in range(size):
            value += letters[place : place + n] * powers[size - 1 - place]
        # 1 << 32 keeps pieces apart from words, whose marks are their short lengths.
        hashes.append(_finish(value[inside] + np.uint64((1 << 32) + size)))
        owners.append(owner[:n][inside])
    if not hashes:
        return np.empty(0, np.uint64), np.empty(0, np.int32)
    return np.concatenate(hashes), np.concatenate(owners)


def _letters(words: Sequence[str]) -> tuple[Hashes, npt.NDArray[np.int64]]:
    """Return the code points of all words in a row, and the length of each word."""
    joined = "".join(words).encode("utf-32-le", "surrogatepass")
    lengths = np.fromiter(map(len, words), np.int64, len(words))
    return np.frombuffer(joined, np.uint32).astype(np.uint64), lengths


@lru_cache(maxsize=8)
def _powers(n: int) -> Hashes:
    powers = np.full(max(n, 1), _BASE)
    powers[0] = 1
    return np.cumprod(powers, dtype=np.uint64)


def _finish(value: Hashes) -> Hashes:
    value = (value ^ (value >> np.uint64(30))) * _MIX[0]
    value = (value ^ (value >> np.uint64(27))) * _MIX[1]
    return value ^ (value >> np.uint64(31))


@dataclass(frozen=True)
class Features:
    """Columns and weights of features, learnt from a corpus.

    Columns are: known words, known pieces of letters, then the shared buckets, the
    first half of them for words.

    Parameters
    ----------
    words, grams : uint64 arrays, ascending
        Hashes that have a column of their own.
    idf : float32 array of shape (n_words + n_grams,)
        Inverse document frequency of the known features.
    rare : float
        The same for a feature that the corpus does not have.
    compounds : Compounds
    meanings : mapping of stem to names
        What `lexicon` returns.
    """

    words: Hashes
    grams: Hashes
    idf: Floats
    rare: float
    compounds: Compounds = field(repr=False)
    meanings: Lexicon = field(repr=False)

    @property
    def n_known(self) -> int:
        """Number of columns of their own: what a classifier may learn from."""
        return len(self.words) + len(self.grams)

    @property
    def n_columns(self) -> int:
        """Number of all columns."""
        return self.n_known + N_BUCKETS

    @classmethod
    def fit(
        cls,
        texts: Sequence[str],
        *,
        n_grams: int,
        groups: Sequence[Sequence[str]] = (),
    ) -> "Features":
        """Learn columns and weights: all words and the `n_grams` commonest pieces.

        Ties between equally common pieces are decided by hash, so that the same
        texts give the same columns.
        """
        words_of_groups = (word for group in groups for word in group)
        compounds = Compounds.fit(chain(texts, words_of_groups))
        meanings = lexicon(groups)
        bag = _Bag(texts, compounds, meanings)
        words, word_df = bag.document_frequency(bag.word_hashes, bag.word_owner)
        grams, gram_df = bag.document_frequency(bag.gram_hashes, bag.gram_owner)
        kept = np.sort(np.lexsort((grams, -gram_df))[:n_grams])
        grams, gram_df = grams[kept], gram_df[kept]
        n = len(texts)
        df = np.concatenate([word_df, gram_df])
        idf = np.log((1 + n) / (1 + df)) + 1
        return cls(
            words, grams, idf.astype(np.float32), np.log(1 + n) + 1, compounds, meanings
        )

    def transform(self, texts: Sequence[str]) -> sp.csr_array:
        """Return weighted features of texts.

        Parameters
        ----------
        texts : sequence of str

        Returns
        -------
        csr_array of shape (len(texts), n_columns), float32
            Sublinear tf-idf with sorted columns; words have `WORD_SHARE` of the
            squared length, pieces of letters the rest. A row without any word is
            empty; all others have length 1.
        """
        bag = _Bag(texts, self.compounds, self.meanings)
        columns = np.concatenate(
            [self.word_columns(bag.word_hashes), self.gram_columns(bag.gram_hashes)]
        )
        rows = np.concatenate([bag.word_owner, bag.gram_owner])
        shape = (len(bag.tokens), self.n_columns)
        ones = np.ones(len(rows), np.float32)
        of_token = sp.csr_array((ones, (rows, columns)), shape=shape)
        counts = bag.counts @ of_token
        counts.sort_indices()
        return self._weigh(counts)

    def in_register(self, rows: sp.csr_array) -> sp.csr_array:
        """Weigh rows by how rare their features are among themselves, too.

        The knowledge base does not know how common the words of everyday German are;
        the listings of a register do. Its share in the document frequencies is
        `KNOWLEDGE_SHARE` of its true one, so that a small register leans on it and a
        large one on itself.

        Parameters
        ----------
        rows : csr_array of shape (n, n_columns), float32
            All texts of the register, as `transform` returns them.

        Returns
        -------
        csr_array of the same shape and form
        """
        df = np.bincount(rows.indices, minlength=self.n_columns)
        return self.reweigh(rows, self.register_factors(df, rows.shape[0]))

    def register_factors(
        self, df: npt.NDArray[np.integer], n_texts: int
    ) -> npt.NDArray[np.float64]:
        """Return what a register multiplies each column's weights by.

        Parameters
        ----------
        df : int array of shape (n_columns,)
            In how many of the register's `n_texts` texts a feature stands.
        """
        known = math.exp(self.rare - 1) - 1  # texts of the knowledge base
        old = np.full(self.n_columns, self.rare)
        old[: self.n_known] = self.idf
        known_df = (1 + known) / np.exp(old - 1) - 1
        n, both = n_texts + KNOWLEDGE_SHARE * known, df + KNOWLEDGE_SHARE * known_df
        factors: npt.NDArray[np.float64] = (np.log((1 + n) / (1 + both)) + 1) / old
        return factors

    def reweigh(
        self, rows: sp.csr_array, factors: npt.NDArray[np.float64]
    ) -> sp.csr_array:
        """Return rows with weights multiplied by column, of their old form."""
        scaled = rows.copy()
        scaled.data = rows.data * factors[rows.indices]
        return self._unit(scaled)

    def word_columns(self, hashes: Hashes) -> Ints:
        """Return the column of each word's hash: its own, or a shared bucket."""
        return _columns(hashes, self.words, 0, self.n_known)

    def gram_columns(self, hashes: Hashes) -> Ints:
        """Return the column of each piece's hash: its own, or a shared bucket."""
        buckets = self.n_known + N_BUCKETS // 2
        return _columns(hashes, self.grams, len(self.words), buckets)

    def is_word(self, columns: Ints) -> npt.NDArray[np.bool_]:
        """Tell which columns stand for words rather than pieces of letters."""
        bucket = columns - self.n_known
        in_bucket = (bucket >= 0) & (bucket < N_BUCKETS // 2)
        return (columns < len(self.words)) | in_bucket

    def _weigh(self, counts: sp.csr_array) -> sp.csr_array:
        column = counts.indices
        weights = np.full(len(column), self.rare, np.float32)
        own = column < self.n_known
        weights[own] = self.idf[column[own]]
        # By table: the logarithm of an array may differ in the last bit by place.
        values = _SUBLINEAR[np.minimum(counts.data, 999).astype(np.int64)] * weights
        counts.data = values
        return self._unit(counts)

    def _unit(self, rows: sp.csr_array) -> sp.csr_array:
        """Bring the words and the pieces of each row to their share, in place."""
        is_word, n, values = self.is_word(rows.indices), rows.shape[0], rows.data
        row = np.repeat(np.arange(n), np.diff(rows.indptr))
        total = np.zeros(n)
        for block, share in ((is_word, WORD_SHARE), (~is_word, 1 - WORD_SHARE)):
            squares = np.bincount(row[block], values[block] ** 2, n)
            total += np.where(squares > 0, share, 0)
            scale = np.sqrt(share / np.where(squares > 0, squares, 1))
            values[block] *= scale[row[block]]
        # A text of stop words only has no stems: its pieces of letters have it all.
        rows.data = (values / np.sqrt(total)[row]).astype(np.float32)
        return rows


def _columns(hashes: Hashes, known: Hashes, first: int, buckets: int) -> Ints:
    """Return first + place among the known, or one of the shared buckets."""
    place = np.searchsorted(known, hashes)
    place[place == len(known)] = 0
    own = known[place] == hashes if len(known) else np.zeros(len(hashes), bool)
    shared = buckets + (hashes % np.uint64(N_BUCKETS // 2)).astype(np.int64)
    return np.where(own, first + place, shared).astype(np.int32)


class _Bag:
    """Texts as counts of their distinct tokens, and the features of those tokens."""

    def __init__(
        self, texts: Sequence[str], compounds: Compounds, meanings: Lexicon
    ) -> None:
        place: dict[str, int] = {}
        columns: list[int] = []
        ends = [0]
        for text in texts:
            for token in tokens(text):
                columns.append(place.setdefault(token, len(place)))
            ends.append(len(columns))
        self.tokens = list(place)
        ones = np.ones(len(columns), np.float32)
        self.counts = sp.csr_array(
            (ones, np.array(columns, np.int32), np.array(ends, np.int32)),
            shape=(len(texts), len(place)),
        )
        words = [word_features(token, compounds, meanings) for token in self.tokens]
        sizes = np.fromiter(map(len, words), np.int64, len(words))
        self.word_owner = np.repeat(np.arange(len(words), dtype=np.int32), sizes)
        self.word_hashes = hash_words(list(chain.from_iterable(words)))
        self.gram_hashes, self.gram_owner = hash_grams(list(map(fold, self.tokens)))

    def document_frequency(
        self, hashes: Hashes, owner: Ints
    ) -> tuple[Hashes, npt.NDArray[np.int64]]:
        """Return the distinct hashes, ascending, and how many texts have each."""
        distinct, column = np.unique(hashes, return_inverse=True)
        ones = np.ones(len(hashes), np.float32)
        shape = (len(self.tokens), len(distinct))
        of_token = sp.csr_array((ones, (owner, column)), shape=shape)
        found = self.counts @ of_token
        return distinct, np.bincount(found.indices, minlength=len(distinct))


def spoken_for(
    features: Features,
    text: str,
    worth: Mapping[int, float],
    *,
    limit: int = 3,
    words_only: bool = False,
) -> tuple[str, ...]:
    """Return the words of a text whose features are worth the most, as written.

    Parameters
    ----------
    features : Features
    text : str
    worth : mapping of column to worth
        Columns that are absent are worth nothing.
    limit : int
        Most words returned; ties keep the order of the text.
    words_only : bool
        Leave pieces of letters out.
    """
    bag = _Bag([text], features.compounds, features.meanings)
    columns, owners = features.word_columns(bag.word_hashes), bag.word_owner
    total = np.zeros(len(bag.tokens))
    count = np.maximum(bag.counts.toarray()[0], 1)
    if not words_only:
        columns = np.concatenate([columns, features.gram_columns(bag.gram_hashes)])
        owners = np.concatenate([owners, bag.gram_owner])
    for column, owner in zip(columns.tolist(), owners.tolist(), strict=True):
        total[owner] += worth.get(column, 0.0)
    written = {word.lower(): word for word in reversed(_TOKEN.findall(text))}
    order = np.argsort(-(total / count), kind="stable")[:limit]
    return tuple(
        written.get(bag.tokens[at], bag.tokens[at])
        for at in order.tolist()
        if total[at] > 0 and bag.tokens[at] not in STOP_WORDS
    )

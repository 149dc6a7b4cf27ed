"""Texts become features: word stems, parts of compounds, pieces of letters.

A feature is known by a 64-bit hash of its letters. The knowledge base decides which
hashes have a column of their own; all others share `N_BUCKETS` columns, so that two
texts still meet in a word we never saw.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache, partial
from itertools import chain

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from matching.hashes import Hashes, Ints, hash_grams, hash_words
from matching.stopwords import STOP_WORDS
from matching.words import (
    TOKEN,
    WORDS_KEPT,
    Compounds,
    Lexicon,
    fold,
    lexicon,
    number_tokens,
    word_features,
)

Floats = npt.NDArray[np.float32]
FeaturesOf = Callable[[str], tuple[str, ...]]

WORD_SHARE = 0.4  # of the squared length of a text; the rest is pieces of letters
N_BUCKETS = 1 << 19
KNOWLEDGE_SHARE = 0.1  # of its texts, where a register has its own say

_SUBLINEAR = np.array([0.0] + [1 + math.log(count) for count in range(1, 1000)])


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

    @cached_property
    def _features_of(self) -> "FeaturesOf":
        return _features_of(self.compounds, self.meanings)

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
        bag = _Bag(texts, _features_of(compounds, meanings))
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
        bag = _Bag(texts, self._features_of)
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


def _features_of(compounds: Compounds, meanings: Lexicon) -> FeaturesOf:
    """Return `word_features` that remembers its answers: texts repeat their words."""
    known = partial(word_features, compounds=compounds, meanings=meanings)
    return lru_cache(maxsize=WORDS_KEPT)(known)


class _Bag:
    """Texts as counts of their distinct tokens, and the features of those tokens."""

    def __init__(self, texts: Sequence[str], features_of: FeaturesOf) -> None:
        self.tokens, columns, ends = number_tokens(texts)
        ones = np.ones(len(columns), np.float32)
        self.counts = sp.csr_array(
            (ones, np.array(columns, np.int32), np.array(ends, np.int32)),
            shape=(len(texts), len(self.tokens)),
        )
        words = [features_of(token) for token in self.tokens]
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
    bag = _Bag([text], features._features_of)
    columns, owners = features.word_columns(bag.word_hashes), bag.word_owner
    total = np.zeros(len(bag.tokens))
    count = np.maximum(bag.counts.toarray()[0], 1)
    if not words_only:
        columns = np.concatenate([columns, features.gram_columns(bag.gram_hashes)])
        owners = np.concatenate([owners, bag.gram_owner])
    for column, owner in zip(columns.tolist(), owners.tolist(), strict=True):
        total[owner] += worth.get(column, 0.0)
    written = {word.lower(): word for word in reversed(TOKEN.findall(text))}
    order = np.argsort(-(total / count), kind="stable")[:limit]
    return tuple(
        written.get(bag.tokens[at], bag.tokens[at])
        for at in order.tolist()
        if total[at] > 0 and bag.tokens[at] not in STOP_WORDS
    )

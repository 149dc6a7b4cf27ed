"""TopicModel: texts -> topic vectors, recognised topics, words for reasons.

A need names a symptom ("Ausschuss zu hoch"), an offering a method ("Computer
Vision"). They meet in the topics and use cases of the knowledge base: a text's
vector says how strongly it speaks of each.
"""

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from matching import knowledge as base
from matching import model_store, training
from matching.engine import available_cores
from matching.knowledge import Knowledge
from matching.label_search import LabelSearch
from matching.spread import Spread
from matching.text import WORD_SHARE, spoken_for
from matching.training import Weights
from matching.types import Language
from matching.vector_bytes import ModelMismatch, pack, unpack
from matching.words import tokens

if TYPE_CHECKING:
    from matching.products import Factor
    from matching.whole_vectors import WholeVectors

METHOD = "6"  # raised whenever the same knowledge gives other vectors

TEXT_SHARE = 0.5  # content = (1 - TEXT_SHARE) * topic cosine + TEXT_SHARE * text cosine
STRONGEST = 80  # classes a text may speak of
USUAL = 0.5  # standard deviations above the mean: so much any class has
# What nothing is recognised below: the strongest decision above the mean, times the
# share of the text's words that the knowledge base knows, times the logarithm of how
# many of them speak for that class; in a sentence also times how surely it is of our
# field. Half as much again as the most that a sentence of tests/data/off_topic.txt has.
FLOOR = 2.5
TERM = 3  # words at most; what is longer is a sentence
TERM_FLOOR = 9.0
STEEP = 4.0  # of the logistic curve from a decision on the field to how sure it is
LEAST_PART = 0.02  # of the strongest decision: from there on a word speaks for it
LEAST_SHARE = 0.6  # of the strongest topic's weight; weaker ones are not named
SETTLING = 3  # every third text of the knowledge base tells what is usual
MANY = 64  # texts from which on a compiled kernel is worth loading
BLOCK = 1024  # texts computed at once: fixed, so that threads do not change a byte

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Recognised:
    """A topic a text speaks of, how strongly, and the words that spoke for it."""

    topic: str
    weight: float
    words: tuple[str, ...]


@dataclass(frozen=True)
class TextVectors:
    """One row per text.

    Attributes
    ----------
    topics : csr_array of shape (n, n_topics + n_use_cases), float32
        Non-negative; rows of length 1, or empty when nothing was recognised.
    words : csr_array of shape (n, n_features), float32
        The text part: likewise.
    strengths : csr_array of shape (n, n_topics + n_use_cases), float32
        At most `STRONGEST` per row: what `topics` is spread from.
    """

    topics: sp.csr_array
    words: sp.csr_array
    strengths: sp.csr_array

    def __len__(self) -> int:
        return int(self.topics.shape[0])

    def __getitem__(self, rows: "slice | npt.NDArray[np.integer]") -> "TextVectors":
        return TextVectors(self.topics[rows], self.words[rows], self.strengths[rows])


class TopicModel:
    """The trained model. Make one with `load`; it holds no state that changes."""

    def __init__(
        self, knowledge: Knowledge, weights: Weights, spread: Spread | None = None
    ) -> None:
        self.knowledge = knowledge
        self.weights = weights
        self.features = weights.features
        self.version = f"{knowledge.version}-{METHOD}"
        self.topic_ids = tuple(topic.id for topic in knowledge.topics)
        self.n_topics = len(self.topic_ids)
        self._roots = [at for at, one in enumerate(knowledge.topics) if not one.parent]
        self.spread = spread or Spread(knowledge)

    @classmethod
    def load(
        cls, cache: Path | None = None, *, folder: Path | None = None
    ) -> "TopicModel":
        """Load the model of the knowledge base, training it the first time.

        Parameters
        ----------
        cache : Path, optional
            Folder for trained weights; see `model_store.default_cache`.
        folder : Path, optional
            Another knowledge base than the one of the package.
        """
        knowledge = base.load(folder)
        weights = model_store.load_or_train(
            model_store.default_cache() if cache is None else cache,
            f"{knowledge.version}-{METHOD}",
            lambda: cls.settled(knowledge, training.train(knowledge)).weights,
        )
        return cls(knowledge, weights)

    @classmethod
    def settled(
        cls, knowledge: Knowledge, weights: Weights, spread: Spread | None = None
    ) -> "TopicModel":
        """Return a model that takes off what the knowledge base usually speaks of.

        Without it nDCG@10 is .02 less on judged_dev and on held-out sentences: an
        offering that is a little like everything stands high in every list.
        """
        blank = replace(weights, usual=np.zeros_like(weights.usual))
        texts = [text for entry in training.class_texts(knowledge) for text in entry]
        some = cls(knowledge, blank, spread).transform(texts[::SETTLING]).topics
        usual = np.asarray(some.sum(axis=0), np.float64) / some.shape[0]
        settled = replace(weights, usual=usual.astype(np.float32))
        return cls(knowledge, settled, spread)

    def transform(
        self, texts: Sequence[str], *, threads: int | None = None
    ) -> TextVectors:
        """Return the vectors of texts.

        Parameters
        ----------
        texts : sequence of str
        threads : int, optional
            Changes the time, never a byte of the result.
        """
        blocks = [texts[at : at + BLOCK] for at in range(0, len(texts), BLOCK)] or [[]]
        if len(blocks) == 1:
            return self._transform(blocks[0])
        with ThreadPoolExecutor(threads or available_cores()) as pool:
            return stack(list(pool.map(self._transform, blocks)))

    def _transform(self, texts: Sequence[str]) -> TextVectors:
        words = self.features.transform(texts)
        strengths = self._strengths(words)
        return TextVectors(self._vectors(strengths), words, strengths)

    def _vectors(self, strengths: sp.csr_array) -> sp.csr_array:
        return self.spread(strengths, self.weights.usual)

    def _strengths(self, words: sp.csr_array) -> sp.csr_array:
        """Return how strongly each text speaks of its strongest classes.

        To the power of 5/4, as two roots, which are exact: what a text speaks of most
        counts more, and a text has the same bytes alone and among many.
        """
        found = strongest(self._decide(words), STRONGEST)
        found.data *= np.sqrt(np.sqrt(found.data))
        return found

    def _decide(self, words: sp.csr_array) -> Floats:
        """Return how far each class rises above the text's usual class; else 0."""
        decisions = self._product(words) + self.weights.bias
        usual = decisions.mean(axis=1, keepdims=True)
        usual += np.float32(USUAL) * decisions.std(axis=1, keepdims=True)
        above: Floats = decisions - usual
        above[np.diff(words.indptr) == 0] = 0
        above[above < 0] = 0
        return above

    def _product(self, words: sp.csr_array) -> Floats:
        """Return words @ weights; many texts by a kernel, with the same bytes.

        A form has few texts, and shall not wait for a compiler.
        """
        if words.shape[0] < MANY:
            known = words[:, : self.features.n_known]
            few: Floats = (known @ self.weights.matrix).toarray()
            return few
        from matching import products

        return products.product(words, self._factor)

    @cached_property
    def _factor(self) -> "Factor":
        from matching import products

        return products.Factor.of(self.weights.matrix)

    def with_topics(
        self, vectors: TextVectors, row: int, topic_ids: Iterable[str]
    ) -> TextVectors:
        """Return vectors in which a person's topics replace the model's in a row.

        A topic the model saw too keeps its strength, if that is above the mean of
        the set; use cases stay if they belong to one of the topics.

        Raises
        ------
        ModelMismatch
            A topic id is not in the knowledge base.
        """
        unknown = [one for one in topic_ids if one not in self.knowledge.topic]
        if unknown:
            raise ModelMismatch(f"unknown topic {unknown[0]}")
        chosen = np.isin(self.topic_ids, list(topic_ids))
        model = vectors.strengths[[row]].toarray()[0]
        strengths = np.zeros_like(model)
        seen = model[: self.n_topics] * chosen
        typical = seen[seen > 0].mean() if seen.any() else np.float32(1)
        strengths[: self.n_topics] = np.maximum(seen, typical) * chosen
        cases = self.spread.belongs @ chosen.astype(np.float32) > 0
        strengths[self.n_topics :] = model[self.n_topics :] * cases
        mended = sp.csr_array(strengths[None, :])
        return TextVectors(
            _replace(vectors.topics, row, self._vectors(mended)),
            vectors.words,
            _replace(vectors.strengths, row, mended),
        )

    def recognise(self, text: str, top: int = 8) -> tuple[Recognised, ...]:
        """Return the topics a text speaks of, the strongest first.

        Weights are relative to the strongest topic's, in (0, 1]; ties keep the
        order of the taxonomy. Empty for texts that speak of none of our topics.
        """
        words = self.features.transform([text])
        short = len(tokens(text)) <= TERM
        sure = 1.0 if short else self._sure_of_field(words)
        if self._evidence(words) * sure < (TERM_FLOOR if short else FLOOR):
            return ()
        strengths = self._strengths(words)
        weights = self.spread.direct(strengths).toarray()[0]
        weights[self._roots] = 0  # "Anwendungsfelder" says nothing
        weights[weights < LEAST_SHARE * weights.max()] = 0
        order = np.argsort(-weights, kind="stable")[:top]
        return tuple(
            Recognised(
                self.topic_ids[one],
                min(1.0, float(weights[one] / weights[order[0]])),
                self._speaking(text, words, int(one)),
            )
            for one in order
            if weights[one] > 0
        )

    def _evidence(self, words: sp.csr_array) -> float:
        """Return how much the one text speaks of our field; 0 for nothing.

        One word that stands in one class alone lifts any text far: it counts how
        many words speak for the strongest class.
        """
        own = words.indices < self.features.n_known
        known = own & self.features.is_word(words.indices)
        decisions = words[:, : self.features.n_known] @ self.weights.matrix
        values = decisions.toarray()[0] + self.weights.bias
        lift, best = values.max() - values.mean(), int(values.argmax())
        parts = self.weights.matrix[words.indices[known]].toarray()[:, best]
        speaking = (words.data[known] * parts > LEAST_PART * lift).sum()
        share = (words.data[known] ** 2).sum()
        return float(lift * share * np.log1p(speaking))

    def _sure_of_field(self, words: sp.csr_array) -> float:
        """Return how surely the one text is of our field, in (0, 1)."""
        own = words.indices < self.features.n_known
        says = (words.data[own] * self.weights.field[words.indices[own]]).sum()
        return float(1 / (1 + np.exp(-STEEP * (says + self.weights.field_bias))))

    def _speaking(self, text: str, words: sp.csr_array, topic: int) -> tuple[str, ...]:
        known = words.indices < self.features.n_known
        columns = words.indices[known]
        column_weights = self.weights.matrix[columns].toarray()[:, topic]
        worth = dict(zip(columns, words.data[known] * column_weights, strict=True))
        return spoken_for(self.features, text, worth)

    def in_register(self, words: sp.csr_array) -> sp.csr_array:
        """Return the text part of all listings, weighed by how rare words are there.

        See `text.Features.in_register`.
        """
        return self.features.in_register(words)

    def in_market(self, vectors: "WholeVectors") -> "WholeVectors":
        """Return the vectors of all listings of a market, words weighed as there.

        As `in_register`, from whole steps to whole steps.
        """
        from matching.sparse_rows import rescaled
        from matching.whole_vectors import WholeVectors

        words = vectors.words
        df = np.bincount(words.column, minlength=self.features.n_columns)
        factors = self.features.register_factors(df, len(vectors))
        is_word = self.features.is_word(np.arange(len(factors), dtype=np.int32))
        weighed = rescaled(words, factors, is_word, WORD_SHARE)
        return WholeVectors(vectors.topics, weighed, vectors.widths)

    def shared_words(self, a: str, b: str, limit: int = 5) -> tuple[str, ...]:
        """Return words of `a` that `b` has too, the most telling first."""
        rows = self.features.transform([a, b])
        common = rows[[0]].multiply(rows[[1]]).tocsr()
        is_word = self.features.is_word(common.indices)
        worth = dict(zip(common.indices[is_word], common.data[is_word], strict=True))
        return spoken_for(self.features, a, worth, limit=limit, words_only=True)

    @cached_property
    def _labels(self) -> LabelSearch:
        return LabelSearch(self.knowledge)

    def search_topics(
        self, query: str, lang: Language = "de", limit: int = 10
    ) -> tuple[str, ...]:
        """Return ids of topics whose labels fit a typed query, the best first."""
        return self._labels(query, lang, limit)

    def pack(self, vectors: TextVectors, row: int) -> bytes:
        """Return a row as bytes for a database column. See `vector_bytes`."""
        return pack(vectors, row, self.version)

    def unpack(self, packed: Sequence[bytes]) -> TextVectors:
        """Return the vectors of packed rows.

        Raises
        ------
        ModelMismatch
            A row was packed by another version of the model.
        """
        shapes = (len(self.weights.bias), self.features.n_columns)
        strengths, words = unpack(packed, self.version, shapes)
        return TextVectors(self._vectors(strengths), words, strengths)


def strongest(values: Floats, limit: int) -> sp.csr_array:
    """Keep the `limit` largest positive values of each row; ties keep the first."""
    order = np.argsort(-values, axis=1, kind="stable")[:, :limit]
    kept = np.zeros_like(values)
    np.put_along_axis(kept, order, np.take_along_axis(values, order, 1), 1)
    return sp.csr_array(kept)


def stack(parts: Sequence[TextVectors]) -> TextVectors:
    """Join vectors one below the other."""
    return TextVectors(
        _below([part.topics for part in parts]),
        _below([part.words for part in parts]),
        _below([part.strengths for part in parts]),
    )


def _replace(matrix: sp.csr_array, row: int, new: sp.csr_array) -> sp.csr_array:
    parts = (matrix[:row], new, matrix[row + 1 :])
    return _below([part for part in parts if part.shape[0]])


def _below(parts: list[sp.csr_array]) -> sp.csr_array:
    joined: sp.csr_array = sp.vstack(parts, format="csr")
    return joined

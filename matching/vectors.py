"""Texts of listings -> vectors, and vectors in a file for those who have them."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from matching.errors import BadInput, BadRow
from matching.files import whole_binary
from matching.sparse_rows import Rows
from matching.topics import TopicModel
from matching.types import Listing
from matching.whole_vectors import WholeVectors

BLOCK = 8192  # texts whose vectors are held unrounded at once


def vectorise(
    listings: Sequence[Listing],
    model: TopicModel,
    progress: Callable[[int], None] | None = None,
) -> WholeVectors:
    """Return the vectors of all listings of a market.

    Of title and text, and of corrected topics; words weighed by how rare they are
    among these listings.

    Parameters
    ----------
    listings : sequence of Listing
    model : TopicModel
    progress : callable, optional
        Called with the number of listings done.
    """
    blocks = []
    for at in range(0, max(len(listings), 1), BLOCK):
        blocks.append(_vectorise(listings[at : at + BLOCK], model))
        if progress is not None:
            progress(min(at + BLOCK, len(listings)))
    return model.in_market(WholeVectors.stack(blocks))


def _vectorise(listings: Sequence[Listing], model: TopicModel) -> WholeVectors:
    vectors = model.transform([full_text(one) for one in listings])
    whole = WholeVectors.of(vectors)
    corrected = [at for at, one in enumerate(listings) if one.topics is not None]
    if not corrected:
        return whole
    mended = [
        WholeVectors.of(
            model.with_topics(vectors[np.array([at])], 0, listings[at].topics or ())
        )
        for at in corrected
    ]
    order = np.arange(len(listings))
    order[corrected] = len(listings) + np.arange(len(corrected))
    return WholeVectors.stack([whole, *mended]).take(order)


def full_text(one: Listing) -> str:
    """Return what a listing says: title, then text."""
    return f"{one.title}. {one.text}" if one.title else one.text


def save(path: Path, ids: Sequence[str], vectors: WholeVectors, model: str) -> None:
    """Write vectors with the ids of their listings and the version of the model."""
    arrays = {
        f"{name}_{field}": array
        for name, rows in (("topics", vectors.topics), ("words", vectors.words))
        for field, array in zip(Rows._fields, rows, strict=True)
    }
    with whole_binary(path) as file:
        np.savez(
            file,
            **arrays,  # type: ignore[arg-type]
            widths=np.array(vectors.widths),
            ids=np.array(ids, np.str_),
            model=np.array(model),
        )


def load(path: Path, ids: Sequence[str], model: str) -> WholeVectors:
    """Read vectors that `save` wrote, in the order of `ids`.

    Raises
    ------
    BadInput
        The file is none of ours, of another model, or lacks a listing.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            if str(file["model"]) != model:
                raise _unusable(path, "model", f"is {file['model']}, not {model}")
            stored = file["ids"].tolist()
            topics, words = (
                Rows(*(file[f"{name}_{field}"] for field in Rows._fields))
                for name in ("topics", "words")
            )
            widths = int(file["widths"][0]), int(file["widths"][1])
    except (OSError, ValueError, KeyError) as error:
        raise _unusable(path, "file", f"holds no vectors: {error}") from error
    vectors = WholeVectors(topics, words, widths)
    if stored == list(ids):
        return vectors
    at = {one: number for number, one in enumerate(stored)}
    missing = [one for one in ids if one not in at]
    if missing:
        raise _unusable(path, "ids", f"has no vector of {missing[0]!r}")
    return vectors.take(np.array([at[one] for one in ids], np.int64))


def _unusable(path: Path, field: str, why: str) -> BadInput:
    return BadInput([BadRow(str(path), 0, field, why)])

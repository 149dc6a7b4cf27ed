"""The content score of listings, as matching uses it: topic, text, and both."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from matching.topics import TEXT_SHARE, TopicModel, stack

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Content:
    """Cosines of shape (n_needs, n_offerings)."""

    topic: Floats
    text: Floats

    def fused(self, text_share: float = TEXT_SHARE) -> Floats:
        """Return (1 - t) * topic + t * text."""
        return (1 - text_share) * self.topic + text_share * self.text


def content(
    model: TopicModel,
    needs: Sequence[str],
    offerings: Sequence[str],
    *,
    register: bool = True,
) -> Content:
    """Score every need against every offering.

    Parameters
    ----------
    register : bool
        Weigh words by how rare they are among these texts, as rounds do.
    """
    asked, given = model.transform(needs), model.transform(offerings)
    words = stack([asked, given]).words
    if register:
        words = model.in_register(words)
    n = len(asked)
    return Content(
        (asked.topics @ given.topics.T).toarray().astype(np.float64),
        (words[:n] @ words[n:].T).toarray().astype(np.float64),
    )

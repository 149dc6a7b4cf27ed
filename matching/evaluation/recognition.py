"""How often a recognised topic fits, as a reader judged it.

A line of the sample names a judged text by its id, and the topics that fit it and
that do not. Only what was read counts; the rest is counted as unread.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from matching.topics import TopicModel

NAMED = 3  # strongest topics looked at


@dataclass(frozen=True, slots=True)
class Recognition:
    """Counts over the texts of a sample."""

    texts: int
    silent: int  # texts in which nothing is recognised
    fits: int
    misfits: int
    unread: int

    @property
    def precision(self) -> float:
        """Share of fitting topics among those read; 0 without any."""
        return self.fits / max(self.fits + self.misfits, 1)


def recognition(model: TopicModel, judged: Path, labelled: Path) -> Recognition:
    """Recognise topics in the texts of a sample and compare with its labels.

    Raises
    ------
    KeyError
        A label is for a text that is not in the judged file.
    """
    texts = {row["id"]: row["text"] for row in _rows(judged) if "text" in row}
    fits = misfits = unread = silent = 0
    sample = _rows(labelled)
    for row in sample:
        named = [one.topic for one in model.recognise(texts[row["id"]], NAMED)]
        silent += not named
        for topic in named:
            fits += topic in row["fits"]
            misfits += topic in row["misfits"]
            unread += topic not in row["fits"] + row["misfits"]
    return Recognition(len(sample), silent, fits, misfits, unread)


def strange(model: TopicModel, texts: list[str]) -> list[str]:
    """Return those of some texts on anything else in which a topic is recognised."""
    return [text for text in texts if model.recognise(text, 1)]


def _rows(path: Path) -> list[dict[str, Any]]:
    with path.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]

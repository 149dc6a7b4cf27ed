"""Where the floor and the bands lie: `python -m matching.evaluation.bands`.

From the scores of judged pairs: the floor keeps five of six pairs that fit (grade 2
and 3); of the pairs from "good" on every second fits, from "strong" on five of six.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from matching.evaluation.content import content
from matching.evaluation.judged import read_mixed
from matching.evaluation.report import FIELD, JUDGED
from matching.settings import Settings
from matching.topics import TopicModel

STEPS = np.arange(0.10, 0.50, 0.02)
FITS = 2  # from this grade on a pair is worth an introduction

Floats = npt.NDArray[np.float64]


def main(arguments: Sequence[str] | None = None) -> int:
    """Print a Markdown table of limits, and what the settings have."""
    parser = argparse.ArgumentParser(prog="python -m matching.evaluation.bands")
    parser.add_argument("--judged", type=Path, nargs="+", default=(JUDGED, FIELD))
    settings, model = Settings(), TopicModel.load()
    scored, graded = [], []
    for judged in map(read_mixed, parser.parse_args(arguments).judged):
        ours = content(model, judged.needs, judged.offerings)
        fused = ours.fused(settings.text_share)
        fused[ours.topic < settings.least_topic] = 0
        scored.append(fused.ravel())
        graded.append(judged.grades.ravel())
    scores, grades = np.concatenate(scored), np.concatenate(graded)
    print("| score from | pairs | of them fit | of all that fit | of strange ones |")
    print("|---|---|---|---|---|")
    for step in STEPS:
        pairs, precision, recall, strange = shares(scores, grades, float(step))
        print(
            f"| {step:.2f} | {pairs} | {precision:.0%} | {recall:.0%} | {strange:.2%} |"
        )
    print(
        f"\nsettings: floor {settings.floor}, good {settings.good},"
        f" strong {settings.strong}"
    )
    return 0


def shares(
    scores: Floats, grades: npt.NDArray[np.float32], limit: float
) -> tuple[int, float, float, float]:
    """Return what a limit lets through.

    Returns
    -------
    pairs : int
        How many reach it.
    precision, recall : float
        Share of fitting pairs among them, and of all fitting pairs.
    strange : float
        Share of the pairs of grade 0 that reach it.
    """
    reach, fits = scores >= limit, grades >= FITS
    both, strange = int((reach & fits).sum()), grades == 0
    return (
        int(reach.sum()),
        both / max(int(reach.sum()), 1),
        both / max(int(fits.sum()), 1),
        float((reach & strange).sum() / max(int(strange.sum()), 1)),
    )


if __name__ == "__main__":
    sys.exit(main())

"""A second graded set, from the knowledge base itself: sentences it has not seen.

From every use case one need and one offering are taken out before training. Its own
offering is the best answer to a need (3); those of the other cases of the same topic
are of some use (1). The sentences of a case are by one hand, so the figures say how
ingredients compare, not how good matching is in real life.
"""

from dataclasses import replace

import numpy as np

from matching.evaluation.judged import Judged
from matching.knowledge import Knowledge, Words


def hold_out(knowledge: Knowledge, at: int) -> tuple[Knowledge, Judged]:
    """Return the knowledge without the German sentences at a place, and these.

    Parameters
    ----------
    knowledge : Knowledge
    at : int
        Place among the needs and among the offerings of each use case, from 0. Use
        cases without that many sentences keep all of theirs and are not judged.
    """
    cases = [
        case
        for case in knowledge.use_cases
        if at < len(case.needs_de) and at < len(case.offers_de)
    ]
    chosen = {case.id for case in cases}
    rest = tuple(
        replace(
            case,
            needs_de=_without(case.needs_de, at),
            offers_de=_without(case.offers_de, at),
        )
        if case.id in chosen
        else case
        for case in knowledge.use_cases
    )
    topic = np.array([case.topics[0] for case in cases])
    grades = (topic[:, None] == topic[None, :]).astype(np.float32)
    np.fill_diagonal(grades, 3)
    return replace(knowledge, use_cases=rest), Judged(
        tuple(case.needs_de[at] for case in cases),
        tuple(case.offers_de[at] for case in cases),
        grades,
    )


def _without(sentences: Words, at: int) -> Words:
    return sentences[:at] + sentences[at + 1 :]

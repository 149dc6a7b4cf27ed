"""What each ingredient of the content score is worth: leave it out and look.

Judged sets (few needs, strangers' words) and sentences held out of the knowledge base
(many needs, familiar words). An ingredient earns its place when leaving it out is
worse on one and better on none.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from matching.evaluation.content import content
from matching.evaluation.held_out import hold_out
from matching.evaluation.judged import Judged
from matching.evaluation.metrics import difference, measure
from matching.knowledge import Knowledge
from matching.spread import Spread
from matching.topics import TEXT_SHARE, TopicModel
from matching.training import RECIPE, Recipe, Weights, train

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Variant:
    """The model with something left out."""

    recipe: Recipe = RECIPE
    spread: dict[str, float] = field(default_factory=dict)
    text_share: float = TEXT_SHARE
    register: bool = True


VARIANTS: dict[str, Variant] = {
    "as shipped": Variant(),
    "without the lexicon": Variant(Recipe(lexicon=False)),
    "without support vector machines": Variant(Recipe(machines=0)),
    "without whole entries": Variant(Recipe(entries=0)),
    "without log odds": Variant(Recipe(odds=0)),
    "machines alone": Variant(Recipe(entries=0, odds=0)),
    "with negative weights": Variant(Recipe(negative=True)),
    "without use cases": Variant(spread={"use_cases": 0.0}),
    "without the taxonomy": Variant(spread={"parent": 0.0, "related": 0.0}),
    "without the register's word weights": Variant(register=False),
    "topic alone": Variant(text_share=0.0),
    "text alone": Variant(text_share=1.0),
}


def ablation(
    knowledge: Knowledge,
    sets: Mapping[str, Judged],
    *,
    say: Callable[[str], None] = print,
) -> None:
    """Print a Markdown table: nDCG@10 of each variant and its loss, per set."""
    less, held_out = hold_out(knowledge, 0)
    trials = [(knowledge, judged) for judged in sets.values()] + [(less, held_out)]
    names = [*sets, "held-out sentences"]
    say(f"| variant |{''.join(f' {name} | loss (95 % interval) |' for name in names)}")
    say(f"|---|{'---|---|' * len(names)}")
    shipped: list[Array] = []
    known: dict[tuple[Recipe, bool], Weights] = {}
    for name, variant in VARIANTS.items():
        cells = [name]
        for at, (base, judgements) in enumerate(trials):
            key = (variant.recipe, base is less)
            if key not in known:
                known[key] = train(base, variant.recipe)
            figures = _ndcg(base, known[key], variant, judgements)
            if len(shipped) <= at:
                shipped.append(figures)
            cells += _cells(shipped[at], figures)
        say(f"| {' | '.join(cells)} |")


def _cells(shipped: Array, figures: Array) -> Iterator[str]:
    yield f"{figures.mean():.3f}"
    if figures is shipped:
        yield "–"
    else:
        loss, low, high = difference(figures, shipped)
        yield f"{loss:+.3f} ({low:+.3f} … {high:+.3f})"


def _ndcg(
    knowledge: Knowledge, weights: Weights, variant: Variant, judged: Judged
) -> Array:
    model = TopicModel.settled(knowledge, weights, Spread(knowledge, **variant.spread))
    scores = content(model, judged.needs, judged.offerings, register=variant.register)
    return measure(scores.fused(variant.text_share), judged.grades).ndcg

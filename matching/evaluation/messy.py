"""Texts as people really write them: spelt, typed, cut and padded otherwise."""

import random
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from matching.evaluation.judged import Judged
from matching.words import Compounds

TYPOS = 10  # one word in so many has two neighbouring letters swapped
SHORTEST = 4  # letters of a word that is mistyped
BOILERPLATE = (
    "Wir sind ein innovatives, kundenorientiertes Unternehmen mit langjähriger"
    " Erfahrung und begleiten Sie als starker Partner mit Leidenschaft, Qualität und"
    " maßgeschneiderten Lösungen auf Augenhöhe in die Zukunft."
)

_SPELT_OUT = str.maketrans(
    {"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue"}
)
_WITHOUT_DOTS = str.maketrans("äöüÄÖÜ", "aouAOU")
_WORD = re.compile(r"[^\W\d_]+")

Change = Callable[[str], str]


def messy(
    judged: Judged, compounds: Compounds, seed: int = 0
) -> Iterator[tuple[str, Judged]]:
    """Yield a graded set in each kind of mess, by name; grades stay as they are."""
    rng = random.Random(seed)

    def typed(text: str) -> str:
        return mistype(text, rng)

    def parted(text: str) -> str:
        return cut(text, compounds)

    alike: dict[str, list[Change]] = {
        "umlauts as ae, oe, ue": [spell_out],
        "dots left out": [leave_dots_out],
        "lower case": [str.lower],
        "typing errors in 1 of 10 words": [typed],
        "compounds cut in two": [parted],
        "one sentence of advertising in all texts": [pad],
    }
    for name, steps in alike.items():
        yield name, _changed(judged, steps, steps)
    yield "that sentence in offerings", _changed(judged, [], [pad])
    careless: list[Change] = [parted, typed, spell_out, str.lower]
    yield "cut, mistyped, spelt out, lower case", _changed(judged, careless, careless)
    everything = _changed(judged, careless, [pad, *careless])
    yield "the same, with advertising in offerings", everything


def _changed(
    judged: Judged, to_needs: Sequence[Change], to_offerings: Sequence[Change]
) -> Judged:
    needs, offerings = judged.needs, judged.offerings
    for step in to_needs:
        needs = tuple(map(step, needs))
    for step in to_offerings:
        offerings = tuple(map(step, offerings))
    return replace(judged, needs=needs, offerings=offerings)


def spell_out(text: str) -> str:
    """Write umlauts and ß with two letters."""
    return text.translate(_SPELT_OUT)


def leave_dots_out(text: str) -> str:
    """Write umlauts without their dots."""
    return text.translate(_WITHOUT_DOTS)


def mistype(text: str, rng: random.Random) -> str:
    """Swap two inner neighbours in one of `TYPOS` words of `SHORTEST` letters on."""

    def swap(found: re.Match[str]) -> str:
        word = found.group()
        if len(word) < SHORTEST or rng.randrange(TYPOS):
            return word
        at = rng.randrange(1, len(word) - 2)
        return word[:at] + word[at + 1] + word[at] + word[at + 2 :]

    return _WORD.sub(swap, text)


def cut(text: str, compounds: Compounds) -> str:
    """Write German compounds as the words they are made of."""

    def parts(found: re.Match[str]) -> str:
        return " ".join(compounds.split(found.group().lower())) or found.group()

    return _WORD.sub(parts, text)


def pad(text: str) -> str:
    """Add a sentence that says nothing."""
    return f"{text} {BOILERPLATE}"

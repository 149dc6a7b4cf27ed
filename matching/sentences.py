"""Reasons and misfits in words, German and English."""

from collections.abc import Callable, Mapping
from typing import Any

from matching.knowledge import Knowledge
from matching.types import Language, Reason


def sentence(reason: Reason, lang: Language, knowledge: Knowledge) -> str:
    """Say a reason or misfit in a short sentence.

    Parameters
    ----------
    reason : Reason
        Of a match, or a misfit of a pair.
    lang : "de" or "en"
    knowledge : Knowledge
        Names topics and kinds of help.

    Raises
    ------
    KeyError
        The code has no sentence.

    Examples
    --------
    >>> sentence(Reason("distance", {"km": 62.0}), "de", knowledge.load())
    '62 km entfernt'
    """
    return SENTENCES[reason.code][lang == "en"](reason.values, knowledge)


Values = Mapping[str, str | float | tuple[str, ...]]
Phrase = Callable[[Values, Knowledge], str]


def _names(kind: str, values: Values, knowledge: Knowledge, lang: Language) -> str:
    ids: Any = values[kind]
    known = knowledge.topic if kind == "topics" else knowledge.help_kind
    return ", ".join(known[one].en if lang == "en" else known[one].de for one in ids)


def _topics_de(v: Values, k: Knowledge) -> str:
    many = len(v["topics"]) > 1  # type: ignore[arg-type]
    return (
        f"Gemeinsame{' Themen' if many else 's Thema'}: {_names('topics', v, k, 'de')}"
    )


def _topics_en(v: Values, k: Knowledge) -> str:
    many = len(v["topics"]) > 1  # type: ignore[arg-type]
    return f"Shared topic{'s' if many else ''}: {_names('topics', v, k, 'en')}"


def _words(v: Values) -> str:
    return ", ".join(v["words"])  # type: ignore[arg-type]


def _km(v: Values) -> str:
    return f"{int(v['km'])} km"  # type: ignore[arg-type]


SENTENCES: Mapping[str, tuple[Phrase, Phrase]] = {
    "topic": (_topics_de, _topics_en),
    "words": (
        lambda v, k: f"In beiden Texten: {_words(v)}",
        lambda v, k: f"In both texts: {_words(v)}",
    ),
    "distance": (
        lambda v, k: f"{_km(v)} entfernt" if v["km"] else "Im selben Ort",
        lambda v, k: f"{_km(v)} away" if v["km"] else "In the same place",
    ),
    "state": (
        lambda v, k: "Im selben Bundesland" if v["same"] else "Im Nachbarland",
        lambda v, k: "In the same state" if v["same"] else "In a neighbouring state",
    ),
    "remote": (
        lambda v, k: "Geht auch aus der Ferne",
        lambda v, k: "Works remotely, too",
    ),
    "help": (
        lambda v, k: f"Bietet, was gesucht ist: {_names('help', v, k, 'de')}",
        lambda v, k: f"Offers what is sought: {_names('help', v, k, 'en')}",
    ),
    "fresh": (
        lambda v, k: "Angebot ist neu",
        lambda v, k: "The offering is new",
    ),
    "one_way": (
        lambda v, k: "Hilfe geht nur in eine Richtung",
        lambda v, k: "Help goes one way only",
    ),
    "far": (
        lambda v, k: f"{_km(v)} entfernt",
        lambda v, k: f"{_km(v)} away",
    ),
    "other_state": (
        lambda v, k: "In einem anderen Bundesland",
        lambda v, k: "In another state",
    ),
    "other_help": (
        lambda v, k: f"Andere Art der Hilfe: {_names('help', v, k, 'de')}",
        lambda v, k: f"Another kind of help: {_names('help', v, k, 'en')}",
    ),
    "open_help": (
        lambda v, k: "Art der Hilfe ist offen",
        lambda v, k: "The kind of help is open",
    ),
    "paid_maybe": (
        lambda v, k: "Das Angebot kann etwas kosten",
        lambda v, k: "The offering may have a price",
    ),
    "paid_yes": (
        lambda v, k: "Das Angebot ist kostenpflichtig",
        lambda v, k: "The offering has a price",
    ),
    "old": (
        lambda v, k: "Bedarf oder Angebot ist älter",
        lambda v, k: "Need or offering is older",
    ),
    "pinned": (
        lambda v, k: "Von der Geschäftsstelle vorgeschlagen",
        lambda v, k: "Suggested by the office",
    ),
}

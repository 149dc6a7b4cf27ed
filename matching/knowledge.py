"""The knowledge base: topics, use cases, kinds of help, sizes, stages, states.

The data are the YAML files of the folder `knowledge/` beside this module. They are
written by people and shown to people, so loading checks that they do not contradict
each other and names the file and the id that does.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, TypeVar

import yaml

from matching.errors import KnowledgeError
from matching.types import Language, Paid

FOLDER = Path(__file__).parent / "knowledge"
TAXONOMY = "taxonomy.yaml"
LEXICON = "lexicon.yaml"
EVERYDAY = "everyday.yaml"
N_TOPICS = 100
N_USE_CASES = 376

Status = Literal["active", "deprecated"]
Words = tuple[str, ...]
Row = dict[str, Any]
RecordT = TypeVar("RecordT")


@dataclass(frozen=True, slots=True)
class Topic:
    """A subject that needs and offerings are about. Its id never changes."""

    id: str
    de: str
    en: str
    parent: str | None
    related: Words
    labels: Mapping[Language, Words]  # the name first, then words of the same meaning
    narrow: Mapping[Language, Words]  # words for a part of the topic
    summary_de: str
    summary_en: str
    needs_de: Words
    offers_de: Words
    needs_en: Words
    offers_en: Words
    terms_de: Words
    terms_en: Words
    not_this: Words  # what people mix the topic up with
    status: Status = "active"
    replaced_by: str | None = None
    volatile: bool = False  # law or funding: ages fast, shown with a hint

    def name(self, language: Language) -> str:
        """Return the topic's name in a language."""
        return self.en if language == "en" else self.de


@dataclass(frozen=True, slots=True)
class UseCase:
    """A typical case below the topics, with what needs and offerings say about it."""

    id: str
    title_de: str
    title_en: str
    topics: Words  # the first is the topic it belongs to
    sectors: Words
    needs_de: Words
    offers_de: Words
    needs_en: Words
    offers_en: Words
    terms_de: Words
    benefit_de: str
    needed_de: str
    effort: str


@dataclass(frozen=True, slots=True)
class HelpKind:
    """A way in which one company helps another."""

    id: str
    de: str
    en: str
    symmetric: bool  # both sides give and take
    pays: Paid
    effort_hours: tuple[float, float]
    matches_with: Words  # kinds of offering that satisfy a need of this kind


@dataclass(frozen=True, slots=True)
class SizeClass:
    """A class of companies by staff and turnover; None has no upper end."""

    id: str
    de: str
    en: str
    staff_below: int | None
    turnover_max_eur: int | None
    balance_max_eur: int | None
    basis: str
    verified: bool = True


@dataclass(frozen=True, slots=True)
class MaturityStage:
    """How far a company is with AI, by a criterion that one can observe."""

    id: int
    de: str
    en: str
    test_de: str


@dataclass(frozen=True, slots=True)
class State:
    """A German state; `adjacent` are the ISO codes of those it borders by land."""

    iso: str
    de: str
    en: str
    adjacent: Words


@dataclass(frozen=True)
class Knowledge:
    """Everything the knowledge base says, with look-ups by id.

    `version` is a hash of the content of all files: what was computed with one
    version is never compared with what was computed with another.
    """

    topics: tuple[Topic, ...]
    use_cases: tuple[UseCase, ...]
    help_kinds: tuple[HelpKind, ...]
    size_classes: tuple[SizeClass, ...]
    maturity_stages: tuple[MaturityStage, ...]
    states: tuple[State, ...]
    lexicon: tuple[Words, ...]  # groups of words that mean nearly the same
    everyday: Words  # sentences on anything else
    version: str
    folder: Path = field(compare=False)

    @cached_property
    def topic(self) -> Mapping[str, Topic]:
        """Topics by id, in the order of the taxonomy."""
        return MappingProxyType({topic.id: topic for topic in self.topics})

    @cached_property
    def use_case(self) -> Mapping[str, UseCase]:
        """Use cases by id."""
        return MappingProxyType({case.id: case for case in self.use_cases})

    @cached_property
    def help_kind(self) -> Mapping[str, HelpKind]:
        """Kinds of help by id."""
        return MappingProxyType({kind.id: kind for kind in self.help_kinds})

    @cached_property
    def state(self) -> Mapping[str, State]:
        """States by ISO 3166-2 code."""
        return MappingProxyType({state.iso: state for state in self.states})

    @cached_property
    def children(self) -> Mapping[str | None, tuple[Topic, ...]]:
        """Topics by the id of their parent; None has the roots."""
        below: dict[str | None, list[Topic]] = {}
        for topic in self.topics:
            below.setdefault(topic.parent, []).append(topic)
        return MappingProxyType({key: tuple(value) for key, value in below.items()})

    def ancestors(self, topic_id: str) -> tuple[str, ...]:
        """Return the ids from the parent up to the root; empty for a root."""
        path: list[str] = []
        parent = self.topic[topic_id].parent
        while parent is not None:
            path.append(parent)
            parent = self.topic[parent].parent
        return tuple(path)


@lru_cache(maxsize=4)
def load(folder: Path | None = None) -> Knowledge:
    """Read and check the knowledge base.

    Parameters
    ----------
    folder : Path, optional
        Folder with `taxonomy.yaml`, one file per topic branch and `usecases/`;
        the one that comes with the package unless told otherwise.

    Returns
    -------
    Knowledge
        Records in the order of the files. Kept in memory: a second call is free.

    Raises
    ------
    KnowledgeError
        A file is missing or broken, or the records contradict each other; the
        message names the file and the id.
    """
    folder = FOLDER if folder is None else folder
    files = read_files(folder)
    taxonomy = _parse(TAXONOMY, files.pop(TAXONOMY, None))
    lexicon = _parse(LEXICON, files.pop(LEXICON, None))
    everyday = _parse(EVERYDAY, files.pop(EVERYDAY, None))
    parsed = {name: _parse(name, content) for name, content in files.items()}
    texts = _texts(parsed)
    try:
        knowledge = Knowledge(
            topics=_topics(taxonomy["concepts"], texts),
            use_cases=_use_cases(
                {name: rows for name, rows in parsed.items() if "/" in name}
            ),
            help_kinds=tuple(map(_help_kind, taxonomy["help_kinds"])),
            size_classes=tuple(map(_size_class, taxonomy["size_classes"])),
            maturity_stages=tuple(
                _record(MaturityStage, TAXONOMY, row)
                for row in taxonomy["maturity_stages"]
            ),
            states=tuple(map(_state, taxonomy["states"])),
            lexicon=tuple(map(_group, lexicon["groups"])),
            everyday=tuple(map(str, everyday)),
            version=version(folder),
            folder=folder,
        )
    except KeyError as error:
        raise KnowledgeError(f"{TAXONOMY}: {error.args[0]}: is missing") from error
    # Imported late: the checks speak of the records that are defined here.
    from matching.knowledge_checks import check

    check(knowledge)
    return knowledge


def read_files(folder: Path) -> dict[str, bytes]:
    """Return the content of every YAML file by its name relative to `folder`."""
    paths = sorted([*folder.glob("*.yaml"), *folder.glob("usecases/*.yaml")])
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def version(folder: Path | None = None) -> str:
    """Return the hash of all files' names and content, 16 hexadecimal digits."""
    digest = hashlib.sha256()
    for name, content in read_files(FOLDER if folder is None else folder).items():
        digest.update(f"{name}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()[:16]


def _parse(name: str, content: bytes | None) -> Any:
    if content is None:
        raise KnowledgeError(f"{name}: the file is missing")
    # The C loader is ten times as fast; both read plain data only.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        return yaml.load(content, loader)  # noqa: S506
    except yaml.YAMLError as error:
        raise KnowledgeError(f"{name}: {error}") from error


def _texts(parsed: dict[str, list[Row]]) -> dict[str, tuple[str, Row]]:
    """Return the file and the texts of each topic by its id."""
    texts: dict[str, tuple[str, Row]] = {}
    for name, rows in parsed.items():
        for row in rows if "/" not in name else ():
            if row["id"] in texts:
                raise KnowledgeError(f"{name}: {row['id']}: stands there twice")
            texts[row["id"]] = (name, row)
    return texts


def _topics(
    rows: Sequence[Row], texts: dict[str, tuple[str, Row]]
) -> tuple[Topic, ...]:
    """Join each concept with its texts; `related` is made to hold both ways."""
    related: dict[str, set[str]] = {row["id"]: set() for row in rows}
    for row in rows:
        for other in row.get("related") or ():
            if other not in related:
                raise KnowledgeError(f"{TAXONOMY}: {row['id']}: related {other}?")
            related[row["id"]].add(other)
            related[other].add(row["id"])
    unknown = texts.keys() - related.keys()
    if unknown:
        name, row = texts[min(unknown)]
        raise KnowledgeError(f"{name}: {row['id']}: is not in {TAXONOMY}")
    order = [row["id"] for row in rows]
    return tuple(
        _topic(row, tuple(sorted(related[row["id"]], key=order.index)), texts)
        for row in rows
    )


def _topic(row: Row, related: Words, texts: dict[str, tuple[str, Row]]) -> Topic:
    name, text = texts.get(row["id"], (TAXONOMY, {}))
    labels = {
        "labels": {
            lang: (row.get(lang), *(row.get(f"syn_{lang}") or ()))
            for lang in ("de", "en")
        },
        "narrow": {
            lang: tuple(row.get(f"narrow_{lang}") or ()) for lang in ("de", "en")
        },
    }
    plain: Row = {
        key: row[key] for key in ("status", "replaced_by", "volatile") if key in row
    }
    return _record(
        Topic,
        name,
        {
            **{key: row.get(key) for key in ("id", "de", "en", "parent")},
            **labels,
            **plain,
            **text,
            "related": related,
        },
    )


def _use_cases(parsed: dict[str, list[Row]]) -> tuple[UseCase, ...]:
    return tuple(
        _record(
            UseCase, name, row | {"sectors": row.get("sectors_de", ())}, "sectors_de"
        )
        for name, rows in parsed.items()
        for row in rows
    )


def _group(line: str) -> Words:
    return tuple(word.strip() for word in line.split(","))


def _help_kind(row: Row) -> HelpKind:
    return _record(
        HelpKind, TAXONOMY, row | {"effort_hours": row["effort_h"]}, "effort_h"
    )


def _size_class(row: Row) -> SizeClass:
    return _record(
        SizeClass, TAXONOMY, row | {"staff_below": row["staff_lt"]}, "staff_lt"
    )


def _state(row: Row) -> State:
    adjacent = tuple(f"DE-{short}" for short in row["adj"])
    return _record(State, TAXONOMY, row | {"adjacent": adjacent}, "adj", "nuts1", "ags")


def _record(kind: type[RecordT], file: str, row: Row, *without: str) -> RecordT:
    """Build a record from a row; lists become tuples, so that nobody changes them."""
    values = {
        key: tuple(value) if isinstance(value, list) else value
        for key, value in row.items()
        if key not in without
    }
    try:
        return kind(**values)
    except TypeError as error:
        raise KnowledgeError(f"{file}: {row.get('id')}: {error}") from error

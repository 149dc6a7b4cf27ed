"""What must be true of the knowledge base; `knowledge.load` asks for all of it."""

from collections import Counter
from collections.abc import Iterable, Iterator

from matching import knowledge as base
from matching.errors import KnowledgeError

EFFORTS = ("low", "medium", "high")


def check(knowledge: "base.Knowledge") -> None:
    """Raise KnowledgeError for the first contradiction, with its file and id."""
    for problem in problems(knowledge):
        raise KnowledgeError(problem)


def problems(knowledge: "base.Knowledge") -> Iterator[str]:
    """Yield each contradiction as "file: id: what is wrong"."""
    yield from _repeated(knowledge)
    yield from _counts(knowledge)
    for topic in knowledge.topics:
        for what in _topic_problems(knowledge, topic):
            yield f"{base.TAXONOMY}: {topic.id}: {what}"
    for case in knowledge.use_cases:
        for what in _use_case_problems(knowledge, case):
            yield f"usecases/{case.id.split('.')[0]}.yaml: {case.id}: {what}"
    for kind in knowledge.help_kinds:
        for other in _absent(kind.matches_with, knowledge.help_kind):
            yield f"{base.TAXONOMY}: {kind.id}: matches_with {other} is unknown"
    for state in knowledge.states:
        for other in state.adjacent:
            if state.iso not in getattr(knowledge.state.get(other), "adjacent", ()):
                yield f"{base.TAXONOMY}: {state.iso}: {other} does not border it"


def _repeated(knowledge: "base.Knowledge") -> Iterator[str]:
    ids: list[str] = [record.id for record in knowledge.topics]
    ids += [record.id for record in knowledge.use_cases]
    ids += [record.id for record in knowledge.help_kinds]
    ids += [record.id for record in knowledge.size_classes]
    ids += [f"stage {record.id}" for record in knowledge.maturity_stages]
    ids += [record.iso for record in knowledge.states]
    for name, count in Counter(ids).items():
        if count > 1:
            yield f"{knowledge.folder.name}: {name}: stands there {count} times"


def _counts(knowledge: "base.Knowledge") -> Iterator[str]:
    expected = (
        ("topics", len(knowledge.topics), base.N_TOPICS),
        ("use cases", len(knowledge.use_cases), base.N_USE_CASES),
    )
    for what, found, wanted in expected:
        if found != wanted:
            yield f"{knowledge.folder.name}: {what}: {found} instead of {wanted}"


def _topic_problems(knowledge: "base.Knowledge", topic: "base.Topic") -> Iterator[str]:
    parts = (topic.de, topic.en, topic.summary_de, topic.summary_en)
    texts = (topic.needs_de, topic.offers_de, topic.needs_en, topic.offers_en)
    if not all(parts) or not all(texts):
        yield "lacks a text in German or English"
    if topic.id in topic.related:
        yield "is related to itself"
    if topic.parent is not None and topic.parent not in knowledge.topic:
        yield f"parent {topic.parent} is unknown"
    elif _in_cycle(knowledge, topic):
        yield "is its own ancestor"
    if topic.status not in ("active", "deprecated"):
        yield f"status {topic.status} is unknown"
    if topic.status == "deprecated" and topic.replaced_by not in knowledge.topic:
        yield f"is deprecated, but replaced_by {topic.replaced_by} is unknown"


def _in_cycle(knowledge: "base.Knowledge", topic: "base.Topic") -> bool:
    """Tell whether the way up never ends; an unknown parent ends it."""
    seen = {topic.id}
    above = knowledge.topic.get(topic.parent or "")
    while above is not None:
        if above.id in seen:
            return True
        seen.add(above.id)
        above = knowledge.topic.get(above.parent or "")
    return False


def _use_case_problems(
    knowledge: "base.Knowledge", case: "base.UseCase"
) -> Iterator[str]:
    texts = (case.needs_de, case.offers_de, case.needs_en, case.offers_en)
    if not (case.title_de and case.title_en and all(texts)):
        yield "lacks a text in German or English"
    if not case.topics or case.id.split("/")[0] != case.topics[0]:
        yield "does not name its own topic first"
    for topic in _absent(case.topics, knowledge.topic):
        yield f"topic {topic} is unknown"
    if case.effort not in EFFORTS:
        yield f"effort {case.effort} is unknown"


def _absent(ids: Iterable[str], known: Iterable[str]) -> list[str]:
    known = set(known)
    return [one for one in ids if one not in known]

import shutil

import pytest
import yaml

from matching import knowledge
from matching.errors import KnowledgeError


@pytest.fixture
def folder(tmp_path):
    copy = tmp_path / "knowledge"
    shutil.copytree(knowledge.FOLDER, copy)
    return copy


def change(folder, part, record_id, **values):
    """Set values of one record of the taxonomy."""
    path = folder / knowledge.TAXONOMY
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    record = next(
        row for row in content[part] if row.get("id", row.get("iso")) == record_id
    )
    record.update(values)
    path.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")


def test_the_knowledge_base_of_the_package_is_sound():
    loaded = knowledge.load()

    assert len(loaded.topics) == 100
    assert len(loaded.use_cases) == 376
    assert loaded.topic["app.adm.invoices"].de == "Rechnungs- und Belegverarbeitung"
    assert loaded.ancestors("app.adm.invoices") == (
        "app.adm.documents",
        "app.adm",
        "app",
    )
    assert loaded.help_kind["expert-talk"].matches_with == ("expert-talk", "mentoring")
    assert "DE-BE" in loaded.state["DE-BB"].adjacent


def test_related_holds_both_ways():
    loaded = knowledge.load()

    pairs = {(topic.id, other) for topic in loaded.topics for other in topic.related}

    assert pairs
    assert pairs == {(b, a) for a, b in pairs}


def test_loading_twice_gives_the_same_object():
    assert knowledge.load() is knowledge.load()


def test_version_changes_with_a_single_letter(folder):
    before = knowledge.version(folder)
    path = folder / "fun.yaml"
    path.write_text(path.read_text(encoding="utf-8") + "\n", encoding="utf-8")

    after = knowledge.version(folder)

    assert before == knowledge.version()
    assert after != before


@pytest.mark.parametrize(
    ("part", "record_id", "values", "words"),
    [
        ("concepts", "tec.cv", {"parent": "tec.xx"}, "tec.cv: parent tec.xx"),
        ("concepts", "tec", {"parent": "tec.ml"}, "is its own ancestor"),
        ("concepts", "tec.cv", {"related": ["tec.xx"]}, "tec.cv: related tec.xx"),
        ("concepts", "tec.cv", {"related": ["tec.cv"]}, "tec.cv: is related to itself"),
        ("concepts", "tec.cv", {"en": ""}, "tec.cv: lacks a text"),
        ("concepts", "tec.cv", {"status": "deprecated"}, "tec.cv: is deprecated"),
        ("concepts", "tec.cv", {"status": "gone"}, "tec.cv: status gone"),
        ("concepts", "fun.loans", {"id": "fun.x"}, "fun.loans: is not in"),
        ("help_kinds", "pilot", {"matches_with": ["x"]}, "pilot: matches_with x"),
        ("states", "DE-BE", {"adj": []}, "DE-BE does not border"),
    ],
)
def test_a_contradiction_is_refused_by_file_and_id(
    folder, part, record_id, values, words
):
    change(folder, part, record_id, **values)

    with pytest.raises(KnowledgeError) as refusal:
        knowledge.load(folder)

    assert words in str(refusal.value)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("topics: [fun", "topics: [peo", "does not name its own topic first"),
        ("effort: low", "effort: huge", "effort huge is unknown"),
        ("title_de:", "titel:", "unexpected keyword argument 'titel'"),
        ("title_de:", "title_de:]", "usecases/fun.yaml"),
    ],
)
def test_a_broken_use_case_is_refused_by_file(folder, old, new, words):
    path = folder / "usecases" / "fun.yaml"
    content = path.read_text(encoding="utf-8")
    assert old in content
    path.write_text(content.replace(old, new, 1), encoding="utf-8")

    with pytest.raises(KnowledgeError) as refusal:
        knowledge.load(folder)

    assert words in str(refusal.value)


def test_a_lost_use_case_is_noticed(folder):
    path = folder / "usecases" / "fun.yaml"
    rows = yaml.safe_load(path.read_text(encoding="utf-8"))
    path.write_text(yaml.safe_dump(rows[1:], allow_unicode=True), encoding="utf-8")

    with pytest.raises(KnowledgeError, match="375 instead of 376"):
        knowledge.load(folder)


def test_a_lexicon_group_has_words_of_both_languages_together():
    groups = knowledge.load().lexicon

    warehouse = next(group for group in groups if "warehouse" in group)

    assert "Lager" in warehouse
    assert all(word and word == word.strip() for group in groups for word in group)

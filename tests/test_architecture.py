"""The house rules, kept by tests: who imports whom, what routes and settings say."""

import ast
import dataclasses
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from config import Settings

ROOT = Path(__file__).parent.parent
OWN = ("app", "matching", "config", "wsgi")

# Layer -> the layers it may import. A layer may always import itself.
MAY_IMPORT = {
    "matching": set(),
    "config": set(),
    "app.errors": set(),
    "app.db": set(),
    "app.models": {"app.db", "app.errors"},
    "app.services": {"app.models", "app.db", "app.errors", "matching"},
    "app.mail": {
        *("app.services", "app.models", "app.db", "app.errors", "app.i18n", "matching"),
        "config",
    },
    "app.jobs": {
        *("app.mail", "app.services", "app.models", "app.db", "app.errors", "matching"),
        *("app.demo", "config"),
    },
    "app.demo": {"app.services", "app.models", "app.db", "app.errors", "matching"},
    "app.i18n": {"app.models"},
    "app.security": {"app.db", "app.models", "config"},
    "app.accounts": {
        *("app.db", "app.models", "app.services", "app.errors", "app.i18n", "config"),
        *("app.web", "app.security"),
    },
    "app.web": {
        *("app.services", "app.models", "app.db", "app.errors", "app.i18n"),
        *("app.security", "app.mail", "app.jobs", "matching", "config"),
    },
    "app.cli": {
        *("app.services", "app.jobs", "app.mail", "app.demo", "app.models", "app.db"),
        *("app.errors", "config", "matching", "app.accounts"),
    },
}
WITHOUT_FLASK = (
    *("app.services", "app.jobs", "app.demo", "app.db", "app.errors"),
    "matching",
)

# Routes of the accounts library and static files guard themselves.
LIBRARY_ENDPOINTS = ("security.", "static", "security_static", "_debug")


def modules() -> Iterator[tuple[str, Path]]:
    for top in OWN:
        place = ROOT / top
        files = place.rglob("*.py") if place.is_dir() else [place.with_suffix(".py")]
        for file in files:
            name = ".".join(file.relative_to(ROOT).with_suffix("").parts)
            yield name.removesuffix(".__init__"), file


def layer_of(module: str) -> str:
    parts = module.split(".")
    return parts[0] if parts[0] != "app" else ".".join(parts[:2])


def imports_of(module: str, file: Path) -> Iterator[str]:
    """Modules that run when `file` runs; imports for types only do not count."""
    tree = ast.parse(file.read_text())
    for_types = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        for inner in ast.walk(node)
    }
    package = module if file.name == "__init__.py" else module.rpartition(".")[0]
    for node in ast.walk(tree):
        if id(node) in for_types:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                up = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*up, base]) if base else ".".join(up)
            if base == "app":
                yield from (f"app.{alias.name}" for alias in node.names)
            else:
                yield base


def test_layers_import_only_downwards():
    offences = []
    for module, file in modules():
        layer = layer_of(module)
        if layer not in MAY_IMPORT:
            continue  # wsgi and app itself join everything
        for imported in imports_of(module, file):
            target = layer_of(imported)
            known = target in MAY_IMPORT or target in ("app", "wsgi")
            if known and target != layer and target not in MAY_IMPORT[layer]:
                offences.append(f"{module} imports {imported}")

    assert not offences, "\n".join(offences)


def test_rules_and_jobs_know_no_flask():
    offences = [
        f"{module} imports {imported}"
        for module, file in modules()
        if layer_of(module) in WITHOUT_FLASK
        for imported in imports_of(module, file)
        if imported.split(".")[0].startswith("flask")
    ]

    assert not offences, "\n".join(offences)


def test_only_db_commits():
    offences = [
        f"{file.relative_to(ROOT)}:{node.lineno}"
        for module, file in modules()
        if module.startswith("app.") and module != "app.db"
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "commit"
    ]

    assert not offences, "\n".join(offences)


def test_every_route_says_who_may_use_it(app: Flask):
    undeclared = [
        endpoint
        for endpoint, view in app.view_functions.items()
        if not endpoint.startswith(LIBRARY_ENDPOINTS) and not hasattr(view, "access")
    ]

    assert not undeclared, undeclared


def test_every_setting_is_in_the_readme():
    described = (ROOT / "README.md").read_text() + "".join(
        file.read_text() for file in (ROOT / "docs").glob("*.md")
    )

    missing = [
        field.name
        for field in dataclasses.fields(Settings)
        if not re.search(rf"\b{field.name}\b", described)
    ]

    assert not missing, missing


def test_nothing_is_left_open():
    mark = re.compile(r"\b(TODO|FIXME|XXX|NotImplementedError|breakpoint\(\))")
    offences = [
        f"{file.relative_to(ROOT)}:{number}"
        for _, file in modules()
        for number, line in enumerate(file.read_text().splitlines(), 1)
        if mark.search(line)
    ]

    assert not offences, offences


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_locked_requirements_have_hashes_and_no_addresses(name: str):
    lines = (ROOT / name).read_text().splitlines()

    pinned = [line for line in lines if re.match(r"^[a-z0-9-]+.*==", line)]
    assert pinned
    assert all(line.rstrip().endswith("\\") for line in pinned)
    assert not [line for line in lines if "://" in line]

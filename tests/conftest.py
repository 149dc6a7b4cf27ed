"""What all tests may ask for: a database of each kind, the app, a clock."""

import os

import pytest

pytest_plugins = ["tests.databases", "tests.web_fixtures"]

# Kernels and BLAS inside a test worker: the workers are the parallelism.
os.environ.setdefault("OMP_NUM_THREADS", "1")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything below tests/browser, faults, benchmarks carries its mark."""
    for item in items:
        for part, mark in (("browser", "browser"), ("faults", "faults")):
            if f"tests/{part}/" in item.nodeid:
                item.add_marker(getattr(pytest.mark, mark))

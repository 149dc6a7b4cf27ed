"""The demonstration shows what it claims."""

import re

import numpy as np
import pytest

from matching.cluster_demo import regions, run
from matching.types import Company


class Map:
    """As much of a market as `regions` looks at."""

    def __init__(self, places):
        self.companies = [
            Company(str(at), lat=lat, lon=lon) for at, (lat, lon) in enumerate(places)
        ]


def test_regions_are_neighbours_and_of_one_size():
    random = np.random.default_rng(0)
    places = random.random((400, 2)) * [8, 9] + [47, 6]

    part = regions(Map(places), 4)

    assert np.bincount(part).tolist() == [100, 100, 100, 100]
    west, east = places[part < 2, 1], places[part >= 2, 1]
    assert west.max() <= east.min()
    assert places[part == 0, 0].max() <= places[part == 1, 0].min()


@pytest.mark.faults
def test_demo_finds_the_same_bytes_on_threads_and_on_workers(capsys):
    code = run(["demo", "--companies", "300", "--repeats", "1"])

    shown = capsys.readouterr().out
    assert code == 0
    assert "the same bytes" in shown
    assert len(set(re.findall(r"plan ([0-9a-f]{16})", shown))) == 1


def test_partition_prints_what_is_lost(capsys):
    code = run(["partition", "--companies", "300", "--parts", "2"])

    shown = capsys.readouterr().out
    assert code == 0
    lost = float(re.search(r"welfare lost: (-?[\d.]+)%", shown)[1])
    assert abs(lost) < 1

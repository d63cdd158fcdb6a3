"""`backpressure.py` with thousands instead of a million: what a worker holds does not grow with what waits for it."""

import pytest

import backpressure

COUNT = 6000
# A worker holds 40 MB before it does anything, and its limits add up to about as much again (docs/security.md, Memory).
MOST_GROWTH = 100_000_000


@pytest.fixture(scope="module")
def place(binary, tmp_path_factory):
    place = backpressure.Place(binary, tmp_path_factory.mktemp("place"), steady_seconds=2)
    yield place
    place.stop()


@pytest.mark.parametrize("scene", backpressure.SCENES, ids=lambda scene: scene.__name__)
def test_memory_is_bounded_when(place, scene):
    before, most = backpressure.measure(scene, place, COUNT)
    assert most < backpressure.MOST_MEGABYTES * 1_000_000
    assert most - before < MOST_GROWTH

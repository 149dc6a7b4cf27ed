"""A cluster computes what threads compute, whatever happens to its workers."""

import os
import socket
import stat
import threading
import time

import numpy as np
import pytest

from matching import engine
from matching.cluster import Cluster, make_certificates
from matching.engine import LocalEngine
from matching.engine_dask import DaskEngine, bundles
from matching.errors import Cancelled, EngineError
from matching.parcel import Parcel, Place
from tests.matching.cluster_steps import (
    Scaled,
    aligned_sum,
    end_worker,
    fail,
    process_of,
    products,
    scaled_row,
)

BLOCKS = [(begin, begin + 5) for begin in range(0, 200, 5)]


@pytest.fixture(scope="module")
def table():
    return np.random.default_rng(0).random((200, 30))


@pytest.fixture(scope="module")
def cluster():
    with Cluster(2, tls=True) as running:
        yield running


@pytest.fixture
def dask(cluster):
    connected = cluster.connect()
    yield connected
    connected.close()


@pytest.mark.parametrize(("workers", "tls"), [(1, False), (2, True), (4, False)])
def test_any_number_of_workers_gives_the_same_bytes(workers, tls, table):
    expected = LocalEngine(2).map_blocks(products, BLOCKS, table)

    with Cluster(workers, tls=tls) as cluster:
        dask = cluster.connect()
        results = dask.map_blocks(products, BLOCKS, table)
        processes = set(dask.map_blocks(process_of, BLOCKS, None))
        dask.close()

    assert results == expected
    assert processes == {worker.pid for worker in cluster.workers}


def test_large_tasks_come_before_small_ones(dask, table, monkeypatch):
    submit, tasks = dask._client.submit, []

    def watched(step, some_step, blocks, *rest, priority, **options):
        tasks.append((priority, len(blocks)))
        return submit(step, some_step, blocks, *rest, priority=priority, **options)

    monkeypatch.setattr(dask._client, "submit", watched)

    dask.map_blocks(products, BLOCKS, table)

    # The cluster begins with the highest priority, and of equals with any.
    sizes = [size for _, size in sorted(tasks, reverse=True)]
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[0] > sizes[-1]
    assert len({priority for priority, _ in tasks}) == len(tasks)


@pytest.mark.faults
def test_killed_worker_changes_no_byte(table):
    expected = LocalEngine(2).map_blocks(products, BLOCKS, table)
    killed = []

    with Cluster(2, tls=True) as cluster:
        dask = cluster.connect()

        def kill_in_the_middle(done, total):
            if done >= 5 and not killed:
                killed.append(cluster.kill_worker(0))

        results = dask.map_blocks(products, BLOCKS, table, progress=kill_in_the_middle)
        dask.close()

    assert killed
    assert results == expected


@pytest.mark.faults
def test_all_workers_lost_and_replaced_changes_no_byte(table):
    expected = LocalEngine(2).map_blocks(products, BLOCKS, table)
    replaced = []

    with Cluster(1, tls=False) as cluster:
        dask = cluster.connect()

        def replace_in_the_middle(done, total):
            if done >= 5 and not replaced:
                cluster.kill_worker(0)
                replaced.append(cluster.add_worker())

        results = dask.map_blocks(
            products, BLOCKS, table, progress=replace_in_the_middle
        )
        dask.close()

    assert replaced
    assert results == expected


@pytest.mark.faults
def test_nobody_left_to_wait_for_ends_the_work(table):
    with Cluster(1, tls=False) as cluster:
        dask = cluster.connect()
        dask.patience = 1.0
        timer = threading.Timer(0.3, cluster.kill_worker)
        timer.start()

        with pytest.raises(EngineError, match="no worker"):
            dask.map_blocks(products, BLOCKS, table)

        timer.join()
        dask.close()


def test_same_shared_object_is_sent_once(dask, table):
    dask.map_blocks(products, BLOCKS[:3], table)
    (first,) = (one.future for one in dask.sent)

    dask.map_blocks(products, BLOCKS[3:6], table)

    assert [one.future for one in dask.sent] == [first]


def test_fields_of_a_named_tuple_are_sent_once_each(dask):
    table, factor = np.arange(12.0).reshape(3, 4), np.array([2.0])

    first = dask.map_blocks(scaled_row, range(3), Scaled(table, factor, 1))
    sent = {id(one.part): one.future for one in dask.sent}
    second = dask.map_blocks(scaled_row, range(3), Scaled(table, factor * 2, 1))

    assert first == [13.0, 45.0, 77.0]
    assert second == [25.0, 89.0, 153.0]
    (again, new) = (one.future for one in dask.sent)
    assert again is sent[id(table)]
    assert new not in sent.values()


@pytest.mark.parametrize("mapped", [True, False])
def test_shared_arrays_arrive_aligned(cluster, mapped):
    dask = cluster.connect(mapped=mapped)
    shared = {"name": "x" * 3, "array": np.arange(1001, dtype=np.float64)}

    results = dask.map_blocks(aligned_sum, range(4), shared)

    assert results == [(True, 500500.0)] * 4
    assert [one.parcel.place is not None for one in dask.sent] == [mapped]
    dask.close()


def test_worker_that_cannot_map_our_memory_gets_a_message(dask, table, monkeypatch):
    expected = LocalEngine(2).map_blocks(products, BLOCKS, table)
    dask.map_blocks(products, BLOCKS[:3], table + 1)
    elsewhere = Place("/proc/0/fd/0", b"", [])  # as a worker of another machine sees it
    monkeypatch.setattr(
        Parcel, "in_common_memory", lambda self: Parcel(self.head, (), elsewhere)
    )

    results = dask.map_blocks(products, BLOCKS, table)

    assert results == expected
    assert [one.parcel.place for one in dask.sent] == [None]


@pytest.mark.parametrize("workers", [1, 2, 16])
def test_tasks_have_every_block_once_and_end_small(workers):
    tasks = bundles(range(200), workers)

    sizes = [len(task) for task in tasks]
    assert [block for task in tasks for block in task] == list(range(200))
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[-1] == 1
    assert sizes[0] * workers <= 200 / 2


def test_error_of_a_step_reaches_the_caller(dask):
    with pytest.raises(ZeroDivisionError, match="block is broken"):
        dask.map_blocks(fail, range(3), None)


@pytest.mark.faults
def test_block_that_ends_its_workers_is_given_up():
    with Cluster(1, tls=False) as cluster:
        dask = cluster.connect()
        dask.patience = 1.0

        with pytest.raises(EngineError):
            dask.map_blocks(end_worker, range(1), None)

        dask.close()


def test_cancellation_ends_the_work_and_leaves_the_cluster_usable(dask, table):
    began = time.monotonic()

    with pytest.raises(Cancelled):
        dask.map_blocks(
            process_of, range(2000), None, cancelled=lambda: time.monotonic() > began
        )

    assert len(dask.map_blocks(process_of, range(4), None)) == 4


def test_unreachable_scheduler_is_said_in_one_line():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{free.getsockname()[1]}"

    began = time.monotonic()
    with pytest.raises(EngineError, match="nobody answers") as error:
        DaskEngine.connect(address, timeout=2)

    assert "\n" not in str(error.value)
    assert time.monotonic() - began < 10


def test_stranger_without_certificate_is_turned_away(cluster):
    with pytest.raises(EngineError):
        DaskEngine.connect(cluster.address.replace("tls", "tcp"), timeout=2)


def test_address_names_the_engine(cluster, table):
    names = ("HANDSCHLAG_TLS_CA", "HANDSCHLAG_TLS_CERT", "HANDSCHLAG_TLS_KEY")

    dask = engine.from_address(
        cluster.address, environment=dict(zip(names, cluster.tls, strict=True))
    )

    assert dask.map_blocks(products, BLOCKS[-2:], table) == [
        products(block, table) for block in BLOCKS[-2:]
    ]
    dask.close()


def test_keys_are_for_their_owner_only(tmp_path):
    files = make_certificates(tmp_path)

    assert {stat.S_IMODE(os.stat(file).st_mode) for file in files} == {0o600}


def test_cluster_leaves_nothing_behind():
    with Cluster(1, tls=True) as cluster:
        cluster.connect().close()

    assert all(worker.poll() is not None for worker in cluster.workers)
    assert not cluster.folder.exists()

"""Small clusters, and what tests on them have in common."""

import time
from pathlib import Path

import crowdsky
import pytest
from distributed import Client, LocalCluster

ANY_PORT = "127.0.0.1:0"


@pytest.fixture(scope="module")
def client():
    """Two worker processes of one thread, with nannies: one that dies is started again."""
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=ANY_PORT) as cluster, Client(cluster) as client:
        yield client


@pytest.fixture(scope="module")
def threads():
    """A cluster within this process, which sees `memory://`."""
    with LocalCluster(n_workers=1, threads_per_worker=2, processes=False, dashboard_address=ANY_PORT) as cluster, Client(cluster) as client:
        yield client


@pytest.fixture
def gate(tmp_path):
    folder = tmp_path / "gate"
    folder.mkdir()
    return folder


def one_after_the_other(paths, tmp_path) -> dict[str, bytes]:
    """What `crowdsky.stack` makes of the same chunks, by name."""
    made = {}
    for chunk in crowdsky.group_frames(paths).chunks:
        crowdsky.stack(chunk.frames, threads=1).write(tmp_path / "alone.fit", overwrite=True)
        made[chunk.name] = (tmp_path / "alone.fit").read_bytes()
    return made


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def wait_until(so):
    end = time.monotonic() + 20
    while not so():
        assert time.monotonic() < end, "waited for 20 s"
        time.sleep(0.01)


def forbid_tasks(monkeypatch):
    def forbidden(*_, **__):
        raise AssertionError("a task was submitted")

    monkeypatch.setattr(Client, "submit", forbidden)

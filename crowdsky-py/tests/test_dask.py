"""Nights on a cluster: what is made, what is there, and what a fault costs."""

import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import crowdsky
import dask as real_dask
import gated_files
import pytest
import small_night
from clusters import ANY_PORT, client, contents, forbid_tasks, gate, one_after_the_other, threads, wait_until  # noqa: F401 (fixtures)
from crowdsky import _task
from crowdsky.dask import stack_chunks
from distributed import Client, LocalCluster


def test_twelve_chunks_on_two_processes_are_those_of_stack_and_are_made_once(client, tmp_path, monkeypatch):
    raw, out = tmp_path / "raw", tmp_path / "out"
    paths = small_night.write(raw, small_night.night(12, 4))
    (raw / "notes.txt").write_text("no frame")
    told = []
    night = stack_chunks(raw, out, client=client, progress=lambda done, total: told.append((done, total)))

    assert [chunk.state for chunk in night.chunks] == ["made"] * 12
    assert told == [(done, 12) for done in range(1, 13)]
    expected = one_after_the_other(paths, tmp_path)
    assert {chunk.name: Path(chunk.url).read_bytes() for chunk in night} == expected
    assert sorted(contents(out)) == sorted([*expected, *(name.replace(".fit", ".json") for name in expected)])
    first = night.chunks[0]
    assert first.frames == [str(path) for path in paths[:4]]
    assert [frame["path"] for frame in first.report["frames"]] == first.frames
    assert "12 chunks: 12 made" in repr(night) and first.name in night._repr_html_()

    before = {path: path.stat().st_mtime_ns for path in out.iterdir()}
    forbid_tasks(monkeypatch)
    again = stack_chunks(raw, out, client=client)
    assert [chunk.state for chunk in again.chunks] == ["there"] * 12
    assert [chunk.report for chunk in again.chunks] == [chunk.report for chunk in night.chunks]
    assert {path: path.stat().st_mtime_ns for path in out.iterdir()} == before
    with pytest.raises(AssertionError, match="a task was submitted"):
        stack_chunks(raw, out, client=client, method="mean")


def test_a_killed_worker_costs_a_retry_and_no_chunk(client, tmp_path, gate):
    raw, out = tmp_path / "raw", tmp_path / "out"
    paths = small_night.write(raw, small_night.night(12, 4))
    (gate / "closed").touch()
    nights = []

    def call():
        nights.append(stack_chunks(f"gated://{raw}", out, client=client, storage_options={"gate": str(gate)}))

    caller = threading.Thread(target=call)
    caller.start()
    wait_until(lambda: gated_files.fetched(gate))
    killed, frame = gated_files.fetched(gate)[0]
    assert killed != os.getpid()
    os.kill(killed, signal.SIGKILL)
    (gate / "closed").unlink()
    caller.join(60)

    assert [chunk.state for chunk in nights[0].chunks] == ["made"] * 12
    tries = {pid for pid, name in gated_files.fetched(gate) if name == frame}
    assert killed in tries and len(tries) == 2
    assert {chunk.name: Path(chunk.url).read_bytes() for chunk in nights[0]} == one_after_the_other(paths, tmp_path)
    assert not [name for name in contents(out) if name.endswith(".part")]


def test_a_chunk_that_kills_its_workers_fails_alone(tmp_path, gate):
    content = small_night.night(4, 3)
    names = list(content)
    raw = tmp_path / "raw"
    small_night.write(raw, {name.replace("Light", "deadly") if name == names[3] else name: content[name] for name in names})
    with real_dask.config.set({"distributed.scheduler.allowed-failures": 1}):
        with LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=ANY_PORT) as cluster, Client(cluster) as client:
            night = stack_chunks(f"gated://{raw}", tmp_path / "out", client=client, storage_options={"gate": str(gate)})
            client.wait_for_workers(1, timeout=20)  # dask cannot close one that is being started
    assert [chunk.state for chunk in night.chunks] == ["made", "failed", "made", "made"]
    assert "KilledWorker" in night.failed[0].error


def test_a_broken_chunk_fails_with_its_reason_and_alone_is_made_again_once_repaired(client, tmp_path):
    raw, out = tmp_path / "raw", tmp_path / "out"
    paths = small_night.write(raw, small_night.night(3, 3))
    whole = {path: path.read_bytes() for path in paths[3:6]}
    for path, data in whole.items():
        path.write_bytes(data[:9000])
    night = stack_chunks(raw, out, client=client)
    assert [chunk.state for chunk in night.chunks] == ["made", "failed", "made"]
    broken = night.failed[0]
    assert "cut off" in broken.error and "cut off" in repr(night)
    assert [frame["accepted"] for frame in broken.report["frames"]] == [False] * 3
    assert not Path(broken.url).exists()

    for path, data in whole.items():
        path.write_bytes(data)
    again = stack_chunks(raw, out, client=client)
    assert [chunk.state for chunk in again.chunks] == ["there", "made", "there"]
    assert {chunk.name: Path(chunk.url).read_bytes() for chunk in again} == one_after_the_other(paths, tmp_path)


def test_other_frames_options_or_leftovers_make_a_chunk_anew(threads, tmp_path):
    raw, out = tmp_path / "raw", tmp_path / "out"
    content = small_night.night(2, 4)
    paths = small_night.write(raw, content)

    def states(paths=raw, **options):
        return [chunk.state for chunk in stack_chunks(paths, out, client=threads, **options).chunks]

    assert states() == ["made", "made"]
    os.utime(paths[0], (1, 1))
    assert states() == ["made", "there"]
    assert states(method="median") == ["made", "made"]
    assert states(method="median", memory=500_000_000) == ["there", "there"]
    assert states(method="median", overwrite=True) == ["made", "made"]
    # Killed between the two moves, and while the second file was written: neither counts.
    first, second = sorted(out.glob("*.json"))
    first.unlink()
    (out / f".{first.name}.0123abcd.part").touch()
    second.write_text(second.read_text()[:100])
    assert states(method="median") == ["made", "made"]
    assert not list(out.glob(".*.part"))
    # A frame less: another name, and the older stack is told of.
    night = stack_chunks(paths[1:], out, client=threads, method="median")
    assert [chunk.state for chunk in night.chunks] == ["made", "there"]
    assert [Path(older).name[:11] for older in night.chunks[0].older] == ["CrowdSky_4_"]
    assert len(list(out.glob("*.fit"))) == 3


def test_a_file_from_elsewhere_is_not_replaced_unless_told(threads, tmp_path):
    raw, out = tmp_path / "raw", tmp_path / "out"
    chunk = crowdsky.group_frames(small_night.write(raw, small_night.night(1, 3))).chunks[0]
    out.mkdir()
    (out / chunk.name).write_bytes(b"mine")
    night = stack_chunks(raw, out, client=threads)
    assert night.failed and "overwrite=True" in night.failed[0].error
    assert (out / chunk.name).read_bytes() == b"mine"
    assert stack_chunks(raw, out, client=threads, overwrite=True).made
    assert (out / chunk.name).read_bytes() != b"mine"


def test_two_telescopes_at_one_target_make_two_stacks(threads, tmp_path):
    raw, out = tmp_path / "raw", tmp_path / "out"
    one = small_night.write(raw / "one", small_night.night(1, 3))
    other = small_night.write(raw / "other", small_night.night(1, 3, telescope="S50_2"))
    assert {path.name for path in one} == {path.name for path in other}
    assert len(stack_chunks(raw / "other", out, client=threads).made) == 1
    both = stack_chunks([raw / "one", raw / "other"], out, client=threads)
    assert sorted(chunk.state for chunk in both.chunks) == ["made", "there"]
    assert len({chunk.name for chunk in both.chunks}) == 2
    assert [chunk.state for chunk in stack_chunks(raw / "one", out, client=threads).chunks] == ["there"]


def test_frames_that_are_in_no_chunk_are_told_why(threads, tmp_path):
    raw = tmp_path / "raw"
    content = small_night.night(2, 3)
    names = list(content)
    small_night.write(raw, {name: content[name] for name in names[:4]})
    (raw / "broken.fit").write_bytes(b"no FITS at all")
    night = stack_chunks(str(raw / "*.fit"), tmp_path / "out", client=threads)
    assert [chunk.state for chunk in night.chunks] == ["made"]
    assert sorted(Path(frame).name for frame in night.left_out) == sorted([names[3], "broken.fit"])
    assert "alone" in night.left_out[str(raw / names[3])]
    with pytest.raises(FileNotFoundError, match="nowhere"):
        stack_chunks(tmp_path / "nowhere", tmp_path / "out", client=threads)
    (raw / "empty").mkdir()
    with pytest.raises(ValueError, match="no frames"):
        stack_chunks(raw / "empty", tmp_path / "out", client=threads)


@pytest.mark.parametrize(
    "wrong", [{"method": "best"}, {"sigma": -1.0}, {"bayer": "XXXX"}, {"layout": "png"}, {"threads": 0}, {"memory": -1}]
)
def test_options_that_cannot_be_are_refused_before_any_task(threads, tmp_path, monkeypatch, wrong):
    forbid_tasks(monkeypatch)
    small_night.write(tmp_path / "raw", small_night.night(1, 3))
    with pytest.raises((ValueError, OverflowError)):
        stack_chunks(tmp_path / "raw", tmp_path / "out", client=threads, **wrong)


@pytest.mark.parametrize("given, at_once, each", [(None, 1, 2), (1, 2, 1)])
def test_a_worker_makes_one_stack_at_a_time_unless_told_the_threads(threads, tmp_path, monkeypatch, given, at_once, each):
    real, running, most, asked, together = _task.stack, [], [], [], threading.Event()

    def watched(paths, **options):
        running.append(paths)
        most.append(len(running))
        asked.append(options["threads"])
        if len(running) == at_once:
            together.set()
        # The first waits for as many as there are to be, however late a busy machine is with them; the others do not.
        together.wait(20)
        together.set()
        time.sleep(0.1)  # so that one too many is seen
        running.pop()
        return real(paths, **options)

    monkeypatch.setattr(_task, "stack", watched)
    small_night.write(tmp_path / "raw", small_night.night(4, 3))
    assert len(stack_chunks(tmp_path / "raw", tmp_path / "out", client=threads, threads=given).made) == 4
    assert max(most) == at_once and set(asked) == {each}


def test_a_worker_of_another_version_is_refused(threads, tmp_path, monkeypatch):
    monkeypatch.setattr(_task, "__version__", "0.0.1")
    small_night.write(tmp_path / "raw", small_night.night(1, 3))
    night = stack_chunks(tmp_path / "raw", tmp_path / "out", client=threads)
    assert "the worker has crowdsky 0.0.1" in night.failed[0].error


def test_ctrl_c_cancels_what_has_not_begun(client, tmp_path):
    small_night.write(tmp_path / "raw", small_night.night(12, 4))

    def interrupt(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stack_chunks(tmp_path / "raw", tmp_path / "out", client=client, progress=interrupt)
    wait_until(lambda: not client.run_on_scheduler(lambda dask_scheduler: len(dask_scheduler.tasks)))
    assert len(list((tmp_path / "out").glob("*.fit"))) < 12


def test_ctrl_c_ends_what_has_begun(client, tmp_path, gate):
    """A chunk whose frames are being fetched when the call is given up is not made."""
    raw, out, options = tmp_path / "raw", tmp_path / "out", {"gate": str(gate)}
    held = crowdsky.group_frames(small_night.write(raw, small_night.night(3, 3))).chunks[1]
    (gate / "closed").write_text(held.frames[0].name)

    def interrupt(done, total):
        wait_until(lambda: held.frames[0].name in [name for _, name in gated_files.fetched(gate)])
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stack_chunks(f"gated://{raw}", out, client=client, storage_options=options, progress=interrupt)
    wait_until(lambda: not client.run_on_scheduler(lambda dask_scheduler: len(dask_scheduler.tasks)))
    (gate / "closed").unlink()
    wait_until(lambda: not any(client.run(lambda dask_worker: len(dask_worker.state.tasks)).values()))
    assert not (out / held.name).exists()
    assert stack_chunks(raw, out, client=client).chunks[1].state == "made"


def test_errors_cross_processes(client, tmp_path):
    paths = small_night.write(tmp_path / "raw", small_night.night(1, 2))
    for path in paths:
        path.write_bytes(path.read_bytes()[:9000])
    error = client.submit(crowdsky.stack, paths, pure=False).exception()
    assert type(error) is crowdsky.StackError and "cut off" in str(error)
    assert len(error.report["frames"]) == 2
    for kind in (crowdsky.CrowdskyError, crowdsky.FitsError, crowdsky.StackError):
        assert pickle.loads(pickle.dumps(kind("why"))).args == ("why",)


@pytest.mark.parametrize("missing", ["distributed", "fsspec"])
def test_what_is_missing_is_told(missing):
    code = f"import sys; sys.modules[{missing!r}] = None; import crowdsky; import crowdsky.dask"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert "ImportError: this needs dask.distributed and fsspec: pip install 'crowdsky[dask]'" in ran.stderr


def test_without_a_client_a_cluster_is_made_and_closed(tmp_path):
    small_night.write(tmp_path / "raw", small_night.night(2, 3))
    code = (
        "from crowdsky.dask import stack_chunks; from distributed import Client\n"
        "if __name__ == '__main__':\n"
        f"    print(stack_chunks({str(tmp_path / 'raw')!r}, {str(tmp_path / 'out')!r}))\n"
        "    try: Client.current()\n"
        "    except ValueError: print('closed')\n"
    )
    (tmp_path / "script.py").write_text(code)
    ran = subprocess.run([sys.executable, str(tmp_path / "script.py")], capture_output=True, text=True, timeout=60)
    assert "2 chunks: 2 made" in ran.stdout and "closed" in ran.stdout, ran.stderr

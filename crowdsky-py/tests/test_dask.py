"""Nights on a cluster: what is made, what is there, and what a fault costs."""

import gzip
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import crowdsky
import fsspec
import pytest

pytest.importorskip("distributed")

import dask as real_dask
import gated_files
import small_night
from crowdsky import _remote, _task
from crowdsky.dask import stack_chunks
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


def test_only_the_beginning_of_a_frame_is_read_for_its_header(tmp_path, monkeypatch):
    def head_of(data: bytes) -> tuple[bytes, list[int]]:
        memory = fsspec.filesystem("memory")
        memory.pipe_file("/head.fit", data)
        whole, read = type(memory).cat_file, []

        def counting(self, path, start=None, end=None, **options):
            part = whole(self, path, start=start, end=end, **options)
            read.append(len(part))
            return part

        with monkeypatch.context() as patched:
            patched.setattr(type(memory), "cat_file", counting)
            return _remote.head(_remote.find("memory://head.fit", {})[0]), read

    short = next(iter(small_night.night(1, 1).values()))
    assert head_of(short) == (short[:2880], [11520])
    long = next(iter(small_night.night(1, 1, cards=200).values()))
    assert head_of(long) == (long[: 6 * 2880 + 2880], [11520, 23040])
    assert head_of(gzip.compress(short))[0] == short[:2880]
    # Without an END: all there is, for the reader to say what is wrong.
    assert head_of(b" " * 20000)[0] == b" " * 20000


def test_a_filesystem_that_is_not_local(threads, tmp_path):
    memory = fsspec.filesystem("memory")
    content = small_night.night(2, 3)
    for name, data in content.items():
        memory.pipe_file(f"/raw/{name}.gz", gzip.compress(data))
    night = stack_chunks("memory://raw", "memory://stacks", client=threads)
    assert [chunk.state for chunk in night.chunks] == ["made", "made"]
    expected = one_after_the_other(small_night.write(tmp_path / "raw", content, packed=True), tmp_path)
    assert {chunk.name: memory.cat_file(f"/stacks/{chunk.name}") for chunk in night} == expected
    assert night.chunks[0].report["frames"][0]["path"] == night.chunks[0].frames[0]
    assert night.chunks[0].frames[0].startswith("memory:///raw/Light_")
    assert [chunk.state for chunk in stack_chunks("memory://raw", "memory://stacks", client=threads).chunks] == ["there"] * 2
    memory.rm("/raw", recursive=True)
    memory.rm("/stacks", recursive=True)


def test_a_passing_fault_is_tried_again(threads, tmp_path, gate, monkeypatch):
    raw, options = tmp_path / "raw", {"gate": str(gate)}
    small_night.write(raw, small_night.night(1, 3))
    whole, faults = gated_files.GatedFiles.get_file, []

    def faulty(self, rpath, lpath, **more):
        if len(faults) < 1:
            faults.append(rpath)
            raise ConnectionError("the line is dead")
        whole(self, rpath, lpath, **more)

    monkeypatch.setattr(gated_files.GatedFiles, "get_file", faulty)
    night = stack_chunks(f"gated://{raw}", tmp_path / "out", client=threads, storage_options=options, retries=0)
    assert [chunk.error for chunk in night.chunks] == ["ConnectionError: the line is dead"]
    faults.clear()
    night = stack_chunks(f"gated://{raw}", tmp_path / "out", client=threads, storage_options=options, retries=1)
    assert [chunk.state for chunk in night.chunks] == ["made"] and len(faults) == 1


def test_a_frame_that_is_cut_off_on_its_way_is_noticed(threads, tmp_path, gate, monkeypatch):
    small_night.write(tmp_path / "raw", small_night.night(1, 3))
    monkeypatch.setattr(gated_files.GatedFiles, "get_file", lambda self, rpath, lpath, **_: Path(lpath).write_bytes(b"SIMPLE"))
    night = stack_chunks(f"gated://{tmp_path}/raw", tmp_path / "out", client=threads, storage_options={"gate": str(gate)})
    assert "6 bytes are there" in night.failed[0].error


@pytest.mark.parametrize("given, at_once, each", [(None, 1, 2), (1, 2, 1)])
def test_a_worker_makes_one_stack_at_a_time_unless_told_the_threads(threads, tmp_path, monkeypatch, given, at_once, each):
    real, running, most, asked = _task.stack, [], [], []

    def watched(paths, **options):
        running.append(paths)
        most.append(len(running))
        asked.append(options["threads"])
        time.sleep(0.1)
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


def test_the_sidecar_comes_last_and_a_fault_leaves_no_parts(tmp_path, monkeypatch):
    out = tmp_path / "out"
    out.mkdir()
    (out / "a.json").write_text("old")
    sources = {name: tmp_path / name for name in ("a.fit", "a.json")}
    for path in sources.values():
        path.write_text("new")
    replace = os.replace

    def faulty(source, target):
        if target.endswith(".json"):
            raise OSError("no space is left")
        replace(source, target)

    monkeypatch.setattr(os, "replace", faulty)
    with pytest.raises(OSError, match="no space"):
        _remote.Folder.at(out, {}).publish(sources)
    assert contents(out) == {"a.fit": b"new"}


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


def test_webdav(client, tmp_path, monkeypatch):
    pytest.importorskip("webdav4.fsspec")
    httpx = pytest.importorskip("httpx")
    wsgi = pytest.importorskip("cheroot.wsgi")
    dav = pytest.importorskip("wsgidav.wsgidav_app")
    served = tmp_path / "served"
    paths = small_night.write(served / "raw", small_night.night(2, 3))
    (served / "stacks").mkdir()
    accounts = {"*": {"guest": {"password": "stars"}}}
    long = next(iter(small_night.night(1, 1).values())) + bytes(30_000_000)
    (served / "long.fit").write_bytes(long)
    app = dav.WsgiDAVApp({"provider_mapping": {"/": str(served)}, "simple_dc": {"user_mapping": accounts}, "verbose": 1})
    server = wsgi.Server(("127.0.0.1", 0), app)
    server.prepare()
    running = threading.Thread(target=server.serve)
    running.start()
    options = {"base_url": f"http://127.0.0.1:{server.bind_addr[1]}", "auth": ("guest", "stars")}

    def call(**more):
        return stack_chunks("webdav://raw", "webdav://stacks", client=client, storage_options=options, **more)

    try:
        received, close = [], httpx.Response.close
        with monkeypatch.context() as patched:
            patched.setattr(httpx.Response, "close", lambda self: (received.append(self.num_bytes_downloaded), close(self))[1])
            assert _remote.head(_remote.find("webdav://long.fit", options)[0]) == long[:2880]
        assert 11520 <= sum(received) < 200_000, "of 30 MB"
        night = call()
        assert [chunk.state for chunk in night.chunks] == ["made", "made"], night
        expected = one_after_the_other(paths, tmp_path)
        assert {name: data for name, data in contents(served / "stacks").items() if name.endswith(".fit")} == expected
        assert len(contents(served / "stacks")) == 4
        assert not any(b"stars" in data and b"guest" in data for data in contents(served / "stacks").values())
        assert [chunk.state for chunk in call()] == ["there", "there"]
        assert [chunk.state for chunk in call(layout="cube")] == ["made", "made"]
    finally:
        server.stop()
        running.join(10)


def test_s3(client, tmp_path, monkeypatch):
    moto = pytest.importorskip("moto.server")
    s3fs = pytest.importorskip("s3fs")
    server = moto.ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    options = {"key": "any", "secret": "any", "client_kwargs": {"endpoint_url": f"http://{host}:{port}"}}
    content = small_night.night(2, 3)

    def call(paths):
        return stack_chunks(paths, "s3://sky/stacks", client=client, storage_options=options)

    try:
        s3 = s3fs.S3FileSystem(**options)
        s3.mkdir("sky")
        for name, data in content.items():
            s3.pipe_file(f"sky/raw/{name}", data)
        night = call("s3://sky/raw/*.fit")
        assert [chunk.state for chunk in night.chunks] == ["made", "made"], night
        assert {c.name: s3.cat_file(c.url) for c in night} == one_after_the_other(small_night.write(tmp_path / "raw", content), tmp_path)
        with monkeypatch.context() as patched:
            forbid_tasks(patched)
            assert [chunk.state for chunk in call("s3://sky/raw")] == ["there", "there"]
        # What others did meanwhile is seen, whatever this process has listed before.
        other = s3fs.S3FileSystem(skip_instance_cache=True, **options)
        for name, data in list(small_night.night(3, 3).items())[6:]:
            other.pipe_file(f"sky/raw/{name}", data)
        assert [chunk.state for chunk in call("s3://sky/raw")] == ["there", "there", "made"]
        other.rm_file(night.chunks[0].url)
        assert [chunk.state for chunk in call("s3://sky/raw")] == ["made", "there", "there"]
    finally:
        server.stop()

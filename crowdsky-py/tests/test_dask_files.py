"""Frames and stacks that are not on a local disk: what is read of them, and what faults on the way do."""

import gzip
import os
import threading
from pathlib import Path

import fsspec
import gated_files
import httpx
import pytest
import s3fs
import small_night
from cheroot.wsgi import Server
from clusters import client, contents, forbid_tasks, gate, one_after_the_other, threads  # noqa: F401 (fixtures)
from crowdsky import _remote
from crowdsky.dask import stack_chunks
from moto.server import ThreadedMotoServer
from wsgidav.wsgidav_app import WsgiDAVApp


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


def test_webdav(client, tmp_path, monkeypatch):
    served = tmp_path / "served"
    paths = small_night.write(served / "raw", small_night.night(2, 3))
    (served / "stacks").mkdir()
    accounts = {"*": {"guest": {"password": "stars"}}}
    long = next(iter(small_night.night(1, 1).values())) + bytes(30_000_000)
    (served / "long.fit").write_bytes(long)
    app = WsgiDAVApp({"provider_mapping": {"/": str(served)}, "simple_dc": {"user_mapping": accounts}, "verbose": 1})
    server = Server(("127.0.0.1", 0), app)
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
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
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

"""Files wherever fsspec finds them: listed, their beginnings read, fetched, and written so that they appear whole."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar
from urllib.parse import urlsplit

from fsspec import AbstractFileSystem, get_filesystem_class
from fsspec.core import url_to_fs
from fsspec.implementations.local import LocalFileSystem
from fsspec.utils import get_protocol

T = TypeVar("T")
S = TypeVar("S")

ENDINGS = (".fit", ".fits", ".fit.gz", ".fits.gz")
"""What frames in folders are called, in any case."""

HEAD = 4 * 2880
"""Bytes that are read of a file to see its header: a Seestar's has 2 or 3 blocks of 2880."""

_LONGEST = 2048 * 2880
_AT_ONCE = 32
_VERSIONS = ("ETag", "etag", "mtime", "LastModified", "modified", "created")


@dataclass(frozen=True)
class RemoteFile:
    """A file on a filesystem of fsspec; it can be sent to another process."""

    fs: AbstractFileSystem
    path: str
    size: int | None
    """None where the server does not tell."""
    version: str | None
    """Changes when the file does: an etag, or the time of the last change."""

    @property
    def name(self) -> str:
        """The last part of the path."""
        return self.path.rstrip("/").rpartition("/")[2]

    @property
    def url(self) -> str:
        """What people know it by: the path of a local file, else a URL, without a password."""
        return shown(self.fs, self.path)

    @property
    def local(self) -> Path | None:
        """The path of a file that can be read where it is."""
        return Path(self.path) if isinstance(self.fs, LocalFileSystem) else None


def shown(fs: AbstractFileSystem, path: str) -> str:
    """A path as people write it."""
    if isinstance(fs, LocalFileSystem):
        return path
    url: str = fs.unstrip_protocol(path)
    place = urlsplit(url).netloc
    return url.replace(place, place.rpartition("@")[2], 1) if "@" in place else url


def many(work: Callable[[S], T], given: Iterable[S]) -> list[T]:
    """`work` on each, many at a time: a request waits far longer than it works."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return list(pool.map(work, given))


def find(paths: str | os.PathLike[str] | Iterable[str | os.PathLike[str]], options: Mapping[str, Any]) -> list[RemoteFile]:
    """The files that `paths` name: files, folders (what is a frame by its name, directly in them) and globs; each once.

    Raises FileNotFoundError for a path that names nothing, ValueError if there are no frames.
    """
    if isinstance(paths, (str, os.PathLike)):
        paths = [paths]
    listed = many(lambda path: _find(os.fspath(path), options), paths)
    # A local file may be named in several ways.
    found = {(f.fs, os.path.abspath(f.path) if f.local else f.path): f for files in listed for f in files}
    if not found:
        raise ValueError("no frames given: name files, folders or globs that hold *.fit, *.fits or *.fit.gz")
    return list(found.values())


def _find(path: str, options: Mapping[str, Any]) -> list[RemoteFile]:
    fs, inside = url_to_fs(path, **options)
    # What was listed an hour ago in this process is not what is there.
    fs.invalidate_cache()
    try:
        info = fs.info(inside)
    except FileNotFoundError:
        # Only now, so that a folder called `M 31 [mosaic]` is a folder.
        matches: dict[str, dict[str, Any]] = fs.glob(inside, detail=True)
        if not matches:
            raise FileNotFoundError(f"{shown(fs, inside)}: no such file or folder, and nothing matches it as a glob") from None
        return [_file(fs, matches[name]) for name in sorted(matches) if matches[name]["type"] == "file"]
    if info["type"] != "directory":
        return [_file(fs, {**info, "name": inside})]
    files = [_file(fs, entry) for entry in fs.ls(inside, detail=True) if entry["type"] == "file"]
    frames = [f for f in files if f.name.lower().endswith(ENDINGS) and not f.name.startswith(".")]
    return sorted(frames, key=lambda f: f.path)


def _file(fs: AbstractFileSystem, info: Mapping[str, Any]) -> RemoteFile:
    version = next((str(info[key]) for key in _VERSIONS if info.get(key)), None)
    return RemoteFile(fs, fs._strip_protocol(info["name"]), info.get("size"), version)


def head(file: RemoteFile) -> bytes:
    """The header of the first unit as far as it goes, unpacked; a file whose header does not end is returned as far as one may go."""
    wanted = HEAD
    while True:
        # Filesystems that read ahead must not read the megabytes of pixels behind it; the asynchronous ones take exact ranges.
        exact = {} if file.fs.async_impl else {"block_size": wanted}
        read: bytes = file.fs.cat_file(file.path, start=0, end=wanted, **exact)
        plain = zlib.decompressobj(31).decompress(read, _LONGEST) if read.startswith(b"\x1f\x8b") else read
        end = _end(plain)
        if end is not None:
            return plain[:end]
        if len(read) < wanted or wanted >= _LONGEST:
            return plain
        wanted *= 2


def _end(text: bytes) -> int | None:
    """Where the block with the END card ends."""
    for at in range(0, len(text) - 79, 80):
        if text[at : at + 80].rstrip() == b"END":
            end = -(-(at + 80) // 2880) * 2880
            return end if end <= len(text) else None
    return None


@contextmanager
def fetched(files: list[RemoteFile], scratch: str | None) -> Iterator[list[Path]]:
    """Paths to read the files at, in their order: local ones where they are, others copied below `scratch` until the end.

    Raises OSError for a file that is not what was listed: gone, changed, or cut off on its way.
    """
    with TemporaryDirectory(prefix="crowdsky-", dir=scratch) as folder:

        def fetch(numbered: tuple[int, RemoteFile]) -> Path:
            number, file = numbered
            path = file.local
            if path is None:
                # Each in a folder of its own: its name goes into the stack's header, and two may have the same.
                path = Path(folder, str(number), file.name)
                path.parent.mkdir()
                file.fs.get_file(file.path, str(path))
            size = path.stat().st_size
            if file.size is not None and size != file.size:
                raise OSError(f"{file.url}: {size} bytes are there, {file.size} were listed: it changed, or was cut off")
            return path

        yield many(fetch, enumerate(files))


@dataclass(frozen=True)
class Folder:
    """A folder to write into."""

    fs: AbstractFileSystem
    path: str

    @staticmethod
    def at(url: str | os.PathLike[str], options: Mapping[str, Any]) -> Folder:
        """That folder; it is not made yet."""
        fs, path = url_to_fs(os.fspath(url), **options)
        return Folder(fs, path.rstrip("/"))

    def sizes(self) -> dict[str, int | None]:
        """The files in it, by name; none if it does not exist."""
        self.fs.invalidate_cache()
        try:
            entries = self.fs.ls(self.path, detail=True)
        except FileNotFoundError:
            return {}
        files = [_file(self.fs, entry) for entry in entries if entry["type"] == "file"]
        return {file.name: file.size for file in files}

    def within(self, name: str) -> str:
        """The path of a file in it."""
        return f"{self.path}/{name}"

    def url(self, name: str) -> str:
        """The same as people write it."""
        return shown(self.fs, self.within(name))

    def read_json(self, name: str) -> Any:
        """Such a file's content; None if it is no JSON."""
        try:
            return json.loads(self.fs.cat_file(self.within(name)))
        except ValueError:
            return None

    def remove(self, name: str) -> None:
        """Removes a file, if it is there."""
        try:
            self.fs.rm_file(self.within(name))
        except FileNotFoundError:
            pass

    def publish(self, files: Mapping[str, Path]) -> None:
        """Writes all files under other names (`.NAME.*.part`), then moves them one after the other: the last is there only if all
        are, and what is there is whole. Those of the same names are replaced, the last one being removed first. The sources may be
        gone afterwards."""
        mark = secrets.token_hex(4)
        parts = {name: f".{name}.{mark}.part" for name in files}
        try:
            for name, source in files.items():
                if isinstance(self.fs, LocalFileSystem):
                    # On one disk a rename: to copy the 58 MB of a stack takes a tenth of the time that it took to make.
                    shutil.move(source, self.within(parts[name]))
                else:
                    self.fs.put_file(str(source), self.within(parts[name]))
            self.remove(list(files)[-1])
            for name, part in parts.items():
                if isinstance(self.fs, LocalFileSystem):
                    os.replace(self.within(part), self.within(name))
                else:
                    # WebDAV refuses to move onto a file that is there.
                    self.remove(name)
                    self.fs.mv(self.within(part), self.within(name))
        except BaseException:
            for part in parts.values():
                self.remove(part)
            raise


def same_kind(fs: AbstractFileSystem, url: str | os.PathLike[str]) -> bool:
    """Whether `url` is on a filesystem of the kind of `fs`."""
    return get_filesystem_class(get_protocol(os.fspath(url))) is type(fs)

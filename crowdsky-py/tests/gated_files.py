"""Files behind a gate: a test decides when a worker that fetches one goes on, and sees which process it is."""

import os
import shutil
import signal
import time
from pathlib import Path

from fsspec import AbstractFileSystem, register_implementation


class GatedFiles(AbstractFileSystem):
    """`gated:///folder/file` is the file `/folder/file`.

    Who fetches one writes its process and the path into `gate/fetched`, and waits while `gate/closed` exists and is empty
    or has the file's name in it. One whose name has
    "deadly" in it kills the process.
    """

    protocol = "gated"
    cachable = False

    def __init__(self, gate: str, **options):
        super().__init__(**options)
        self.gate = Path(gate)

    def info(self, path, **_):
        found = os.stat(path)
        kind = "directory" if os.path.isdir(path) else "file"
        return {"name": path, "type": kind, "size": found.st_size, "mtime": found.st_mtime}

    def ls(self, path, detail=True, **_):
        names = sorted(os.path.join(path, name) for name in os.listdir(path))
        return [self.info(name) for name in names] if detail else names

    def _open(self, path, mode="rb", **_):
        return open(path, mode)

    def get_file(self, rpath, lpath, **_):
        with open(self.gate / "fetched", "a") as log:
            log.write(f"{os.getpid()} {os.path.basename(rpath)}\n")
        if "deadly" in rpath:
            os.kill(os.getpid(), signal.SIGKILL)
        end = time.monotonic() + 30
        while self._closed(os.path.basename(rpath)) and time.monotonic() < end:
            time.sleep(0.01)
        shutil.copyfile(rpath, lpath)

    def _closed(self, name):
        try:
            return (self.gate / "closed").read_text() in ("", name)
        except FileNotFoundError:
            return False


def fetched(gate: Path) -> list[tuple[int, str]]:
    """Process and file, in order of time."""
    if not (gate / "fetched").exists():
        return []
    lines = (gate / "fetched").read_text().splitlines()
    return [(int(pid), name) for pid, name in (line.split(" ", 1) for line in lines)]


register_implementation("gated", GatedFiles, clobber=True)

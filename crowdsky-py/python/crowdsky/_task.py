"""One chunk as a task of dask: what is asked of a worker, and what the worker does."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock
from time import perf_counter
from typing import Any

from distributed import Worker, get_worker

from ._core import __version__
from ._errors import CrowdskyError, StackError
from ._remote import Folder, RemoteFile, fetched
from ._stack import stack


def sidecar_of(name: str) -> str:
    """The name of the file beside a stack that tells what it was made from."""
    return name.removesuffix(".fit") + ".json"


@dataclass(frozen=True)
class Options:
    """What decides the bytes of a stack, of the arguments of `crowdsky.stack` and `Stack.write`."""

    method: str
    share: bool
    sigma: float | None
    bayer: str | None
    layout: str


@dataclass(frozen=True)
class Task:
    """A chunk that a worker is to make."""

    key: str
    name: str
    identity: str
    """Tells chunks of one name apart: two telescopes at one target."""
    frames: list[RemoteFile]
    folder: Folder
    options: Options
    threads: int | None
    memory: int | None
    version: str
    """Of crowdsky, where the call was made."""
    leftovers: list[str]
    """Files of earlier tasks for this chunk that were killed."""

    @property
    def sidecar(self) -> str:
        """The name of the file beside the stack that tells what it was made from."""
        return sidecar_of(self.name)

    @property
    def fingerprint(self) -> str:
        """Equal for equal frames, options and versions of crowdsky: where the frames are does not matter."""
        frames = [(frame.name, frame.size, frame.version) for frame in self.frames]
        text = json.dumps([self.version, asdict(self.options), frames])
        return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True)
class Answer:
    """What the worker answers: `error` is None for a stack that is there now."""

    seconds: float | None
    report: dict[str, Any] | None
    error: str | None


class Cancelled(Exception):
    """Nobody waits for the stack any more."""


def make(task: Task) -> Answer:
    """Makes a stack and writes it, its sidecar last.

    What trying again does not help against is answered; everything else is raised, for dask to try again.
    """
    if task.version != __version__:
        error = f"the worker has crowdsky {__version__}, the caller {task.version}: install the same version on all machines"
        return Answer(None, None, error)
    started = perf_counter()
    worker = get_worker()
    try:
        with fetched(task.frames, worker.local_directory) as paths, _turn(worker, task):
            made = stack(
                paths,
                method=task.options.method,
                share=task.options.share,
                sigma=task.options.sigma,
                bayer=task.options.bayer,
                threads=task.threads or worker.state.nthreads,
                memory=task.memory,
                progress=_watch(worker),
            )
        with TemporaryDirectory(prefix="crowdsky-", dir=worker.local_directory) as scratch:
            output, sidecar = Path(scratch, "stack"), Path(scratch, "sidecar")
            made.write(output, layout=task.options.layout)
            size = output.stat().st_size
            report, seconds = _told(made.report, paths, task), perf_counter() - started
            sidecar.write_text(json.dumps(_content(task, size, report, seconds), indent=1))
            task.folder.publish({task.name: output, task.sidecar: sidecar})
        for name in task.leftovers:
            task.folder.remove(name)
        return Answer(perf_counter() - started, report, None)
    except StackError as error:
        return Answer(None, None if error.report is None else _told(error.report, paths, task), str(error))
    except (CrowdskyError, ValueError, MemoryError) as error:
        return Answer(None, None, f"{type(error).__name__}: {error}")


def _content(task: Task, size: int, report: dict[str, Any], seconds: float) -> dict[str, Any]:
    return {
        "crowdsky": __version__,
        "fingerprint": task.fingerprint,
        "identity": task.identity,
        "key": task.key,
        "name": task.name,
        "size": size,
        "options": asdict(task.options),
        "frames": [{"url": frame.url, "size": frame.size, "version": frame.version} for frame in task.frames],
        "seconds": seconds,
        "report": report,
    }


def _told(report: dict[str, Any], paths: list[Path], task: Task) -> dict[str, Any]:
    """The report with the frames called what the caller calls them, not what their copies were called."""
    urls = {str(path): frame.url for path, frame in zip(paths, task.frames)}
    for frame in report["frames"]:
        frame["path"] = urls.get(frame["path"], frame["path"])
    return report


def _turn(worker: Worker, task: Task) -> AbstractContextManager[Any]:
    """What a stack with all threads of a worker, and up to 1 GB, waits for: that the one before it is done.

    Dask's resources do not serve: those that a running worker gets are not looked at for tasks that wait for them already.
    """
    if task.threads is not None:
        return nullcontext()
    # Several workers may be in one process, and the dict of each makes the lock once.
    lock: Lock = worker.__dict__.setdefault("crowdsky_turn", Lock())
    return lock


def _watch(worker: Worker) -> Callable[[str, int, int], None]:
    """Ends the stack of a task that was cancelled: its thread cannot be stopped from outside."""
    key = worker.get_current_task()

    def tell(stage: str, done: int, total: int) -> None:
        state = worker.state.tasks.get(key)
        if state is None or state.state == "cancelled":
            raise Cancelled(f"{key} was cancelled while it was at {stage}")

    return tell

"""Nights and archives on a cluster of `dask.distributed`. Everything here needs `pip install crowdsky[dask]`.

    from crowdsky.dask import stack_chunks
    night = stack_chunks("s3://telescope/raw/2025-10-24", "s3://telescope/stacks", storage_options={"profile": "telescope"})
    night.failed
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from itertools import islice
from typing import Any, TypeAlias, Union

import numpy as np

try:
    import fsspec  # noqa: F401 (what is missing is told here, not by the modules below)
    from distributed import Client, Future, KilledWorker, LocalCluster, TimeoutError, as_completed
except ImportError as missing:
    raise ImportError("this needs dask.distributed and fsspec: pip install 'crowdsky[dask]'") from missing

from . import _core
from ._errors import StackError
from ._frames import items
from ._groups import Grouping, grouped
from ._night import Night, StackedChunk
from ._plan import planned
from ._progress import telling
from ._remote import Folder, RemoteFile, find, head, many, same_kind
from ._task import Answer, Options, Task, make

__all__ = ["Night", "StackedChunk", "stack_chunks"]

Paths: TypeAlias = Union["str | os.PathLike[str]", Iterable["str | os.PathLike[str]"]]
"""Files, folders and globs, as paths or as URLs that fsspec opens."""


def stack_chunks(
    paths: Paths,
    out: str | os.PathLike[str],
    *,
    client: Client | str | None = None,
    storage_options: Mapping[str, Any] | None = None,
    out_options: Mapping[str, Any] | None = None,
    retries: int = 2,
    overwrite: bool = False,
    method: str = "auto",
    share: bool = False,
    sigma: float | None = None,
    bayer: str | None = None,
    layout: str = "rgb",
    threads: int | None = None,
    memory: int | None = None,
    progress: Callable[[int, int], Any] | bool | None = None,
) -> Night:
    """Sorts raw frames into 15-minute chunks and stacks each on a worker of a dask cluster, into the folder `out`.

    `paths` and `out` may be on anything that fsspec opens: `s3://`, `webdav://`, folders that all workers see. Of each frame this
    process reads the header alone, some 12 kB; the worker that makes a chunk fetches the frames of that chunk, and removes them
    when it is done. Local frames are read where they are.

    `client`: a `distributed.Client`, or the address of a scheduler; None is the current client, or, where there is none, a
    `LocalCluster` for this call. `storage_options`: what fsspec needs for `paths`, such as keys; `out_options` the same for `out`,
    and unless given that of `paths` if both are of one protocol. `method`, `share`, `sigma`, `bayer`, `memory`: as in
    `crowdsky.stack`, `layout` as in `Stack.write`. `threads`: None makes one stack at a time in each worker, with all its threads; a
    number is for each stack, and a worker makes as many stacks at a time as it has threads: let its memory be that many GB, or say
    `memory`. `progress`: True for a bar, or a function of (chunks done, chunks to make).

    Each stack is called what CrowdSky calls it, `CrowdSky_90_M 94_10.0s_IRCUT_20250327.05_HP033810.fit`; of two chunks with one
    name, two telescopes at one target, the later has a suffix. Beside it a file of the same name that ends with `.json` has its
    report and what it was made from. Both are written under other names and moved, that file last. A call makes what is not
    there, or was made from other frames (by name, size and time of change or etag), with other options or another version; a second
    call makes nothing and submits no task. `overwrite` makes all anew, and replaces files of these names that came from elsewhere,
    which are otherwise left alone and reported as failed. A chunk that has more frames than it had has another name: the new stack is
    made beside the old one, which is not removed, and is listed in `StackedChunk.older`. One call at a time may write to a folder.

    A worker that dies costs a chunk another try, until as many have died of it as dask allows
    (`distributed.scheduler.allowed-failures`, 3). What may pass, such as a fault of the network, is tried `retries` times more. A
    chunk that cannot be made is `failed`, with the error's text, and the others go on. Ctrl-C cancels what has not begun, and ends
    what has.

    Raises ValueError if there are no frames or for options that cannot be, MemoryError for a `memory` that no stack fits into, FileNotFoundError for paths that name nothing, OSError if
    frames cannot be listed or `out` cannot be made.
    """
    options = Options(method, bool(share), None if sigma is None else float(sigma), bayer, layout)
    _check(options, threads, memory)
    read_options = dict(storage_options or {})
    frames = find(paths, read_options)
    if out_options is None:
        out_options = read_options if same_kind(frames[0].fs, out) else {}
    folder = Folder.at(out, out_options)
    grouping, left_out = _grouped(frames)
    plans = {plan.task.name: plan for plan in planned(grouping.chunks, folder, options, threads, memory)}
    became: dict[str, StackedChunk] = {}
    for name, plan in plans.items():
        if plan.sidecar is not None and not overwrite:
            found = plan.sidecar
            became[name] = plan.chunk(state="there", seconds=found.get("seconds"), report=found.get("report"))
        elif plan.in_the_way and not overwrite:
            error = "FileExistsError: a file of this name came from elsewhere: pass overwrite=True, or choose another folder"
            became[name] = plan.chunk(state="failed", error=error)
    tasks = [plan.task for name, plan in plans.items() if name not in became]
    if tasks:
        folder.fs.makedirs(folder.path, exist_ok=True)
        told = (lambda _, done, total: progress(done, total)) if callable(progress) else progress
        # Closed here: what `progress` raises cancels the tasks at once, not when the garbage is collected.
        with telling(told) as tell, _connected(client) as connected, closing(_answers(connected, tasks, retries)) as answers:
            for done, (task, answer) in enumerate(answers, 1):
                state = "made" if answer.error is None else "failed"
                plan = plans[task.name]
                became[task.name] = plan.chunk(state=state, seconds=answer.seconds, report=answer.report, error=answer.error)
                if tell is not None:
                    tell("chunks", done, len(tasks))
    return Night([became[name] for name in plans], left_out)


def _check(options: Options, threads: int | None, memory: int | None) -> None:
    """Raises ValueError or TypeError for what would let every chunk fail."""
    if options.layout not in ("rgb", "cube"):
        raise ValueError(f'layout {options.layout!r}: "rgb" or "cube"')
    if threads is not None and threads < 1:
        raise ValueError(f"threads {threads}: at least 1, or None for those of the worker")
    nothing = np.zeros((16, 16), dtype=np.uint16)
    try:
        # Frames without a star are refused, but only after every option was looked at.
        _core.stack(
            items([nothing, nothing]),
            method=options.method,
            share=options.share,
            sigma=options.sigma,
            bayer=options.bayer,
            threads=threads or 1,
            memory=memory,
        )
    except StackError:
        pass


def _grouped(frames: list[RemoteFile]) -> tuple[Grouping[RemoteFile], dict[str, str]]:
    """The chunks of two frames or more, and why other frames are in none."""

    def beginning(frame: RemoteFile) -> bytes | str:
        try:
            return head(frame)
        except Exception as error:  # What is raised is up to the filesystem; one frame must not end a night.
            return f"cannot be read: {type(error).__name__}: {error}"

    heads = list(zip(frames, many(beginning, frames)))
    left_out = {frame.url: why for frame, why in heads if isinstance(why, str)}
    headed = [(frame, content) for frame, content in heads if isinstance(content, bytes)]
    grouping = grouped([frame for frame, _ in headed], [(frame.name, content) for frame, content in headed])
    left_out.update((frame.url, why) for frame, why in grouping.left_out.items())
    alone = [chunk for chunk in grouping.chunks if len(chunk.frames) < 2]
    left_out.update((chunk.frames[0].url, "is alone in its chunk: a stack needs two frames") for chunk in alone)
    return Grouping([chunk for chunk in grouping.chunks if len(chunk.frames) > 1], grouping.left_out), left_out


@contextmanager
def _connected(client: Client | str | None) -> Iterator[Client]:
    """The client to use; what is opened for it is closed again."""
    if client is None:
        try:
            client = Client.current()
        except ValueError:
            # The port that dashboards have may be taken.
            with LocalCluster(dashboard_address="127.0.0.1:0") as cluster, Client(cluster) as made:
                yield made
                # One that was killed last, and is being started again, cannot be closed before it has started.
                with suppress(TimeoutError):
                    made.wait_for_workers(len(cluster.workers), timeout=30)
            return
    if isinstance(client, str):
        with Client(client) as made:
            yield made
        return
    if client.asynchronous:
        raise TypeError("an asynchronous client: make one without asynchronous=True")
    yield client


def _answers(client: Client, tasks: list[Task], retries: int) -> Generator[tuple[Task, Answer]]:
    """What became of the tasks, in the order in which they end."""
    call = secrets.token_hex(4)

    def submit(task: Task, attempt: int) -> Future[Answer]:
        return client.submit(make, task, key=f"crowdsky-{task.name}-{call}-{attempt}", retries=retries, pure=False)

    client.wait_for_workers(1)
    left, deadly = iter(tasks), []
    waiting: dict[Future[Answer], Task] = {}
    ending = as_completed()
    try:
        while True:
            for task in islice(left, max(0, _room(client, tasks) - len(waiting))):
                future = submit(task, 1)
                waiting[future] = task
                ending.add(future)
            if not waiting:
                break
            future = next(ending)
            task = waiting[future]
            answer = _answer(future)
            if isinstance(answer, KilledWorker):
                deadly.append(task)
            else:
                yield task, answer
            del waiting[future]
        # Dask blames a worker's death on all that waited there: one after the other, only the guilty one fails.
        for task in deadly:
            future = submit(task, 2)
            waiting[future] = task
            answer = _answer(future)
            yield task, _failed(answer) if isinstance(answer, KilledWorker) else answer
            del waiting[future]
    finally:
        # None are left unless Ctrl-C, or an error of the caller's progress function, ends it before its time.
        if waiting:
            client.cancel(list(waiting))


def _room(client: Client, tasks: list[Task]) -> int:
    """How many tasks the workers may have: for each stack that is being made, one whose frames are fetched meanwhile.

    With more, a worker of many threads would hold chunks that wait for their turn, which others could begin.
    """
    workers: dict[str, int] = client.nthreads()
    return 2 * max(1, len(workers) if tasks[0].threads is None else sum(workers.values()))


def _answer(future: Future[Answer]) -> Answer | KilledWorker:
    try:
        return future.result()
    except KilledWorker as killed:
        return killed
    except Exception as error:
        return _failed(error)


def _failed(error: Exception) -> Answer:
    return Answer(None, None, f"{type(error).__name__}: {error}")

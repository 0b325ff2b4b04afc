"""Which chunks are to be made, and under which names."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import Any

from ._core import __version__
from ._groups import Chunk
from ._night import StackedChunk
from ._remote import Folder, RemoteFile, many
from ._task import Options, Task, sidecar_of

_COUNT = re.compile(r"^CrowdSky_\d+_")


@dataclass(frozen=True)
class Planned:
    """A chunk, and what an earlier call has left of it."""

    task: Task
    sidecar: dict[str, Any] | None
    """What was written beside the stack, if that stack is the one that is wanted."""
    in_the_way: bool
    """Whether a file of its name is there that no call of ours has made."""
    older: list[str]
    """As `StackedChunk.older`."""

    def chunk(self, **became: Any) -> StackedChunk:
        """What became of it."""
        task = self.task
        frames = [frame.url for frame in task.frames]
        return StackedChunk(task.key, task.name, task.folder.url(task.name), frames=frames, older=self.older, **became)


def planned(
    chunks: list[Chunk[RemoteFile]], folder: Folder, options: Options, threads: int | None, memory: int | None
) -> list[Planned]:
    """The chunks with what `folder` has of them; of what is there, only the sidecars of their names are read."""
    present = folder.sizes()
    wanted = {name for chunk in chunks for name in _names(chunk)} & set(present)
    sidecars = {name: sidecar_of(name) for name in wanted if sidecar_of(name) in present}
    read = dict(zip(sidecars, many(folder.read_json, sidecars.values())))
    known = {name: content for name, content in read.items() if isinstance(content, dict)}
    made: list[Planned] = []
    taken: set[str] = set()
    for chunk in chunks:
        name = next(n for n in _names(chunk) if n not in taken and _is_of(known.get(n), chunk))
        taken.add(name)
        leftovers = [part for part in present if part.startswith((f".{name}.", f".{sidecar_of(name)}.")) and part.endswith(".part")]
        task = Task(str(chunk.key), name, _identity(chunk), chunk.frames, folder, options, threads, memory, __version__, leftovers)
        found = known.get(name)
        right = found is not None and found.get("fingerprint") == task.fingerprint and present[name] in (None, found.get("size"))
        # What damage has made unreadable, or a killed task has left, is of ours all the same.
        ours = sidecar_of(name) in present or bool(leftovers)
        made.append(Planned(task, found if right else None, name in present and not ours, []))
    for plan in made:
        like = _COUNT.sub("", plan.task.name)
        plan.older.extend(folder.url(name) for name in sorted(set(present) - taken) if _COUNT.sub("", name) == like)
    return made


def _identity(chunk: Chunk[RemoteFile]) -> str:
    """What two chunks of one name differ in."""
    text = f"{chunk.key}|{chunk.telescope}|{chunk.gain}"
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def _names(chunk: Chunk[RemoteFile]) -> tuple[str, str, str]:
    """Names for its stack, the first that is free to be taken: that which CrowdSky gives, and ones that no other chunk has."""
    name = chunk.name or f"CrowdSky_{len(chunk.frames)}_{chunk.key}.fit"
    stem = name.removesuffix(".fit")
    # The identity leaves nothing but the target, which the name has, and the first frame.
    first = hashlib.sha256(chunk.frames[0].name.encode()).hexdigest()[:8]
    return name, f"{stem}_{_identity(chunk)}.fit", f"{stem}_{_identity(chunk)}_{first}.fit"


def _is_of(sidecar: dict[str, Any] | None, chunk: Chunk[RemoteFile]) -> bool:
    """Whether a name is the chunk's to take: nobody's yet, or its own since an earlier call."""
    return sidecar is None or sidecar.get("identity") == _identity(chunk)

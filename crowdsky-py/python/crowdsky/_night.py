"""What became of the chunks of a night."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from html import escape
from typing import Any, Literal, TypeAlias

State: TypeAlias = Literal["made", "there", "failed"]
"""`made` in this call, `there` from an earlier one, or `failed`."""


@dataclass(frozen=True)
class StackedChunk:
    """One chunk of a night, and what became of it."""

    key: str
    """Its time and pointing, as `str` of a `ChunkKey`."""
    name: str
    """The file name of its stack."""
    url: str
    """Where that is."""
    state: State
    """What became of it."""
    frames: list[str]
    """Its frames in order of time."""
    seconds: float | None = None
    """What the stack took, from the first frame fetched to the last byte written; None if it failed."""
    report: dict[str, Any] | None = field(default=None, repr=False)
    """What became of every frame, as `Stack.report`; of a failed chunk where that is known."""
    error: str | None = None
    """Why it failed."""
    older: list[str] = field(default_factory=list)
    """Stacks beside it that differ from it in the number of frames alone: probably of this chunk when it had fewer."""


@dataclass(frozen=True)
class Night:
    """The chunks of a call of `stack_chunks` in order of time, and why the other frames are in none.

    Failed ones are made by calling `stack_chunks` again with the same arguments: what is there is not made twice.
    """

    chunks: list[StackedChunk]
    left_out: dict[str, str]
    """Why frames are in no stack, by their path or URL."""

    def __iter__(self) -> Iterator[StackedChunk]:
        return iter(self.chunks)

    def __len__(self) -> int:
        return len(self.chunks)

    @property
    def made(self) -> list[StackedChunk]:
        """Those that this call made."""
        return self._in("made")

    @property
    def there(self) -> list[StackedChunk]:
        """Those that an earlier call had made."""
        return self._in("there")

    @property
    def failed(self) -> list[StackedChunk]:
        """Those without a stack; `error` tells why."""
        return self._in("failed")

    def _in(self, state: State) -> list[StackedChunk]:
        return [chunk for chunk in self.chunks if chunk.state == state]

    def _summary(self) -> str:
        counts = f"{len(self.made)} made, {len(self.there)} there, {len(self.failed)} failed"
        return f"{len(self.chunks)} chunks: {counts}; {len(self.left_out)} frames left out"

    def __repr__(self) -> str:
        failed = "".join(f"\n  {chunk.name}: {chunk.error}" for chunk in self.failed)
        return f"<Night of {self._summary()}{failed}>"

    def _repr_html_(self) -> str:
        def row(chunk: StackedChunk) -> str:
            seconds = "" if chunk.seconds is None else f"{chunk.seconds:.1f} s"
            cells = [chunk.name, chunk.state, str(len(chunk.frames)), seconds, chunk.error or ""]
            return "<tr>" + "".join(f"<td style='text-align:left'>{escape(cell)}</td>" for cell in cells) + "</tr>"

        heads = "".join(f"<th style='text-align:left'>{head}</th>" for head in ["stack", "state", "frames", "took", "error"])
        out = "".join(
            f"<tr><td style='text-align:left'>{escape(frame)}</td><td style='text-align:left'>{escape(why)}</td></tr>"
            for frame, why in self.left_out.items()
        )
        left_out = f"<details><summary>{len(self.left_out)} frames left out</summary><table>{out}</table></details>" if out else ""
        return f"<p>{escape(self._summary())}</p><table><tr>{heads}</tr>{''.join(map(row, self.chunks))}</table>{left_out}"

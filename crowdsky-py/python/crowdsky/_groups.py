"""Which frames are stacked together."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar, overload

import numpy as np
import numpy.typing as npt

from . import _core
from ._core import ChunkKey
from ._frames import check_there, found

T = TypeVar("T")


@dataclass(frozen=True)
class Chunk(Generic[T]):
    """Frames of one target, telescope, filter, exposure and gain within 15 minutes, which make one stack."""

    key: ChunkKey
    """Time and pointing, rounded to 0.1 degrees, of the first frame."""
    healpix_key: ChunkKey | None
    """Time and HEALPix tile of the first frame; None without a pointing."""
    frames: list[T]
    """The frames in order of time."""
    name: str | None
    """The file name that CrowdSky gives their stack; None if a header lacks the exposure time."""
    object: str | None
    """Target, as the header has it."""
    telescope: str | None
    """Which telescope."""
    filter: str | None
    """IRCUT, LP, ..."""
    exptime: float | None
    """Exposure of one frame, s."""
    gain: float | None
    """Gain of the camera."""


@dataclass(frozen=True)
class Grouping(Generic[T]):
    """Chunks in order of time, and why the rest belongs to none."""

    chunks: list[Chunk[T]]
    left_out: dict[T, str]


def group_frames(paths: str | os.PathLike[str] | Iterable[str | os.PathLike[str]], *, threads: int = 0) -> Grouping[Path]:
    """Sorts raw frames (files, and folders of them) into 15-minute chunks by their headers; pixels are not read.

    Frames that drift over the edge of a rounded key stay together: the pointings of a chunk form a chain with links of at most 0.25
    degrees. Raises ValueError if there are no frames, FileNotFoundError if none of the files is there.
    """
    paths = [paths] if isinstance(paths, (str, os.PathLike)) else list(paths)
    if threads < 0:
        raise ValueError(f"threads={threads}: 0 for one per core, or a number of them")
    files = found(paths, set())
    check_there(files, len(files))
    return grouped(files, list(files), threads=threads)


def grouped(named: list[T], headed: list[Path] | list[tuple[str, bytes]], *, threads: int = 0) -> Grouping[T]:
    """`named` by what the files, or the beginnings of files, `headed` say."""
    chunks, left_out = _core.group_frames(headed, threads)
    made = [Chunk(frames=[named[i] for i in chunk.pop("members")], **chunk) for chunk in chunks]
    return Grouping(made, {named[i]: why for i, why in left_out})


@overload
def healpix(ra: float, dec: float, nside: int = 128) -> int: ...
@overload
def healpix(ra: npt.ArrayLike, dec: npt.ArrayLike, nside: int = 128) -> npt.NDArray[np.int64] | int: ...
def healpix(ra: npt.ArrayLike, dec: npt.ArrayLike, nside: int = 128) -> npt.NDArray[np.int64] | int:
    """The HEALPix pixel (RING scheme) at `ra` and `dec` in degrees: an int, or an array for arrays.

    The formula is that of Gorski et al. (2005, ApJ 622, 759). Raises ValueError for a place that does not exist.

    >>> import crowdsky
    >>> crowdsky.healpix(193.05, 40.97)
    33810
    """
    if not 1 <= nside < 1 << 31:
        raise ValueError(f"nside {nside}: 1 to 8192 are known here")
    right, up = np.broadcast_arrays(np.asarray(ra, float), np.asarray(dec, float))
    pixels = _core.healpix(right.ravel(), up.ravel(), nside).reshape(right.shape)
    return int(pixels[()]) if pixels.ndim == 0 else pixels

"""Frames as people have them: paths, folders, arrays, FITS units."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Protocol, TypeAlias, Union, runtime_checkable

import numpy as np
import numpy.typing as npt

from . import _core


@runtime_checkable
class HDULike(Protocol):
    """Anything with a header and data, such as the units of `astropy.io.fits`."""

    @property
    def header(self) -> Any:
        """The header; `str(header)` or `header.tostring()` is its FITS text."""

    @property
    def data(self) -> Any:
        """The counts, (rows, columns)."""


Frame: TypeAlias = Union["str | os.PathLike[str]", npt.NDArray[Any], HDULike]
"""One raw frame: a file (or a folder of them), an array of (rows, columns), or a unit with header and data."""

Frames: TypeAlias = Union[Frame, Iterable[Frame]]
"""One or more of them; an array of (frames, rows, columns) is so many frames."""

_Array: TypeAlias = tuple[str, "str | None", npt.NDArray[np.uint16]]
Item: TypeAlias = Union[Path, _Array]


def items(frames: Frames) -> list[Item]:
    """Frames as `_core` takes them; folders become the frames in them.

    Raises ValueError for arrays that are no raw frames and if nothing is left, TypeError for what is no frame at all,
    FileNotFoundError if none of the files is there.
    """
    if isinstance(frames, (str, os.PathLike)):
        frames = [frames]
    if isinstance(frames, HDULike) or (isinstance(frames, np.ndarray) and frames.ndim == 2):
        frames = [frames]
    made: list[Item] = []
    seen: set[str] = set()
    frames = list(frames)
    # Frames without a time are stacked in the order of their names.
    digits = len(str(len(frames)))
    for number, frame in enumerate(frames, 1):
        if isinstance(frame, (str, os.PathLike)):
            made.extend(found([frame], seen))
        else:
            made.append(_array(frame, f"frame {number:0{digits}}"))
    if not made:
        raise ValueError("no frames given: name files or folders that hold *.fit, *.fits or *.fit.gz, or hand over arrays")
    check_there([item for item in made if isinstance(item, Path)], len(made))
    return made


def found(paths: Iterable[str | os.PathLike[str]], seen: set[str]) -> list[Path]:
    """Files, and the frames in folders, that are not in `seen`: one file given twice, by two names or beside its folder, is one."""
    if any(os.fspath(path) == "" for path in paths):
        raise ValueError("an empty path names no frame")
    made = []
    for path in _core.find_frames([Path(path) for path in paths]):
        name = os.path.abspath(path)
        if name not in seen:
            seen.add(name)
            made.append(path)
    return made


def name_of(path: str | os.PathLike[str]) -> str:
    """What a file is called in reports: bytes that are no UTF-8 are replaced there."""
    return os.fsencode(Path(path)).decode(errors="replace")


def check_there(paths: list[Path], frames: int) -> None:
    """Raises FileNotFoundError if all `frames` are files that do not exist; one that is missing among others is a frame left out."""
    if len(paths) == frames and not any(path.exists() for path in paths):
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(paths[0]))


def _array(frame: Any, name: str) -> _Array:
    if isinstance(frame, HDULike):
        values = counts(frame.data, name, getattr(frame, "mask", None))
        return (name, header_text(frame.header), values)
    if isinstance(frame, np.ndarray):
        return (name, None, counts(frame, name))
    raise TypeError(f"{name} is a {type(frame).__name__}: a path, an array of (rows, columns) or a FITS unit is needed")


def header_text(header: Any) -> str:
    """The FITS text of a header of astropy, or of ours."""
    if hasattr(header, "tostring"):
        return str(header.tostring())
    text = getattr(header, "text", None)
    if text is None:
        raise TypeError(f"a header of type {type(header).__name__}: one of astropy or crowdsky.Header is needed")
    return str(text) + "END".ljust(80)


def counts(data: Any, name: str, mask: Any = None) -> npt.NDArray[np.uint16]:
    """Counts as uint16 of (rows, columns), without a copy if they are that. A mask, of their own or beside them, is refused."""
    if np.ma.is_masked(data) or np.any(mask):
        raise ValueError(f"{name} has a mask, which a raw frame cannot have: fill it, or leave the frame out")
    array = np.asarray(data)
    if array.dtype.kind not in "iuf":
        raise ValueError(f"{name} has values of type {array.dtype}: raw counts of 16 bits are needed")
    if array.ndim != 2:
        raise ValueError(f"{name} has the shape {array.shape}: a raw frame is (rows, columns), before debayering")
    if array.dtype == np.uint16 and array.dtype.isnative:
        # Strides that are no whole numbers of counts, as of a field of a structured array, cannot be walked along.
        return np.require(array, requirements="A")
    if array.size and not (np.isfinite(array).all() and array.min() >= 0 and array.max() <= 65535):
        raise ValueError(f"{name} has values outside 0 to 65535: raw counts of 16 bits are needed")
    whole = array.astype(np.uint16)
    if not np.array_equal(whole, array):
        raise ValueError(f"{name} has fractions: raw counts, whole numbers, are needed (np.rint(...) if they were calibrated)")
    return whole

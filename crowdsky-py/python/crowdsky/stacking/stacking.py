"""Frames into a stack, step by step or at once.

    collection = FrameCollection.from_directory("MyWorks/M 94_sub")
    rgb = collection.process()
    collection.save("m94.fits")
"""

from __future__ import annotations

import errno
import os
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, overload

import numpy as np
import numpy.typing as npt

from .. import _core
from .._frames import name_of
from .._stack import Stack, structured
from ._raw_frame import RawFrame
from .._transform import SimilarityTransform

__all__ = ["FrameCollection", "RawFrame", "simple_normalize"]

# A "mean" is what explains the samples best; "median" is the median of resampled frames.
_METHODS = {"mean": "auto", "median": "median"}
# Their clip measures the spread with the outliers in it, ours without: their default of 3 becomes ours of 4.
_OUR_SIGMA = 4 / 3
# Thresholds that there are; at the highest nothing is rejected.
_LOWEST, _HIGHEST = 1.5, 100.0
_STEPS = ("detect_all_sources", "align_frames", "apply_transforms", "stack", "detect_stars_in_stack")


class FrameCollection:
    """Frames to be stacked.

    `stacked_rgb` is float32 of (rows, columns, 3) in ADU of one exposure, `stacked_footprint` int64 of (rows, columns), the frames
    that cover a pixel; `result` is the `crowdsky.Stack` with all that the drop-in has no name for.
    """

    def __init__(self, filepaths: Sequence[str | os.PathLike[str]], lazy_load: bool = True):
        self.frames = [RawFrame(path, lazy_load=lazy_load) for path in filepaths]
        self.target_index = len(self.frames) // 2
        self.stacked_rgb: npt.NDArray[np.float32] | None = None
        self.stacked_footprint: npt.NDArray[np.int64] | None = None
        self.stacked_header: Any = None
        self.result: Stack | None = None
        self._stars: Any = None
        self._target: RawFrame | None = None
        """The frame whose grid the others were aligned to: it stays that if frames are taken out of the list."""
        self._method = "mean"

    def __getstate__(self) -> dict[str, Any]:
        # A `Stack` stays in its process; arrays, stars and header go along.
        return {**self.__dict__, "result": None}

    @property
    def _stars_table(self) -> Any:
        """The stars as the last search found them: a Table of astropy, made when it is asked for, or without astropy as they are."""
        if isinstance(self._stars, np.ndarray):
            try:
                from astropy.table import Table
            except ImportError:
                return self._stars
            self._stars = Table(self._stars)
        return self._stars

    @_stars_table.setter
    def _stars_table(self, stars: Any) -> None:
        self._stars = stars

    @classmethod
    def from_directory(
        cls, directory: str | os.PathLike[str], pattern: str = "*.fit", lazy_load: bool = True
    ) -> FrameCollection:
        """All files of a folder whose names match `pattern`, in order of name. Raises ValueError if there are none."""
        paths = sorted(Path(directory).glob(pattern))
        if not paths:
            raise ValueError(f"{directory} holds no files {pattern}")
        return cls(paths, lazy_load=lazy_load)

    def detect_all_sources(self, binning: int = 2, parallel: bool = False, n_workers: int | None = None) -> None:
        """Finds the stars of all frames, `n_workers` at a time (one for each core unless told). A frame that cannot be read has none,
        with a warning."""
        items = [frame._item() for frame in self.frames]
        found = _core.detect_stars(items, bayer=self._bayer(), threads=_threads(n_workers))
        for frame, (shown, why) in zip(self.frames, found):
            if shown is None:
                warnings.warn(f"{frame.filepath.name} shows no stars: {why}", stacklevel=2)
                frame._sources = np.empty((0, 2))
            else:
                frame._shown(shown, why)

    def _bayer(self) -> str | None:
        """The pattern for all, where the first header that can be read tells none."""
        for frame in self.frames:
            try:
                return frame._bayer()
            except OSError:
                # It will be left out, with the reason.
                continue
        return None

    def align_frames(self, target_index: int | None = None) -> None:
        """Finds the place of all frames on the grid of one of them, the middle one unless told."""
        if target_index is not None:
            _ = self.frames[target_index]
            self.target_index = target_index
        self._target = self.frames[self.target_index]
        if any(frame._sources is None for frame in self.frames):
            self.detect_all_sources()
        target = self._target.sources
        for frame in self.frames:
            frame.find_transform(np.empty((0, 2)) if target is None else target)

    def apply_transforms(self, n_workers: int | None = None) -> None:
        """Takes the places that were found for true. Nothing is computed: `aligned_rgb_image` is when it is asked for."""
        for frame in self.frames:
            frame._applied = frame.transforms is not None

    def stack(
        self, method: str = "mean", sigma_clip: float | None = 3.0, parallel_channels: bool = True
    ) -> npt.NDArray[np.float32]:
        """Combines the frames that are aligned: float32 of (rows, columns, 3).

        All transforms are solved anew, together; a frame that fits the others badly is left out, with a warning, and is no longer
        aligned. Raises ValueError for an unknown method, RuntimeError if no frame is aligned, StackError if too few are usable.
        """
        return self._stack([frame for frame in self.frames if frame.is_aligned], method, sigma_clip, 0)

    def _stack(
        self, frames: list[RawFrame], method: str, sigma_clip: float | None, threads: int
    ) -> npt.NDArray[np.float32]:
        if method not in _METHODS:
            raise ValueError("method must be 'mean' or 'median'")
        if not frames:
            raise RuntimeError("No successfully aligned frames to stack")
        self._method = method
        made = Stack(
            _core.stack(
                [frame._item() for frame in frames],
                method=_METHODS[method],
                sigma=_HIGHEST if sigma_clip is None else min(max(_OUR_SIGMA * sigma_clip, _LOWEST), _HIGHEST),
                reference=name_of(self._target.filepath) if self._target is not None and self._target in frames else None,
                # A target that is of no use is left out, and the nearest frame that is takes its place.
                prefer=True,
                # Whoever names the files means them.
                allow_mixed=True,
                threads=threads,
                bayer=self._bayer(),
            )
        )
        self._take_over(made, frames)
        self.result = made
        self.stacked_rgb = made.rgb
        self.stacked_footprint = made.coverage.astype(np.int64)
        self.stacked_header = None
        self._stars = None
        return self.stacked_rgb

    def _take_over(self, made: Stack, frames: list[RawFrame]) -> None:
        """What the stack knows of its frames."""
        for frame, fate in zip(frames, made.report["frames"]):
            if fate["reference"]:
                self._target, self.target_index = frame, self.frames.index(frame)
            frame._shape = made.shape
            frame._applied = fate["accepted"]
            frame.transforms = SimilarityTransform(fate["transform"]) if fate["accepted"] else None
            if not fate["accepted"]:
                warnings.warn(f"{frame.filepath.name} is left out of the stack: {fate['detail']}", stacklevel=4)

    def detect_stars_in_stack(self, threshold_sigma: float = 5.0) -> Any:
        """The stars of `stacked_rgb`, `threshold_sigma` above its noise: an astropy Table (without astropy a structured array) with
        the columns of `sep.extract`, then ours, in order of ascending flux. Raises RuntimeError before `stack()`."""
        if self.stacked_rgb is None or self.stacked_footprint is None:
            raise RuntimeError("Must run stack() before detecting stars")
        coverage = self.stacked_footprint.astype(np.uint16)
        if coverage.shape != self.stacked_rgb.shape[:2]:
            # Someone has cut the picture.
            coverage = np.full(self.stacked_rgb.shape[:2], coverage.max(initial=1), np.uint16)
        columns = _core.stars_of_picture(np.ascontiguousarray(self.stacked_rgb, np.float32), coverage, threshold_sigma)
        self._stars = structured(columns)
        return self._stars_table

    def create_stacked_header(self) -> Any:
        """The stack's header, an `astropy.io.fits.Header`: total exposure, times, what the frames have in common, what became of each.

        Raises RuntimeError if no frame is aligned, ImportError without astropy.
        """
        from . import fits_header_utils

        data = {
            str(frame.filepath): {"hdu": SimpleNamespace(header=frame._header()), "transforms": frame.transforms}
            for frame in self.frames
            if frame.is_aligned
        }
        if not data:
            raise RuntimeError("No successfully aligned frames: there is nothing that a header could tell of")
        header = fits_header_utils.create_stacked_header(data, list(data))
        if self.result is not None:
            header.extend(self.result.header.to_astropy(), unique=True)
        header["STACKMET"] = self._method
        self.stacked_header = header
        return header

    def save(self, filepath: str | os.PathLike[str], overwrite: bool = True) -> None:
        """Writes the stack: an empty primary unit with the header, images RED, GREEN, BLUE and FOOTPRINT, and the table STAR-TAB if
        the stars have been detected. The file appears whole, or not at all.

        Raises RuntimeError before `stack()`, FileExistsError unless `overwrite`, OSError, ImportError without astropy.
        """
        from . import fits_header_utils

        if self.stacked_rgb is None:
            raise RuntimeError("Must run stack() before saving")
        header = self.create_stacked_header() if self.stacked_header is None else self.stacked_header
        units = fits_header_utils.make_stacked_rgb_fits(header, self.stacked_rgb, self.stacked_footprint, self._stars)
        path = Path(filepath)
        if path.exists() and not overwrite:
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path))
        # By the end of the name astropy knows whether to pack it.
        part = path.with_name(f".{os.getpid()}.part-{path.name}")
        try:
            units.writeto(part, overwrite=True)
            os.replace(part, path)
        finally:
            part.unlink(missing_ok=True)

    def process(
        self,
        binning: int = 2,
        method: str = "mean",
        sigma_clip: float | None = 3.0,
        detect_stars: bool = True,
        n_workers: int | None = None,
        parallel_channels: bool = True,
    ) -> npt.NDArray[np.float32]:
        """All steps at once, each frame read and measured once: float32 of (rows, columns, 3). In a class of one's own that has steps
        of its own, step by step."""
        if any(getattr(type(self), step) is not getattr(FrameCollection, step) for step in _STEPS):
            self.detect_all_sources(binning=binning, n_workers=n_workers)
            self.align_frames()
            self.apply_transforms(n_workers=n_workers)
            stacked = self.stack(method=method, sigma_clip=sigma_clip, parallel_channels=parallel_channels)
            if detect_stars:
                self.detect_stars_in_stack()
            return stacked
        self._target = self.frames[self.target_index] if self.frames else None
        for frame in self.frames:
            frame._sources = frame._star_coords = None
            frame._process_target = None
        stacked = self._stack(self.frames, method, sigma_clip, _threads(n_workers))
        for frame in self.frames:
            frame._process_target = self.frames[self.target_index]
        if detect_stars and self.result is not None:
            # The stack has found them already, at the same 5 sigma.
            self._stars = self.result.stars
        return stacked

    @property
    def n_frames(self) -> int:
        """How many frames there are."""
        return len(self.frames)

    @property
    def n_aligned(self) -> int:
        """How many of them are aligned; after `stack()`, how many are in it."""
        return sum(frame.is_aligned for frame in self.frames)

    def __len__(self) -> int:
        return len(self.frames)

    @overload
    def __getitem__(self, index: int) -> RawFrame: ...
    @overload
    def __getitem__(self, index: slice) -> list[RawFrame]: ...
    def __getitem__(self, index: int | slice) -> RawFrame | list[RawFrame]:
        return self.frames[index]

    def __iter__(self) -> Iterator[RawFrame]:
        return iter(self.frames)

    def __repr__(self) -> str:
        return f"FrameCollection({self.n_frames} frames, {self.n_aligned} aligned)"


def _threads(n_workers: int | None) -> int:
    if n_workers is not None and n_workers < 0:
        raise ValueError(f"n_workers={n_workers}: at least 1, or None for one per core")
    return n_workers or 0


def simple_normalize(rgb: npt.NDArray[Any], percentiles: tuple[float, float] = (1, 99)) -> npt.NDArray[np.float32]:
    """(rows, columns, 3) stretched linearly between two percentiles, to 0 to 1; NaN stays NaN."""
    low, high = np.nanpercentile(rgb, percentiles, axis=(0, 1))
    # A band of one value only is black: 0, not 0 / 0.
    stretched: npt.NDArray[np.float32] = np.clip((rgb - low) / np.maximum(high - low, 1e-30), 0, 1).astype(np.float32)
    return stretched

"""Frames into a stack, step by step or at once.

    collection = FrameCollection.from_directory("MyWorks/M 94_sub")
    rgb = collection.process()
    collection.save("m94.fits")
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from os import PathLike
from pathlib import Path

import numpy as np
from astropy.io import fits
from astropy.table import Table

from .. import _core
from . import fits_header_utils
from .transform import SimilarityTransform

_METHODS = ("mean", "median", "lsq", "auto")


class RawFrame:
    """A raw frame of a Seestar.

    `aligned_rgb_image` (rows, columns, 3) and `footprint` (rows, columns; True where the frame has *no* data, as astroalign has it)
    are computed when they are asked for, and not kept.
    """

    def __init__(self, filepath: str | PathLike[str], lazy_load: bool = False):
        self.filepath = Path(filepath)
        self.sources: np.ndarray | None = None
        self.transforms: SimilarityTransform | None = None
        self.star_coords: tuple[np.ndarray, np.ndarray] | None = None
        self._hdu: fits.ImageHDU | None = None
        self._frame: _core.Frame | None = None
        self._shape: tuple[int, int] | None = None
        if not lazy_load:
            _ = self._loaded

    @property
    def _loaded(self) -> _core.Frame:
        """The pixels, where Rust sees them."""
        if self._frame is None:
            self._frame = _core.Frame(self.filepath)
        return self._frame

    @property
    def hdu(self) -> fits.ImageHDU:
        """Header and data, from the file's first image."""
        if self._hdu is None:
            with fits.open(self.filepath) as units:
                self._hdu = fits.ImageHDU(header=units[0].header, data=units[0].data)
        return self._hdu

    def detect_sources(self, binning: int = 2) -> np.ndarray:
        """Positions of the stars, brightest first, (stars, 2): x and y in pixels. `binning` is of no use here: stars are measured on the
        photosites themselves."""
        self.sources = self._loaded.stars()
        return self.sources

    def find_transform(self, target: RawFrame) -> bool:
        """Looks for the same stars in `target`, a frame whose sources have been detected; whether there are enough of them."""
        found = self._loaded.match_to(target._loaded)
        if found is None:
            warnings.warn(f"{self.filepath.name} does not show the stars of the target", stacklevel=2)
            self.transforms = self.star_coords = None
            return False
        matrix, pairs = found
        self.transforms = SimilarityTransform(matrix)
        ours, theirs = self._loaded.stars(), target._loaded.stars()
        self.star_coords = (ours[[i for i, _ in pairs]], theirs[[j for _, j in pairs]])
        self._shape = target._loaded.shape
        return True

    def apply_transform(self, target_data: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The frame in full colour on the grid of `target_data`, and where it has no data there."""
        self._shape = target_data.shape[:2]
        image, footprint = self.aligned_rgb_image, self.footprint
        if image is None or footprint is None:
            raise RuntimeError(f"{self.filepath.name} has no transform: call find_transform() first")
        return image, footprint

    def _aligned(self) -> tuple[np.ndarray, np.ndarray] | None:
        if self.transforms is None:
            return None
        return self._loaded.aligned(self.transforms.params[:2].tolist(), self._shape or self._loaded.shape)

    @property
    def aligned_rgb_image(self) -> np.ndarray | None:
        """In full colour on the target's grid; None while there is no transform."""
        made = self._aligned()
        return None if made is None else made[0]

    @property
    def footprint(self) -> np.ndarray | None:
        """True where the frame has no data on the target's grid."""
        made = self._aligned()
        return None if made is None else ~made[1]

    @property
    def is_aligned(self) -> bool:
        """Whether its place is known. A frame without is never stacked."""
        return self.transforms is not None


class FrameCollection:
    """Frames to be stacked."""

    def __init__(self, filepaths: Sequence[str | PathLike[str]], lazy_load: bool = True):
        self.frames = [RawFrame(path, lazy_load=lazy_load) for path in filepaths]
        self.target_index = len(self.frames) // 2
        self.stacked_rgb: np.ndarray | None = None
        self.stacked_footprint: np.ndarray | None = None
        self.stacked_header: fits.Header | None = None
        self.result: _core.Stack | None = None
        self._stars_table: Table | None = None

    @classmethod
    def from_directory(
        cls, directory: str | PathLike[str], pattern: str = "*.fit", lazy_load: bool = True
    ) -> FrameCollection:
        """All files of a folder whose names match `pattern`, in order of name."""
        paths = sorted(Path(directory).glob(pattern))
        if not paths:
            raise ValueError(f"{directory} holds no files {pattern}")
        return cls(paths, lazy_load=lazy_load)

    def detect_all_sources(self, binning: int = 2, parallel: bool = False, n_workers: int | None = None) -> None:
        """Detects the stars of all frames."""
        for frame in self.frames:
            frame.detect_sources(binning=binning)

    def align_frames(self, target_index: int | None = None) -> None:
        """Finds the place of all frames on the grid of one of them, the middle one unless told."""
        if target_index is not None:
            self.target_index = target_index
        target = self.frames[self.target_index]
        for frame in self.frames:
            frame.find_transform(target)

    def apply_transforms(self, n_workers: int | None = None) -> None:
        """Nothing is to be done: `aligned_rgb_image` is computed when it is asked for."""

    def stack(
        self, method: str = "mean", sigma_clip: float | None = 3.0, parallel_channels: bool = True
    ) -> np.ndarray:
        """Combines the frames that are aligned: float32 of (rows, columns, 3)."""
        if method not in _METHODS:
            raise ValueError(f"method {method!r}: one of {', '.join(_METHODS)}")
        aligned = [str(frame.filepath) for frame in self.frames if frame.is_aligned]
        if not aligned:
            raise RuntimeError("no frame is aligned: there is nothing to stack")
        reference = str(self.frames[self.target_index].filepath)
        self.result = _core.stack(aligned, method=method, sigma=sigma_clip, reference=reference)
        self.stacked_rgb = self.result.rgb
        self.stacked_footprint = self.result.coverage.astype(np.int64)
        return self.stacked_rgb

    def process(
        self,
        binning: int = 2,
        method: str = "mean",
        sigma_clip: float | None = 3.0,
        detect_stars: bool = True,
        n_workers: int | None = None,
        parallel_channels: bool = True,
    ) -> np.ndarray:
        """All steps in turn."""
        self.detect_all_sources(binning=binning)
        self.align_frames()
        self.apply_transforms(n_workers=n_workers)
        stacked = self.stack(method=method, sigma_clip=sigma_clip, parallel_channels=parallel_channels)
        if detect_stars:
            self.detect_stars_in_stack()
        return stacked

    def create_stacked_header(self) -> fits.Header:
        """The stack's header: total exposure, times, and what the frames have in common."""
        frames = {str(f.filepath): {"hdu": f.hdu, "transforms": f.transforms} for f in self.frames}
        self.stacked_header = fits_header_utils.create_stacked_header(frames, list(frames))
        return self.stacked_header

    @property
    def n_frames(self) -> int:
        """How many frames there are."""
        return len(self.frames)

    @property
    def n_aligned(self) -> int:
        """How many of them are aligned."""
        return sum(frame.is_aligned for frame in self.frames)

    def __len__(self) -> int:
        return len(self.frames)

    def __getitem__(self, index: int) -> RawFrame:
        return self.frames[index]

    def __repr__(self) -> str:
        return f"FrameCollection({self.n_frames} frames, {self.n_aligned} aligned)"


def simple_normalize(rgb: np.ndarray, percentiles: tuple[float, float] = (1, 99)) -> np.ndarray:
    """Each band of (rows, columns, 3) stretched linearly between two percentiles, to 0 to 1."""
    low, high = np.nanpercentile(rgb, percentiles, axis=(0, 1))
    return np.clip((rgb - low) / (high - low), 0, 1).astype(np.float32)

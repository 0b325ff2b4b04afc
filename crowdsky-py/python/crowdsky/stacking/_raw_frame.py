"""One raw frame, step by step."""

from __future__ import annotations

import errno
import os
import warnings
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from .. import _core
from .._errors import FitsError
from .._frames import Item, counts, header_text, name_of
from .._header import read_header, read_image
from .._transform import SimilarityTransform

_Reals = npt.NDArray[np.float64]


class Hdu:
    """Header and data of a frame where astropy is not installed."""

    def __init__(self, header: Any, data: Any):
        self.header = header
        self.data = data


class RawFrame:
    """A raw frame of a Seestar.

    Pixels are read when they are needed and not kept; only who asks for `hdu` has them in memory, and may change them: from then on
    the frame is what `hdu` holds. `aligned_rgb_image` (rows, columns, 3) and `footprint` (rows, columns; True where the frame
    has *no* data, as astroalign has it) are computed each time they are asked for.

    Raises FileNotFoundError for a file that is not there and, unless `lazy_load`, FitsError or OSError for one that cannot be read.
    """

    def __init__(self, filepath: str | os.PathLike[str], lazy_load: bool = False):
        self.filepath = Path(filepath)
        if not self.filepath.is_file():
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(self.filepath))
        self.transforms: SimilarityTransform | None = None
        self._hdu: Any = None
        self._sources: _Reals | None = None
        self._star_coords: tuple[_Reals, _Reals] | None = None
        self._shape: tuple[int, int] | None = None
        """Of the grid that `transforms` leads to."""
        self._applied = False
        self._process_target: RawFrame | None = None
        """Set by `process()`: sources and pairs of stars are found when someone asks for them."""
        if not lazy_load:
            _ = self.hdu

    @property
    def hdu(self) -> Any:
        """Header and data (uint16), an `astropy.io.fits.ImageHDU` if astropy is installed."""
        if self._hdu is None:
            self._hdu = _read_hdu(self.filepath)
        return self._hdu

    @hdu.setter
    def hdu(self, hdu: Any) -> None:
        self._hdu = hdu

    @property
    def sources(self) -> _Reals | None:
        """Positions of the stars, brightest first, float64 of (stars, 2): x and y with pixel centres at whole numbers. None before they
        are detected."""
        if self._sources is None and self._process_target is not None:
            try:
                self.detect_sources()
            except FitsError:
                # It cannot be read, which `process()` has told.
                return None
        return self._sources

    @sources.setter
    def sources(self, sources: npt.ArrayLike | None) -> None:
        self._sources = None if sources is None else np.asarray(sources, float)

    @property
    def star_coords(self) -> tuple[_Reals, _Reals] | None:
        """Positions of the stars that both have, in this frame and in the target; None before the transform is found."""
        target = self._process_target
        if self._star_coords is None and self.transforms is not None and target is not None:
            sources, theirs = self.sources, target.sources
            if sources is not None and theirs is not None and len(sources) and len(theirs):
                distances = np.linalg.norm(self.transforms(sources)[:, None] - theirs[None], axis=2)
                nearest = distances.argmin(axis=1)
                # 3 px: as near as matching wants them.
                same = np.flatnonzero(distances.min(axis=1) < 3.0)
                self._star_coords = (sources[same], theirs[nearest[same]])
        return self._star_coords

    @star_coords.setter
    def star_coords(self, pairs: tuple[_Reals, _Reals] | None) -> None:
        self._star_coords = pairs

    def detect_sources(self, binning: int = 2) -> _Reals:
        """Finds the stars. `binning` is of no use here: stars are measured on the photosites themselves.

        Raises FitsError for a frame that cannot be read.
        """
        ((shown, why),) = _core.detect_stars([self._item()])
        return self._shown(shown, why)

    def _shown(self, shown: tuple[_Reals, float, tuple[int, int]] | None, why: str | None) -> _Reals:
        """Takes over what was found in this frame."""
        if shown is None:
            raise FitsError(f"{self.filepath}: {why}")
        self._sources, _, shape = shown
        self._shape = self._shape or shape
        return self._sources

    def find_transform(self, target_sources: npt.ArrayLike) -> bool:
        """Looks for the same stars among `target_sources`, (stars, 2), brightest first; whether the frames show the same field."""
        sources = self.detect_sources() if self._sources is None else self._sources
        theirs = _places(target_sources)
        if self._shape is None:
            # The stars came from elsewhere.
            header = self._header()
            self._shape = (header["NAXIS2"], header["NAXIS1"])
        found = _core.match_positions(_places(sources), theirs, self._shape)
        self._applied = False
        self._process_target = None
        if found is None:
            warnings.warn(f"Could not find transform for {self.filepath.name}: it does not show the target's stars", stacklevel=2)
            self.transforms = self._star_coords = None
            return False
        matrix, pairs = found
        self.transforms = SimilarityTransform(matrix)
        ours, others = np.array(pairs).T
        self._star_coords = (sources[ours], theirs[others])
        return True

    def apply_transform(self, target_data: npt.NDArray[Any]) -> tuple[_Reals, npt.NDArray[np.bool_]]:
        """The frame in full colour on the grid of `target_data`, and True where it has no data there. While it has no transform it
        stays where it is, and is not aligned.
        """
        rows, columns = target_data.shape[:2]
        self._shape = (rows, columns)
        self._applied = self.transforms is not None
        return self._aligned(self.transforms or SimilarityTransform(np.eye(3)))

    def _aligned(self, transform: SimilarityTransform) -> tuple[_Reals, npt.NDArray[np.bool_]]:
        assert self._shape is not None
        image, covered = _core.align(self._item(), transform.params[:2].tolist(), self._shape, bayer=self._bayer())
        return image.astype(np.float64), ~covered

    def _seen(self, which: Literal[0, 1]) -> Any:
        """The image, or the footprint: made anew each time, so that what is written into it would be lost. It cannot be written."""
        if not self._applied or self.transforms is None:
            return None
        made = self._aligned(self.transforms)[which]
        made.flags.writeable = False
        return made

    @property
    def aligned_rgb_image(self) -> _Reals | None:
        """In full colour on the target's grid, float64 of (rows, columns, 3), NaN where it has no data; None before
        `apply_transform`. None can be assigned, which takes the frame out of the stack."""
        image: _Reals | None = self._seen(0)
        return image

    @aligned_rgb_image.setter
    def aligned_rgb_image(self, image: None) -> None:
        if image is not None:
            raise AttributeError("frames are stacked from their raw counts: change hdu.data instead of aligned_rgb_image")
        self._applied = False

    @property
    def footprint(self) -> npt.NDArray[np.bool_] | None:
        """True where the frame has no data on the target's grid; None before `apply_transform`."""
        footprint: npt.NDArray[np.bool_] | None = self._seen(1)
        return footprint

    @footprint.setter
    def footprint(self, footprint: None) -> None:
        if footprint is not None:
            raise AttributeError("the footprint follows from the transform")

    @property
    def is_aligned(self) -> bool:
        """Whether its place is known and applied. A frame without is never stacked."""
        return self._applied and self.transforms is not None

    def _item(self) -> Item:
        """The frame as it is stacked: the file, or what became of its data."""
        if self._hdu is None:
            return self.filepath
        name = name_of(self.filepath)
        return (name, header_text(self._hdu.header), _counts(self._hdu.data, name))

    def _bayer(self) -> str | None:
        """The pattern where the header tells none: that of Seestars, as seestarpy takes it for all."""
        return None if "BAYERPAT" in self._header() else "GRBG"

    def _ensure_loaded(self) -> None:
        """Reads the pixels, if they have not been."""
        _ = self.hdu

    def _header(self) -> Any:
        """Its header, without reading pixels for it: astropy takes 3 ms for each."""
        return read_header(self.filepath) if self._hdu is None else self._hdu.header


def _read_hdu(path: Path) -> Any:
    try:
        from astropy.io import fits
    except ImportError:
        return Hdu(read_header(path), read_image(path))
    try:
        with fits.open(path) as units:
            unit = next((unit for unit in units if unit.is_image and unit.data is not None), None)
            if unit is None:
                raise FitsError(f"{path}: has no image")
            return fits.ImageHDU(data=unit.data, header=unit.header)
    except (TypeError, ValueError) as error:
        # What numpy says of a file that is cut off.
        raise FitsError(f"{path}: cannot be read, it may be cut off: {error}") from error


def _places(sources: Any) -> _Reals:
    """Positions as (stars, 2); none of what are none."""
    try:
        places = np.ascontiguousarray(sources, float)
    except (TypeError, ValueError):
        return np.empty((0, 2))
    fits_in = places.ndim == 2 and places.shape[1] == 2 and np.isfinite(places).all()
    return places if fits_in else np.empty((0, 2))


def _counts(data: Any, name: str) -> npt.NDArray[np.uint16]:
    """Data that may have been calibrated, as counts: rounded, and cut off at the limits of 16 bits."""
    array = np.asarray(data)
    if array.dtype == np.uint16:
        return counts(array, name)
    whole = np.clip(np.nan_to_num(np.rint(array.astype(float))), 0, 65535)
    if not np.array_equal(whole, array):
        warnings.warn("frames are stacked as counts of 16 bits: data are rounded, and cut off at 0 and 65535", stacklevel=6)
    return counts(whole, name)

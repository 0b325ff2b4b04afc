"""Frames into a stack, and what can be done with it."""

from __future__ import annotations

import base64
import json
import os
from functools import cached_property
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

import numpy as np
import numpy.typing as npt

from . import _core
from ._errors import StackError
from ._frames import Frames, items, name_of
from ._header import Card, Header
from ._progress import Progress, telling
from ._transform import SimilarityTransform

if TYPE_CHECKING:
    from astropy.io import fits
    from astropy.nddata import CCDData
    from astropy.table import Table
    from matplotlib.axes import Axes


class Planes(NamedTuple):
    """One array of (rows, columns) by band."""

    red: npt.NDArray[np.float32]
    green: npt.NDArray[np.float32]
    blue: npt.NDArray[np.float32]


class Stack:
    """A finished stack, on the pixel grid of one of its frames.

    Its arrays are those of the stack itself, not copies, and cannot be written; `rgb` is a copy.
    """

    def __init__(self, core: _core.Stack):
        self._core = core

    @cached_property
    def planes(self) -> Planes:
        """Red, green and blue: float32 of (rows, columns), the level of one exposure in ADU; NaN where no frame has data."""
        return Planes(*self._core.planes)

    @property
    def rgb(self) -> npt.NDArray[np.float32]:
        """The planes as a new array of (rows, columns, 3)."""
        return self._core.rgb

    @cached_property
    def coverage(self) -> npt.NDArray[np.uint16]:
        """Frames that cover each pixel."""
        return self._core.coverage

    @cached_property
    def rejected(self) -> npt.NDArray[np.uint16]:
        """Samples that were rejected at each pixel: satellites, cosmic rays, hot pixels."""
        return self._core.rejected

    @cached_property
    def variance(self) -> Planes | None:
        """Variance of the noise of each pixel of `planes`, ADU²; None for the methods `mean` and `median`."""
        variance = self._core.variance
        return None if variance is None else Planes(*variance)

    @cached_property
    def covariance(self) -> npt.NDArray[np.float64] | None:
        """By how much the variance of a sum over a disc of radius 1, 2, ... 6 px is above the sum of its pixels' variances, which share
        some of their noise: (3, 6), by band and radius; None where `variance` is."""
        return self._core.covariance

    @cached_property
    def stars(self) -> npt.NDArray[np.void]:
        """The stars, a structured array in order of ascending flux: the columns of `sep.extract`, then fluxerr, snr, fwhm, xwin, ywin,
        and flux_r, flux_g, flux_b. Positions in px with pixel centres at whole numbers, fluxes in ADU of one exposure."""
        return structured(self._core.stars())

    @cached_property
    def report(self) -> dict[str, Any]:
        """What became of every frame, and what the stack is: the content of `crowdsky stack --report`."""
        report: dict[str, Any] = json.loads(self._core.report_json)
        return report

    @cached_property
    def header(self) -> Header:
        """The first header of its file: facts of the frames, how they were combined, and each one's fate as HISTORY."""
        cards, text = self._core.header()
        return Header([Card(*card) for card in cards], text)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        rows, columns = self.coverage.shape
        return rows, columns

    def preview(self, longest: int | None = None) -> npt.NDArray[np.uint8]:
        """A picture to look at, uint8 of (rows, columns, 3), with at most `longest` pixels on its longer side."""
        return self._core.preview(_pixels(longest))

    def preview_png(self, longest: int | None = None) -> bytes:
        """The same as the bytes of a PNG file."""
        return self._core.preview_png(_pixels(longest))

    def write(self, path: str | os.PathLike[str], *, layout: str = "rgb", overwrite: bool = False) -> None:
        """Writes it as FITS: the file appears whole, or not at all.

        `layout` "rgb": images RED, GREEN, BLUE, VARIANCE, FOOTPRINT, REJECTED and the table STAR-TAB; "cube": one image of three
        planes, as Siril, PixInsight and ASTAP open it. Raises FileExistsError unless `overwrite`, OSError.
        """
        if Path(path).suffix.lower() in (".gz", ".fz"):
            raise ValueError(f"{path}: stacks are written unpacked: choose a name without {Path(path).suffix}")
        self._core.write_fits(Path(path), layout, overwrite)

    def to_fits(self, *, layout: str = "rgb") -> fits.HDUList:
        """What `write` would write, as an `astropy.io.fits.HDUList`."""
        from .astropy import hdulist

        return hdulist(self._core.fits_bytes(layout))

    def to_ccddata(self, band: str | None = None) -> CCDData:
        """An `astropy.nddata.CCDData` in ADU: (3, rows, columns), or the plane `band` ("red", "green", "blue"); its uncertainty is the
        variance where it is known, its mask is True where no frame has data."""
        from .astropy import ccddata

        return ccddata(self, band)

    def table(self) -> Table:
        """`stars` as an `astropy.table.Table` with units."""
        from .astropy import table

        return table(self.stars)

    def plot(self, ax: Axes | None = None, *, stars: bool = False) -> Axes:
        """Shows the preview in axes of matplotlib, new ones unless given, with circles round the stars if wanted."""
        import matplotlib.pyplot as plt

        if ax is None:
            rows, columns = self.shape
            _, ax = plt.subplots(figsize=(6 * columns / max(rows, columns), 6 * rows / max(rows, columns)))
        ax.imshow(self.preview())
        ax.set(xticks=[], yticks=[], title=self._title())
        if stars:
            ax.scatter(self.stars["x"], self.stars["y"], s=40, facecolors="none", edgecolors="tab:cyan", linewidths=0.5)
        return ax

    def transform_to(self, other: Stack) -> SimilarityTransform:
        """Where the pixels of this stack are in another one of the same field, by the stars of both: each stack lies on the grid of a
        frame of its own. Raises StackError if they do not show the same stars."""

        def places(stars: npt.NDArray[np.void]) -> npt.NDArray[np.float64]:
            # Whole and single ones, brightest first.
            good = stars[(stars["flag"] == 0) & np.isfinite(stars["xwin"]) & np.isfinite(stars["ywin"])][::-1]
            return np.column_stack([good["xwin"], good["ywin"]])

        found = _core.match_positions(places(self.stars), places(other.stars), self.shape)
        if found is None:
            raise StackError(f"{self!r} and {other!r} do not show the same stars")
        return SimilarityTransform(found[0])

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Stack stays in its process: write() it there, or send its arrays, stars and report")

    def _title(self) -> str:
        report = self.report
        return f"{report['n_accepted']} frames, {report['total_exptime_s']:.0f} s"

    def __repr__(self) -> str:
        report, (rows, columns) = self.report, self.shape
        return (
            f"<Stack of {report['n_accepted']} frames ({report['n_input']} given), {columns} x {rows} px, "
            f"{report['n_stars']} stars, method {report['method']}>"
        )

    def _repr_html_(self) -> str:
        report, (rows, columns) = self.report, self.shape
        known = {
            "frames": f"{report['n_accepted']} of {report['n_input']}, {report['total_exptime_s']:.0f} s",
            "size": f"{columns} x {rows} px",
            "chunk": report["chunk_key"],
            "stars": report["n_stars"],
            "FWHM": None if report["fwhm_px"] is None else f"{report['fwhm_px']:.2f} px",
            "method": report["method"],
        }
        reasons = [frame["reason"] for frame in report["frames"] if not frame["accepted"]]
        known["left out"] = ", ".join(f"{reasons.count(why)} {why}" for why in sorted(set(reasons))) or None
        lines = "".join(
            f"<tr><th style='text-align:left'>{name}</th><td style='text-align:left'>{escape(str(value))}</td></tr>"
            for name, value in known.items()
            if value is not None
        )
        picture = base64.b64encode(self.preview_png(480)).decode()
        return (
            "<div style='display:flex;flex-wrap:wrap;gap:1em;align-items:flex-start'>"
            f"<img alt='preview of the stack' src='data:image/png;base64,{picture}'><table>{lines}</table></div>"
        )


def stack(
    frames: Frames,
    *,
    method: str = "auto",
    share: bool = False,
    sigma: float | None = None,
    reference: str | os.PathLike[str] | None = None,
    allow_mixed: bool = False,
    threads: int = 0,
    memory: int | None = None,
    bayer: str | None = None,
    progress: Progress = None,
) -> Stack:
    """Aligns raw frames and combines them.

    `frames`: files, folders of them, arrays of (rows, columns) or one of (frames, rows, columns), FITS units with header and data.
    Arrays without a header are taken for a Seestar's, GRBG, unless `bayer` tells another pattern; among frames that have one they are
    of another filter and exposure, unknown ones.

    `method`: "lsq" (least squares from the photosites: the best there is), "mean" or "median" of resampled frames; "auto" is "lsq" for
    four frames or more. `share`: whether planes share the detail they have in common: less noise for the eye, not for measuring.
    `sigma`: rejection threshold, 4 unless given. `reference`: the frame, by its path or file name, whose pixel grid the stack has;
    else the middle one in time. `allow_mixed`: whether filters, exposures and gains may mix; else the largest group of equal
    ones is stacked. `threads`: 0 for one per core; the result does not depend on it. `memory`: most bytes to take; 1 GB unless
    given, or as much more as large frames need; frames that do not fit are read twice. `progress`: True for a bar, or a function of (stage, done, total).

    Python's other threads run on meanwhile, and Ctrl-C ends it within a moment. Raises ValueError for arguments that cannot be,
    FileNotFoundError if none of the files is there, StackError with the attribute `report` if fewer than two frames are usable,
    MemoryError if `memory` does not suffice.

    >>> import crowdsky
    >>> made = crowdsky.stack(night)
    >>> made.planes.green.shape == made.shape
    True
    """
    if threads < 0 or (memory is not None and memory < 0):
        raise ValueError(f"threads={threads}, memory={memory}: numbers of threads (0 for one per core) and bytes are needed")
    named = None if reference is None else name_of(reference)
    given = items(frames)
    with telling(progress) as tell:
        made = _core.stack(
            given,
            method=method,
            share=share,
            sigma=sigma,
            reference=named,
            allow_mixed=allow_mixed,
            threads=threads,
            memory=None if memory is None else min(memory, 1 << 62),
            bayer=bayer,
            progress=tell,
        )
    return Stack(made)


def _pixels(longest: int | None) -> int | None:
    if longest is not None and longest < 1:
        raise ValueError(f"a picture of {longest} pixels: at least 1")
    return longest


def structured(columns: dict[str, npt.NDArray[Any]]) -> npt.NDArray[np.void]:
    """Columns as one structured array."""
    length = len(next(iter(columns.values())))
    table = np.empty(length, dtype=[(name, values.dtype) for name, values in columns.items()])
    for name, values in columns.items():
        table[name] = values
    return table

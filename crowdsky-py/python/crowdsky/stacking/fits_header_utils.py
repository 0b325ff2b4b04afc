"""The header of a stack, and the stack as FITS."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ..astropy import ascii_only, fits

if TYPE_CHECKING:
    from astropy.table import Table

# The same for all frames of a stack. Not SITELAT and SITELONG, which are private, nor BAYERPAT, which colour planes have none of.
_COMMON = (
    "TELESCOP INSTRUME FILTER FOCUSPOS FOCALLEN APERTURE XPIXSZ YPIXSZ OBJECT".split()
)


def create_stacked_header(data_dict: Mapping[str, Mapping[str, Any]], fnames: Sequence[str]) -> fits.Header:
    """The header of a stack of the frames in `data_dict` that have "transforms", each with its header in "hdu".

    Total exposure, first and last time, the gain that most frames have, mean temperature. Raises ValueError where no frame
    has been aligned.
    """
    used = [name for name in fnames if data_dict[name].get("transforms") is not None]
    if not used:
        raise ValueError("none of these frames has been aligned: there is nothing that a header could tell of")
    headers = [data_dict[name]["hdu"].header for name in used]
    made = fits.Header()
    made["SIMPLE"] = (True, "conforms to FITS")
    made["BITPIX"] = (-32, "32-bit floating point")
    made["NAXIS"] = (2, "rows and columns")
    made["EXTEND"] = (True, "extensions follow")
    for key in _COMMON:
        if key in headers[0]:
            value, comment = headers[0][key], headers[0].comments[key]
            made[key] = (ascii_only(value) if isinstance(value, str) else value, ascii_only(comment))

    def all_of(key: str) -> list[Any]:
        return [header[key] for header in headers if key in header]

    if gains := all_of("GAIN"):
        usual = Counter(gains).most_common(1)[0][0]
        made["GAIN"] = (usual, "that of most frames")
        if len(set(gains)) > 1:
            warnings.warn(f"frames of several gains, {sorted(set(gains))}: the header has {usual}", stacklevel=2)
    if times := all_of("EXPTIME"):
        made["EXPTIME"] = (sum(times), "[s] of all frames together")
        made["EXPOSURE"] = (sum(times), "[s] of all frames together")
    if temperatures := all_of("CCD-TEMP"):
        made["CCD-TEMP"] = (round(float(np.mean(temperatures)), 2), "[degC] sensor, mean of the frames")
    if dates := [(time, date) for date in all_of("DATE-OBS") if (time := _moment(date)) is not None]:
        (begin, first), (end, last) = min(dates), max(dates)
        made["DATE-OBS"] = (first, "start of the first frame, UTC")
        made["OB-START"] = (first, "start of the first frame, UTC")
        made["OB-END"] = (last, "start of the last frame, UTC")
        made["OBSTOTAL"] = (round((end - begin).total_seconds(), 1), "[s] from the first start to the last")
    made["NIMAGES"] = (len(used), "frames in the stack")
    made["STACKMET"] = ("mean", "how they were combined")
    made["CREATOR"] = ("CrowdSky", "program that made the stack")
    made["COMMENT"] = f"{len(used)} frames, aligned and stacked"
    made["PROCDATE"] = (datetime.now(timezone.utc).replace(tzinfo=None).isoformat(), "when it was made, UTC")
    return made


def _moment(date_obs: Any) -> datetime | None:
    """A DATE-OBS as a time; None for what is none."""
    day, _, clock = str(date_obs).strip().rstrip("Z").removesuffix("+00:00").partition("T")
    whole, _, part = (clock or "00:00:00").partition(".")
    try:
        return datetime.fromisoformat(f"{day}T{whole}.{part[:6]:0<6}")
    except ValueError:
        return None


def make_stacked_rgb_fits(
    header: fits.Header,
    stacked_rgb: np.ndarray,
    footprint: np.ndarray | None = None,
    star_table: Table | npt.NDArray[np.void] | None = None,
) -> fits.HDUList:
    """An empty primary unit with `header`, images RED, GREEN and BLUE of `stacked_rgb` (rows, columns, 3), and FOOTPRINT and
    STAR-TAB where they are given."""
    primary = fits.PrimaryHDU()
    primary.header.update(header)
    units = fits.HDUList([primary])
    for band, name in enumerate(("RED", "GREEN", "BLUE")):
        image = fits.ImageHDU(data=stacked_rgb[:, :, band].astype(np.float32), name=name)
        image.header["CHANNEL"] = (band, "0 red, 1 green, 2 blue")
        image.header["BUNIT"] = ("ADU", "level of one exposure")
        units.append(image)
    if footprint is not None:
        counts = fits.ImageHDU(data=footprint, name="FOOTPRINT")
        counts.header["BUNIT"] = ("N", "frames that cover the pixel")
        units.append(counts)
    if star_table is not None:
        # A structured array needs no astropy.table, which takes 0.2 s to import.
        plain = isinstance(star_table, np.ndarray)
        stars = fits.BinTableHDU(star_table) if plain else fits.table_to_hdu(star_table)
        stars.name = "STAR-TAB"
        units.append(stars)
    return units

"""What astropy users expect: its headers, tables, units. Everything here needs `pip install crowdsky[astropy]`.

Its parts are imported where they are needed: units, tables and nddata take 0.2 s to import, as long as ten frames take to stack.
"""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from . import _core

try:
    from astropy.io import fits
except ImportError as missing:
    raise ImportError("this needs astropy: pip install 'crowdsky[astropy]'") from missing

if TYPE_CHECKING:
    from astropy.nddata import CCDData
    from astropy.table import Table

    from ._header import Header
    from ._stack import Stack

__all__ = ["ascii_only", "ccddata", "fits", "hdulist", "header", "table"]


def header(ours: Header) -> fits.Header:
    """A header of ours as one of astropy."""
    # astropy takes no other characters, not even from files that it reads.
    return fits.Header.fromstring(ascii_only(ours.text))


def ascii_only(text: str) -> str:
    """What a header may hold of a text."""
    return "".join(c if " " <= c <= "~" else "?" for c in text)


def table(stars: npt.NDArray[np.void]) -> Table:
    """A star table with units."""
    from astropy.table import Table

    made = Table(stars)
    for name, unit in _core.star_units():
        made[name].unit = unit
    return made


def hdulist(content: bytes) -> fits.HDUList:
    """The units of a file's bytes."""
    # Of `fromstring` the arrays could not be written.
    return fits.open(BytesIO(content), lazy_load_hdus=False)


def ccddata(stack: Stack, band: str | None = None) -> CCDData:
    """All planes of a stack, or one of them, with uncertainty, mask and header."""
    import astropy.units as u
    from astropy.nddata import CCDData, VarianceUncertainty

    bands = ("red", "green", "blue")
    if band is not None and band not in bands:
        raise ValueError(f"band {band!r}: one of {', '.join(bands)}, or None for all")

    def chosen(planes: Any) -> npt.NDArray[np.float32]:
        return np.stack(planes) if band is None else getattr(planes, band).copy()

    data, variance = chosen(stack.planes), stack.variance
    return CCDData(
        data,
        unit=u.adu,
        uncertainty=None if variance is None else VarianceUncertainty(chosen(variance), unit=u.adu**2),
        mask=np.broadcast_to(stack.coverage == 0, data.shape).copy(),
        meta=header(stack.header),
    )

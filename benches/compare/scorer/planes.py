"""A stack's file as three planes of numbers."""

import numpy as np
from astropy.io import fits

BANDS = ["RED", "GREEN", "BLUE"]


def read(path):
    """Red, green, blue as (3, rows, columns): three images of these names, or the first cube of three planes."""
    with fits.open(path) as hdus:
        if all(band in hdus for band in BANDS):
            return np.stack([hdus[band].data for band in BANDS]).astype(float)
        for hdu in hdus:
            shape = getattr(hdu.data, "shape", ())
            if len(shape) == 3 and 3 in (shape[0], shape[2]):
                data = hdu.data.astype(float)
                return data if shape[0] == 3 else np.moveaxis(data, 2, 0)
    raise ValueError(f"{path} holds neither images {', '.join(BANDS)} nor a cube of three planes")


def bands(path):
    """The planes as `read` gives them. What is not a number, or exactly zero in all three, has no value: NaN."""
    planes = read(path)
    planes[:, ~np.isfinite(planes).all(0) | (planes == 0).all(0)] = np.nan
    return planes

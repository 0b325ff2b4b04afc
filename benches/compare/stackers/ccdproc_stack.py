"""Stacks a folder as one would in a notebook, with what astropy and its affiliates offer: bilinear debayer, astroalign for
the transforms, ccdproc for the clipped mean.

    python ccdproc_stack.py FRAMES OUT.fits
"""

import pathlib
import sys
import warnings

import astroalign
import ccdproc
import numpy as np
from astropy.io import fits
from astropy.nddata import CCDData
from scipy import ndimage

COLOURS = {"R": 0, "G": 1, "B": 2}
# Weights of a photosite's neighbours, for the mean of those that have the colour.
TENT = np.array([[1, 2, 1], [2, 4, 2], [1, 2, 1]], "float32")


def debayer(mosaic, pattern):
    """Bilinear: each colour is the weighted mean of the photosites of that colour within a pixel. (3, rows, columns)"""
    planes = np.empty((3, *mosaic.shape), "float32")
    for colour, index in COLOURS.items():
        there = np.zeros(mosaic.shape, "float32")
        for site, name in enumerate(pattern):
            if name == colour:
                there[site // 2 :: 2, site % 2 :: 2] = 1
        planes[index] = ndimage.convolve(mosaic * there, TENT) / ndimage.convolve(there, TENT)
    return planes


def load(path):
    """The planes, and the picture that stars are found on: hot pixels, which stay while the sky moves, are taken out."""
    with fits.open(path) as hdus:
        planes = debayer(hdus[0].data.astype("float32"), hdus[0].header["BAYERPAT"])
    return planes, ndimage.median_filter(planes[1], 5)


def main():
    folder, out = sys.argv[1:]
    paths = sorted(pathlib.Path(folder).glob("*.fit"))
    reference, target = load(paths[len(paths) // 2])
    sky = np.median(reference, (1, 2))
    aligned = []
    for path in paths:
        planes, picture = load(path)
        try:
            transform, _ = astroalign.find_transform(picture, target)
        except (astroalign.MaxIterError, ValueError) as error:
            print(f"{path.name} is left out: {error}")
            continue
        moved = [astroalign.apply_transform(transform, plane, plane) for plane in planes]
        levels = sky - np.median(planes, (1, 2))
        aligned.append([(plane + level, outside) for (plane, outside), level in zip(moved, levels)])
    stack = [
        ccdproc.combine(
            [CCDData(*frame[band][:1], mask=frame[band][1], unit="adu") for frame in aligned],
            method="average",
            sigma_clip=True,
            sigma_clip_low_thresh=3,
            sigma_clip_high_thresh=3,
            sigma_clip_func=np.ma.median,
            sigma_clip_dev_func=np.ma.std,
            dtype="float32",
        )
        for band in range(3)
    ]
    planes = [np.where(band.mask, np.nan, band.data) if band.mask is not None else band.data for band in stack]
    fits.writeto(out, np.stack(planes).astype("float32"), overwrite=True)
    print(f"accepted {len(aligned)} of {len(paths)}")


if __name__ == "__main__":
    warnings.filterwarnings("ignore")  # ccdproc of masked values that become NaN
    main()

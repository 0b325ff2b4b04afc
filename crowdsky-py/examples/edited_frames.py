"""Frames that are no files: a dark is subtracted before they are stacked."""

import argparse
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

import crowdsky


class Edited(NamedTuple):
    """A header and data: all that a frame needs. The units of astropy.io.fits have both as well."""

    header: crowdsky.Header
    data: npt.NDArray[np.uint16]


def subtracted(path: Path, dark: npt.NDArray[np.float64], pedestal: float = 200) -> Edited:
    """A frame without its dark. The pedestal keeps noise below zero from being cut off."""
    counts = crowdsky.read_image(path) - dark + pedestal
    return Edited(crowdsky.read_header(path), np.rint(counts).clip(0, 65535).astype(np.uint16))


def main(frames: Path, dark: Path | None = None) -> crowdsky.Stack:
    """The stack of all frames in a folder, each less the `dark`."""
    paths = sorted(frames.glob("*.fit"))
    level = np.zeros(crowdsky.read_image(paths[0]).shape) if dark is None else crowdsky.read_image(dark).astype(float)
    # With their headers frames keep times, colours of the photosites and gain.
    stack = crowdsky.stack([subtracted(path, level) for path in paths])

    # Arrays alone serve as well, here half of the frames as one array of (frames, rows, columns).
    cube = np.stack([crowdsky.read_image(path) for path in paths[::2]])
    plain = crowdsky.stack(cube, bayer="GRBG")
    print(plain)
    return stack


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("frames", type=Path, help="folder of raw frames")
    parser.add_argument("--dark", type=Path, help="FITS file with the dark, of the same size")
    arguments = parser.parse_args()
    print(main(arguments.frames, arguments.dark))

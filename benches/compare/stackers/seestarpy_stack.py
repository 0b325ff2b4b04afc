"""Stacks a folder with seestarpy as its documentation does it.

    python seestarpy_stack.py FRAMES OUT.fits
"""

import sys
import warnings

from astropy.io import fits

warnings.filterwarnings("ignore")  # of a header helper that is not published
from seestarpy.stacking.stacking import FrameCollection  # noqa: E402


def main():
    folder, out = sys.argv[1:]
    frames = FrameCollection.from_directory(folder)
    stack = frames.process()
    fits.writeto(out, stack.astype("float32"), overwrite=True)
    print(f"accepted {frames.n_aligned} of {frames.n_frames}")


if __name__ == "__main__":
    main()

"""Opens a stack with astropy and checks what the file promises.

    python3 ci/check_stack.py STACK.fits REPORT.json --layout rgb|cube --frames N

N is the number of frames that were given; most of them must be in the stack.
"""

import argparse
import json
import warnings

import numpy as np
from astropy.io import fits

PLANES = ["RED", "GREEN", "BLUE"]
# Of the raw frames; wrong or meaningless in a stack.
FORBIDDEN = ["BAYERPAT", "BZERO", "BSCALE", "XBAYROFF", "SITELAT", "SITELONG"]
NEEDED = ["OBJECT", "INSTRUME", "FILTER", "DATE-OBS", "DATE-END", "EXPTIME", "NIMAGES", "NFRAMES", "RA", "DEC", "GAIN",
          "CHUNKKEY", "HPXKEY", "BUNIT", "ROWORDER", "IMAGETYP", "CREATOR", "SWVERSION"]


def check(path, report, layout, n_frames):
    with fits.open(path, checksum=True) as hdus:
        hdus.verify("exception")
        for hdu in hdus:
            assert hdu.verify_checksum() == 1 and hdu.verify_datasum() == 1, f"checksums of {hdu.name}"
        header = hdus[0].header
        missing = [key for key in NEEDED if key not in header]
        assert not missing, f"{missing} are missing"
        present = [key for hdu in hdus for key in FORBIDDEN if key in hdu.header and hdu.data.dtype.kind == "f"]
        assert not present, f"{present} should not be there"
        assert header["NIMAGES"] == report["n_accepted"] and header["NFRAMES"] == report["n_input"] == n_frames
        assert report["n_accepted"] >= n_frames - 2, f"{report['n_accepted']} of {n_frames} frames accepted"
        if layout == "cube":
            planes = hdus[0].data
            assert planes.shape[0] == 3 and planes.dtype.kind == "f"
        else:
            planes = np.stack([hdus[name].data for name in PLANES])
            footprint = hdus["FOOTPRINT"].data
            assert footprint.shape == planes[0].shape and footprint.max() == report["n_accepted"]
            assert (np.isnan(planes) == (footprint == 0)).all(), "only what no frame covers is NaN"
            stars = hdus["STAR-TAB"].data
            assert len(stars) == report["n_stars"] and (np.diff(stars["flux"]) >= 0).all()
        assert np.nanmin(planes) > 0 or layout == "cube", "levels of a sky are positive"
        print(f"{path}: {layout}, {planes.shape}, {report['n_accepted']}/{n_frames} frames, {report['n_stars']} stars")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("stack")
    parser.add_argument("report")
    parser.add_argument("--layout", choices=["rgb", "cube"], required=True)
    parser.add_argument("--frames", type=int, required=True)
    args = parser.parse_args()
    warnings.simplefilter("error")
    with open(args.report) as file:
        check(args.stack, json.load(file), args.layout, args.frames)


if __name__ == "__main__":
    main()

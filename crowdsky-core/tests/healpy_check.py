"""Compares the crate's HEALPix tiles with healpy's: 200,000 random points must agree on every one.

    python crowdsky-core/tests/healpy_check.py [PATH_OF_THE_BUILT_EXAMPLE]

Needs numpy and healpy. Without an argument the example `healpix` is built with cargo. Also reported, but no
failure: a grid and points on the borders of tiles, where the last bit of a cosine decides to which side a point falls.
"""

import subprocess
import sys
from pathlib import Path

import healpy
import numpy as np

NSIDE = 128
ROOT = Path(__file__).resolve().parents[2]


def our_tiles(command, ra, dec):
    lines = "".join(f"{float(r)!r} {float(d)!r}\n" for r, d in zip(ra, dec))
    done = subprocess.run(command, input=lines, capture_output=True, text=True, check=True, cwd=ROOT)
    return np.array(done.stdout.split(), dtype=int)


def random_points(n=200_000):
    rng = np.random.default_rng(20250327)
    return rng.uniform(0.0, 360.0, n), np.degrees(np.arcsin(rng.uniform(-1.0, 1.0, n)))


def grid_points():
    """Every 0.5 deg of Dec (361) and 2.8125 deg of RA (128): RA falls on borders."""
    dec, ra = np.meshgrid(np.arange(-90.0, 90.5, 0.5), np.arange(0.0, 360.0, 2.8125))
    return ra.ravel(), dec.ravel()


def border_points():
    """Corners of tiles, the poles, and the circles |z| = 2/3 between caps and belt."""
    tiles = np.arange(0, healpy.nside2npix(NSIDE), 197)
    x, y, z = np.concatenate([healpy.boundaries(NSIDE, int(t), step=1).T for t in tiles]).T
    corner_ra, corner_dec = healpy.vec2ang(np.array([x, y, z]).T, lonlat=True)
    edge = np.degrees(np.arcsin(2.0 / 3.0))
    ra = np.arange(0.0, 360.0, 5.625)
    rows = [np.full_like(ra, d) for d in (90.0, -90.0, edge, -edge, 0.0)]
    return np.concatenate([corner_ra] + [ra] * len(rows)), np.concatenate([corner_dec] + rows)


def main():
    command = sys.argv[1:] or ["cargo", "run", "-q", "--release", "-p", "crowdsky-core", "--example", "healpix"]
    differing = {}
    for name, (ra, dec) in {"random": random_points(), "grid": grid_points(), "border": border_points()}.items():
        ours, theirs = our_tiles(command, ra, dec), healpy.ang2pix(NSIDE, ra, dec, lonlat=True)
        assert len(ours) == len(theirs), f"{len(ours)} answers to {len(theirs)} points"
        differing[name] = int((ours != theirs).sum())
        print(f"{name}: {differing[name]} of {len(ra)} points differ from healpy {healpy.__version__}")
    sys.exit(1 if differing["random"] else 0)


if __name__ == "__main__":
    main()

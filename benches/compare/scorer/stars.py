"""Measurements on single stars: their places, light, width and shape. Stars are (n, 2) positions x, y."""

import numpy as np
from scipy import ndimage, optimize

APERTURE = 6  # pixels; 98 % of a star of 2.8 pixels is within
RING = 7.5  # pixels; the local sky is the median beyond


def cutouts(plane, positions, half):
    """(n, 2 half + 1, 2 half + 1) squares about the nearest pixels, NaN beyond the plane, and (n, 2) their corners."""
    corner = np.rint(positions).astype(int) - half
    steps = np.arange(2 * half + 1)
    rows, columns = corner[:, 1, None, None] + steps[:, None], corner[:, 0, None, None] + steps
    outside = (rows < 0) | (rows >= plane.shape[0]) | (columns < 0) | (columns >= plane.shape[1])
    cuts = plane[rows.clip(0, plane.shape[0] - 1), columns.clip(0, plane.shape[1] - 1)].astype(float)
    cuts[outside | np.zeros_like(rows, bool)] = np.nan
    return cuts, corner


def offsets(positions, corner, half):
    """x and y of every pixel of the squares, from the star's own position."""
    steps = np.arange(2 * half + 1)
    x = (corner[:, 0] - positions[:, 0])[:, None, None] + steps + 0 * steps[:, None]
    y = (corner[:, 1] - positions[:, 1])[:, None, None] + steps[:, None] + 0 * steps
    return x, y


def windowed(plane, positions, half=5, sigma=1.4, rounds=8):
    """Centroids in a Gaussian window that follows them: each step is twice the mean offset, as the window halves it
    for a star as wide as itself (Bertin's "windowed positions"). NaN where a star has left its square."""
    cuts, corner = cutouts(plane, positions, half)
    places = positions.astype(float)
    for _ in range(rounds):
        x, y = offsets(places, corner, half)
        weight = cuts * np.exp(-(x**2 + y**2) / (2 * sigma**2))
        light = weight.sum((1, 2))
        light[~(light > 0)] = np.nan
        places = places + 2 * np.stack([(weight * x).sum((1, 2)), (weight * y).sum((1, 2))], 1) / light[:, None]
        places[~(np.abs(places - positions).max(1) < half / 2)] = np.nan
    return places


def isolated(xy, flux, chosen, within=14, share=0.02):
    """Those of the `chosen` (indices) that no star of more than `share` of their light is near."""
    keep = []
    for i in chosen:
        near = (np.abs(xy - xy[i]) < within).all(1) & (flux > share * flux[i])
        if (np.hypot(*(xy[near] - xy[i]).T) < within).sum() == 1:
            keep.append(i)
    return np.array(keep, int)


def levelled(plane, positions, half):
    """Squares less their local sky, and the distance of every pixel from the star."""
    cuts, corner = cutouts(plane, positions, half)
    radius = np.hypot(*offsets(positions, corner, half))
    ring = np.where(radius > min(RING, half - 0.5), cuts, np.nan)
    return cuts - np.nanmedian(ring, (1, 2))[:, None, None], radius


def aperture_flux(plane, positions):
    cuts, radius = levelled(plane, positions, 9)
    return np.where(radius <= APERTURE, cuts, 0).sum((1, 2))


def widths(plane, positions, reach=8):
    """Full width at half maximum of each star: a round Moffat profile fitted to the pixels about its place."""

    def moffat(r, height, radius, beta, level):
        return height * (1 + (r / radius) ** 2) ** -beta + level

    found = []
    for cut, radius in zip(*levelled(plane, positions, 9)):
        near = radius < reach
        if not np.isfinite(cut[near]).all():
            continue
        first, low, high = (cut[near].max(), 2, 3, 0), (0, 0.5, 1.2, -np.inf), (np.inf, 8, 12, np.inf)
        try:
            (_, r, beta, _), _ = optimize.curve_fit(moffat, radius[near], cut[near], first, bounds=(low, high))
        except (RuntimeError, ValueError):  # no minimum, or a star of no light: it has no width
            continue
        found.append(2 * r * np.sqrt(2 ** (1 / beta) - 1))
    return np.array(found)


def centred(plane, positions, half):
    """Squares moved by cubic splines so that the star is in the middle of a pixel; NaN squares stay out of it."""
    cuts, _ = levelled(plane, positions, half)
    moves = np.rint(positions) - positions
    moved = [
        ndimage.shift(cut, move[::-1], order=3) if np.isfinite(cut).all() else cut for cut, move in zip(cuts, moves)
    ]
    return np.array(moved)


def mean_shape(squares):
    """The median of stars of unit light, cut off at a circle, of sum 1."""
    half = squares.shape[1] // 2
    within = np.hypot(*np.mgrid[-half : half + 1, -half : half + 1]) <= half
    light = np.where(within, squares, 0).sum((1, 2))
    shape = np.nanmedian(squares / light[:, None, None], 0) * within
    return shape / shape.sum()

"""Measurements between the stars: noise, depth, and what should not be there."""

import numpy as np
from scipy import ndimage

from scorer import gauge, stars

BLOCK = 8  # pixels; noise is that of means over blocks, so that smoothing a stack wins nothing
MESH = 32  # pixels; the sky is level, or slopes, over such a square
SHAPE = 7  # pixels; radius of the filter for point sources


def spread(values):
    """Standard deviation of a normal distribution with the same median absolute deviation."""
    values = np.asarray(values)[np.isfinite(values)]
    return 1.4826 * np.median(np.abs(values - np.median(values))) if values.size else np.nan


def starless(plane, places, flux):
    """Where the stack has a value and no star of the catalogue lights it up: 6 pixels about the faintest, 4 more for
    every factor of ten in light."""
    free = np.isfinite(plane)
    reach = (6 + 4 * np.log10(np.maximum(flux, 250) / 250)).astype(int)
    for (x, y), r in zip(np.rint(places).astype(int), reach):
        if x + r >= 0 and y + r >= 0:
            free[max(y - r, 0) : y + r + 1, max(x - r, 0) : x + r + 1] = False
    return free


def level(plane, free):
    """The sky: medians of the star-free pixels of a mesh, medians of 5 x 5 of these, and lines between."""
    rows, columns = (-(-n // MESH) for n in plane.shape)
    padded = np.full((rows * MESH, columns * MESH), np.nan)
    padded[: plane.shape[0], : plane.shape[1]] = np.where(free, plane, np.nan)
    cells = padded.reshape(rows, MESH, columns, MESH).swapaxes(1, 2).reshape(rows, columns, -1)
    enough = np.isfinite(cells).sum(2) >= 20
    mesh = np.full((rows, columns), np.nan)
    mesh[enough] = np.nanmedian(cells[enough], 1)
    around = np.lib.stride_tricks.sliding_window_view(np.pad(mesh, 2, constant_values=np.nan), (5, 5))
    known = np.isfinite(around).any((2, 3))
    mesh[known] = np.nanmedian(around[known].reshape(-1, 25), 1)
    mesh[~known] = np.nanmedian(mesh)
    y, x = np.mgrid[: plane.shape[0], : plane.shape[1]]
    return ndimage.map_coordinates(mesh, [(y + 0.5) / MESH - 0.5, (x + 0.5) / MESH - 0.5], order=1, mode="nearest")


def middle(plane):
    """The half of the rows and columns in the middle, which all frames cover."""
    rows, columns = plane.shape
    return plane[rows // 4 : 3 * rows // 4, columns // 4 : 3 * columns // 4]


def block_noise(plane, free):
    """Noise of the means of star-free blocks, as white noise per pixel that would give it."""
    rows, columns = (n // BLOCK * BLOCK for n in plane.shape)
    cut = [a[:rows, :columns].reshape(rows // BLOCK, BLOCK, columns // BLOCK, BLOCK) for a in (plane, free)]
    return spread(cut[0].mean((1, 3))[cut[1].all((1, 3))]) * BLOCK


def depth(night, green, free, bright, scale):
    """How deep the stack is, against the best possible one: for wide sources and for point sources."""
    plane, free = middle(green), middle(free)
    noise, blocks = spread(plane[free]) / scale, block_noise(plane, free) / scale
    # Half of the photosites are green.
    ideal = np.sqrt(2 / night.precision())
    shape = stars.mean_shape(stars.centred(green, bright, SHAPE))
    fluxes = ndimage.correlate(np.where(free, plane, 0), shape) / np.sum(shape**2)
    clear = ndimage.minimum_filter(free, 2 * SHAPE + 1)
    point = spread(fluxes[clear]) / scale
    true = night.point_spread(12)
    return {
        "pixel_noise": noise,
        "block_noise": blocks,
        "ideal_noise": ideal,
        "snr_eff": ideal / blocks,
        "mf_eff": np.sqrt(2 / (night.precision() * np.sum(true**2))) / point,
    }


def residues(night, green, free, similarity, figures):
    """What hot pixels and trails have left, in units of the stack's noise."""
    found = {"hot_sigma": np.nan, "trail_sigma_max": np.nan, "trail_sigma_mean": np.nan}
    frame = gauge.frame_of(night, similarity)
    if frame is not None and len(night.hot):
        # Every frame has them elsewhere on the sky; the frame that gave the grid has them at their own places.
        there = tuple(night.hot[:, ::-1].T)
        there = tuple(axis[free[there]] for axis in there)
        found["hot_sigma"] = np.mean(np.abs(green[there])) / (figures["pixel_noise"] * figures["scale"])
    heights = []
    for k in night.trails:
        x, y = np.rint(similarity(night.trail_points(k))).astype(int).T
        inside = (x > 5) & (y > 5) & (x < green.shape[1] - 5) & (y < green.shape[0] - 5)
        x, y = x[inside], y[inside]
        along = green[y, x][free[y, x]]
        if len(along) > 50:
            heights.append(np.median(along) / (figures["block_noise"] * figures["scale"]))
    if heights:
        found |= {"trail_sigma_max": np.max(heights), "trail_sigma_mean": np.mean(heights)}
    return found


def coverage(night, similarity, shape, every=1):
    """Share of the frames that see each place of the stack, of every `every`th row and column."""
    y, x = np.mgrid[0 : shape[0] : every, 0 : shape[1] : every]
    places = similarity.inverse(np.stack([x.ravel(), y.ravel()], 1).astype(float))
    cover = np.zeros(len(places))
    for k in range(len(night.names)):
        cover += night.inside(night.to_frame(k, places), 2)
    return (cover / len(night.names)).reshape(x.shape)


def edge_step(night, bands, free, similarity, scale, every=4):
    """Sky where 5 to 50 % of the frames lie less the sky beside it where all do, in ADU of one frame; one per band."""
    cover = coverage(night, similarity, bands.shape[1:], every)
    rim = (cover >= 0.05) & (cover <= 0.5)
    inner = ndimage.binary_dilation(rim, iterations=12) & (cover > 0.97)
    steps = []
    for plane in bands:
        outer, full = (plane[::every, ::every][part & free[::every, ::every]] for part in (rim, inner))
        few = min(len(outer), len(full)) <= 100
        steps.append(np.nan if few else (np.median(outer) - np.median(full)) / scale)
    return steps

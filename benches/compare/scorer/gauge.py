"""Where the sky lies in a stack: found from the stack itself, whatever frame or grid its tool has chosen."""

import numpy as np
from scipy import ndimage, signal

from scorer import stars

BIN = 4  # pixels; shifts are found on a picture four times as coarse
TRIED = 60  # frames of a night that a stack's orientation is compared with, spread evenly
CORE = 12  # sigma; above it all bright things count alike, so that no single one decides


class Similarity:
    """Turns, scales and moves positions of the sky to pixels of the stack."""

    def __init__(self, sky, pixels):
        """The least-squares fit to pairs of positions."""
        (x, y), one, zero = sky.T, np.ones(len(sky)), np.zeros(len(sky))
        rows = np.concatenate([np.stack([x, -y, one, zero], 1), np.stack([y, x, zero, one], 1)])
        self.a, self.b, *self.origin = np.linalg.lstsq(rows, pixels.T.ravel(), rcond=None)[0]

    def __call__(self, sky):
        x, y = sky.T
        return np.stack([self.a * x - self.b * y, self.b * x + self.a * y], 1) + self.origin

    def inverse(self, pixels):
        x, y = (pixels - self.origin).T
        return np.stack([self.a * x + self.b * y, self.a * y - self.b * x], 1) / (self.a**2 + self.b**2)

    def misses(self, sky, pixels):
        return np.hypot(*(pixels - self(sky)).T)


def fit(sky, pixels, cut=4.0, smallest=0.02):
    """The similarity, and which pairs it rests on: pairs missed by `cut` times the median are left out."""
    used = np.ones(len(sky), bool)
    for _ in range(5):
        similarity = Similarity(sky[used], pixels[used])
        misses = similarity.misses(sky, pixels)
        used = misses < max(cut * np.median(misses), smallest)
    return similarity, used


def coarse(positions, shape, weights):
    """Positions on a picture of `shape` bins."""
    rows, columns = (np.floor((positions[:, i] + 0.5) / BIN).astype(int) for i in (1, 0))
    inside = (rows >= 0) & (rows < shape[0]) & (columns >= 0) & (columns < shape[1])
    picture = np.zeros(shape)
    np.add.at(picture, (rows[inside], columns[inside]), weights[inside])
    return picture


def start(night, green):
    """The similarity of the frame whose stars lie most like the stack's, and whether the stack is upside down."""
    level = green - np.nanmedian(green)
    level = np.nan_to_num(level / (1.4826 * np.nanmedian(np.abs(level)))).clip(0, CORE)
    shape = [n // BIN for n in level.shape]
    seen = level[: shape[0] * BIN, : shape[1] * BIN].reshape(shape[0], BIN, shape[1], BIN).sum((1, 3))
    seen = ndimage.gaussian_filter(seen - np.median(seen), 1)
    weights = night.flux[:, 1].clip(0, 5000)
    best = (-np.inf,)
    for k in np.unique(np.linspace(0, len(night.names) - 1, min(len(night.names), TRIED)).round().astype(int)):
        expected = night.to_frame(k, night.stars)
        there = coarse(expected, [n // BIN for n in night.size[::-1]], weights)
        for flipped in (False, True):
            fits = signal.fftconvolve(seen[::-1] if flipped else seen, there[::-1, ::-1])
            row, column = np.unravel_index(fits.argmax(), fits.shape)
            shift = np.array([column - there.shape[1] + 1, row - there.shape[0] + 1]) * BIN
            best = max(best, (fits.max(), flipped, k, tuple(shift)))
    _, flipped, k, shift = best
    return Similarity(night.stars, night.to_frame(k, night.stars) + shift), flipped


def refine(similarity, green, sky, flux):
    """From a start good to some pixels, by the peaks of the brightest stars, to one good to a fraction of a pixel."""
    smooth = ndimage.gaussian_filter(np.nan_to_num(green, nan=np.nanmedian(green)), 1)
    bright = np.argsort(flux)[::-1][:200]
    for reach in (10, 5):
        expected = similarity(sky[bright])
        cuts, corner = stars.cutouts(smooth, expected, reach)
        peak = np.nan_to_num(cuts, nan=-np.inf).reshape(len(cuts), -1).argmax(1)
        found = corner + np.stack([peak % (2 * reach + 1), peak // (2 * reach + 1)], 1)
        whole = np.isfinite(cuts).all((1, 2))
        if whole.sum() < 6:
            raise ValueError(f"{whole.sum()} of the brightest stars lie in the stack; 6 are needed to find its place")
        similarity, _ = fit(sky[bright][whole], found[whole], cut=3.0, smallest=1.0)
    return similarity


def frame_of(night, similarity):
    """The frame on whose grid the stack lies, to a pixel and a half at the corners; None if it has its own."""
    width, height = night.size
    corners = np.array([[0, 0], [width - 1, 0], [0, height - 1], [width - 1, height - 1]], float)
    misses = [np.abs(similarity(night.to_sky(k, corners)) - corners).max() for k in range(len(night.names))]
    return int(np.argmin(misses)) if min(misses) < 1.5 else None

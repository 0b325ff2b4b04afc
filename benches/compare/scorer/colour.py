"""Whether a stack leaves each star its colour."""

import numpy as np

from scorer import sky, stars


def slopes(night, flat, places, which):
    """Relative error of the light in red and in blue per magnitude of red minus green: 0 is honest. The light is that
    of a fit of the band's own mean star shape, which a band that lends its shape to another betrays."""
    true = night.flux[which]
    colour = 2.5 * np.log10(true[:, 0] / true[:, 1])
    found = []
    for band in (0, 2):
        squares = stars.centred(flat[band], places, sky.SHAPE)
        whole = np.isfinite(squares).all((1, 2))
        shape = stars.mean_shape(squares[whole])
        light = (squares[whole] * shape).sum((1, 2)) / np.sum(shape**2)
        ratio = light / true[whole, band]
        ratio /= np.median(ratio)
        used = np.abs(ratio - 1) < 5 * sky.spread(ratio) + 0.02
        found.append(np.polyfit(colour[whole][used], ratio[used], 1)[0] if used.sum() > 2 else np.nan)
    return found

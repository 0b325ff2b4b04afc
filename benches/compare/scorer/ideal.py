"""A stack as good as can be, to score the scorer with: the true stars, level sky, and the noise that the best weights
leave. Its figures are known. And one that is spoiled in known ways."""

import numpy as np

from scorer import gauge, sky

# Figure, lowest and highest that an ideal stack may get.
EXPECTED = [
    ("astrom_rms_px", 0, 0.02),
    ("flux_scatter", 0, 0.02),
    ("flux_lin", -0.02, 0.02),
    ("fwhm_ratio", 0.99, 1.05),  # the pixel itself: 2 % at 2.8 pixels
    ("fwhm_rb", 0.98, 1.02),
    ("snr_eff", 0.93, 1.02),  # the aperture holds 98 % of the light that it takes for all
    ("mf_eff", 0.95, 1.05),
    ("colour_slope", -0.02, 0.02),
    ("hot_sigma", 0.7, 0.9),  # mean of the absolute value of white noise: 0.8
    ("edge_step", -3, 3),
    ("valid_frac", 1, 1),
]
# Of the stack that `spoil` makes of it.
SPOILED = [
    ("flipped", 1, 1),
    ("astrom_rms_px", 0, 0.03),
    ("scale", 0.35, 0.38),
    ("colour_slope.0", -0.3, -0.15),
    ("colour_slope.1", -0.03, 0.03),
    ("edge_step", 15, 25),
    ("hot_sigma", 30, 70),
    ("valid_frac", 0.98, 0.999),
]


def stack(night, seed=1):
    """(3, rows, columns) on the grid of the reference frame."""
    width, height = night.size
    planes = np.full((3, height, width), 600.0)
    radius = np.median(night.fwhm) / (2 * np.sqrt(2 ** (1 / night.beta) - 1))
    fine = (np.arange(3) - 1) / 3
    places = night.to_frame(night.reference, night.stars)
    for (x, y), flux in zip(places, night.flux):
        half = 20 if flux[1] > 3000 else 10
        column, row = round(x), round(y)
        columns = np.arange(max(column - half, 0), min(column + half + 1, width))
        rows = np.arange(max(row - half, 0), min(row + half + 1, height))
        if not len(columns) or not len(rows):
            continue
        dx = ((columns[:, None] + fine).ravel() - x) ** 2
        dy = ((rows[:, None] + fine).ravel() - y) ** 2
        light = (1 + (dx + dy[:, None]) / radius**2) ** -night.beta * (night.beta - 1) / (np.pi * radius**2)
        light = light.reshape(len(rows), 3, len(columns), 3).mean((1, 3))
        planes[:, rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] += flux[:, None, None] * light
    # Half of the photosites are green, a quarter each red and blue.
    noise = np.sqrt(np.array([4, 2, 4]) / night.precision())
    return planes + np.random.default_rng(seed).normal(size=planes.shape) * noise[:, None, None]


def spoil(planes, night):
    """Hot pixels of 50 sigma, 30 % of the green light lent to red, 20 ADU more sky at the rim; the whole 0.37 times as
    bright, upside down, and without value in 8 rows."""
    planes = planes.copy()
    planes[0] += 0.3 * (planes[1] - np.median(planes[1]))
    planes[1, night.hot[:, 1], night.hot[:, 0]] += 50 * np.sqrt(2 / night.precision())
    grid = gauge.Similarity(night.stars, night.to_frame(night.reference, night.stars))
    planes += 20.0 * (sky.coverage(night, grid, planes.shape[1:]) <= 0.5)
    planes[:, 40:48] = np.nan
    return 0.37 * planes[:, ::-1]


def wrong(figures, expected):
    """What is outside of its range, a line for each. Of a list every element counts, or the one of "name.index"."""
    lines = []
    for label, lowest, highest in expected:
        name, _, index = label.partition(".")
        value = figures.get(name)
        values = value if isinstance(value, list) else [value]
        if index:
            values = values[int(index) : int(index) + 1]
        if not values or any(v is None or not lowest <= v <= highest for v in values):
            lines.append(f"{label} is {value}, not between {lowest} and {highest}")
    return lines

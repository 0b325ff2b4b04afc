"""All figures of a stack, in the order in which they build on one another."""

import json

import numpy as np

from scorer import colour, gauge, planes, registration, sky, stars
from scorer.truth import Night

FAINTEST, BRIGHTEST = 4000, 150_000  # ADU in green: well measured, far from saturation
FEWEST = 6  # bright stars


def score(folder, stack, report=None):
    """Figures of the file `stack`, made of the night in `folder`; `report` is CrowdSky's own, for its transforms."""
    night = Night(folder)
    bands = planes.bands(stack)
    similarity, flipped = gauge.start(night, bands[1])
    if flipped:
        bands = bands[:, ::-1]
    similarity = gauge.refine(similarity, bands[1], night.stars, night.flux[:, 1])
    covered = sky.starless(bands[1], similarity(night.stars), night.flux[:, 1])
    flat = bands - np.array([sky.level(band, covered) for band in bands])

    which, places, similarity = bright_stars(night, flat[1], similarity)
    figures = {"n_stars": len(which), "flipped": flipped}
    figures["astrom_rms_px"] = np.sqrt(np.mean(similarity.misses(night.stars[which], places) ** 2))

    flux = night.flux[which, 1]
    ratio = stars.aperture_flux(flat[1], places) / flux
    scale = np.nanmedian(ratio)
    figures["scale"] = scale
    figures["flux_scatter"] = sky.spread(ratio / scale)
    lit = ratio > 0
    figures["flux_lin"] = np.polyfit(np.log(flux[lit]), np.log(ratio[lit]), 1)[0]

    width = [np.median(stars.widths(plane, places)) for plane in flat]
    figures["fwhm_px"] = width[1]
    figures["fwhm_ratio"] = width[1] / np.median(night.fwhm)
    figures["fwhm_rb"] = [width[0] / width[1], width[2] / width[1]]

    covered = sky.starless(bands[1], similarity(night.stars), night.flux[:, 1])
    figures |= sky.depth(night, flat[1], covered, places[flux > 2 * FAINTEST], scale)
    figures["colour_slope"] = colour.slopes(night, flat, places, which)
    figures |= sky.residues(night, flat[1], covered, similarity, figures)
    figures["edge_step"] = sky.edge_step(night, bands, covered, similarity, scale)
    figures["valid_frac"] = np.isfinite(bands[1]).mean()
    if report is not None:
        with open(report) as file:
            figures |= registration.errors(night, json.load(file))
    return plain(figures)


def bright_stars(night, green, similarity):
    """Isolated bright stars of the stack: their numbers in the catalogue, their places, and the similarity they give."""
    flux = night.flux[:, 1]
    for _ in range(2):
        expected = similarity(night.stars)
        rows, columns = green.shape
        inside = ((expected > 40) & (expected < [columns - 41, rows - 41])).all(1)
        chosen = np.flatnonzero(inside & (flux > FAINTEST) & (flux < BRIGHTEST))
        which = stars.isolated(expected, flux, chosen)
        places = stars.windowed(green, expected[which])
        seen = np.isfinite(places).all(1)
        if seen.sum() < FEWEST:
            raise ValueError(f"{seen.sum()} bright isolated stars are found in the stack; {FEWEST} are needed")
        which, places = which[seen], places[seen]
        similarity, used = gauge.fit(night.stars[which], places)
    return which[used], places[used], similarity


def plain(value):
    """Numbers as JSON has them: five digits, and null for what could not be measured."""
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items()}
    if isinstance(value, (list, tuple, np.ndarray)):
        return [plain(item) for item in value]
    if isinstance(value, (float, np.floating)):
        return float(f"{value:.5g}") if np.isfinite(value) else None
    return value.item() if isinstance(value, np.generic) else value

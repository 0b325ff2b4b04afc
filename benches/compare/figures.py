"""The figures that the tables show: what they are called, and which of two values is the better."""

import dataclasses
import statistics
from typing import Callable


def largest(value):
    """Of a list the element furthest from zero, without its sign."""
    return max((abs(v) for v in value), default=None) if isinstance(value, list) else abs(value)


@dataclasses.dataclass(frozen=True)
class Figure:
    """`fault` makes a number of a value that is smaller the better the stack."""

    name: str
    label: str
    digits: int
    fault: Callable = largest
    # The row that counts for CrowdSky: sharing is for pictures, colours are measured without it.
    row: str = "crowdsky"


FIGURES = [
    Figure("astrom_rms_px", "astrometry, px", 4),
    Figure("fwhm_ratio", "FWHM / true", 3),
    Figure("fwhm_rb", "FWHM R, B / G", 3, lambda v: max(abs(x - 1) for x in v)),
    Figure("mf_eff", "depth, points", 3, lambda v: -v, "crowdsky-share"),
    Figure("snr_eff", "depth, sky", 3, lambda v: -v, "crowdsky-share"),
    Figure("colour_slope", "colour slope R, B", 3),
    Figure("flux_scatter", "flux scatter", 4),
    Figure("flux_lin", "flux linearity", 4),
    Figure("hot_sigma", "hot pixels, σ", 2),
    Figure("trail_sigma_max", "trails, σ", 3),
    Figure("edge_step", "rim R, G, B, ADU", 1),
]


def values(records, tool, name):
    """The figure of every scored run of a tool, one per seed; without those where it could not be measured."""
    found = [r["figures"].get(name) for r in records if r["tool"] == tool and "figures" in r]
    return [v for v in found if v is not None and not (isinstance(v, list) and None in v)]


def mean(found):
    """Mean over the seeds; of lists, element by element."""
    if isinstance(found[0], list):
        return [statistics.fmean(column) for column in zip(*found)]
    return statistics.fmean(found)


def shown(value, digits):
    if isinstance(value, list):
        return ", ".join(shown(v, digits) for v in value)
    return f"{value:.{digits}f}".replace("-", "−")


def cell(records, tool, figure):
    """The mean over the seeds as text; a dash where there is none."""
    found = values(records, tool, figure.name)
    return shown(mean(found), figure.digits) if found else "–"


def spread(found, figure):
    faults = [figure.fault(v) for v in found]
    return max(faults) - min(faults)


def verdict(records, figure, other="siril"):
    """How CrowdSky stands against another tool on the same frames: "better", "worse", or "equal" within the spread over
    the seeds of either; None where one of them has no such figure, or one seed only, which has no spread."""
    # A build without sharing is compared as it is.
    row = figure.row if values(records, figure.row, figure.name) else "crowdsky"
    ours, theirs = values(records, row, figure.name), values(records, other, figure.name)
    if min(len(ours), len(theirs)) < 2:
        return None
    behind = statistics.fmean(map(figure.fault, ours)) - statistics.fmean(map(figure.fault, theirs))
    margin = max(spread(ours, figure), spread(theirs, figure))
    return "worse" if behind > margin else "better" if behind < -margin else "equal"

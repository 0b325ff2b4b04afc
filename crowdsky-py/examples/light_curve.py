"""The brightness of one star, chunk by chunk, against the stars around it."""

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

import crowdsky
from crowdsky.stacking.stacking import RawFrame

Reals = npt.NDArray[np.float64]


def reference(stack: crowdsky.Stack) -> RawFrame:
    """The frame whose pixel grid the stack has."""
    (path,) = (frame["path"] for frame in stack.report["frames"] if frame["reference"])
    return RawFrame(path, lazy_load=True)


def aperture(stack: crowdsky.Stack, places: Reals, radius: int = 5) -> tuple[Reals, Reals]:
    """Green flux within `radius` px of each place less the sky around it, and its error, ADU; NaN where there is no data."""
    assert stack.variance is not None, "four frames or more have a variance"
    green, variance = stack.planes.green, stack.variance.green
    # Neighbouring pixels share some of their noise: see "What the numbers mean".
    together = float(stack.to_fits()["VARIANCE"].header[f"COVG{radius}"])
    rows, columns = np.indices(stack.shape)
    fluxes, errors = [], []
    for x, y in places:
        distance = np.hypot(columns - x, rows - y)
        inside, around = distance < radius, (distance > 2 * radius) & (distance < 3 * radius)
        fluxes.append((green[inside] - np.nanmedian(green[around])).sum(dtype=float))
        errors.append(np.sqrt(together * variance[inside].sum(dtype=float) * (1 + inside.sum() / around.sum())))
    return np.array(fluxes), np.array(errors)


def main(frames: Path, x: float | None = None, y: float | None = None, others: int = 10) -> list[tuple[Any, float, float]]:
    """Time, flux relative to the mean of `others` bright stars, and error for each chunk. The star is the one nearest to `x`, `y` in
    the first chunk's stack; without them the brightest that is not saturated."""
    stacks = [(chunk, crowdsky.stack(chunk.frames)) for chunk in crowdsky.group_frames(frames).chunks if len(chunk.frames) > 3]
    if not stacks:
        raise ValueError(f"{frames} holds no chunk of four frames or more")
    first = stacks[0][1]
    target = reference(first)
    rows, columns = first.shape
    # Single stars (flag 0), away from the edges, faint enough for the sensor; brightest last.
    edge = 60
    good = first.stars[
        (first.stars["flag"] == 0)
        & (first.stars["peak"] < 40_000)
        & (abs(first.stars["x"] - columns / 2) < columns / 2 - edge)
        & (abs(first.stars["y"] - rows / 2) < rows / 2 - edge)
    ]
    bright = np.column_stack([good["x"], good["y"]])[::-1]
    chosen = bright[0] if x is None or y is None else bright[np.hypot(*(bright - [x, y]).T).argmin()]
    comparison = bright[(bright != chosen).any(axis=1)][:others]

    curve = []
    for chunk, stack in stacks:
        places = np.vstack([chosen, comparison])
        if stack is not first:
            # Each stack lies on the grid of a frame of its own: where are the stars of the first one?
            frame = reference(stack)
            if not target.find_transform(frame.detect_sources()) or target.transforms is None:
                print(f"{chunk.key}: does not show the field of the first chunk")
                continue
            places = target.transforms(places)
        flux, error = aperture(stack, places)
        level = np.nanmean(flux[1:])
        curve.append((chunk.key.start, flux[0] / level, error[0] / level))
    return curve


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("frames", type=Path, help="folder of raw frames")
    parser.add_argument("--x", type=float, help="column in the first stack")
    parser.add_argument("--y", type=float, help="row in the first stack")
    arguments = parser.parse_args()
    for time, ratio, sigma in main(arguments.frames, arguments.x, arguments.y):
        print(f"{time:%Y-%m-%d %H:%M} {ratio:.4f} +- {sigma:.4f}")

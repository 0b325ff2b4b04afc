"""CrowdSky's own transforms against the true ones."""

import pathlib

import numpy as np

from scorer.gauge import Similarity


def errors(night, report):
    """Distance between estimated and true place, over a grid of points of each accepted frame, after one similarity
    common to all: what is wrong with the frames against each other. In pixels."""
    width, height = night.size
    grid = np.stack(np.meshgrid(np.linspace(20, width - 21, 9), np.linspace(20, height - 21, 15)), -1).reshape(-1, 2)
    estimated, true = [], []
    for frame in report["frames"]:
        if frame["accepted"]:
            k = night.names.index(pathlib.PurePath(frame["path"]).name)
            matrix = np.array(frame["transform"])
            estimated.append(grid @ matrix[:, :2].T + matrix[:, 2])
            true.append(night.to_sky(k, grid))
    if not estimated:
        return {"accepted": 0}
    common = Similarity(np.concatenate(true), np.concatenate(estimated))
    squares = [np.mean(common.misses(t, e) ** 2) for t, e in zip(true, estimated)]
    return {
        "accepted": len(squares),
        "reg_rms_px": np.sqrt(np.mean(squares)),
        "reg_worst_px": np.sqrt(np.max(squares)),
    }

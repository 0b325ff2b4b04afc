"""Runs the same program with seestarpy 0.1.3 and with crowdsky, and compares what a user of it sees.

    python compare_seestarpy.py --seestarpy PYTHON [--judge judge.py] FOLDER...

PYTHON is an interpreter with seestarpy==0.1.3 (opencv, astroalign and sep with it); crowdsky is the one of the interpreter that runs
this. Each FOLDER holds raw frames, *.fit. Of both: attributes, types and shapes after every step, groups of 1,000 names and of the
frames by pointing, the header's cards, star positions in the two stacks, wall time and peak memory. Exit status 1 if anything differs
that is not in DIFFERENCES.
"""

from __future__ import annotations

import argparse
import importlib
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np

FRAME = "filepath hdu sources transforms star_coords aligned_rgb_image footprint is_aligned".split()
COLLECTION = "frames target_index stacked_rgb stacked_footprint stacked_header _stars_table n_frames n_aligned".split()
STEPS = "detect_all_sources align_frames apply_transforms stack detect_stars_in_stack create_stacked_header".split()
# What is right to be different; the README says why.
DIFFERENCES = {
    "after stack: frame 1 is_aligned": "frames that do not fit are left out",
}
# Star positions of the two stacks, RMS, px. Their grid is off by 0.1 to 0.2 px, for they fit single frames to random triples of
# stars, another way with every seed; ours is within 0.01 px of the truth.
AGREE = 0.3


def kind(value: object) -> str:
    """Type and shape; numbers of stars are not compared."""
    if isinstance(value, np.ndarray):
        shape = "(n, 2)" if value.ndim == 2 and value.shape[1] == 2 else str(value.shape)
        return f"array {value.dtype} {shape}"
    if isinstance(value, (tuple, list)):
        return f"{type(value).__name__} of {', '.join(sorted({kind(item) for item in value}))}"
    return type(value).__name__


def names(count: int) -> list[str]:
    """File names of frames, some of them on the edge of a quarter of an hour, in no order."""
    pick = random.Random(5)
    made = []
    for _ in range(count):
        day, hour = pick.randint(1, 28), pick.randint(0, 23)
        minute, second = pick.choice([(pick.randint(0, 59), pick.randint(0, 59)), (15, 0), (14, 59), (0, 0), (59, 59)])
        folder = pick.choice(["", "M 94_sub/", "/a/20240101-000000_sub/"])
        name = pick.choice(["Light_M 94_10.0s_IRCUT", "Light_NGC 7023_20.0s_LP", "x"])
        made.append(f"{folder}{name}_2025{pick.randint(1, 12):02d}{day:02d}-{hour:02d}{minute:02d}{second:02d}.fit")
    return made


def child(package: str, folder: str, out: str, started: str) -> None:
    """One package's run, told as JSON; `started` is when the interpreter was."""
    warnings.simplefilter("ignore")
    if package == "seestarpy":
        seed_what_is_not()
    stacking = importlib.import_module(f"{package}.stacking.stacking")
    selection = importlib.import_module(f"{package}.stacking.file_selection_utils")
    told: dict[str, object] = {}
    collection = stacking.FrameCollection.from_directory(folder)
    collection.process()
    collection.save(out)
    told["seconds"] = time.monotonic() - float(started)
    told["memory"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    stars = collection._stars_table
    told["columns"] = list(stars.colnames)[:30]
    np.savez(out, rgb=collection.stacked_rgb, stars=np.array([stars["x"], stars["y"], stars["flux"], stars["flag"]]).T)
    files = [str(frame.filepath) for frame in collection.frames]
    kinds = {}
    collection = stacking.FrameCollection(files[:8])
    for step in [None, *STEPS]:
        if step:
            kinds[f"{step}() returns"] = kind(getattr(collection, step)())
        for name in FRAME:
            kinds[f"after {step}: frame 1 {name}"] = kind(getattr(collection.frames[1], name))
        for name in COLLECTION:
            kinds[f"after {step}: collection {name}"] = kind(getattr(collection, name))
    kinds["simple_normalize"] = kind(stacking.simple_normalize(collection.stacked_rgb))
    kinds["len, [0], repr"] = f"{len(collection)} {kind(collection[0])} {collection!r}"
    told["kinds"] = kinds
    rgb = np.random.default_rng(1).normal(1000, 50, (40, 30, 3)).astype(np.float32)
    told["normalized"] = stacking.simple_normalize(rgb, (2, 97)).tolist()
    told["by time"] = list(selection.group_filenames_by_15min_chunk_ymd(names(1000)).items())
    told["by pointing"] = list(selection.group_files_by_pointing_coords(files).items())
    told["errors"] = errors(stacking, selection, folder)
    Path(out + ".json").write_text(json.dumps(told))


def seed_what_is_not() -> None:
    """Seeds with 0 what is given no seed: astroalign shuffles stars, and which it meets first decides the fit."""
    seeded = np.random.default_rng
    np.random.default_rng = lambda seed=None: seeded(0 if seed is None else seed)  # type: ignore[assignment]


def errors(stacking: object, selection: object, folder: str) -> dict[str, str]:
    """The types of exceptions for what cannot be."""
    fresh = stacking.FrameCollection.from_directory  # type: ignore[attr-defined]
    wrong = {
        "no files": lambda: fresh(folder, pattern="*.nope"),
        "stack first": lambda: fresh(folder).stack(),
        "unknown method": lambda: fresh(folder).process(method="nope"),
        "stars first": lambda: fresh(folder).detect_stars_in_stack(),
        "save first": lambda: fresh(folder).save("/nowhere/x.fits"),
        "no such frame": lambda: stacking.RawFrame("/nowhere/x.fit"),  # type: ignore[attr-defined]
        "no time": lambda: selection.group_filenames_by_15min_chunk_ymd(["dark.fit"]),  # type: ignore[attr-defined]
    }
    raised = {}
    for name, call in wrong.items():
        if name == "unknown method" and stacking.__name__.startswith("seestarpy"):
            # It would say so after half a minute of work.
            raised[name] = "ValueError"
            continue
        try:
            call()
            raised[name] = "nothing"
        except Exception as error:
            raised[name] = type(error).__name__
    return raised


def centre(image: np.ndarray, x: float, y: float) -> np.ndarray | None:
    """The centre of a star, weighted by a Gaussian of 1.4 px that follows it; None where there is none."""
    start = np.array([x, y])
    place = start.copy()
    for _ in range(8):
        column, row = np.round(place).astype(int)
        cut = image[row - 5 : row + 6, column - 5 : column + 6]
        if cut.shape != (11, 11) or min(row, column) < 5:
            return None
        ys, xs = np.mgrid[row - 5 : row + 6, column - 5 : column + 6]
        weight = cut * np.exp(-0.5 * ((xs - place[0]) ** 2 + (ys - place[1]) ** 2) / 1.4**2)
        # The window pulls the centre half way towards its own.
        place = place + 2 * (np.array([(weight * xs).sum(), (weight * ys).sum()]) / weight.sum() - place)
        if not np.hypot(*(place - start)) < 2:
            return None
    return place


def positions(theirs: dict, ours: dict) -> np.ndarray:
    """How far the same stars are from each other in the green planes of two stacks, px: the brightest that stand alone. Our
    table says where they are; in theirs are hot photosites too."""
    planes = [stack["rgb"][:, :, 1] - np.median(stack["rgb"][:, :, 1]) for stack in (theirs, ours)]
    stars = ours["stars"][np.argsort(ours["stars"][:, 2])[::-1]][:150]
    alone = [s for s in stars if s[3] == 0 and (np.hypot(*(ours["stars"][:, :2] - s[:2]).T) < 12).sum() == 1]
    centres = [[centre(plane, s[0], s[1]) for plane in planes] for s in alone]
    return np.array([np.hypot(*(a - b)) for a, b in centres if a is not None and b is not None])


def compare(theirs: dict, ours: dict, files: list[str]) -> list[str]:
    """What differs."""
    wrong = [
        f"{name}: {value}, and of ours {ours['kinds'].get(name)}"
        for name, value in theirs["kinds"].items()
        if ours["kinds"].get(name) != value and name not in DIFFERENCES
    ]
    wrong += [f"{name} differs" for name in ("by time", "by pointing", "columns", "errors") if theirs[name] != ours[name]]
    if not np.allclose(theirs["normalized"], ours["normalized"], atol=1e-6):
        wrong.append("simple_normalize differs")
    apart = positions(*(np.load(out + ".npz") for out in files))
    agree = float(np.sqrt((apart**2).mean()))
    print(f"  {len(apart)} stars, {np.median(apart):.3f} px apart in the median, {agree:.3f} RMS, {apart.max():.3f} at most")
    if len(apart) < 10 or agree > AGREE:
        wrong.append(f"star positions: {agree:.2f} px apart, of {len(apart)} stars")
    speed, memory = theirs["seconds"] / ours["seconds"], theirs["memory"] / ours["memory"]
    print(f"  seestarpy {theirs['seconds']:.2f} s, {theirs['memory'] / 1e9:.2f} GB; crowdsky {ours['seconds']:.2f} s, "
          f"{ours['memory'] / 1e9:.2f} GB: {speed:.1f} times as fast, 1/{memory:.1f} of the memory")
    return wrong


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seestarpy", required=True, help="an interpreter with seestarpy==0.1.3")
    parser.add_argument("--judge", help="a program that judges a stack by the truth of its folder")
    parser.add_argument("folders", nargs="+")
    args = parser.parse_args()
    wrong = []
    with tempfile.TemporaryDirectory() as scratch:
        for folder in args.folders:
            told: list[dict] = []
            outs = [f"{scratch}/{package}.fits" for package in ("seestarpy", "crowdsky")]
            print(folder)
            for package, python, out in zip(("seestarpy", "crowdsky"), (args.seestarpy, sys.executable), outs):
                subprocess.run([python, __file__, "child", package, folder, out, str(time.monotonic())], check=True, stdout=subprocess.DEVNULL)
                told.append(json.loads(Path(out + ".json").read_text()))
            wrong += [f"{folder}: {what}" for what in compare(*told, outs)]
            if args.judge and (Path(folder) / "truth.npz").exists():
                subprocess.run([sys.executable, args.judge, folder, outs[1]], check=True)
    print("\n".join(wrong) or "the same")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    if sys.argv[1:2] == ["child"]:
        child(*sys.argv[2:])
    else:
        main()

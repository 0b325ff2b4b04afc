"""Pictures to show, and one with circles round the stars."""

import argparse
from pathlib import Path

import matplotlib.pyplot as plt

import crowdsky


def main(frames: Path, out: Path) -> None:
    """Writes preview.png, thumbnail.png and stars.png into `out`."""
    out.mkdir(parents=True, exist_ok=True)
    stack = crowdsky.stack(frames)
    (out / "preview.png").write_bytes(stack.preview_png())
    (out / "thumbnail.png").write_bytes(stack.preview_png(480))

    figure, axes = plt.subplots(figsize=(5, 8))
    stack.plot(axes, stars=True)
    figure.savefig(out / "stars.png", dpi=150, bbox_inches="tight")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("frames", type=Path, help="folder of raw frames")
    parser.add_argument("out", type=Path, help="folder for the pictures")
    arguments = parser.parse_args()
    main(arguments.frames, arguments.out)

"""Only the frames of one filter, from folders where they are mixed."""

import argparse
from pathlib import Path

import crowdsky


def main(frames: Path, wanted: str = "IRCUT") -> crowdsky.Stack:
    """The stack of the frames that were taken through `wanted`."""
    chosen = [path for path in sorted(frames.rglob("*.fit")) if crowdsky.read_header(path).get("FILTER") == wanted]
    if not chosen:
        raise ValueError(f"{frames} holds no frames taken through {wanted}")
    return crowdsky.stack(chosen)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("frames", type=Path, help="folder of raw frames")
    parser.add_argument("--filter", default="IRCUT", help="as the headers have it")
    arguments = parser.parse_args()
    print(main(arguments.frames, arguments.filter))

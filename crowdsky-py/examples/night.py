"""A night, or an archive: one stack for each quarter of an hour."""

import argparse
from pathlib import Path

import crowdsky


def main(frames: Path, out: Path) -> int:
    """Stacks the chunks in `frames` into `out`; how many stacks there are now."""
    out.mkdir(parents=True, exist_ok=True)
    grouping = crowdsky.group_frames(frames)
    for frame, why in grouping.left_out.items():
        print(f"{frame.name}: {why}")
    made = 0
    for chunk in grouping.chunks:
        name = chunk.name or f"{chunk.key}.fit"
        try:
            stack = crowdsky.stack(chunk.frames)
        except crowdsky.StackError as error:
            # The other chunks can still be stacked.
            print(f"{name}: {error}")
            continue
        stack.write(out / name, overwrite=True)
        print(f"{name}: {stack!r}")
        made += 1
    return made


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("frames", type=Path, help="folder of raw frames")
    parser.add_argument("out", type=Path, help="folder for the stacks")
    chosen = parser.parse_args()
    if main(chosen.frames, chosen.out) == 0:
        raise SystemExit("no stack was made")

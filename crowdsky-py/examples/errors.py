"""What can go wrong, and what to do."""

import argparse
from collections import Counter
from pathlib import Path

import crowdsky


def main(frames: Path) -> crowdsky.Stack | None:
    """The stack of a folder, or None; whatever was left out is told of."""
    try:
        stack = crowdsky.stack(frames)
    except ValueError as error:
        print(f"no frames in that folder, or an argument that cannot be: {error}")
        return None
    except crowdsky.StackError as error:
        print(f"fewer than two frames are usable: {error}")
        for frame in (error.report or {}).get("frames", []):
            print(f"  {frame['path']}: {frame['detail']}")
        return None
    except MemoryError as error:
        print(f"pass a larger memory=: {error}")
        return None
    dropped = [frame for frame in stack.report["frames"] if not frame["accepted"]]
    for frame in dropped:
        print(f"{Path(frame['path']).name}: {frame['detail']}")
    print(f"{stack!r}, left out: {dict(Counter(frame['reason'] for frame in dropped))}")
    return stack


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("frames", type=Path, help="folder of raw frames")
    main(parser.parse_args().frames)

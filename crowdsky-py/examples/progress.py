"""How far it is, and a limit on memory."""

import argparse
import sys
from pathlib import Path

import crowdsky


def tell(stage: str, done: int, total: int) -> None:
    """Is called in the thread that stacks; an exception that is raised here ends the stack."""
    print(f"\r{stage} {done} of {total}   ", end="", file=sys.stderr)


def main(frames: Path, memory: int = 500_000_000) -> crowdsky.Stack:
    """The stack of a folder in at most `memory` bytes: what does not fit in is read twice, and the result is the same."""
    stack = crowdsky.stack(frames, memory=memory, progress=tell)
    print(file=sys.stderr)
    return stack


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("frames", type=Path, help="folder of raw frames")
    arguments = parser.parse_args()
    print(main(arguments.frames))

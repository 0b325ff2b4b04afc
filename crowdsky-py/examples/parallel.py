"""Several stacks at a time: threads, or processes."""

import argparse
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import crowdsky


def in_threads(chunks: list[list[Path]], workers: int) -> list[crowdsky.Stack]:
    """A stack leaves Python's other threads alone; with one thread each they do not compete for cores."""
    with ThreadPoolExecutor(workers) as pool:
        return list(pool.map(lambda frames: crowdsky.stack(frames, threads=1), chunks))


def write_one(job: tuple[list[Path], Path]) -> int:
    """A Stack stays in its process: it is written there, and something small comes back."""
    frames, path = job
    stack = crowdsky.stack(frames, threads=1)
    stack.write(path, overwrite=True)
    return len(stack.stars)


def in_processes(jobs: list[tuple[list[Path], Path]], workers: int) -> list[int]:
    """The same in processes, of use where Python's own work between the stacks is what takes time."""
    with ProcessPoolExecutor(workers) as pool:
        return list(pool.map(write_one, jobs))


def main(frames: Path, out: Path, workers: int = 2) -> list[int]:
    """Stacks all chunks both ways; the numbers of stars."""
    out.mkdir(parents=True, exist_ok=True)
    chunks = [chunk.frames for chunk in crowdsky.group_frames(frames).chunks]
    stacks = in_threads(chunks, workers)
    counts = in_processes([(chunk, out / f"{number}.fits") for number, chunk in enumerate(chunks)], workers)
    assert counts == [len(stack.stars) for stack in stacks]
    return counts


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("frames", type=Path, help="folder of raw frames")
    parser.add_argument("out", type=Path, help="folder for the stacks")
    arguments = parser.parse_args()
    print(main(arguments.frames, arguments.out))

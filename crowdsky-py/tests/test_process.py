"""The package in a process: other threads, children, Ctrl-C, memory."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
import warnings

import crowdsky
import numpy as np
import pytest
from conftest import unit


def run(code: str, *args: object, flags: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *flags, "-c", code, *map(str, args)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120)


def test_other_threads_run_on(night):
    ticks, end = 0, threading.Event()

    def count() -> None:
        nonlocal ticks
        while not end.wait(0.001):
            ticks += 1

    counter = threading.Thread(target=count)
    counter.start()
    try:
        before = ticks
        crowdsky.stack(night, threads=1)
        # Were the lock held there would be none; how many depends on the machine.
        assert ticks - before > 3
    finally:
        end.set()
        counter.join()


def test_many_threads_stack_at_once(night):
    wanted = crowdsky.stack(night).planes.green
    made: list[object] = [None] * 6

    def work(index: int) -> None:
        made[index] = crowdsky.stack(night, threads=1 + index % 2)

    workers = [threading.Thread(target=work, args=(index,)) for index in range(6)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    for stack in made:
        np.testing.assert_array_equal(stack.planes.green, wanted)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_forked_child_stacks(night):
    # Here threads have been, and are gone: those of a pool that stays would be missing in the child.
    wanted = crowdsky.stack(night).planes.green.copy()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        try:
            made = crowdsky.stack(night)
            made.preview()
            os._exit(0 if np.array_equal(made.planes.green, wanted) else 3)
        except BaseException:
            os._exit(4)
    for _ in range(600):
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            break
        time.sleep(0.1)
    else:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        pytest.fail("the child does not end")
    assert os.waitstatus_to_exitcode(status) == 0


def test_development_mode_finds_nothing(night, tmp_path):
    code = """
import sys, crowdsky
from crowdsky.stacking.stacking import FrameCollection
made = crowdsky.stack(sys.argv[1])
made.write(sys.argv[2]); made.preview(); made.stars; made.variance; made.coverage; made.report
crowdsky.read_header(sys.argv[2]); crowdsky.read_image(sys.argv[2], "RED"); crowdsky.group_frames(sys.argv[1])
collection = FrameCollection.from_directory(sys.argv[1])
collection.process(); collection.save(sys.argv[2]); collection[0].hdu
"""
    done = run(code, night, tmp_path / "x.fits", flags=("-X", "dev", "-W", "error"))
    assert (done.returncode, done.stderr) == (0, "")


def test_ctrl_c_ends_a_long_stack(frames, tmp_path):
    # 300 exposures from 12: another time makes another frame.
    for number in range(300):
        frame = unit(frames[number % 12])
        frame.header["DATE-OBS"] = f"2026-03-01T00:{number // 60:02d}:{number % 60:02d}.000"
        frame.writeto(tmp_path / f"{number:03d}.fit")
    code = """
import signal, sys, crowdsky
# What a shell starts in the background has the signal ignored, and Python leaves it so.
signal.signal(signal.SIGINT, signal.default_int_handler)
def tell(stage, done, total):
    print(stage, flush=True)
try:
    crowdsky.stack(sys.argv[1], progress=tell, threads=1)
    print("done", flush=True)
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""
    command = [sys.executable, "-c", code, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith("frames"):
                break
        sent = time.monotonic()
        process.send_signal(signal.SIGINT)
        rest = process.stdout.read().split()
        took = time.monotonic() - sent
    assert rest[-1] == "interrupted" and process.returncode == 0
    # A second is promised; other tests may run beside this one.
    assert took < 5


def test_a_thousand_stacks_take_no_more_memory_than_some(frames):
    code = """
import sys, crowdsky
def memory():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096
counts = [crowdsky.read_image(path)[:96, :128].copy() for path in sys.argv[1:5]]
def rounds(n):
    for _ in range(n):
        made = crowdsky.stack(counts, threads=2)
        made.rgb, made.planes, made.stars, made.report
rounds(200)
before = memory()
rounds(800)
print(memory() - before)
"""
    if not os.path.exists("/proc/self/statm"):
        pytest.skip("no /proc here")
    done = run(code, *frames[:4])
    assert done.returncode == 0, done.stderr
    # One stack of 128 x 96 px that stays would be 0.6 MB, 800 of them half a GB.
    assert int(done.stdout) < 8e6


@pytest.mark.parametrize("long", [False, True])
def test_a_fault_of_ours_is_an_exception_like_others(long, capfd):
    with pytest.raises(crowdsky.CrowdskyError, match="please report it: as wanted"):
        crowdsky._core._fault(long)

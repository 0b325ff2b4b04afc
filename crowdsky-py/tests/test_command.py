"""`python -m crowdsky`."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time

import crowdsky


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "crowdsky", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


def test_a_stack_is_that_of_the_library(night, tmp_path):
    done = run("stack", night, "-o", tmp_path / "x.fits", "--json")
    assert done.returncode == 0 and json.loads(done.stdout)["n_accepted"] == 12
    crowdsky.stack(night).write(tmp_path / "y.fits")
    assert (tmp_path / "x.fits").read_bytes() == (tmp_path / "y.fits").read_bytes()


def test_what_a_file_says(frames):
    (told,) = json.loads(run("inspect", frames[0], "--json").stdout)["files"]
    assert told == crowdsky.inspect(frames[0])


def test_exit_status_and_words(tmp_path):
    wrong = run("stack", "--nope")
    assert wrong.returncode == 2 and "python -m crowdsky stack" in wrong.stderr
    assert run("stack", tmp_path / "gone.fit", "-o", tmp_path / "x.fits").returncode == 3
    assert run("--version").stdout.strip() == f"crowdsky {crowdsky.__version__}"
    service = run("serve")
    assert service.returncode == 2 and "cargo install crowdsky-server" in service.stderr


def test_ctrl_c_leaves_nothing_behind(night, tmp_path):
    command = [sys.executable, "-m", "crowdsky", "simulate", str(tmp_path / "night"), "--frames", "2000", "--size", "64x64"]
    with subprocess.Popen([*command, "--quiet"], stderr=subprocess.PIPE, text=True) as process:
        while not list(tmp_path.glob("night/*.fit")):
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        said = process.communicate(timeout=10)[1]
    assert process.returncode != 0 and "Traceback" not in said

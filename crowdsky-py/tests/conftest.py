"""Nights that all tests share: simulated once, never written to."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from astropy.io import fits


def simulate(folder: Path, *options: str) -> Path:
    """A simulated night by the command line of the package itself."""
    subprocess.run([sys.executable, "-m", "crowdsky", "simulate", str(folder), "--quiet", *options], check=True)
    return folder


@pytest.fixture(scope="session")
def night(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve frames of 400 x 300 pixels, 10 s apart, none of them bad."""
    options = "--frames 12 --size 400x300 --stars 12000 --clouds 0 --seed 4".split()
    return simulate(tmp_path_factory.mktemp("night") / "M 94_sub", *options)


@pytest.fixture(scope="session")
def frames(night: Path) -> list[Path]:
    """Its files, in order of time."""
    return sorted(night.glob("*.fit"))


def unit(path: Path) -> fits.PrimaryHDU:
    """A file's first unit, in memory."""
    with fits.open(path, memmap=False) as units:
        units[0].data
        return units[0]


@pytest.fixture
def copied(night: Path, tmp_path: Path) -> Callable[[int], list[Path]]:
    """Copies of the first frames that a test may change."""

    def copy(count: int) -> list[Path]:
        made = []
        for frame in sorted(night.glob("*.fit"))[:count]:
            made.append(tmp_path / frame.name)
            shutil.copy(frame, made[-1])
        return made

    return copy

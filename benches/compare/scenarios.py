"""The nights that tools are compared on, and how they are made."""

import dataclasses
import shutil
import subprocess


@dataclasses.dataclass(frozen=True)
class Scenario:
    """`frames` has several numbers where the time is measured against them; there one seed is enough."""

    about: str
    options: tuple = ()
    frames: tuple = (30,)
    seeds: tuple = (1, 2, 3)
    rounds: int = 1


SCENARIOS = {
    "usual": Scenario("2.5 degrees of field rotation, 3000 stars of 2.8 px", frames=(60,)),
    "equatorial": Scenario("no field rotation", ("--rotation", "0")),
    "rotating": Scenario("12 degrees of field rotation", ("--rotation", "12")),
    "sharp": Scenario("stars of 2.0 px", ("--fwhm", "2.0")),
    "blurred": Scenario("stars of 4.5 px", ("--fwhm", "4.5")),
    "sparse": Scenario("300 stars", ("--stars", "300")),
    "milky-way": Scenario("20000 stars", ("--stars", "20000")),
    "trails": Scenario("trails in 30 % of the frames", ("--trails", "0.3")),
    "cloudy": Scenario("30 % of the frames cloudy", ("--clouds", "0.3")),
    "flip": Scenario("turned over at the meridian half way", ("--flip",)),
    "few": Scenario("8 frames", frames=(8,)),
    "many": Scenario("90 frames", frames=(90,)),
    "speed": Scenario("the usual night, shorter and longer", frames=(10, 30, 90, 300, 1000), seeds=(1,), rounds=3),
}

QUICK = Scenario(
    "a small night, to see that everything runs", ("--size", "540x960", "--stars", "1200"), frames=(12,), seeds=(1,)
)


def simulate(crowdsky, scenario, frames, seed, folder):
    """Makes the night in `folder`, anew."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    options = [*scenario.options, "--frames", str(frames), "--seed", str(seed), "--quiet"]
    subprocess.run([crowdsky, "simulate", folder, *options], check=True)


def warm(folder):
    """Reads all frames once, so that no tool pays for the disk and none for the one before it."""
    for path in folder.glob("*.fit"):
        path.read_bytes()

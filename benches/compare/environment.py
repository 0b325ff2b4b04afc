"""What the comparison runs on and with: the virtual environment, the program, the machine, the versions."""

import datetime
import os
import pathlib
import platform
import re
import shutil
import subprocess
import sys
import venv

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
# Where cargo builds, so that what is made here goes where all else goes that is made.
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")).resolve()
WORK = TARGET / "compare"
CROWDSKY = TARGET / "release" / "crowdsky"
TIME = "/usr/bin/time"


def python():
    """The interpreter of an environment with what requirements.txt lists; it is made where it is missing."""
    home, wanted = WORK / "venv", (HERE / "requirements.txt").read_text()
    interpreter, made_for = home / "bin" / "python", home / "requirements.txt"
    if not (made_for.exists() and made_for.read_text() == wanted):
        print(f"installing {HERE / 'requirements.txt'} into {home}", flush=True)
        venv.create(home, clear=True, with_pip=True)
        pip = [interpreter, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"]
        subprocess.run([*pip, HERE / "requirements.txt"], check=True)
        made_for.write_text(wanted)  # only now: an environment half made is made again
    return interpreter


def build():
    """The program, in release as users have it."""
    command = ["cargo", "build", "--quiet", "--release", "-p", "crowdsky-server"]
    subprocess.run(command, check=True, cwd=ROOT)
    if not os.access(TIME, os.X_OK):
        sys.exit(f"{TIME} measures time and memory and is missing; Debian: apt-get install time")


def first_line(*command):
    """What a program says of its version; None if it is not there."""
    if shutil.which(command[0]) is None:
        return None
    said = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    return said.stdout.strip().splitlines()[0] if said.returncode == 0 and said.stdout.strip() else None


def machine():
    cpu = re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text())
    memory = re.search(r"MemTotal:\s*(\d+) kB", pathlib.Path("/proc/meminfo").read_text())
    system = re.search(r'PRETTY_NAME="(.*)"', pathlib.Path("/etc/os-release").read_text())
    return {
        "cpu": cpu[1] if cpu else platform.machine(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gib": round(int(memory[1]) / 2**20, 1),
        "os": f"{system[1] if system else platform.system()}, Linux {platform.release()}",
    }


def packages(interpreter):
    """Versions of what requirements.txt names, as installed."""
    names = re.findall(r"^([\w-]+)==", (HERE / "requirements.txt").read_text(), re.M)
    script = "import sys, importlib.metadata as m; print(*(m.version(n) for n in sys.argv[1:]), sep='\\n')"
    said = subprocess.run([interpreter, "-c", script, *names], check=True, capture_output=True, text=True)
    return dict(zip(names, said.stdout.split()))


def describe(interpreter):
    """The run: when, where, with what. `interpreter` is None where only CrowdSky runs."""
    versions = {
        "crowdsky": first_line(str(CROWDSKY), "--version"),
        "commit": first_line("git", "describe", "--always", "--dirty", "--abbrev=10"),
        "rustc": first_line("rustc", "--version"),
        "siril": first_line("siril-cli", "--version"),
        "python": platform.python_version(),
    }
    if interpreter is not None:
        versions |= packages(interpreter)
    date = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC")
    return {"date": date, "machine": machine(), "versions": {k: v for k, v in versions.items() if v}}

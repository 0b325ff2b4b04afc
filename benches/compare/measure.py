"""Runs one tool on one night: time, memory, disk, and what became of the frames."""

import re
import shutil
import subprocess

from environment import TIME


def seconds(clock):
    """"1:02:03" or "2:03.45" as seconds."""
    total = 0.0
    for part in clock.split(":"):
        total = 60 * total + float(part)
    return total


def on_disk(folder):
    """Bytes that the files below take, those linked to not counted."""
    return sum(path.lstat().st_size for path in folder.rglob("*") if path.is_file() and not path.is_symlink())


def run(tool, night, frames, work):
    """Figures of the run in an empty folder `work`. With "failed" instead where there is no stack."""
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    reason = tool.too_much(frames, work)
    if reason:
        return {"left_out": reason}
    command, log, timing = tool.command(night, work), work / "log.txt", work / "time.txt"
    with open(log, "w") as out:
        # GNU time and not getrusage of our own child: what we hold ourselves would count as the child's peak.
        status = subprocess.run([TIME, "-v", "-o", timing, *command], stdout=out, stderr=out, cwd=work).returncode
    said = timing.read_text()

    def value(label):
        return re.search(rf"{label}.*?: (\S+)$", said, re.M)[1]

    text = log.read_text(errors="replace")
    if status or not tool.result(work).exists():
        return {"failed": f"exit status {status}: {tool.trouble(text)}"}
    result = tool.result(work).stat().st_size
    return {
        "wall_s": seconds(value("Elapsed")),
        "cpu_s": float(value("User time")) + float(value("System time")),
        "peak_mib": float(value("Maximum resident set size")) / 1024,
        "disk_mib": (on_disk(work) - result) / 2**20,
        "accepted": tool.accepted(work, text),
    }

"""The stackers: whether they are there, what they can hold, how they are called, what they say."""

import json
import os
import re
import shutil
import subprocess

from environment import CROWDSKY, HERE

SIRIL_SCRIPT = """requires 1.0.0
cd lights
convert light -debayer -out=../process
cd ../process
register light
stack r_light rej 3 3 -norm=addscale -out=../result
close
"""
FRAME = 1080 * 1920  # photosites; what tools need per frame was measured on frames of this size


def last_line(log):
    return log.strip().splitlines()[-1] if log.strip() else "no word"


class CrowdSky:
    """As users call it; `options` make another row of the tables."""

    def __init__(self, about, *options):
        self.about, self.options = about, options

    def missing(self):
        known = subprocess.run([CROWDSKY, "stack", *self.options, "--help"], capture_output=True).returncode == 0
        return None if known else f"this build does not know {' '.join(self.options)}"

    def too_much(self, frames, work):
        return None

    def command(self, night, work):
        return [CROWDSKY, "stack", night, "-o", self.result(work), "--report", self.report(work), *self.options]

    def result(self, work):
        return work / "stack.fits"

    def report(self, work):
        return work / "report.json"

    def accepted(self, work, log):
        return json.loads(self.report(work).read_text())["n_accepted"]

    def trouble(self, log):
        return last_line(log)


class Siril:
    """Its own script for one-shot colour cameras without darks and flats: global registration, Winsorized clipping."""

    about = "convert -debayer, register, stack rej 3 3 -norm=addscale"
    per_frame = 25e6  # bytes on the disk: three planes of 16 bits, and again when registered

    def missing(self):
        return None if shutil.which("siril-cli") else "siril-cli is not installed; Debian: apt-get install siril"

    def too_much(self, frames, work):
        free = shutil.disk_usage(work).free
        need = frames * self.per_frame
        return f"it writes {need / 1e9:.0f} GB, {free / 1e9:.0f} GB are free" if need > 0.9 * free else None

    def command(self, night, work):
        (work / "process").mkdir()
        (work / "lights").mkdir()
        for frame in sorted(night.glob("*.fit")):
            os.symlink(frame, work / "lights" / frame.name)
        (work / "stack.ssf").write_text(SIRIL_SCRIPT)
        return ["siril-cli", "-d", work, "-s", work / "stack.ssf"]

    def result(self, work):
        return work / "result.fit"

    def report(self, work):
        return None

    def accepted(self, work, log):
        found = re.search(r"(\d+) images have been stacked", log)
        return int(found[1]) if found else None

    def trouble(self, log):
        # The last line only says that the script has failed; how many frames were registered is mostly why.
        found = re.findall(r"log: Total: (.*)", log)
        return found[-1] if found else last_line(log)


class Script:
    """A stacker in Python, by a script of `stackers/` that prints how many frames it has accepted."""

    def __init__(self, about, script, per_frame, most):
        self.about, self.script, self.per_frame, self.most = about, script, per_frame, most
        self.interpreter = None

    def missing(self):
        return None if self.interpreter else "it needs the virtual environment"

    def too_much(self, frames, work):
        if frames <= self.most:
            return None
        return f"it holds all frames in memory, {self.per_frame} GB each: not tried above {self.most}"

    def command(self, night, work):
        return [self.interpreter, HERE / "stackers" / self.script, night, self.result(work)]

    def result(self, work):
        return work / "stack.fits"

    def report(self, work):
        return None

    def accepted(self, work, log):
        found = re.search(r"^accepted (\d+) of", log, re.M)
        return int(found[1]) if found else None

    def trouble(self, log):
        return last_line(log)


TOOLS = {
    "crowdsky": CrowdSky("crowdsky stack"),
    "crowdsky-share": CrowdSky("crowdsky stack --share on", "--share", "on"),
    "siril": Siril(),
    "seestarpy": Script("FrameCollection.process()", "seestarpy_stack.py", 0.2, 60),
    "ccdproc": Script("bilinear debayer, astroalign, ccdproc.combine with sigma clipping", "ccdproc_stack.py", 0.1, 60),
}


def chosen(names, interpreter):
    """The tools of these names that are there. Each that is not is told of, and why."""
    found = {}
    for name in names:
        tool = TOOLS[name]
        if isinstance(tool, Script):
            tool.interpreter = interpreter
        reason = tool.missing()
        if reason:
            print(f"left out: {name}: {reason}", flush=True)
        else:
            found[name] = tool
    return found

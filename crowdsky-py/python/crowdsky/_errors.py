"""What goes wrong, by kind. Files that are missing raise FileNotFoundError, bad arguments ValueError, as everywhere in Python."""

from __future__ import annotations

import json
from typing import Any


class CrowdskyError(Exception):
    """What goes wrong in crowdsky and nowhere else."""


class FitsError(CrowdskyError, OSError):
    """A file that is no FITS file, is cut off, or is not of the kind that is wanted. The message names the file and what to do."""


class StackError(CrowdskyError):
    """Frames that cannot be stacked. `report` tells what became of each, as `Stack.report` does, where that is known."""

    def __init__(self, message: str, report: str | None = None):
        super().__init__(message)
        self.report: dict[str, Any] | None = None if report is None else json.loads(report)

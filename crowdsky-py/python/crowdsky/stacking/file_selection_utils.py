"""Which files belong together: by 15 minutes, by where the telescope pointed."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime, timezone

from .._header import read_header

_STAMP = re.compile(r"(\d{8})-(\d{6})")
_SLOT_SECONDS = 15 * 60


def _taken(filename: str) -> datetime:
    """The time (UTC) in a file's name."""
    found = _STAMP.search(filename)
    if found is None:
        raise ValueError(f"{filename} has no time in its name (YYYYMMDD-HHMMSS)")
    return datetime.strptime("".join(found.groups()), "%Y%m%d%H%M%S").replace(tzinfo=timezone.utc)


def group_filenames_by_15min_chunk_ymd(filenames: Iterable[str]) -> dict[str, list[str]]:
    """Names by `YYYYMMDD-CC`, the day (UTC) and the number of its quarter of an hour, 0 to 95; all in order of time.

    Raises ValueError for a name without a time stamp.
    """
    chunks: dict[str, list[tuple[datetime, str]]] = {}
    for name in filenames:
        taken = _taken(name)
        slot = (3600 * taken.hour + 60 * taken.minute + taken.second) // _SLOT_SECONDS
        chunks.setdefault(f"{taken:%Y%m%d}-{slot:02d}", []).append((taken, name))
    by_time = {key: sorted(chunk, key=lambda pair: pair[0]) for key, chunk in sorted(chunks.items())}
    return {key: [name for _, name in chunk] for key, chunk in by_time.items()}


def _pointing(name: str) -> str:
    """Where a file's header says that the telescope pointed, as `RRR.RR+DD.DD` in degrees."""
    header = read_header(name)
    try:
        ra, dec = float(header["RA"]), float(header["DEC"])
    except KeyError as missing:
        raise KeyError(f"{name}: the header has no {missing}: RA and DEC are needed") from missing
    sign = "+" if dec >= 0 else "-"
    return f"{ra % 360.0:06.2f}{sign}{abs(dec):05.2f}"


def group_files_by_pointing_coords(fnames: list[str]) -> dict[str, list[str]]:
    """Files by where their headers say that the telescope pointed, `RRR.RR+DD.DD` in degrees.

    Raises KeyError for a header without RA and DEC.
    """
    groups: dict[str, list[str]] = {}
    for name in fnames:
        groups.setdefault(_pointing(name), []).append(name)
    return groups

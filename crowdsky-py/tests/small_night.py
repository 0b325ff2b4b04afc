"""Small frames with stars: enough to be sorted into chunks and stacked in some 20 ms each."""

import gzip
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np

ROWS, COLUMNS = 160, 120


def frame(start: datetime, seed: int, telescope: str = "S50_1", cards: int = 0) -> bytes:
    """The bytes of a FITS file: the same 25 stars on every frame, shifted by up to 3 px, and noise of its own."""
    sky, own = np.random.default_rng(7), np.random.default_rng(seed)
    y, x = np.mgrid[:ROWS, :COLUMNS]
    shift = own.uniform(-3, 3, 2)
    light = np.full((ROWS, COLUMNS), 600.0)
    for row, column, flux in zip(sky.uniform(8, ROWS - 8, 25), sky.uniform(8, COLUMNS - 8, 25), sky.uniform(2e3, 3e4, 25)):
        light += flux / 12 * np.exp(-((y - row - shift[0]) ** 2 + (x - column - shift[1]) ** 2) / (2 * 1.4**2))
    counts = np.clip(own.normal(light, np.sqrt(light)), 0, 65535).astype(np.uint16)
    values = {
        "SIMPLE": "T", "BITPIX": 16, "NAXIS": 2, "NAXIS1": COLUMNS, "NAXIS2": ROWS, "BZERO": 32768, "BSCALE": 1,
        "BAYERPAT": "'GRBG'", "DATE-OBS": f"'{start.isoformat()}'", "EXPTIME": 10.0, "GAIN": 80, "RA": 11.75, "DEC": 41.25,
        "OBJECT": "'M 31'", "FILTER": "'IRCUT'", "TELESCOP": f"'{telescope}'", "INSTRUME": "'Seestar S50'", "IMAGETYP": "'Light'",
    }  # fmt: skip
    text = "".join(f"{key:8}= {value:>20}".ljust(80) for key, value in values.items())
    text += "COMMENT a longer header".ljust(80) * cards + "END".ljust(80)
    header = text.ljust(-(-len(text) // 2880) * 2880).encode()
    data = (counts.astype(np.int32) - 32768).astype(">i2").tobytes()
    return header + data.ljust(-(-len(data) // 2880) * 2880, b"\0")


def night(chunks: int, frames: int, **options) -> dict[str, bytes]:
    """Frames by name, `frames` in each of `chunks` quarters of an hour."""
    first = datetime(2025, 10, 24, 18, 0, 5)
    starts = [first + timedelta(minutes=15 * chunk, seconds=11 * number) for chunk in range(chunks) for number in range(frames)]
    return {
        f"Light_M 31_10.0s_IRCUT_{start:%Y%m%d-%H%M%S}.fit": frame(start, seed, **options) for seed, start in enumerate(starts)
    }


def write(folder: Path, content: dict[str, bytes], packed: bool = False) -> list[Path]:
    """Writes them into a folder, which is made; `packed` with gzip."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, data in content.items():
        paths.append(folder / (f"{name}.gz" if packed else name))
        paths[-1].write_bytes(gzip.compress(data) if packed else data)
    return paths

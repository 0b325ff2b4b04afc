from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, TypeAlias, final

import numpy as np
import numpy.typing as npt

__all__ = [
    "_fault",
    "ChunkKey",
    "Stack",
    "__version__",
    "align",
    "detect_stars",
    "find_frames",
    "group_frames",
    "healpix",
    "inspect_json",
    "main",
    "match_positions",
    "read_header",
    "read_image",
    "stack",
    "star_units",
    "stars_of_picture",
]
__version__: str

_Array: TypeAlias = tuple[str, str | None, npt.NDArray[np.uint16]]
_Item: TypeAlias = Path | str | _Array
_Tell: TypeAlias = Callable[[str, int, int], Any] | None

@final
class ChunkKey:
    """The key of a chunk: its 15 minutes (UTC) and where the telescope pointed, as `20250327.05_193.1_+40.9`, or with the number of
    a HEALPix tile, `20250327.05_HP033810`.

    Keys are equal if their texts are, and come in the order of their texts. `ValueError` tells what is wrong with a text.
    """

    def __new__(cls, text: str) -> ChunkKey: ...
    @staticmethod
    def position(date_obs: str, ra: float | None = None, dec: float | None = None) -> ChunkKey:
        """The key of a frame taken at `date_obs` (ISO 8601, UTC) at `ra` and `dec` (degrees, rounded to 0.1)."""
    @staticmethod
    def healpix(date_obs: str, ra: float, dec: float) -> ChunkKey:
        """The same with the HEALPix tile (NSIDE 128, RING) that the pointing lies in."""
    @property
    def start(self) -> datetime:
        """When the 15 minutes begin (UTC)."""
    @property
    def end(self) -> datetime:
        """When they end."""
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    def __lt__(self, other: ChunkKey, /) -> bool: ...
    def __le__(self, other: ChunkKey, /) -> bool: ...
    def __gt__(self, other: ChunkKey, /) -> bool: ...
    def __ge__(self, other: ChunkKey, /) -> bool: ...
    def __hash__(self) -> int: ...
    def __format__(self, spec: str, /) -> str: ...
    def __reduce__(self) -> tuple[type[ChunkKey], tuple[str]]: ...

@final
class Stack:
    @property
    def planes(self) -> list[npt.NDArray[np.float32]]: ...
    @property
    def rgb(self) -> npt.NDArray[np.float32]: ...
    @property
    def coverage(self) -> npt.NDArray[np.uint16]: ...
    @property
    def rejected(self) -> npt.NDArray[np.uint16]: ...
    @property
    def variance(self) -> list[npt.NDArray[np.float32]] | None: ...
    @property
    def covariance(self) -> npt.NDArray[np.float64] | None: ...
    @property
    def report_json(self) -> str: ...
    def header(self) -> tuple[list[tuple[str, Any, str]], str]: ...
    def stars(self) -> dict[str, npt.NDArray[Any]]: ...
    def write_fits(self, path: Path, layout: str, overwrite: bool) -> None: ...
    def fits_bytes(self, layout: str) -> bytes: ...
    def preview(self, longest: int | None = None) -> npt.NDArray[np.uint8]: ...
    def preview_png(self, longest: int | None = None) -> bytes: ...

def stack(
    frames: list[_Item] | list[Path] | list[Path | _Array],
    *,
    method: str = "auto",
    share: bool = False,
    sigma: float | None = None,
    reference: str | None = None,
    prefer: bool = False,
    allow_mixed: bool = False,
    threads: int = 0,
    memory: int | None = None,
    bayer: str | None = None,
    progress: _Tell = None,
) -> Stack: ...
def find_frames(paths: list[Path]) -> list[Path]: ...
def group_frames(
    frames: list[Path] | list[tuple[str, bytes]], threads: int
) -> tuple[list[dict[str, Any]], list[tuple[int, str]]]: ...
def healpix(
    ra: npt.NDArray[np.float64], dec: npt.NDArray[np.float64], nside: int
) -> npt.NDArray[np.int64]: ...
def read_header(path: Path, hdu: int | str) -> tuple[list[tuple[str, Any, str]], str]: ...
def read_image(path: Path, hdu: int | str | None = None) -> npt.NDArray[Any]: ...
def detect_stars(
    frames: list[Path | _Array], *, bayer: str | None = None, threads: int = 0, progress: _Tell = None
) -> list[tuple[tuple[npt.NDArray[np.float64], float, tuple[int, int]] | None, str | None]]: ...
def match_positions(
    source: npt.NDArray[np.float64], target: npt.NDArray[np.float64], shape: tuple[int, int]
) -> tuple[npt.NDArray[np.float64], list[tuple[int, int]]] | None: ...
def align(
    frame: Path | _Array, matrix: list[list[float]], shape: tuple[int, int], *, bayer: str | None = None
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]: ...
def stars_of_picture(
    rgb: npt.NDArray[np.float32], coverage: npt.NDArray[np.uint16], sigma: float
) -> dict[str, npt.NDArray[Any]]: ...
def star_units() -> list[tuple[str, str]]: ...
def main(arguments: list[str]) -> int: ...
def inspect_json(path: Path) -> str: ...
def _fault(long: bool) -> None: ...

"""Headers of FITS files, without a need for astropy."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from . import _core

if TYPE_CHECKING:
    from astropy.io import fits


# Cards of text without a value.
_COMMENTARY = ("COMMENT", "HISTORY", "")


class Card(NamedTuple):
    """One card: `value` is None where there is none, as in HISTORY and COMMENT, whose text is in `comment`."""

    keyword: str
    value: Any
    comment: str


class Header(Mapping[str, Any]):
    """The cards of a header: values by keyword, in any case; of a keyword that comes twice, the first; of HISTORY and COMMENT all
    lines.

    `cards` has all of them in order, `comments` the comments by keyword, `text` the FITS text, 80 characters a card.
    """

    def __init__(self, cards: list[Card], text: str):
        self.cards = cards
        self.text = text
        self._first: dict[str, Card] = {}
        for card in cards:
            self._first.setdefault(card.keyword, card)

    def __getitem__(self, keyword: str) -> Any:
        if not isinstance(keyword, str):
            raise KeyError(keyword)
        card = self._first[keyword.upper()]
        if card.keyword in _COMMENTARY:
            return "\n".join(other.comment for other in self.cards if other.keyword == card.keyword)
        return card.value

    def __iter__(self) -> Iterator[str]:
        return iter(self._first)

    def __len__(self) -> int:
        return len(self._first)

    def __contains__(self, keyword: object) -> bool:
        return isinstance(keyword, str) and keyword.upper() in self._first

    def __repr__(self) -> str:
        return "\n".join(self.text[i : i + 80].rstrip() for i in range(0, len(self.text), 80))

    @property
    def comments(self) -> dict[str, str]:
        """Comments by keyword."""
        return {keyword: card.comment for keyword, card in self._first.items()}

    def to_astropy(self) -> fits.Header:
        """The same as an `astropy.io.fits.Header`."""
        from .astropy import header

        return header(self)


def read_header(path: str | os.PathLike[str], hdu: int | str = 0) -> Header:
    """Reads the header of a unit of a FITS file, packed with gzip or not: its number, or its EXTNAME.

    Of the first unit only the header is read. Raises FileNotFoundError, FitsError, IndexError or KeyError for a unit that is
    not there.

    >>> import crowdsky
    >>> header = crowdsky.read_header(frame)
    >>> header["BAYERPAT"], header.comments["NAXIS1"]
    ('GRBG', 'length of data axis 1')
    """
    cards, text = _core.read_header(Path(path), hdu)
    return Header([Card(*card) for card in cards], text)


def read_image(path: str | os.PathLike[str], hdu: int | str | None = None) -> npt.NDArray[Any]:
    """Reads an image of a FITS file, packed with gzip or not, as a numpy array with the slowest axis first.

    Raw counts come as uint16; an image with BSCALE, BZERO or BLANK comes as float64 with NaN for BLANK. Without `hdu` (a number, or
    an EXTNAME) it is the first image that has pixels. Raises FileNotFoundError, FitsError, IndexError, KeyError.
    """
    image: npt.NDArray[Any] = np.asarray(_core.read_image(Path(path), hdu))
    return image


def inspect(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Everything that a FITS file says of itself and every problem with it: the facts of its header, both chunk keys, units and
    cards, findings with code, card and byte offset. Nothing is raised for a file that is unusable: `usable` is False then, and
    `error` says why. It is what `python -m crowdsky inspect --json` prints of each file.

    >>> import crowdsky
    >>> told = crowdsky.inspect(frame)
    >>> told["usable"], told["facts"]["bayer"]
    (True, 'GRBG')
    """
    told: dict[str, Any] = json.loads(_core.inspect_json(Path(path)))
    return told

"""Headers and images."""

from __future__ import annotations

import gzip

import crowdsky
import numpy as np
import pytest
from astropy.io import fits


def test_a_header_is_that_of_astropy(frames):
    ours, theirs = crowdsky.read_header(frames[0]), fits.getheader(frames[0])
    assert len(ours.cards) == len(theirs.cards) and ours.to_astropy().tostring() == theirs.tostring()
    for key in set(ours) - {"COMMENT"}:
        assert ours[key] == theirs[key] and type(ours[key]) is type(theirs[key]), key
        assert ours.comments[key] == theirs.comments[key]
    assert "gain" in ours and ours["Gain"] == theirs["GAIN"] and "NOPE" not in ours and 3 not in ours
    assert repr(ours).startswith("SIMPLE  =")
    for key in ("NOPE", 5):
        with pytest.raises(KeyError):
            ours[key]
        assert ours.get(key) is None


def test_every_type_of_value(tmp_path):
    header = fits.Header()
    header["TRUTH"], header["BIG"], header["HALF"], header["WORD"], header["COMPLEX"] = False, 2**70, 0.5, "it's", 1 + 2j
    header["NONE"] = None
    header["LONG"] = "x" * 200
    header.add_history("first")
    header.add_history("second")
    fits.PrimaryHDU(header=header).writeto(tmp_path / "x.fits")
    ours = crowdsky.read_header(tmp_path / "x.fits")
    for key in ("TRUTH", "BIG", "HALF", "WORD", "COMPLEX", "NONE", "LONG"):
        assert ours.get(key) == header[key], key
    assert ours["HISTORY"] == "first\nsecond" and str(header["HISTORY"]) == ours["HISTORY"]


def test_units_by_number_and_name(tmp_path):
    pixels = np.arange(24, dtype=np.int32).reshape(2, 3, 4)
    table = fits.BinTableHDU(np.array([(1, 2.0)], dtype=[("a", "i4"), ("b", "f8")]), name="STARS")
    fits.HDUList([fits.PrimaryHDU(), fits.ImageHDU(pixels, name="CUBE"), table]).writeto(tmp_path / "x.fits")
    path = tmp_path / "x.fits"
    assert crowdsky.read_header(path, "cube")["NAXIS"] == 3 and crowdsky.read_header(path, 2)["EXTNAME"] == "STARS"
    for hdu in (None, 1, "CUBE"):
        np.testing.assert_array_equal(crowdsky.read_image(path, hdu), pixels)
    with pytest.raises(IndexError, match="has no unit 3"):
        crowdsky.read_header(path, 3)
    with pytest.raises(IndexError, match="has no unit -1"):
        crowdsky.read_image(path, -1)
    with pytest.raises(KeyError, match="nope"):
        crowdsky.read_image(path, "nope")
    with pytest.raises(crowdsky.FitsError):
        crowdsky.read_image(path, "STARS")


@pytest.mark.parametrize("dtype", ["u1", "i1", "i2", "u2", "i4", "u4", "i8", "u8", "f4", "f8"])
def test_every_type_of_pixel(dtype, tmp_path):
    pixels = np.arange(60).reshape(5, 12).astype(dtype)
    fits.PrimaryHDU(pixels).writeto(tmp_path / "x.fits")
    ours = crowdsky.read_image(tmp_path / "x.fits")
    assert ours.dtype == np.dtype(dtype)
    np.testing.assert_array_equal(ours, pixels)


def test_scaled_pixels_are_real_numbers(tmp_path):
    header = fits.PrimaryHDU(np.array([[1, -32768]], np.int16)).header
    header["BLANK"], header["BSCALE"], header["BZERO"] = -32768, 0.5, 10.0
    (tmp_path / "x.fits").write_bytes(header.tostring().encode() + b"\x00\x01\x80\x00" + bytes(2876))
    np.testing.assert_array_equal(crowdsky.read_image(tmp_path / "x.fits"), [[10.5, np.nan]])


def test_packed_files(frames, tmp_path):
    packed = tmp_path / "x.fit.gz"
    packed.write_bytes(gzip.compress(frames[0].read_bytes(), 1))
    np.testing.assert_array_equal(crowdsky.read_image(packed), fits.getdata(frames[0]))
    assert crowdsky.read_header(packed)["OBJECT"] == fits.getheader(frames[0])["OBJECT"]


def test_what_cannot_be_read(tmp_path):
    with pytest.raises(FileNotFoundError):
        crowdsky.read_header(tmp_path / "gone.fit")
    with pytest.raises(IsADirectoryError):
        crowdsky.read_image(tmp_path)
    fits.PrimaryHDU().writeto(tmp_path / "empty.fits")
    with pytest.raises(crowdsky.FitsError, match="empty.fits"):
        crowdsky.read_image(tmp_path / "empty.fits", 0)
    (tmp_path / "text.fit").write_text("Dear diary")
    with pytest.raises(crowdsky.FitsError, match="text.fit") as raised:
        crowdsky.read_header(tmp_path / "text.fit")
    assert isinstance(raised.value, OSError) and isinstance(raised.value, crowdsky.CrowdskyError)
    # Declares a terabyte: refused before anything is allocated.
    header = fits.Header([("SIMPLE", True), ("BITPIX", -64), ("NAXIS", 2), ("NAXIS1", 400_000), ("NAXIS2", 400_000)])
    (tmp_path / "huge.fit").write_bytes(header.tostring().encode())
    with pytest.raises(crowdsky.FitsError):
        crowdsky.read_image(tmp_path / "huge.fit")


def test_inspect_tells_of_any_file(frames, tmp_path):
    told = crowdsky.inspect(frames[0])
    assert told["usable"] and told["path"] == str(frames[0])
    (tmp_path / "text.fit").write_text("Dear diary")
    told = crowdsky.inspect(tmp_path / "text.fit")
    assert not told["usable"] and told["error"]

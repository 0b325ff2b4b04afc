"""Keys, tiles and groups."""

from __future__ import annotations

import pickle
from datetime import datetime, timezone

import crowdsky
import numpy as np
import pytest
from crowdsky import ChunkKey

M94 = ("2025-03-27T01:20:32.955368", 193.049, 40.97)


def test_keys_have_one_text():
    key = ChunkKey.position(*M94)
    assert str(key) == "20250327.05_193.0_+41.0" and key == ChunkKey(str(key)) and hash(key) == hash(ChunkKey(str(key)))
    assert repr(key) == 'ChunkKey("20250327.05_193.0_+41.0")' and eval(repr(key)) == key
    assert str(ChunkKey.healpix(*M94)) == "20250327.05_HP033810"
    assert str(ChunkKey.position(M94[0])) == "20250327.05"
    assert pickle.loads(pickle.dumps(key)) == key and f"{key:>30}" == str(key).rjust(30) and key != str(key)


def test_keys_have_an_order_and_a_time():
    keys = [ChunkKey("20250327.05_HP033810"), ChunkKey("20250327.05"), ChunkKey("20250326.95_0.0_+0.0")]
    assert [str(key) for key in sorted(keys)] == sorted(map(str, keys)) and keys[2] < keys[1] <= keys[0]
    assert keys[0].start == datetime(2025, 3, 27, 1, 15, tzinfo=timezone.utc)
    assert keys[2].end == datetime(2025, 3, 27, tzinfo=timezone.utc)


@pytest.mark.parametrize("text", ["", "20250327.96", "20250230.05", "20250327.05_193.0_-0.0", "20250327.05_HP999999"])
def test_what_is_no_key_is_refused(text):
    with pytest.raises(ValueError):
        ChunkKey(text)


def test_places_and_times_that_cannot_be():
    for date, ra, dec in (("yesterday", 1.0, 1.0), (M94[0], 1.0, 91.0), (M94[0], float("nan"), 0.0), (M94[0], 1.0, None)):
        with pytest.raises(ValueError):
            ChunkKey.position(date, ra, dec)


def test_healpix():
    assert crowdsky.healpix(193.049, 40.97) == 33810
    both = crowdsky.healpix([[193.049], [0.0]], [40.97, -90.0])
    assert both.shape == (2, 2) and both.dtype == np.int64 and both[0, 0] == 33810
    assert (both[:, 1] // 4 == (12 * 128**2 - 1) // 4).all()
    assert crowdsky.healpix(0.0, 90.0, nside=1) == 0
    for wrong in ((0.0, 91.0, 128), (float("nan"), 0.0, 128), (0.0, 0.0, 0), (0.0, 0.0, 1 << 14), (0.0, 0.0, -1)):
        with pytest.raises(ValueError):
            crowdsky.healpix(*wrong)


def test_frames_into_chunks(night, frames, tmp_path):
    broken = tmp_path / "broken.fit"
    broken.write_bytes(b"SIMPLE")
    grouping = crowdsky.group_frames([night, broken])
    (chunk,) = grouping.chunks
    assert chunk.frames == frames and list(grouping.left_out) == [broken]
    assert chunk.name.startswith("CrowdSky_12_") and str(chunk.key).split("_")[0] in chunk.name
    assert chunk.key.start <= chunk.healpix_key.end and chunk.exptime == 10.0
    with pytest.raises(ValueError, match="no frames"):
        crowdsky.group_frames([])

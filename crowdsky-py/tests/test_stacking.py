"""The drop-in for seestarpy's stacking."""

from __future__ import annotations

import copy
import gc
import pickle
import subprocess
import sys
import warnings

import crowdsky
import numpy as np
import pytest
from astropy.io import fits
from astropy.table import Table
from crowdsky.stacking.fits_header_utils import create_stacked_header, make_stacked_rgb_fits
from crowdsky.stacking.stacking import FrameCollection, RawFrame, simple_normalize


def test_step_by_step_and_at_once_are_the_same(night):
    steps = FrameCollection.from_directory(night)
    assert repr(steps) == "FrameCollection(12 frames, 0 aligned)" and steps.target_index == 6
    assert steps[1].sources is None and steps[1].hdu.data.dtype == np.uint16
    steps.detect_all_sources()
    assert steps[1].sources.shape[1] == 2 and steps[1].transforms is None
    steps.align_frames()
    assert steps[1].transforms is not None and not steps[1].is_aligned and steps[1].aligned_rgb_image is None
    steps.apply_transforms()
    assert steps.n_aligned == 12
    stepped = steps.stack()
    whole = FrameCollection.from_directory(night)
    np.testing.assert_array_equal(whole.process(), stepped)
    for collection in (steps, whole):
        assert stepped.shape == (300, 400, 3) and stepped.dtype == np.float32
        assert collection.stacked_footprint.dtype == np.int64 and collection.stacked_footprint.max() == 12
        assert collection[1].sources.shape[1] == 2
        ours, theirs = collection[1].star_coords
        assert len(ours) > 10 and np.median(collection[1].transforms.residuals(ours, theirs)) < 0.3
    stars = whole._stars_table
    assert isinstance(stars, Table) and (np.diff(stars["flux"]) >= 0).all()
    assert len(steps.detect_stars_in_stack()) == len(stars) > len(steps.detect_stars_in_stack(50.0)) > 0


def test_aligned_images_lie_on_the_targets_grid(night):
    collection = FrameCollection.from_directory(night)
    collection.process()
    target, other = collection[6].aligned_rgb_image, collection[0].aligned_rgb_image
    assert other.shape == (300, 400, 3) and other.dtype == np.float64
    hole = collection[0].footprint
    assert hole.dtype == bool and (np.isnan(other[:, :, 1]) == hole).all() and 0 < hole.mean() < 0.3
    # The same stars in the same places: better than with the frame as it is.
    both = ~hole
    raw = crowdsky.read_image(collection[0].filepath)
    assert np.corrcoef(target[both][:, 1], other[both][:, 1])[0, 1] > np.corrcoef(target[both][:, 1], raw[both])[0, 1] + 0.2


def test_single_frames(frames):
    first, second = RawFrame(frames[0]), RawFrame(frames[1], lazy_load=True)
    sources = first.detect_sources()
    assert second.find_transform(sources) is True and second.star_coords[0].shape == second.star_coords[1].shape
    moved, footprint = second.apply_transform(first.hdu.data)
    assert moved.shape == (300, 400, 3) and footprint.shape == (300, 400) and second.is_aligned
    forth = second.transforms
    np.testing.assert_allclose(forth.inverse(forth([[10.0, 20.0]])), [[10.0, 20.0]])
    assert forth.scale == pytest.approx(1, abs=0.005) and abs(forth.rotation) < 0.1 and forth.params.shape == (3, 3)
    second.aligned_rgb_image = None
    assert not second.is_aligned and second.footprint is None
    with pytest.raises(AttributeError, match="hdu.data"):
        second.aligned_rgb_image = moved
    second.footprint = None
    with pytest.raises(AttributeError, match="transform"):
        second.footprint = footprint
    # A look at one frame: in colour, where it is.
    alone = RawFrame(frames[2])
    image, footprint = alone.apply_transform(first.hdu.data)
    assert not footprint.any() and not alone.is_aligned and alone.aligned_rgb_image is None
    np.testing.assert_allclose(np.median(image[:, :, 1]), np.median(alone.hdu.data), rtol=0.2)


def test_stars_from_elsewhere(frames):
    # As sep or photutils find them.
    found = [RawFrame(frame).detect_sources() for frame in frames[:2]]
    frame = RawFrame(frames[1])
    frame.sources = found[1]
    assert frame.find_transform(found[0]) and frame.transforms.scale == pytest.approx(1, abs=0.005)


def test_a_frame_of_another_field_is_not_averaged_in(copied):
    paths = copied(6)
    with fits.open(paths[2], mode="update") as units:
        units[0].data = np.random.default_rng(1).poisson(600, units[0].data.shape).astype(np.uint16)
    collection = FrameCollection(paths)
    with pytest.warns(UserWarning, match=f"{paths[2].name}") as told:
        collection.detect_all_sources()
        collection.align_frames()
    assert "Could not find transform" in str(told[0].message)
    collection.apply_transforms()
    collection.stack()
    assert collection.n_aligned == 5 and not collection[2].is_aligned and collection.stacked_footprint.max() == 5
    with pytest.warns(UserWarning, match="left out of the stack"):
        collection.process()
    assert collection.n_aligned == 5 and collection.result.report["n_accepted"] == 5


def test_a_target_that_is_no_use_is_replaced(copied):
    paths = copied(5)
    with fits.open(paths[2], mode="update") as units:
        units[0].data[:] = 700
    collection = FrameCollection(paths)
    with pytest.warns(UserWarning, match="left out"):
        collection.process()
    assert collection.target_index != 2 and collection.n_aligned == 4


def test_changed_data_are_what_is_stacked(frames):
    collection = FrameCollection(frames)
    plain = collection.process().copy()
    for frame in collection.frames:
        frame.hdu.data = frame.hdu.data + np.uint16(500)
    brighter = collection.process()
    assert np.median(brighter - plain) == pytest.approx(500, abs=1)
    # Calibrated as people do it: rounded, with a word.
    for frame in collection.frames:
        frame.hdu.data = frame.hdu.data - 500.25
    with pytest.warns(UserWarning, match="rounded"):
        np.testing.assert_allclose(np.median(collection.process() - plain), 0, atol=1)
    collection[0].hdu.data = np.asfortranarray(frames and crowdsky.read_image(frames[0]))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert collection.process() is not None and collection.n_aligned == 12


def test_saved_files(night, tmp_path):
    collection = FrameCollection.from_directory(night)
    with pytest.raises(RuntimeError):
        collection.save(tmp_path / "x.fits")
    collection.process()
    collection.save(tmp_path / "x.fits")
    with fits.open(tmp_path / "x.fits") as units:
        units.verify("exception")
        assert [unit.name for unit in units] == ["PRIMARY", "RED", "GREEN", "BLUE", "FOOTPRINT", "STAR-TAB"]
        np.testing.assert_array_equal(units["BLUE"].data, collection.stacked_rgb[:, :, 2])
        header = units[0].header
        assert header["NIMAGES"] == 12 and header["EXPTIME"] == pytest.approx(120) and header["CHUNKKEY"]
        assert "SITELAT" not in header and "BAYERPAT" not in header and len(units["STAR-TAB"].data) == len(collection._stars_table)
    assert [entry.name for entry in tmp_path.iterdir()] == ["x.fits"]
    with pytest.raises(FileExistsError):
        collection.save(tmp_path / "x.fits", overwrite=False)
    # What the caller changed is what is written.
    collection.stacked_rgb[:] = 7
    collection.stacked_header["NOTE"] = "mine"
    collection.save(tmp_path / "x.fits")
    assert (fits.getdata(tmp_path / "x.fits", "RED") == 7).all() and fits.getheader(tmp_path / "x.fits")["NOTE"] == "mine"


@pytest.mark.parametrize("date", ["", "24/10/25", "2025-10-24", "2025-10-24T19:00:60", "2025-10-24T19:00:01.5+00:00"])
def test_odd_headers_do_not_keep_a_stack_from_being_saved(copied, tmp_path, date):
    paths = copied(5)
    for path in paths:
        content = path.read_bytes()
        at = content.index(b"OBJECT  =")
        content = content[:at] + "OBJECT  = 'Große Wolke'".encode().ljust(80) + content[at + 80 :]
        at = content.index(b"DATE-OBS=")
        path.write_bytes(content[:at] + f"DATE-OBS= '{date}'".ljust(80).encode() + content[at + 80 :])
    collection = FrameCollection(paths)
    collection.process()
    collection.save(tmp_path / "x.fits")
    header = fits.getheader(tmp_path / "x.fits")
    assert header["OBJECT"].startswith("Gro") and header["NIMAGES"] == 5
    assert crowdsky.read_header(paths[0]).to_astropy()["OBJECT"].isascii()


def test_packed_files_are_packed(night, tmp_path):
    collection = FrameCollection.from_directory(night)
    collection.process(method="median")
    collection.save(tmp_path / "x.fits.gz")
    assert (tmp_path / "x.fits.gz").read_bytes().startswith(b"\x1f\x8b")
    assert fits.getheader(tmp_path / "x.fits.gz")["STACKMET"] == "median"


def test_steps_of_ones_own_are_taken(night):
    class Mine(FrameCollection):
        def detect_all_sources(self, *args, **kwargs):
            super().detect_all_sources(*args, **kwargs)
            self.seen = len(self.frames)

    mine = Mine.from_directory(night)
    mine.process()
    assert mine.seen == mine.n_aligned == 12


def test_frames_taken_out_after_they_were_aligned(night):
    collection = FrameCollection.from_directory(night)
    collection.align_frames()
    collection.apply_transforms()
    before = collection[3].transforms.params
    collection.frames = collection.frames[3:]
    collection.stack()
    # The grid is still that of the frame that was in the middle.
    np.testing.assert_allclose(collection[0].transforms.params, before, atol=0.1)
    assert collection.target_index == 3 and len(collection[1:3]) == 2 and len(list(collection)) == 9
    collection.frames = collection.frames[:2]
    collection.stack()
    assert collection.n_aligned == 2


def test_collections_cross_processes(night):
    collection = FrameCollection.from_directory(night)
    collection.process()
    again = pickle.loads(pickle.dumps(collection))
    np.testing.assert_array_equal(again.stacked_rgb, collection.stacked_rgb)
    assert again.result is None and again.n_aligned == 12 and copy.deepcopy(collection).n_aligned == 12


def test_what_others_write_into(night):
    collection = FrameCollection.from_directory(night)
    collection.process(sigma_clip=1)
    collection.process(sigma_clip=1000)
    with pytest.raises(ValueError, match="read-only"):
        collection[0].aligned_rgb_image[:10] = 0
    collection.stacked_rgb = collection.stacked_rgb[10:-10, 10:-10]
    assert len(collection.detect_stars_in_stack()) > 10
    frame = collection[0]
    frame.sources = [tuple(place) for place in frame.sources]
    assert frame.find_transform(collection[1].sources)
    for nothing in ([], None, [[np.nan, 1.0]], "stars"):
        with pytest.warns(UserWarning, match="Could not find"):
            assert frame.find_transform(nothing) is False
    with pytest.raises(ValueError, match="n_workers"):
        collection.process(n_workers=-1)


def test_a_frame_that_is_cut_off(copied):
    paths = copied(5)
    paths[1].write_bytes(paths[1].read_bytes()[:40_000])
    with warnings.catch_warnings():
        # astropy's own, of the length, and of the file that it leaves open.
        warnings.simplefilter("ignore")
        with pytest.raises(crowdsky.FitsError):
            RawFrame(paths[1])
        gc.collect()
    steps, whole = FrameCollection(paths), FrameCollection(paths)
    with pytest.warns(UserWarning, match=paths[1].name):
        steps.align_frames()
        steps.apply_transforms()
        steps.stack()
        whole.process()
    assert steps.n_aligned == whole.n_aligned == 4 and whole[1].sources is None


def test_a_first_frame_that_is_no_fits(copied):
    paths = copied(5)
    paths[0].write_bytes(b"Dear diary")
    collection = FrameCollection(paths)
    with pytest.warns(UserWarning, match=f"{paths[0].name} is left out"):
        collection.process()
    assert collection.n_aligned == 4 and collection.create_stacked_header()["NIMAGES"] == 4


def test_frames_without_a_pattern_are_a_seestars(copied):
    paths = copied(5)
    plain = FrameCollection(paths).process()
    for path in paths:
        path.write_bytes(path.read_bytes().replace(b"BAYERPAT=", b"PATTERN =", 1))
    collection = FrameCollection(paths)
    np.testing.assert_array_equal(collection.process(), plain)
    collection.align_frames()
    collection.apply_transforms()
    assert collection.n_aligned == 5 and collection[0].aligned_rgb_image.shape == (300, 400, 3)


def test_median_and_thresholds(night):
    collection = FrameCollection.from_directory(night)
    mean, median = collection.process(), collection.process(method="median")
    assert np.nanmedian(np.abs(mean - median)) < 20 and not np.array_equal(mean, median)
    assert np.isfinite(collection.process(sigma_clip=None)).any()
    with pytest.raises(ValueError, match="'mean' or 'median'"):
        collection.stack(method="mode")
    with pytest.raises(IndexError):
        collection.align_frames(99)
    assert collection.target_index == 6
    with pytest.raises(ValueError, match="no files"):
        FrameCollection.from_directory(night, pattern="*.tif")


def test_stretch():
    rgb = np.dstack([np.linspace(0, 100, 101).reshape(1, -1)] * 3)
    rgb[0, 50, 0] = np.nan
    stretched = simple_normalize(rgb, (10, 90))
    assert stretched.dtype == np.float32 and stretched[0, 10, 1] == 0 and stretched[0, 90, 1] == 1
    assert np.isnan(stretched[0, 50, 0]) and (simple_normalize(np.ones((2, 2, 3))) == 0).all()


def test_headers_tell_what_is_odd():
    units = {}
    for number, gain in enumerate((80, 80, 120)):
        header = fits.Header()
        header["OBJECT"], header["GAIN"], header["EXPTIME"] = "M 94", gain, 10.0
        header["DATE-OBS"] = f"2025-03-26T21:20:{46 + number}.1234567"
        units[f"{number}.fit"] = {"hdu": fits.PrimaryHDU(header=header), "transforms": number < 3 or None}
    with pytest.warns(UserWarning, match="several gains"):
        made = create_stacked_header(units, list(units))
    assert made["GAIN"] == 80 and made["EXPTIME"] == 30 and made["OBSTOTAL"] == 2 and made["NIMAGES"] == 3
    with pytest.raises(ValueError, match="aligned"):
        create_stacked_header({"x": {"hdu": units["0.fit"]["hdu"], "transforms": None}}, ["x"])
    saved = make_stacked_rgb_fits(made, np.ones((4, 5, 3)), np.ones((4, 5), int))
    assert [unit.name for unit in saved] == ["PRIMARY", "RED", "GREEN", "BLUE", "FOOTPRINT"]


def test_without_astropy(night, tmp_path):
    code = """
import sys
sys.modules["astropy"] = None
from crowdsky.stacking.stacking import FrameCollection
from crowdsky.stacking.file_selection_utils import group_files_by_pointing_coords
collection = FrameCollection.from_directory(sys.argv[1])
collection.process()
assert collection[0].hdu.header["GAIN"] and collection[0].hdu.data.shape == (300, 400)
assert len(collection._stars_table.dtype) == 38
assert len(group_files_by_pointing_coords([str(frame.filepath) for frame in collection.frames])) >= 1
collection.process()
try:
    collection.save(sys.argv[2])
except ImportError as error:
    assert "pip install" in str(error)
else:
    sys.exit("saved?")
"""
    done = subprocess.run([sys.executable, "-W", "error", "-c", code, str(night), str(tmp_path / "x.fits")], timeout=60)
    assert done.returncode == 0


def test_no_warning_where_nothing_is_odd(night):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        FrameCollection.from_directory(night).process()

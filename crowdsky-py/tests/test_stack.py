"""Frames into a stack, and what can be done with it."""

from __future__ import annotations

import errno
import os
import pickle
import warnings

import crowdsky
import numpy as np
import pytest
from astropy.nddata import CCDData, VarianceUncertainty
from conftest import unit


@pytest.fixture(scope="module")
def made(night):
    return crowdsky.stack(night)


def test_planes_are_the_stacks_own_and_cannot_be_written(made):
    assert made.shape == (300, 400)
    for plane in (*made.planes, *made.variance, made.coverage, made.rejected):
        assert plane.shape == made.shape and not plane.flags.writeable and not plane.flags.owndata
        with pytest.raises(ValueError):
            plane.flags.writeable = True
    assert np.shares_memory(made._core.planes[0], made.planes.red)
    assert [plane.dtype for plane in made.planes] == ["f4"] * 3 and made.coverage.dtype == "u2"
    rgb = made.rgb
    assert rgb.shape == (300, 400, 3) and rgb.flags.c_contiguous and rgb.flags.writeable
    np.testing.assert_array_equal(rgb[:, :, 1], made.planes.green)
    assert made.coverage.max() == 12 and made.coverage.min() >= 1


def test_arrays_outlive_the_stack(night):
    plane = crowdsky.stack(night).planes.red
    assert np.nanmedian(plane) > 100


def test_files_folders_and_arrays_give_the_same(made, frames):
    units = [unit(frame) for frame in frames]
    counts = np.array([frame.data for frame in units])
    for given in (frames, [str(frame) for frame in frames], units):
        other = crowdsky.stack(given)
        np.testing.assert_array_equal(np.stack(other.planes), np.stack(made.planes))
    # Without headers nobody knows the camera's gain: the noise model comes from the frames alone.
    bare = crowdsky.stack(counts)
    np.testing.assert_allclose(np.stack(bare.planes), np.stack(made.planes), rtol=1e-4)
    assert made.report["frames"][6]["reference"]


def test_one_frame_given_twice_is_one(frames):
    folder = frames[0].parent
    twice = [folder, frames[3], frames[3], f"{folder}/../{folder.name}", os.path.relpath(folder)]
    assert crowdsky.stack(twice).report["n_input"] == 12
    assert len(crowdsky.group_frames(twice).chunks[0].frames) == 12


def test_the_reference_is_the_frame_that_was_named(copied, tmp_path):
    paths = copied(4)
    (tmp_path / "other").mkdir()
    others = [path.rename(tmp_path / "other" / path.name) for path in paths]
    mine = copied(4)
    # Two frames of one file name, with different pixels.
    with open(mine[2], "r+b") as file:
        file.seek(-2880 * 2, 2)
        file.write(b"\x01" * 100)
    made = crowdsky.stack([*others, *mine], reference=mine[2])
    (reference,) = [frame["path"] for frame in made.report["frames"] if frame["reference"]]
    assert reference == str(mine[2])
    dotted = [f"{tmp_path}/./other//{path.name}" for path in others]
    assert crowdsky.stack(dotted, reference=dotted[1]).report["frames"][1]["reference"]
    assert crowdsky.stack(others, reference=others[1].name).report["frames"][1]["reference"]


def test_strided_and_wider_integers_are_taken(frames):
    counts = np.array([crowdsky.read_image(frame) for frame in frames[:4]])
    wanted = np.stack(crowdsky.stack(counts).planes)
    odd = np.zeros((4, 300, 800), np.uint16)[:, :, ::2]
    odd[:] = counts
    columns_first = [np.asfortranarray(frame) for frame in counts]
    flipped = counts[:, ::-1, ::-1].copy()[:, ::-1, ::-1]
    packed = np.zeros(counts.shape, [("flag", "u1"), ("counts", "u2")])
    packed["counts"] = counts
    for given in (odd, columns_first, list(packed["counts"]), flipped, counts.astype(np.int64), counts.astype(float), list(counts), counts.astype(">u2")):
        np.testing.assert_array_equal(np.stack(crowdsky.stack(given).planes), wanted)


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (np.zeros((3, 40, 40, 3)), "before debayering"),
        ([np.full((40, 40), 0.5)], "fractions"),
        ([np.full((40, 40), -1)], "0 to 65535"),
        ([np.full((40, 40), np.nan)], "0 to 65535"),
        (np.zeros((0, 40, 40), np.uint16), "no frames"),
        ([], "no frames"),
        ("", "empty path"),
        ([np.broadcast_to(np.uint16(7), (200_000, 200_000))] * 2, "more than"),
        ([CCDData(np.ones((40, 40), np.uint16), unit="adu", mask=np.eye(40, dtype=bool))], "mask"),
        ([np.ma.masked_equal(np.arange(1600).reshape(40, 40), 7)], "mask"),
        ([np.zeros((40, 40), complex)], "complex128"),
        ([np.zeros((40, 40), object)], "object"),
        ([np.zeros((40, 40), bool)], "bool"),
    ],
)
def test_what_is_no_frame_is_refused(wrong, told):
    with pytest.raises(ValueError, match=told):
        crowdsky.stack(wrong)


def test_the_type_of_what_is_no_frame_is_named():
    with pytest.raises(TypeError, match="frame 1 is a NoneType"):
        crowdsky.stack([None])
    with pytest.raises(TypeError):
        crowdsky.stack(3)


def test_same_bytes_on_any_number_of_threads(night, tmp_path):
    contents = []
    for threads in (1, 2, 5):
        crowdsky.stack(night, threads=threads).write(tmp_path / "x.fits", overwrite=True)
        contents.append((tmp_path / "x.fits").read_bytes())
    assert contents[0] == contents[1] == contents[2]


def test_less_memory_the_same_stack(frames):
    # 96 frames from 12: one count more makes another frame.
    counts = np.array([crowdsky.read_image(frame) for frame in frames] * 8)
    counts[:, 0, 0] += np.arange(96, dtype=np.uint16)
    wanted = np.stack(crowdsky.stack(counts).planes)
    # Stack and work take some 80 MB; the frames, 23 MB, do not fit beside it and are read in parts.
    small = crowdsky.stack(counts, memory=90 << 20, threads=1)
    np.testing.assert_array_equal(np.stack(small.planes), wanted)
    with pytest.raises(MemoryError, match="allow more memory"):
        crowdsky.stack(counts, memory=1 << 20)


def test_files_are_whole_and_read_back(made, tmp_path):
    path = tmp_path / "stack.fits"
    made.write(path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["stack.fits"]
    np.testing.assert_array_equal(crowdsky.read_image(path, "green"), made.planes.green)
    assert crowdsky.read_header(path, "STAR-TAB")["NAXIS2"] == len(made.stars)
    with pytest.raises(FileExistsError, match="exists already"):
        made.write(path)
    made.write(path, layout="cube", overwrite=True)
    assert crowdsky.read_image(path).shape == (3, 300, 400)
    with pytest.raises(ValueError, match="layout"):
        made.write(path, layout="tiff")
    with pytest.raises(FileNotFoundError) as raised:
        made.write(tmp_path / "none" / "x.fits")
    assert raised.value.errno == errno.ENOENT and "none" in raised.value.filename
    with pytest.raises(ValueError, match="without .gz"):
        made.write(tmp_path / "x.fits.gz")
    units = made.to_fits()
    units["RED"].data *= 2


def test_what_astropy_users_expect(made, night):
    units = made.to_fits()
    assert [unit.name for unit in units][:4] == ["PRIMARY", "RED", "GREEN", "BLUE"]
    np.testing.assert_array_equal(units["BLUE"].data, made.planes.blue)
    assert made.header.to_astropy()["OBJECT"] == made.header["OBJECT"] == units[0].header["OBJECT"]
    image = made.to_ccddata()
    assert image.shape == (3, 300, 400) and image.unit == "adu" and not image.mask.any()
    assert isinstance(image.uncertainty, VarianceUncertainty)
    green = made.to_ccddata("green")
    np.testing.assert_array_equal(green.data, made.planes.green)
    np.testing.assert_array_equal(green.uncertainty.array, made.variance.green)
    assert green.meta["NIMAGES"] == 12 and green.meta["METHOD"] == "lsq"
    mean = crowdsky.stack(night, method="mean")
    assert mean.variance is None and mean.to_ccddata().uncertainty is None
    with pytest.raises(ValueError, match="band"):
        made.to_ccddata("infrared")


def test_stars(made):
    stars = made.stars
    assert len(stars) == made.report["n_stars"] > 50
    assert stars.dtype["flux"] == "f8" and stars.dtype["npix"] == "i8" and stars.dtype["flag"] == "i2"
    assert (np.diff(stars["flux"]) >= 0).all()
    table = made.table()
    assert table["x"].unit == "pix" and table["flux"].unit == "adu" and table["flag"].unit is None
    # The brightest is where the picture is brightest, within its own width.
    y, x = np.unravel_index(np.argmax(sum(made.planes)), made.shape)
    assert np.hypot(stars["x"] - x, stars["y"] - y).min() < 2


def test_sums_vary_more_than_their_pixels(made, night):
    factors = made.covariance
    assert factors.shape == (3, 6) and (factors > 0.9).all() and (factors < 4).all()
    assert made.to_fits()["VARIANCE"].header["COVG5"] == pytest.approx(factors[1, 4], abs=1e-4)
    assert crowdsky.stack(night, method="mean").covariance is None


def test_where_one_stack_lies_on_another(made, frames):
    other = crowdsky.stack(frames, reference=frames[0])
    transform = made.transform_to(other)
    (wanted,) = [frame["transform"] for frame in other.report["frames"] if frame["path"] == str(frames[6])]
    corners = [[0.0, 0.0], [400.0, 300.0]]
    np.testing.assert_allclose(transform(corners), crowdsky.SimilarityTransform(wanted)(corners), atol=0.05)
    alone = crowdsky.Stack(made._core)
    alone.stars = made.stars[:3]
    with pytest.raises(crowdsky.StackError, match="same stars"):
        alone.transform_to(other)


def test_pictures(made):
    picture = made.preview()
    assert picture.shape == (300, 400, 3) and picture.dtype == np.uint8 and picture.max() > 100
    assert made.preview(100).shape == (75, 100, 3)
    for longest in (0, -1):
        with pytest.raises(ValueError, match="at least 1"):
            made.preview(longest)
    assert made.preview_png(100).startswith(b"\x89PNG")
    told = made._repr_html_()
    assert "12 of 12" in told and "data:image/png;base64," in told
    assert "12 frames" in repr(made) and "lsq" in repr(made)


def test_text_of_headers_does_no_harm_in_a_notebook(made):
    made = crowdsky.Stack(made._core)
    made.report["chunk_key"] = "<script>alert(1)</script>"
    assert "<script>" not in made._repr_html_()


def test_plot(made):
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    axes = made.plot(stars=True)
    assert len(axes.images) == 1 and len(axes.collections) == 1
    assert made.plot(axes) is axes
    plt.close("all")


def test_what_crosses_processes(made):
    with pytest.raises(TypeError, match="write"):
        pickle.dumps(made)
    stars, report, planes = pickle.loads(pickle.dumps((made.stars, made.report, made.planes)))
    assert len(stars) == report["n_stars"] and np.array_equal(planes.red, made.planes.red)


def test_progress(night):
    told = []
    crowdsky.stack(night, progress=lambda *news: told.append(news))
    stages = [stage for stage, _, _ in told]
    order = ["headers", "frames", "register", "combine", "catalogue"]
    assert set(stages) <= set(order) and stages == sorted(stages, key=order.index)
    assert all(0 <= done <= total for _, done, total in told)


def test_what_progress_raises_ends_the_stack(night):
    class Enough(Exception):
        pass

    def enough(stage, done, total):
        raise Enough

    with pytest.raises(Enough):
        crowdsky.stack(night, progress=enough)


def test_a_bar_where_tqdm_is_installed(night, capsys, monkeypatch):
    pytest.importorskip("tqdm")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        crowdsky.stack(night, progress=True)
    assert "combine" in capsys.readouterr().err
    monkeypatch.setitem(__import__("sys").modules, "tqdm.auto", None)
    with pytest.warns(UserWarning, match="pip install tqdm"):
        crowdsky.stack(night, progress=True)


def test_options_that_cannot_be(night):
    for options, told in (
        ({"method": "best"}, "auto, lsq, mean or median"),
        ({"sigma": 0.5}, "1.5 to 100"),
        ({"reference": "no such frame"}, "reference"),
        ({"bayer": "RGB"}, "RGB"),
        ({"threads": -1}, "threads=-1"),
        ({"memory": -1}, "memory=-1"),
    ):
        with pytest.raises(ValueError, match=told):
            crowdsky.stack(night, **options)


def test_files_that_are_not_there(tmp_path, frames):
    for call in (crowdsky.stack, crowdsky.group_frames):
        with pytest.raises(FileNotFoundError, match="gone.fit"):
            call(tmp_path / "gone.fit")
        with pytest.raises(FileNotFoundError, match="gone.fit"):
            call([tmp_path / "gone.fit", tmp_path / "lost.fit"])
        with pytest.raises(ValueError, match="no frames"):
            call(tmp_path)
    assert tmp_path / "gone.fit" in crowdsky.group_frames([tmp_path / "gone.fit", *frames]).left_out


def test_bad_frames_are_left_out_and_named(copied, tmp_path):
    paths = copied(6)
    paths[1].write_bytes(paths[1].read_bytes()[:50_000])
    paths[2].write_bytes(b"no FITS at all")
    made = crowdsky.stack([*paths, tmp_path / "gone.fit"])
    fates = {frame["path"].rsplit("/", 1)[1]: frame["reason"] for frame in made.report["frames"]}
    assert [fates[path.name] for path in paths[:3]] == [None, "truncated", "unreadable"]
    assert fates["gone.fit"] == "unreadable" and made.report["n_accepted"] == 4
    assert "1 truncated, 2 unreadable" in made._repr_html_()


def test_nothing_to_stack_tells_of_each_frame(copied):
    paths = copied(3)
    for path in paths[1:]:
        path.write_bytes(b"")
    with pytest.raises(crowdsky.StackError, match="1 of 3 frames usable") as raised:
        crowdsky.stack(paths)
    assert [frame["reason"] for frame in raised.value.report["frames"]][1:] == ["unreadable", "unreadable"]
    again = pickle.loads(pickle.dumps(raised.value))
    assert str(again) == str(raised.value) and again.report == raised.value.report

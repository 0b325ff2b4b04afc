"""Compares what crowdsky-fits reads with what astropy reads: every card, image and binary table of every sample.

    python3 astropy_compare.py DUMP_PROGRAM SAMPLES_DIR

DUMP_PROGRAM is the built example `dump`. Needs astropy and numpy. Exit status 1 if anything differs.
"""

import json
import math
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

import numpy as np
from astropy.io import fits
from astropy.io.fits.card import Undefined

# Files astropy reads and we refuse by design, with the words of our refusal.
REFUSED = {"lzw.fits.Z": "(.Z, LZW) is not supported"}

# Files whose header astropy changes on opening, with the reason; their cards are compared with `Header.fromfile`, which does
# not, and they have no data.
MENDED = {"group_invalid.fits": "GROUPS = T with NAXIS = 0: astropy makes it random groups by NAXIS = 1, NAXIS1 = 0"}

# Kinds whose header alone is read.
HEADER_ONLY = ("GroupsHDU", "TableHDU")


def our_value(card):
    kind, value = card["kind"], card["value"]
    if kind == "integer":
        return int(value)
    if kind == "real":
        return float(value)
    if kind == "complex":
        return complex(float(value[0]), float(value[1]))
    if kind == "undefined":
        return None
    return value


def same_value(ours, theirs):
    if isinstance(theirs, Undefined):
        return ours is None
    if isinstance(theirs, str):
        # astropy drops the one blank that tells a blank string from the null string.
        return isinstance(ours, str) and ours.rstrip() == theirs.rstrip()
    if type(ours) is not type(theirs) and not (isinstance(ours, float) and isinstance(theirs, float)):
        return False
    return ours == theirs or (isinstance(ours, float) and math.isnan(ours) and math.isnan(theirs))


def plain(card):
    """Keyword, value and comment of an astropy card as they stand in the file.

    Record-valued cards (DP1 = 'AXIS.1: 2') are split by astropy into a keyword 'DP1.AXIS.1' with a number; the raw value is
    what the card holds.
    """
    if card.field_specifier is not None:
        return card.rawkeyword, card.rawvalue, card.comment
    return card.keyword, card.value, card.comment


def compare_cards(where, ours, header, differences):
    theirs = [card for card in header.cards]
    ours = list(ours)
    # astropy leaves out the blank cards at the end of a header.
    while len(ours) > len(theirs) and ours[-1]["keyword"] == "" and ours[-1]["comment"] == "":
        ours.pop()
    if len(ours) != len(theirs):
        differences.append(f"{where}: {len(ours)} cards, astropy has {len(theirs)}")
        return 0
    for card, their_card in zip(ours, theirs):
        at = f"{where} {card['keyword']}"
        try:
            keyword, value, comment = plain(their_card)
        except (fits.VerifyError, ValueError) as error:
            differences.append(f"{at}: astropy cannot read it: {error}")
            continue
        if keyword.upper() != card["keyword"]:
            differences.append(f"{at}: astropy has the keyword {keyword}")
        elif card["kind"] == "commentary":
            if str(value).rstrip() != card["comment"]:
                differences.append(f"{at}: text {card['comment']!r}, astropy has {value!r}")
        elif not same_value(our_value(card), value):
            differences.append(f"{at}: value {card['value']!r} ({card['kind']}), astropy has {value!r}")
        elif card["comment"] != comment:
            differences.append(f"{at}: comment {card['comment']!r}, astropy has {comment!r}")
    return len(theirs)


def load(cells, folder):
    return np.fromfile(folder / cells["file"], dtype=cells["dtype"])


def equal(ours, theirs):
    """Equal in every sample and in type, NaN with NaN."""
    theirs = np.asarray(theirs)
    theirs = theirs.astype(theirs.dtype.newbyteorder("<")).ravel()
    if theirs.dtype.kind == "c":
        theirs = theirs.view(theirs.real.dtype)
    same_type = ours.dtype == theirs.dtype
    return same_type and np.array_equal(ours, theirs, equal_nan=ours.dtype.kind == "f")


def raw_samples(array, dtype, ours_dtype):
    """astropy's stored samples in the type we decode them to (unsigned by BZERO or TZERO)."""
    if np.dtype(ours_dtype) == np.dtype(dtype).newbyteorder("<"):
        return array
    bits = 8 * np.dtype(ours_dtype).itemsize
    unsigned = np.asarray(array).astype(f"<u{bits // 8}", casting="unsafe")
    return (unsigned ^ np.array(1 << (bits - 1), dtype=unsigned.dtype)).view(ours_dtype)


def compare_image(where, data, hdu, folder, differences):
    if hdu.data is None:
        if load(data["image"], folder).size:
            differences.append(f"{where}: pixels where astropy has none")
        return
    ours = load(data["image"], folder)
    if list(reversed(data["shape"])) != list(hdu.data.shape):
        differences.append(f"{where}: shape {data['shape']}, astropy has {hdu.data.shape}")
    theirs = raw_samples(hdu.data, hdu.data.dtype, data["image"]["dtype"])
    if not equal(ours, theirs):
        differences.append(f"{where}: pixels differ")


def compare_scaled_image(where, data, path, index, folder, differences):
    """Physical values, against astropy's own scaling in double precision."""
    with fits.open(path, disable_image_compression=True) as hdus:
        theirs = hdus[index].data
        if theirs is None:
            return
        ours = load(data["image"], folder)
        if data["bscale"] != 1 or data["bzero"] != 0 or theirs.dtype.kind == "f":
            ours = data["bzero"] + data["bscale"] * ours.astype("f8")
            blank = hdus[index]._orig_blank
            # Single precision is what astropy scales 16-bit integers to.
            good = ~np.isnan(theirs.ravel()) if blank is not None else np.ones(ours.shape, bool)
            if not np.allclose(ours[good], theirs.ravel()[good], rtol=1e-6, equal_nan=True):
                differences.append(f"{where}: physical pixels differ")
        elif not equal(ours, theirs):
            differences.append(f"{where}: physical pixels differ from {theirs.dtype}")


def cut(text):
    """A string as we read it: up to a NUL, without trailing blanks."""
    text = text.decode("latin1") if isinstance(text, bytes) else str(text)
    return text.split("\0")[0].rstrip()


def bits(array, repeat):
    """The bits of a cell, without those that fill up its last byte."""
    array = np.asarray(array, dtype="u1")
    rows = array.reshape(-1, (repeat + 7) // 8)
    return np.unpackbits(rows, axis=1)[:, :repeat].astype(bool).ravel().tolist()


def logical(array):
    """T, F or no value (0), as stored bytes."""
    return [{ord("T"): True, ord("F"): False}.get(int(b)) for b in np.asarray(array).view("i1").ravel()]


def compare_cells(where, cells, array, repeat, folder, differences):
    if "file" in cells:
        ours = load(cells, folder)
        array = np.asarray(array)
        same = equal(ours, raw_samples(array, array.dtype, cells["dtype"]) if array.dtype.kind in "iu" else array)
    elif "text" in cells:
        same = [cut(text) for text in cells["text"]] == [cut(text) for text in np.asarray(array).ravel()]
    elif "logical" in cells:
        same = cells["logical"] == logical(array)
    else:
        same = cells["bits"] == bits(array, repeat)
    if not same:
        differences.append(f"{where}: cells differ")


def heap_array(hdu, column, descriptor, form):
    """A variable-length array straight from the bytes of the unit, for astropy converts logicals and characters."""
    count, offset = int(descriptor[0]), int(descriptor[1])
    raw = hdu._get_raw_data(hdu._data_size, "u1", hdu._data_offset)
    start = hdu._theap + offset
    size = {"L": 1, "A": 1, "B": 1, "I": 2, "J": 4, "K": 8, "E": 4, "D": 8, "C": 8, "M": 16}
    if form == "X":
        return raw[start : start + (count + 7) // 8]
    data = raw[start : start + count * size[form]]
    dtype = {"L": "i1", "A": "S1", "B": "u1", "I": ">i2", "J": ">i4", "K": ">i8", "E": ">f4", "D": ">f8"}
    return np.frombuffer(data.tobytes(), dtype={**dtype, "C": ">c8", "M": ">c16"}[form])


def compare_table(where, data, hdu, folder, differences):
    raw = np.asarray(hdu.data) if hdu.data is not None else None
    if raw is None or len(raw) != data["rows"]:
        differences.append(f"{where}: {data['rows']} rows, astropy has {None if raw is None else len(raw)}")
        return 0
    # Columns of no width have no field in numpy's record; astropy leaves them out of it.
    raw = hdu.data.view(np.recarray) if raw.dtype.names is None else raw
    compared = 0
    for number, column in enumerate(data["columns"]):
        at = f"{where} column {number + 1} ({column['name']})"
        theirs = hdu.columns[number]
        if theirs.name and theirs.name != column["name"]:
            differences.append(f"{at}: astropy names it {theirs.name}")
        cells = column["cells"]
        form = theirs.format
        if "arrays" in cells:
            letter = form[form.index("P" if "P" in form else "Q") + 1]
            if len(cells["arrays"]) != data["rows"]:
                differences.append(f"{at}: {len(cells['arrays'])} arrays")
            if column["repeat"] == 0:
                continue
            for row, ours in enumerate(cells["arrays"]):
                array = heap_array(hdu, number, raw[theirs.name][row], letter)
                if letter == "A":
                    array = np.array([array.tobytes()]) if array.size else np.array([])
                repeat = int(raw[theirs.name][row][0])
                if letter == "X" and repeat == 0:
                    array = np.zeros(0, "u1")
                    repeat = 1
                compare_cells(f"{at} row {row + 1}", ours, array, repeat, folder, differences)
        elif column["repeat"] == 0 or theirs.name not in (raw.dtype.names or ()):
            sizes = [len(v) for v in cells.values() if isinstance(v, list)]
            if sum(sizes) or ("file" in cells and load(cells, folder).size):
                differences.append(f"{at}: values in a column without width")
        else:
            field = raw[theirs.name]
            if "bits" in cells:
                # Of bits with TDIM astropy takes as many bytes as there are bits, so the bytes come from the row itself.
                offset = raw.dtype.fields[theirs.name][1]
                rows = np.frombuffer(raw.tobytes(), "u1").reshape(len(raw), raw.dtype.itemsize)
                field = rows[:, offset : offset + (column["repeat"] + 7) // 8]
            if "text" in cells and theirs.dim is not None or "text" in cells and len(cells["text"]) != data["rows"]:
                field = np.array([c for row in np.atleast_1d(hdu.data.field(number)) for c in np.ravel(row)])
            compare_cells(at, cells, field, column["repeat"], folder, differences)
        compared += 1
    return compared


def compare(path, report, folder, differences):
    counts = {"cards": 0, "images": 0, "columns": 0, "header_only": 0}
    if path.name in REFUSED:
        if REFUSED[path.name] not in (report["error"] or ""):
            differences.append(f"{path.name}: not refused, but {report['error']}")
        return counts
    if path.name in MENDED:
        counts["cards"] = compare_cards(f"{path.name} 0", report["hdus"][0]["cards"], fits.Header.fromfile(path), differences)
        if load(report["hdus"][0]["data"]["image"], folder).size:
            differences.append(f"{path.name}: pixels where there are none")
        return counts
    options = {"disable_image_compression": True, "do_not_scale_image_data": True, "character_as_bytes": True}
    with fits.open(path, **options) as hdus:
        if report["error"] or len(report["hdus"]) != len(hdus):
            differences.append(f"{path.name}: {len(report['hdus'])} units, astropy {len(hdus)}: {report['error']}")
            return counts
        for index, (ours, hdu) in enumerate(zip(report["hdus"], hdus)):
            where = f"{path.name} {index}"
            # The header before astropy has touched the data, which changes it.
            counts["cards"] += compare_cards(where, ours["cards"], hdu.header, differences)
            data = ours["data"]
            if type(hdu).__name__ in HEADER_ONLY or "not_read" in data:
                if "only its header is read" not in data.get("not_read", "") or type(hdu).__name__ not in HEADER_ONLY:
                    differences.append(f"{where}: {type(hdu).__name__}, but we say {data}")
                counts["header_only"] += 1
            elif "error" in data:
                differences.append(f"{where}: {data['error']}")
            elif "image" in data:
                compare_image(where, data, hdu, folder, differences)
                compare_scaled_image(where, data, path, index, folder, differences)
                counts["images"] += 1
            else:
                counts["columns"] += compare_table(where, data, hdu, folder, differences)
    return counts


def main(program, samples):
    warnings.simplefilter("ignore")
    files = sorted(path for path in Path(samples).rglob("*") if path.is_file() and not path.name.startswith("LICENSE"))
    if not files:
        print(f"SKIPPED: no samples in {samples}")
        return 0
    differences, totals = [], {}
    for path in files:
        with tempfile.TemporaryDirectory() as out:
            subprocess.run([program, str(path), out], check=True, timeout=60)
            report = json.loads((Path(out) / "dump.json").read_text())
            for key, count in compare(path, report, Path(out), differences).items():
                totals[key] = totals.get(key, 0) + count
    for difference in differences:
        print(difference)
    print(f"{len(files)} files, {totals}, {len(differences)} differences")
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

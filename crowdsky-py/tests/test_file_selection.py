"""Groups of files, by time and by pointing."""

import pytest
from crowdsky.stacking.file_selection_utils import group_filenames_by_15min_chunk_ymd


def test_quarters_of_an_hour_in_order_of_time():
    names = [
        "Light_M 94_10.0s_IRCUT_20250327-011459.fit",
        "Light_M 94_10.0s_IRCUT_20250327-011500.fit",
        "Light_M 94_10.0s_IRCUT_20250326-235959.fit",
        "Light_M 94_10.0s_IRCUT_20250327-010000.fit",
    ]
    assert group_filenames_by_15min_chunk_ymd(names) == {
        "20250326-95": [names[2]],
        "20250327-04": [names[3], names[0]],
        "20250327-05": [names[1]],
    }


def test_a_name_without_a_time_is_refused():
    with pytest.raises(ValueError, match="dark.fit"):
        group_filenames_by_15min_chunk_ymd(["dark.fit"])

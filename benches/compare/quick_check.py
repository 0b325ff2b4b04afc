"""What `run.py --quick` holds the figures against."""

from astropy.io import fits
from scorer import ideal, score
from scorer.truth import Night

# Of CrowdSky's stack of the small night; wide, for they only have to tell sound from broken.
SOUND = [
    ("accepted", 12, 12),
    ("reg_rms_px", 0, 0.02),
    ("astrom_rms_px", 0, 0.04),
    ("fwhm_ratio", 0.98, 1.25),
    ("snr_eff", 0.9, 1.2),
    ("mf_eff", 0.85, 1.4),
    ("flux_lin", -0.02, 0.02),
    ("hot_sigma", 0.5, 2),
    ("valid_frac", 0.99, 1),
]


def troubles(night, records):
    """What is out of bounds, a line for each: of CrowdSky's stack, and of the stack whose figures are known."""
    lines = []
    for record in records:
        if "figures" in record:
            lines += [f"{record['tool']}: {line}" for line in ideal.wrong(record["figures"], SOUND)]
        else:
            lines.append(f"{record['tool']}: {record.get('failed') or record.get('unscored') or record.get('left_out')}")
    best = ideal.stack(Night(night))
    for name, planes, expected in [
        ("ideal", best, ideal.EXPECTED),
        ("spoiled", ideal.spoil(best, Night(night)), ideal.SPOILED),
    ]:
        path = night.with_name(f"{name}.fits")
        fits.writeto(path, planes.astype("float32"), overwrite=True)
        lines += [f"scorer, {name} stack: {line}" for line in ideal.wrong(score(night, path), expected)]
    return lines

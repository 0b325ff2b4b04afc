"""Holds the judge's figures of a stack of 60 frames against the thresholds. Exit status 1 if any is passed.

    python3 ci/quality.py JUDGED.json
"""

import json
import sys

# Figure, lowest and highest allowed; of a list, every element counts.
THRESHOLDS = [
    ("reg_rms_px", 0.0, 0.02),  # a fifth of the error that broadens a star of 2.8 px by a thousandth
    ("astrom_rms_px", 0.0, 0.012),
    ("snr_eff", 0.95, 2.0),  # of the noise that the best possible weights would leave
    ("edge_step", -2.0, 2.0),  # ADU between where all frames overlap and where few do
    ("trail_sigma_max", 0.0, 0.1),
    ("hot_sigma", 0.0, 10.0),
]


def main():
    with open(sys.argv[1]) as file:
        judged = json.load(file)
    wrong = []
    if judged["accepted"] != "60/60":
        wrong.append(f"accepted {judged['accepted']}, not 60/60")
    for name, lowest, highest in THRESHOLDS:
        values = judged[name] if isinstance(judged[name], list) else [judged[name]]
        if any(value is None or not lowest <= value <= highest for value in values):
            wrong.append(f"{name} is {judged[name]}, not between {lowest} and {highest}")
    print("\n".join(wrong) or "all figures within their thresholds")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()

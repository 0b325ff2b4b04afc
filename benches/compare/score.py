"""Scores one stack of a simulated night; scorer/README.md says what every figure means.

    python score.py NIGHT STACK.fits [--report CROWDSKY.json]

NIGHT is a folder made by `crowdsky simulate`. Prints one line of JSON. Needs numpy, scipy and astropy.
"""

import argparse
import json

from scorer import score


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("night")
    parser.add_argument("stack")
    parser.add_argument("--report", help="CrowdSky's report, for the errors of its transforms")
    args = parser.parse_args()
    print(json.dumps(score(args.night, args.stack, args.report)))


if __name__ == "__main__":
    main()

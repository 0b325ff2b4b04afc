#!/usr/bin/env python3
"""Compares CrowdSky with other stackers on the same simulated nights, in one run: time, memory and quality.

    benches/compare/run.py                 all of it; hours. The tables and plots go to docs/benchmark/
    benches/compare/run.py --scenario usual,flip --only crowdsky,siril
    benches/compare/run.py --quick         a small night and CrowdSky alone, in seconds, and the scorer is checked

The tools run in turn, round after round, each with the machine to itself. Ratios hold within a run; a scenario that is
run again replaces its earlier results, all others stay. A Python environment is made in target/compare/venv.
"""

import argparse
import json
import os
import pathlib
import shutil
import sys

import environment
import measure
import report
import scenarios
from tools import TOOLS, chosen


def names_of(table):
    """A type of argument: names of `table`, separated by commas."""

    def names(text):
        for name in text.split(","):
            if name not in table:
                raise argparse.ArgumentTypeError(f"no {name!r} among {', '.join(table)}")
        return text.split(",")

    return names


def numbers(text):
    return tuple(int(number) for number in text.split(","))


def arguments():
    tools, nights = TOOLS, scenarios.SCENARIOS
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--only", type=names_of(tools), default=list(tools), metavar="TOOLS", help=", ".join(tools))
    add("--scenario", type=names_of(nights), default=list(nights), metavar="NAMES", help=", ".join(nights))
    add("--seeds", type=numbers, help="such as 1,2,3, in place of the scenario's own")
    add("--rounds", type=int, help="times that each tool runs on each night")
    add("--frames", type=numbers, help="frames of a night, such as 30 or 10,100, in place of the scenario's own")
    add("--out", type=pathlib.Path, default=environment.ROOT / "docs" / "benchmark", metavar="FOLDER")
    add("--keep", action="store_true", help="keep nights and stacks below target/compare")
    add("--report", action="store_true", help="run nothing; write tables and plots anew")
    add("--quick", action="store_true", help="a look at whether all works; needs numpy, scipy and astropy")
    return parser.parse_args()


def compare(name, scenario, tools, args):
    """The records of all runs of a scenario."""
    from scorer import score

    records = []
    for frames in args.frames or scenario.frames:
        for seed in args.seeds or scenario.seeds:
            night = environment.WORK / "nights" / f"{name}-{frames}-{seed}"
            scenarios.simulate(environment.CROWDSKY, scenario, frames, seed, night)
            for turn in range(args.rounds or scenario.rounds):
                for tool_name, tool in tools.items():
                    work = environment.WORK / "work" / f"{name}-{frames}-{seed}-{tool_name}"
                    scenarios.warm(night)
                    record = {"tool": tool_name, "frames": frames, "seed": seed, "round": turn}
                    record |= measure.run(tool, night, frames, work)
                    if turn == 0 and "wall_s" in record:
                        try:
                            record["figures"] = score(night, tool.result(work), tool.report(work))
                        except ValueError as error:
                            record["unscored"] = str(error)
                    records.append(record)
                    print(line(name, record), flush=True)
                    if not args.keep:
                        shutil.rmtree(work)
            if not args.keep:
                shutil.rmtree(night)
    return records


def line(name, record):
    """One record for the terminal."""
    head = f"{name:10} {record['frames']:5} frames, seed {record['seed']}: {record['tool']:14} "
    for trouble in ("left_out", "failed"):
        if trouble in record:
            return head + f"{trouble.replace('_', ' ')}: {record[trouble]}"
    return head + f"{record['wall_s']:8.2f} s {record['peak_mib']:8.0f} MiB" + (
        f"  unscored: {record['unscored']}" if "unscored" in record else ""
    )


def load(out):
    path = out / "results.json"
    return json.loads(path.read_text()) if path.exists() else {}


def save(out, results):
    """All results so far; a run that is stopped keeps the scenarios that it has finished."""
    out.mkdir(parents=True, exist_ok=True)
    part = out / "results.json.part"
    part.write_text(json.dumps(results, indent=1, sort_keys=True) + "\n")
    part.replace(out / "results.json")


def quick(args):
    """The exit status: 0 if CrowdSky's figures are sound, and the scorer's of a stack whose figures are known."""
    import quick_check

    args.out, args.keep = environment.WORK / "quick", True
    records = compare("quick", scenarios.QUICK, {"crowdsky": TOOLS["crowdsky"]}, args)
    night = environment.WORK / "nights" / "quick-12-1"
    wrong = quick_check.troubles(night, records)
    # Under the name of a scenario, so that the tables are written as they will be.
    results = {"usual": {"run": environment.describe(None), "about": scenarios.QUICK.about, "records": records}}
    save(args.out, results)
    report.write(args.out, results)
    print("\n".join(wrong) or "all figures within their bounds")
    return 1 if wrong else 0


def main():
    args = arguments()
    if args.quick:
        environment.build()
        sys.exit(quick(args))
    interpreter = environment.python()
    if pathlib.Path(sys.prefix) != environment.WORK / "venv":
        os.execv(interpreter, [interpreter, *sys.argv])
    import plots

    results = load(args.out)
    if not args.report:
        environment.build()
        tools, run = chosen(args.only, interpreter), environment.describe(interpreter)
        for name in args.scenario:
            scenario = scenarios.SCENARIOS[name]
            records = compare(name, scenario, tools, args)
            results[name] = {"run": run, "about": scenario.about, "records": records}
            save(args.out, results)
    report.write(args.out, results)
    plots.draw(args.out, results)
    sys.exit(any("failed" in r and r["tool"].startswith("crowdsky") for s in results.values() for r in s["records"]))


if __name__ == "__main__":
    main()

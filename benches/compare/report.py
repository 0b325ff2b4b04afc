"""Writes README.md and scenarios.md of docs/benchmark/ from the results; plots.py draws the plots that they show."""

import statistics

from figures import FIGURES, cell, verdict
from scenarios import SCENARIOS
from tools import TOOLS

INTRODUCTION = """# CrowdSky beside other stackers

Written by `benches/compare/run.py`, the one command that makes all of it again. The nights are simulated
(`crowdsky simulate`, Seestar S50, frames of 1080 x 1920), so the truth is known; every stack is scored against it by the
same [scorer](../../benches/compare/scorer/README.md), which knows nothing of who made it. How the tools are called is in
[benches/compare](../../benches/compare/README.md); the numbers behind the tables are in [results.json](results.json).
"""


def table(head, rows):
    lines = ["| " + " | ".join(row) + " |" for row in [head, ["---"] + ["---:"] * (len(head) - 1), *rows]]
    return "\n".join(lines) + "\n"


def present(records):
    """The tools that have records, in the order of the tables."""
    return [name for name in TOOLS if any(r["tool"] == name for r in records)]


def timed(records, tool, frames, what):
    """Values of all rounds."""
    return [r[what] for r in records if r["tool"] == tool and r["frames"] == frames and what in r]


def machine(results):
    """Where and with what, a line for each different run."""
    runs = {}
    for name, result in results.items():
        run = result["run"]
        versions = ", ".join(f"{k} {v.removeprefix(k + ' ')}" for k, v in run["versions"].items())
        where = "{cpu}, {cores} cores, {memory_gib} GiB, {os}".format(**run["machine"])
        runs.setdefault((run["date"], where, versions), []).append(name)
    lines = [f"* {date}: {', '.join(names)}. {where}. {versions}." for (date, where, versions), names in runs.items()]
    return "\n".join(lines) + "\n"


def speed(records):
    """Time, memory and disk against the number of frames."""
    counts, tools = sorted({r["frames"] for r in records}), present(records)

    def block(what, digits, merge, ratio=False):
        rows = []
        for tool in tools:
            row = [tool]
            for frames in counts:
                found, ours = (timed(records, t, frames, what) for t in (tool, "crowdsky"))
                text = f"{merge(found):.{digits}f}" if found else "–"
                if ratio and found and ours and tool != "crowdsky":
                    text += f" ({merge(found) / merge(ours):.1f})"
                row.append(text)
            rows.append(row)
        return table(["frames", *map(str, counts)], rows)

    per_frame = []
    for tool in tools:
        found = [timed(records, tool, frames, "cpu_s") for frames in counts]
        per_frame.append([tool, *(f"{1000 * statistics.median(f) / n:.0f}" if f else "–" for f, n in zip(found, counts))])
    return (
        "### Wall time, s: median of the rounds (and times CrowdSky's)\n\n"
        + block("wall_s", 2, statistics.median, True)
        + "\n![wall time](time.svg)\n\n### CPU time per frame, ms: level where the cost is linear\n\n"
        + table(["frames", *map(str, counts)], per_frame)
        + "\n### Peak memory, MiB\n\n"
        + block("peak_mib", 0, max)
        + "\n![memory](memory.svg)\n\n### Left on the disk beside the stack, MiB\n\n"
        + block("disk_mib", 0, max)
    )


def quality(result):
    """All figures of one scenario, a column for each tool."""
    records = result["records"]
    tools = present(records)
    frames = sorted({r["frames"] for r in records})
    seeds = sorted({r["seed"] for r in records})
    rows = []
    for figure in FIGURES:
        row = [figure.label, *(cell(records, tool, figure) for tool in tools)]
        rows.append([*row, verdict(records, figure) or "–"])
    for what, label, digits in [("wall_s", "wall time, s", 2), ("peak_mib", "peak memory, MiB", 0)]:
        found = [[v for n in frames for v in timed(records, tool, n, what)] for tool in tools]
        rows.append([label, *(f"{statistics.median(f):.{digits}f}" if f else "–" for f in found), "–"])
    taken = [[str(r["accepted"]) for r in records if r["tool"] == t and r.get("accepted") is not None] for t in tools]
    rows.append(["frames accepted", *(", ".join(t) or "–" for t in taken), "–"])
    about = f"{result['about']}; {', '.join(map(str, frames))} frames, seeds {', '.join(map(str, seeds))}"
    return f"{about}.\n\n" + table(["figure", *tools, "against Siril"], rows)


def standing(results):
    """CrowdSky against Siril in every scenario."""
    marks = {"better": "+", "equal": "=", "worse": "**worse**", None: "–"}
    rows = [[name, *(marks[verdict(r["records"], f)] for f in FIGURES)] for name, r in results.items()]
    return table(["night", *(f.label for f in FIGURES)], rows)


def left_out(results):
    """What was not run or came to nothing, each with its reason, once."""
    lines = []
    for name, result in results.items():
        for record in result["records"]:
            for trouble in ("left_out", "failed", "unscored"):
                if trouble in record:
                    what = f"{record['tool']}, {name}, {record['frames']} frames"
                    lines.append(f"* {what}: {trouble.replace('_', ' ')}, {record[trouble]}")
    return "\n".join(dict.fromkeys(lines)) + "\n" if lines else ""


def write(out, results):
    results = {name: results[name] for name in SCENARIOS if name in results}
    nights = {name: result for name, result in results.items() if name != "speed"}
    parts = [INTRODUCTION, "## Machine and versions\n\n" + machine(results)]
    if "speed" in results:
        text = speed(results["speed"]["records"])
        parts.append("## Speed and memory against the number of frames\n\n" + text)
    if "usual" in nights:
        parts.append("## Quality of the usual night\n\nMeans over the seeds: " + quality(nights["usual"]))
    if nights:
        parts.append(
            "## CrowdSky against Siril, night by night\n\n"
            "`+` better, `=` equal within the spread over the seeds, `–` not measured there. Depth is compared with "
            "`--share on` where the build has it, all else with it off.\n\n"
            + standing(nights)
            + "\n![quality](quality.svg)\n\nAll figures of all tools: [scenarios.md](scenarios.md).\n"
        )
        sections = [f"## {name}\n\n{quality(result)}" for name, result in nights.items()]
        (out / "scenarios.md").write_text("# Every night, every figure\n\nMeans over the seeds.\n\n" + "\n".join(sections))
    missing = left_out(results)
    if missing:
        parts.append("## Not run\n\n" + missing)
    (out / "README.md").write_text("\n".join(parts))
    print(f"written: {out / 'README.md'}")

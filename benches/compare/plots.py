"""The plots of docs/benchmark/ as SVG, the same bytes for the same results."""

import statistics

import matplotlib

matplotlib.use("svg")
matplotlib.rcParams["svg.hashsalt"] = "crowdsky"  # names within the file are random otherwise
matplotlib.rcParams["font.size"] = 9
from matplotlib import pyplot, ticker  # noqa: E402

from figures import FIGURES, values  # noqa: E402
from scenarios import SCENARIOS  # noqa: E402

# Colours that those who see few of them can tell apart (Okabe and Ito), and a mark for each, for print.
STYLES = {
    "crowdsky": ("#0072b2", "o"),
    "crowdsky-share": ("#56b4e9", "v"),
    "siril": ("#d55e00", "s"),
    "seestarpy": ("#009e73", "^"),
    "ccdproc": ("#cc79a7", "D"),
}
PANELS = ["astrom_rms_px", "fwhm_ratio", "mf_eff", "snr_eff", "colour_slope", "hot_sigma"]


def save(figure, path):
    # White paper, so that it can be read on a dark page as well.
    figure.savefig(path, metadata={"Date": None}, facecolor="white")
    pyplot.close(figure)


def lines(path, records, what, label):
    """One value against the number of frames, both logarithmic: a straight line of slope 1 is linear cost."""
    figure, axes = pyplot.subplots(figsize=(6, 3.8), layout="constrained")
    for tool, (colour, mark) in STYLES.items():
        found = {}
        for record in records:
            if record["tool"] == tool and what in record:
                found.setdefault(record["frames"], []).append(record[what])
        if found:
            counts = sorted(found)
            axes.loglog(counts, [statistics.median(found[n]) for n in counts], color=colour, marker=mark, label=tool)
    axes.set(xlabel="frames", ylabel=label)
    axes.grid(which="both", alpha=0.25)
    axes.legend()
    save(figure, path)


def quality(path, nights):
    """A panel for each of six figures: every night a row, every tool a mark, the seeds one beside the other."""
    chosen = [f for f in FIGURES if f.name in PANELS]
    size = (11, 1.2 + 0.3 * len(nights))
    figure, panels = pyplot.subplots(1, len(chosen), sharey=True, figsize=size, layout="constrained")
    names = list(nights)[::-1]
    for axes, wanted in zip(panels, chosen):
        for row, name in enumerate(names):
            for place, (tool, (colour, mark)) in enumerate(STYLES.items()):
                for value in values(nights[name]["records"], tool, wanted.name):
                    x = max(value, key=abs) if isinstance(value, list) else value
                    label = tool if tool not in axes.get_legend_handles_labels()[1] else None
                    axes.plot(x, row + 0.3 - 0.15 * place, mark, color=colour, markersize=3.5, label=label)
        axes.set(title=wanted.label, yticks=range(len(names)), yticklabels=names)
        if wanted.name == "hot_sigma":  # from 1 to 100
            axes.set_xscale("log")
        else:
            axes.xaxis.set_major_locator(ticker.MaxNLocator(4))
        axes.grid(alpha=0.25)
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(labels), frameon=False)
    save(figure, path)


def draw(out, results):
    """All plots that the results allow."""
    if "speed" in results:
        records = results["speed"]["records"]
        lines(out / "time.svg", records, "wall_s", "wall time, s")
        lines(out / "memory.svg", records, "peak_mib", "peak memory, MiB")
    nights = {name: results[name] for name in SCENARIOS if name in results and name != "speed"}
    if nights:
        quality(out / "quality.svg", nights)

"""compare.py A B: two runs cell by cell: the ratio of the times with its interval, and a verdict. A table on standard
output; compare.svg, .png and .csv in a folder.

The rounds of two runs are no pairs, so the ratio is that of two independent samples: the median of all ratios b/a
(Hodges and Lehmann 1963 on logarithms), its interval the ratios that the Mann-Whitney test does not reject: exact, and
of any distribution. Google Benchmark's compare.py makes the same test."""
import argparse
import csv
import functools
import math
import pathlib
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import charts  # noqa: E402
import look  # noqa: E402
import overview  # noqa: E402
import packs  # noqa: E402
import pairing  # noqa: E402
import results  # noqa: E402

LEAST_DIFFERENCE = 0.02


@functools.lru_cache(maxsize=None)
def mann_whitney(n, m):
    """P(U <= u) for u = 0, 1, …, n m, under the hypothesis that both samples are of one distribution."""
    ways = [1]  # of choosing the ranks of i values among the first of n + m: Gaussian binomial coefficients
    for i in range(1, n + 1):
        ways = ways + [0] * m
        for u in range(len(ways) - 1, m + i - 1, -1):
            ways[u] -= ways[u - m - i]
        for u in range(i, len(ways)):
            ways[u] += ways[u - i]
    total, sums, below = math.comb(n + m, n), [], 0
    for count in ways[:n * m + 1]:
        below += count
        sums.append(below / total)
    return sums


def ratio(a, b, level):
    """(median of all b/a, low, high, level reached): the narrowest interval that reaches the level, else the widest."""
    logs = sorted(math.log(y / x) for x in a for y in b)
    sums, k = mann_whitney(len(a), len(b)), 1
    while 2 * (k + 1) <= len(logs) and 1 - 2 * sums[k] >= level:
        k += 1
    return tuple(math.exp(v) for v in (results.median(logs), logs[k - 1], logs[-k])) + (max(0.0, 1 - 2 * sums[k - 1]),)


def noise_of(run):
    aa = run.verdicts.get("aa")
    percent = aa.get("percent") if isinstance(aa, dict) else None
    return percent / 100 if isinstance(percent, (int, float)) else 0.0


def calibration(run):
    """Median time of the calibration kernel over the run (start and end), in ns, with the kernel's name; None: not told."""
    told = [run.manifest.get(k) for k in ("calibration", "calibration_end")]
    told = [c for c in told if isinstance(c, dict) and isinstance(c.get("ns"), (int, float)) and c["ns"] > 0]
    return (math.sqrt(told[0]["ns"] * told[-1]["ns"]), (str(told[0].get("kernel")), told[0].get("steps"))) if told else None


def speeds(one, two):
    """Time of the calibration kernel in two / in one; None where one of them doesn't tell, or has another kernel."""
    a, b = calibration(one), calibration(two)
    return b[0] / a[0] if a and b and a[1] == b[1] else None


def same_machine(one, two):
    get = lambda run, key: results.first(run.manifest, key)
    return all(get(one, k) is not None and get(one, k) == get(two, k) for k in ("topology_hash", "machine.cpu", "allowed_cpus"))


class Comparison:
    """cells: dicts of block, name, runtime, before, after (median ns or None) and either ratio, low, high, level, verdict or why."""

    def __init__(self, one, two):
        for run in (one, two):
            if pairing.incomparable(run):
                raise results.Refused(pairing.incomparable(run))
        self.one, self.two = one, two
        self.pairs, self.only_one, self.only_two = pairing.pair_blocks(one, two)
        if not self.pairs:
            raise results.Refused(f"{two.folder}: no block in common with {one.folder}: {names(two.blocks)} against {names(one.blocks)}")
        self.same, self.speed = same_machine(one, two), speeds(one, two)
        drift = max(self.speed, 1 / self.speed) - 1 if self.same and self.speed else 0.0
        self.drift, self.margin = drift, 1 + max(LEAST_DIFFERENCE, noise_of(one), noise_of(two), drift)
        self.cells = [cell for pair in self.pairs for cell in self.block(*pair)]
        told = [c for c in self.cells if "samples" in c]
        self.wanted = 1 - 0.05 / max(1, len(told))
        for cell in told:
            self.judge(cell)

    def block(self, block, other):
        entries = {(e["runtime"], e.get("variant", "")): e for e in other["entries"]}
        for entry in block["entries"]:
            after = entries.pop((entry["runtime"], entry.get("variant", "")), None)
            yield self.cell(block, other, entry, after)
        for after in entries.values():
            yield self.cell(block, other, None, after)

    def cell(self, block, other, before, after):
        entry = before or after
        cell = {"block": block, "other": other, "name": results.name_of(entry), "runtime": entry["runtime"], "lost": False,
                "headline": entry.get("headline", True), "before": None, "after": None}
        for key, side in (("before", before), ("after", after)):
            if side and side["status"] == "ok":
                cell[key] = side["median"]
        if cell["before"] is None or cell["after"] is None:
            states = [f"{side['status']} in {where}{reason_of(side)}" if side else f"no cell in {where}"
                      for side, where, value in ((before, "A", cell["before"]), (after, "B", cell["after"])) if value is None]
            return dict(cell, why="; ".join(states), lost=bool(before and before["status"] == "ok" and after and after["status"] in ("failed", "refused")))
        samples = pairing.undisturbed(self.one, block, entry), pairing.undisturbed(self.two, other, entry)
        if not all(samples):
            return dict(cell, why=f"no undisturbed trial in {'A' if not samples[0] else 'B'}")
        return dict(cell, samples=samples)

    def judge(self, cell):
        a, b = cell["samples"]
        cell["ratio"], cell["low"], cell["high"], cell["level"] = ratio(a, b, self.wanted)
        cell["exploratory"] = cell["level"] < self.wanted
        few = min(len(a), len(b)) < results.LEAST_ROUNDS
        cell["verdict"] = ("slower" if cell["low"] > self.margin and not few else "faster" if cell["high"] < 1 / self.margin and not few
                           else "not separated")

    def regressions(self, percent):
        """Cells that B has separately slower by at least so many percent, and those that it has lost."""
        return [c for c in self.cells if c["lost"] or (c.get("verdict") == "slower" and c["ratio"] >= 1 + percent / 100)]

    def count(self, verdict):
        return sum(c.get("verdict") == verdict for c in self.cells)


def reason_of(entry):
    return f": {entry['reason']}" if entry.get("reason") else ""


def names(blocks):
    return ", ".join(sorted({b["workload"] for b in blocks})) or "none"


def label(block, other):
    workers = f" ({block['workers']} workers in A, {other['workers']} in B)" if block["workers"] != other["workers"] else ""
    return f"{block['workload']}: {block.get('label') or overview.label(block)}{workers}"


def who(run, letter):
    m = run.machine
    return f"{letter}: {run.folder}: {m.alias}, grade {m.grade}, {run.profile}, {results.first(run.manifest, 'utc', default='no date')}"


def notes(c):
    """What stands beside the verdicts: [sentence]."""
    said = ["One machine." if c.same else "Two machines: a ratio tells them apart as wholes, not one part of them."]
    if c.speed:
        said.append(f"Calibration kernel: B takes {look.factor(c.speed)} the time of A"
                    + (", so differences below that are not told." if c.same and c.drift > LEAST_DIFFERENCE else "."))
    said.append(f"Told from {100 * (c.margin - 1):.1f} % on (the greatest of 2 %, the A/A noise of both runs"
                + (" and what the calibration kernel moved)." if c.same and c.speed else ")."))
    weak = [cell["level"] for cell in c.cells if cell.get("exploratory")]
    if weak:
        said.append(f"Exploratory: so few rounds reach {100 * min(weak):.2f} % at worst, not the {100 * c.wanted:.2f} % that {len(told(c))} comparisons ask for.")
    windows = [results.first(r.manifest, "window_ns") for r in (c.one, c.two)]
    if None not in windows and windows[0] != windows[1]:
        said.append(f"The windows differ: {look.duration(windows[0])} in A, {look.duration(windows[1])} in B.")
    for key, name in (("version", "version"), ("git.sha", "source"), ("build.compiler", "compiler"), ("build.flags", "flags"), ("build.type", "build"), ("kernel", "kernel")):
        a, b = (results.first(r.manifest, key, default="not told") for r in (c.one, c.two))
        if a != b:
            said.append(f"Other {name}: {a} in A, {b} in B.")
    said += [f"{letter} was interrupted: it holds what had finished." for letter, run in (("A", c.one), ("B", c.two)) if run.manifest.get("interrupted")]
    for letter, blocks in (("A", c.only_one), ("B", c.only_two)):
        if blocks:
            said.append(f"Only in {letter}: {'; '.join(label(b, b) for b in blocks)}.")
    return said


def told(c):
    return [cell for cell in c.cells if "verdict" in cell]


def total(c):
    few = [f"{n} {text}" for n, text in ((c.count("slower"), "slower"), (c.count("faster"), "faster"), (c.count("not separated"), "not separated"),
                                         (sum("why" in cell for cell in c.cells), "without a comparison")) if n]
    return f"{len(c.cells)} cells: {', '.join(few)} (B against A)."


def bounds(cell):
    return f"{overview.short(cell['low'])}–{overview.short(cell['high'])}" if cell["level"] > 0 else "none"  # of one trial and one


def table(c):
    lines = [who(c.one, "A"), who(c.two, "B"), "", f"{'':25}{'A':>10}{'B':>10}{'B/A':>8}   {'interval':<13} verdict"]
    for block, other in c.pairs:
        lines.append(label(block, other))
        for cell in (x for x in c.cells if x["block"] is block):
            times = "".join(f"{look.duration(cell[k]) if cell[k] is not None else '-':>10}" for k in ("before", "after"))
            said = f"{cell['ratio']:>8.3f}   {bounds(cell):<13} {cell['verdict']}" if "verdict" in cell else f"{'':11} {cell['why']}"
            lines.append(f"  {cell['name']:<23}{times}{said}")
    return lines + ["", total(c)] + notes(c)


def draw(c, folder):
    """A row a cell: ratio and interval on a log axis, the margin shaded."""
    plt = look.setup()
    rows = []  # (text of a block) or cell
    for block, other in c.pairs:
        rows += [label(block, other)] + [x for x in c.cells if x["block"] is block]
    height = 1.75 + 0.2 * len(rows)
    fig, ax = plt.subplots(figsize=(7.4, height))
    fig.subplots_adjust(left=0.24, right=0.8, top=1 - 0.82 / height, bottom=0.95 / height)
    look.heading(fig, "Two runs compared: time of B as a multiple of A's", "Right of 1: B is slower. Bar: interval, corrected for all comparisons; filled: separated.\n"
                 f"Shaded: too small to tell (±{100 * (c.margin - 1):.1f} %). The axis is logarithmic.")
    ax.axvspan(1 / c.margin, c.margin, color="#e4e4e4", zorder=0)
    ax.axvline(1, color=look.GREY, linewidth=0.8)
    for y, row in enumerate(rows):
        if isinstance(row, str):
            ax.text(-0.41, y, row, transform=ax.get_yaxis_transform(), va="center", fontsize=9, fontweight="bold",
                    bbox={"facecolor": "#ffffff", "edgecolor": "none", "pad": 1.0}, zorder=3)
        elif "verdict" in row:
            apart = row["verdict"] != "not separated"
            color = look.color(row["runtime"])
            ax.plot([row["low"], row["high"]], [y, y], color=color, linewidth=2.2 if apart else 1.2)
            ax.plot([row["ratio"]], [y], marker=look.marker(row["runtime"]), markersize=6, color=color, markerfacecolor=color if apart else "#ffffff")
            ax.text(1.02, y, f"{look.factor(row['ratio'])} {row['verdict'] if apart else ''}", transform=ax.get_yaxis_transform(), va="center", fontsize=9,
                    fontweight="bold" if apart else "normal")
        else:
            ax.text(0.02, y, row["why"].partition(":")[0], transform=ax.get_yaxis_transform(), va="center", fontsize=9, color=look.GREY,
                    bbox={"facecolor": "#ffffff", "edgecolor": "none", "pad": 1.0})
    names = [(y, r["name"]) for y, r in enumerate(rows) if not isinstance(r, str)]
    ax.set_yticks([y for y, _ in names], [n for _, n in names])
    ax.set_ylim(len(rows) - 0.4, -0.6)
    ax.grid(axis="y", visible=False)
    reach = max([1.12, c.margin * 1.03] + [max(v, 1 / v) for cell in told(c) for v in (cell["low"], cell["high"])]) * 1.02
    ax.set_xscale("log")
    ax.set_xlim(1 / reach, reach)
    ticks = next((t for t in ((0.9, 0.95, 1, 1.05, 1.1), (0.7, 0.8, 0.9, 1, 1.1, 1.25, 1.4), (0.5, 0.7, 1, 1.4, 2), (0.1, 0.2, 0.5, 1, 2, 5, 10)) if t[-1] >= reach * 0.75),
                 (0.001, 0.01, 0.1, 1, 10, 100, 1000))
    ax.set_xticks([t for t in ticks if 1 / reach <= t <= reach], [f"{t:g}" for t in ticks if 1 / reach <= t <= reach])
    ax.minorticks_off()
    ax.set_xlabel("time of B / time of A")
    look.footer(fig, [f"{letter}: {run.machine.alias} · {run.machine.cpu[:44]} · grade {run.machine.grade} · {run.profile}" for letter, run in (("A", c.one), ("B", c.two))]
                + (["SYNTHETIC DATA, NOT MEASURED"] if c.one.manifest.get("synthetic") or c.two.manifest.get("synthetic") else []))
    spoken = " ".join([total(c)] + [f"{label(x['block'], x['other'])}, {x['name']}: B takes {look.factor(x['ratio'])} ({bounds(x)}), {x['verdict']}." for x in told(c)])
    look.save(fig, folder, "compare", "Two runs compared", spoken)


def write_csv(c, folder):
    with open(folder / "compare.csv", "w", newline="", encoding="utf-8") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow("workload,label,params,placement,workers_a,workers_b,entry,median_a_ns,median_b_ns,n_a,n_b,ratio,low,high,level,wanted_level,verdict,why".split(","))
        for x in c.cells:
            number = lambda key: f"{x[key]:.6g}" if x.get(key) is not None else ""
            n = [len(s) for s in x["samples"]] if "samples" in x else ["", ""]
            block = x["block"]
            out.writerow([block["workload"], block.get("label", ""), block.get("params", ""), block["placement"], block["workers"], x["other"]["workers"], x["name"],
                          number("before"), number("after"), *n, number("ratio"), number("low"), number("high"), number("level"),
                          f"{c.wanted:.6g}" if "verdict" in x else "", x.get("verdict", ""), x.get("why", "")])


def percent(text):
    try:
        value = float(text)
    except ValueError:
        value = -1
    if not 0 <= value <= 1e6:
        raise argparse.ArgumentTypeError(f"expected percent such as 5, not '{text}'")
    return value


def main(arguments):
    parser = packs.Parser(prog="fiveways compare", description="Sets run B beside run A, cell by cell: two runs of one machine, or two machines.")
    parser.add_argument("one", metavar="A", help="a result folder, or a pack of one")
    parser.add_argument("two", metavar="B", help="another")
    parser.add_argument("--fail-on-regression", type=percent, metavar="PCT", help="exit status 1, with the cells named, if B is separately slower by PCT percent or "
                        "more anywhere, or has lost a cell")
    parser.add_argument("--out", metavar="DIR", help="where compare.svg, .png and .csv go (default: compare/ in B, or here when B is a pack)")
    given = parser.parse_args(arguments)
    try:
        compared = Comparison(packs.open_run(given.one), packs.open_run(given.two))
        print("\n".join(table(compared)))
        charts.need("matplotlib")
        folder = pathlib.Path(given.out or (pathlib.Path(given.two) / "compare" if pathlib.Path(given.two).is_dir() else "compare"))
        folder.mkdir(parents=True, exist_ok=True)
        draw(compared, folder)
        write_csv(compared, folder)
        print(folder / "compare.svg")
    except (results.Damaged, results.Refused, SystemExit) as error:
        return packs.fail("compare", error)
    except OSError as error:
        return packs.fail("compare", f"cannot write {error.filename}: {error.strerror}")
    worse = compared.regressions(given.fail_on_regression) if given.fail_on_regression is not None else []
    for x in worse:
        said = f"{look.factor(x['ratio'])} ({bounds(x)}) the time" if "ratio" in x else x["why"]
        print(f"fiveways: compare: regression: {label(x['block'], x['other'])}, {x['name']}: {said}", file=sys.stderr)
    return 1 if worse else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

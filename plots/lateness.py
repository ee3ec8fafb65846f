"""Chart 11, the lateness histogram, as those of cyclictest are drawn: linear time, logarithmic counts, so that one wake in a
million is seen, and the worst case labelled. A panel an entry, one axis of time for all. The same for the other times that a workload
watches (ID.lag.csv; refcount: from replaced to freed)."""
import csv
import math

import gnu
import look
import results

BINS = 96
PANEL = 74  # SVG units


def read_hist(path):
    """[(low_ns, high_ns, count)] of one merged histogram."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise results.Damaged(f"{path}: cannot be read: {error}")
    if not lines or lines[0] != "low_ns,high_ns,count":
        raise results.Damaged(f"{path}: line 1: expected low_ns,high_ns,count")
    found = []
    for number, cells in enumerate(csv.reader(lines[1:]), 2):
        try:
            low, high, count = (int(c) for c in cells)
        except ValueError:
            raise results.Damaged(f"{path}: line {number}: {lines[number - 1][:40]!r}: expected three whole numbers")
        if not 0 <= low <= high or count < 1:
            raise results.Damaged(f"{path}: line {number}: expected low <= high and a count above 0")
        found.append((low, high, count))
    if not found:
        raise results.Damaged(f"{path}: line 2: no samples: expected a line for each bucket")
    return found


def prepare(run, block, ending):
    """[(name, runtime, buckets)] of the entries that have such a histogram."""
    found = []
    for entry in block["entries"]:
        stems = [results.entry_name(entry["runtime"], entry.get("variant", "")), results.name_of(entry)]
        path = next((p for s in stems if (p := run.folder / "hist" / f"{block['id']}-{s}{ending}.csv").exists()), None)
        if entry["status"] == "ok" and path:
            found.append((results.name_of(entry), entry["runtime"], read_hist(path)))
    return sorted(found, key=lambda e: (look.MODELS.index(e[1]) if e[1] in look.MODELS else len(look.MODELS), e[0]))


def kinds(run, block):
    """[(ending, what, title)] of the histograms that are drawn of this block."""
    found = [("", "how late", "how late a wake came")] if run.held(block["workload"]) else []
    return found + [(".lag", "time", "from replaced to freed" if block["workload"] == "refcount" else "the times it watches")]


def quantile(buckets, q):
    """The middle of the bucket in which the share q is reached."""
    wanted, seen = q * sum(c for _, _, c in buckets), 0
    for low, high, count in buckets:
        seen += count
        if seen >= wanted:
            return (low + high) / 2
    return buckets[-1][1]


def binned(buckets, width):
    """[counts] of BINS equal bins; a bucket counts where its middle lies."""
    bins = [0] * BINS
    for low, high, count in buckets:
        bins[min(BINS - 1, int((low + high) / 2 / width))] += count
    return bins


def nice(top):
    """(step, unit name, ns of the unit) for about six ticks up to top."""
    name, scale = next((n, s) for n, s in (("s", 1e9), ("ms", 1e6), ("µs", 1e3), ("ns", 1)) if top >= s)
    raw = top / scale / 6
    power = 10 ** math.floor(math.log10(raw))
    return next(m * power for m in (1, 2, 5, 10) if m * power >= raw), name, scale


def script(run, block, entries, title, name, what, height):
    top = max(b[-1][1] for _, _, b in entries) * 1.02
    width = top / BINS
    step, unit, scale = nice(top)
    tall = max(max(binned(b, width)) for _, _, b in entries)
    at = lambda pixels: f"{pixels / height:.4f}"
    lines = [f"# Draw again in this folder with: gnuplot {name}.gp", (look.HERE / "palette.gp").read_text().rstrip(), "set multiplot"]
    lines += gnu.frame(run, block["placement"], title, f"Left is better. Counts are logarithmic: a single late one is seen. {BINS} steps of {look.duration(width)}.", height)
    lines += ["unset key", 'set border 3 linecolor rgb "#666666"', "set tics nomirror", "set logscale y", f"set yrange [0.7:{10 ** math.ceil(math.log10(tall * 1.5))}]",
              f"set xrange [0:{top / scale:.6g}]", f"set xtics {step:g}", 'set format x ""', "set ytics (" + ", ".join(f'"{look.tick(look.rate(10 ** e))}" {10 ** e}' for e in range(0, 13, 2)) + ")",
              'set grid xtics linecolor rgb "#dddddd"', "set lmargin at screen 0.25; set rmargin at screen 0.95", "set style fill solid 0.75 noborder"]
    for i, (label, runtime, buckets) in enumerate(entries):
        who, worst, middle = look.known(runtime), buckets[-1][1], quantile(buckets, 0.5)
        high = height - 70 - i * PANEL
        lines.append(f"set tmargin at screen {at(high)}; set bmargin at screen {at(high - PANEL + 16)}")
        if i == len(entries) - 1:
            lines += ['set format x "%g"', f'set xlabel "{what} ({unit}), linear"']
        total = sum(c for _, _, c in buckets)
        right = worst / top > 0.6
        lines += [f"set label 11 {gnu.quote(label)} at screen 0.02,{at(high - 20)} left",
                  f'set label 12 "{look.rate(total).strip()} samples" at screen 0.02,{at(high - 38)} left font ",10" textcolor rgb "#666666"',
                  f'set label 13 {gnu.quote(f"worst {look.duration(worst)}, median {look.duration(middle)}")} at {worst / scale:.6g},graph 0.72 {"right" if right else "left"} offset {"-0.6" if right else "0.6"},0',
                  f"set arrow 1 from {worst / scale:.6g},graph 0.9 to {worst / scale:.6g},0.75 linewidth 1.4 linecolor rgb color_{who}"]
        lines.append(f"$d{i} << EOD")
        lines += [f"{(b + 0.5) * width / scale:.6g} {count}" for b, count in enumerate(binned(buckets, width)) if count]
        lines += ["EOD", f"plot $d{i} using 1:2:({width / scale:.6g}) with boxes linecolor rgb color_{who}"]
        if i == 0:
            lines.append("unset label 1; unset label 2; unset label 3; unset label 4")
    return "\n".join(lines + ["unset multiplot"]) + "\n"


def draw(run, folder, block):
    """The charts of a block: one for each kind of time of which there is a histogram."""
    made = []
    for ending, what, about in kinds(run, block):
        entries = prepare(run, block, ending)
        if not entries:
            continue
        name = f"{block['id']}-{'lag' if ending else 'lateness'}"
        title = f"{block['workload']}: {about}, {block.get('label') or str(block['workers']) + ' workers'}"
        height = 70 + PANEL * len(entries) + 100
        rows = [[label, *(look.duration(quantile(b, q)) for q in (0.5, 0.99)), look.duration(b[-1][1]), f"{sum(c for _, _, c in b):,}"] for label, _, b in entries]
        said = " ".join(f"{row[0]}: median {row[1]}, worst {row[3]}, of {row[4]}." for row in rows)
        gnu.draw(folder, name, script(run, block, entries, title, name, what, height), title, said, height=height, multiplot=True)
        made.append({"name": name, "kind": "lateness", "workload": block["workload"], "block": block["id"], "title": title, "description": said, "drawn": True,
                     "table": {"head": ["runtime", "50 %", "99 %", "worst", "samples"], "rows": rows}})
    return made

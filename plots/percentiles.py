"""Chart 1: writes charts/NAME.gp, which a student can change and run again, and lets gnuplot
draw it as SVG and PNG. The curve of a run ends where fewer than ten samples lie above; a
block timed in batches has no percentile curve, and the chart's place says so."""
import math
import re

import gnu
import look
import results
from gnu import quote


def read_hgrm(path):
    """[(value, 1/(1-percentile))] up to the last supported percentile, and the number of samples."""
    rows, total = [], 0
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise results.Damaged(f"{path}: cannot be read: {error}")
    for number, line in enumerate(lines, 1):
        cells = line.split()
        if line.startswith("#"):
            found = re.search(r"Total count\s*=\s*(\d+)", line)
            total = int(found.group(1)) if found else total
        elif cells and cells[0] != "Value":
            try:
                value, percentile, count = float(cells[0]), float(cells[1]), int(cells[2])
            except (ValueError, IndexError):
                raise results.Damaged(f"{path}: line {number}: {line.strip()[:40]!r}: expected value, percentile, count, 1/(1-percentile)")
            rows.append((value, percentile))
            last = count
    if not lines or not rows:
        raise results.Damaged(f"{path}: line 1: no samples: expected the HdrHistogram percentile text")
    if not lines[-1].startswith("#"):
        raise results.Damaged(f"{path}: line {len(lines)}: cut short: expected three lines that start with #")
    total = total or last
    return [(v, 1 / (1 - p)) for v, p in rows if p < 1 and (1 - p) * total >= 10], total


def prepare(run, block):
    """([(name, runtime, headline, points, total)], why not)."""
    batches = {(r["runtime"], r["variant"]): r["batch"] for r in run.rows if r["workload"] == block["workload"]
               and r["workers"] == block["workers"] and r["role"] == "measure" and r["status"] == "ok"
               and r["params"] == block.get("params", "") and r["placement"] == block["placement"]}
    most = max(batches.values(), default=1)
    if most > 1:
        return [], (f"No percentile curve: the operations of this block were timed in batches of {most}, since one is too short for its "
                    "own time stamps. What was measured is the amortised cost.")
    curves = []
    for entry in block["entries"]:
        path = run.folder / "hgrm" / f"{block['id']}-{results.entry_name(entry['runtime'], entry.get('variant', ''))}.hgrm"
        if not path.exists():
            path = run.folder / "hgrm" / f"{block['id']}-{results.name_of(entry)}.hgrm"
        if entry["status"] == "ok" and path.exists():
            points, total = read_hgrm(path)
            if len(points) >= 2:
                curves.append((results.name_of(entry), entry["runtime"], bool(entry.get("headline", True)), points, total))
    return curves, "" if curves else "No percentile curve: this block has no histogram with enough samples."


def script(run, block, curves, title, name):
    """The gnuplot program of one chart, with its data in it."""
    op = block.get("op", "operation")
    right = max(p[-1][1] for _, _, _, p, _ in curves)
    xmax = right * 1.02
    values = [v for _, _, _, points, _ in curves for v, _ in points if v > 0]
    low, high = 10 ** (math.log10(min(values)) - 0.08), 10 ** (math.log10(max(values)) + 0.12)
    gap = (math.log10(high) - math.log10(low)) / 19
    ys = [10 ** y for y in look.spread([math.log10(max(p[-1][0], 1e-9)) for _, _, _, p, _ in curves], gap)]
    lines = ["# Draw again in this folder with: gnuplot " + name + ".gp", (look.HERE / "palette.gp").read_text().rstrip(), f"xmax = {xmax:.6g}", (look.HERE / "percentiles.gp").read_text().rstrip(),
             f"set yrange [{low:.6g}:{high:.6g}]", 'set ylabel "%s (µs)" offset 1' % run.time_name(block["workload"], op), f'set xlabel "percentile of {look.plural(op)}"',
             "set lmargin at screen 0.11; set rmargin at screen 0.75; set tmargin at screen 0.84; set bmargin at screen 0.235"]
    lines += y_ticks(low, high)
    lines += gnu.frame(run, block["placement"], title, "Lower is better. A curve ends where fewer than ten samples lie above it.")
    plots = []
    for i, ((label, runtime, headline, points, total), y) in enumerate(zip(curves, ys)):
        who = look.known(runtime)
        lines.append(f"$d{i} << EOD")
        lines += [f"{x:.6g} {v:.6g}" for v, x in points]
        lines.append("EOD")
        end_v, end_x = points[-1]
        lines.append(f"set arrow from {end_x:.6g},{end_v:.6g} to {xmax * (xmax ** 0.03):.6g},{y:.6g} nohead linewidth 1 linecolor rgb color_{who}")
        lines.append(f"set label {10 + i} {quote(label)} at {xmax * (xmax ** 0.035):.6g},{y:.6g} left")
        every = max(1, len(points) // 8)
        dash = look.PALETTE["dash"][who]
        mark = "marker_%s" % who if headline else "marker_%s - 1" % who if look.PALETTE["marker"][who] > 3 else "marker_%s" % who
        style = "1" if dash == "solid" else f"({dash})"
        plots.append(f"$d{i} using 1:2 with linespoints linewidth 1.6 pointsize 0.8 pointinterval {every} pointtype {mark} "
                     f"dashtype {style} linecolor rgb color_{who}")
    lines.append("plot " + ", \\\n  ".join(plots))
    return "\n".join(lines) + "\n"


def y_ticks(low, high):
    span = math.log10(high / low)
    steps = (1,) if span > 3 else (1, 3) if span > 1.5 else (1, 2, 5)
    ticks = [m * 10.0 ** e for e in range(0, 12) for m in steps if low <= m * 10.0 ** e <= high]
    named = ", ".join(f'"{t / 1e3:,g}" {t:g}' for t in ticks)
    return [f"set ytics ({named})"] if len(ticks) >= 2 else []


def draw(run, folder, block):
    name = f"{block['id']}-percentiles"
    title = f"{block['workload']}: percentiles of the {block.get('op', 'operation')}, {block.get('label') or str(block['workers']) + ' workers'}"
    info = {"name": name, "kind": "percentiles", "workload": block["workload"], "block": block["id"], "title": title}
    curves, why = prepare(run, block)
    if not curves:
        return dict(info, drawn=False, why=why)
    body = script(run, block, curves, title, name)
    said = " ".join(f"{label}: " + ", ".join(f"{p} {look.duration(v)}" for p, v in supported(points)) + f", {total:,} samples."
                    for label, _, _, points, total in curves)
    gnu.draw(folder, name, body, title, said)
    heads = ["runtime", "50 %", "90 %", "99 %", "99.9 %", "99.99 %", "samples"]
    rows = [[label] + [dict(supported(points)).get(h, "too few samples") for h in heads[1:-1]] + [f"{total:,}"]
            for label, _, _, points, total in curves]
    rows = [[c if isinstance(c, str) else look.duration(c) for c in row] for row in rows]
    return dict(info, description=said, drawn=True, table={"head": heads, "rows": rows})


def supported(points):
    """[('99 %', ns)] for the usual percentiles that the curve reaches."""
    found = []
    for text, x in (("50 %", 2), ("90 %", 10), ("99 %", 100), ("99.9 %", 1000), ("99.99 %", 10000)):
        if points[-1][1] >= x * 0.999:
            found.append((text, next(v for v, at in points if at >= x * 0.999)))
    return found

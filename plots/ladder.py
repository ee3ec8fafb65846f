"""Chart 14, the ladder of costs: from a load to a fork on one logarithmic axis, as `fiveways micro --ladder --out DIR`
measured it here. A rung's colour and mark are those of the model that it belongs to; grey: the machine and its kernel."""
import math

import gnu
import look
import results

FILE = "ladder.json"
ROW = 19  # SVG units a rung


def read(run):
    """The file's content, checked; None if the folder has none."""
    path = run.folder / FILE
    if not path.exists():
        return None
    told = results.read_json(path)
    results.need(str(path), told, {"unit": str, "cpu": int, "rungs": list})
    for number, rung in enumerate(told["rungs"]):
        results.need(f"{path}: rungs[{number}]", rung, {"name": str, "what": str, "who": str, "median": results.NUMBER, "low": results.NUMBER, "high": results.NUMBER, "n": int})
        if not 0 < rung["low"] <= rung["median"] <= rung["high"] < math.inf:
            raise results.Damaged(f"{path}: rungs[{number}]: expected 0 < low <= median <= high, found {rung['low']}, {rung['median']}, {rung['high']}")
    if not told["rungs"]:
        raise results.Damaged(f"{path}: rungs: empty: expected what fiveways micro --ladder measured")
    return told


def named(rung):
    """With the size of what was loaded from, where it is known."""
    size = rung.get("bytes") or 0
    if not isinstance(size, int) or size <= 0:
        return rung["what"]
    return f"{rung['what']} ({size >> 20} MiB)" if size >= 1 << 20 else f"{rung['what']} ({size >> 10} KiB)"


def times_of(factor):
    """'2.4×', '76×', '24,800×', '1.6 million×'."""
    if factor < 10:
        return f"{factor:.1f}×"
    step = 10 ** max(0, math.floor(math.log10(factor)) - 2)
    return f"{round(factor / step) * step:,}×" if factor < 1e6 else f"{factor / 1e6:.1f} million×"


def script(run, told, title, height):
    rungs = sorted(told["rungs"], key=lambda r: r["median"])
    n, counts = len(rungs), sorted({r["n"] for r in rungs})
    low, high = min(r["low"] for r in rungs), max(r["high"] for r in rungs)
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    times = f"{counts[0]}" if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
    at = lambda pixels: f"{pixels / height:.4f}"
    lines = ["# Draw again in this folder with: gnuplot ladder.gp", (look.HERE / "palette.gp").read_text().rstrip()]
    lines += gnu.frame(run, None, title, f"Each step of the axis is ten times the one before. All on CPU {told['cpu']}; median of {times}, bars: its interval.", height)
    lines += [f"set lmargin at screen 0.385; set rmargin at screen 0.84; set tmargin at screen {at(height - 66)}; set bmargin at screen {at(112)}",
              "set logscale x 10", f"set xrange [{10.0 ** first:g}:{10.0 ** last:g}]", f"set yrange [-0.7:{n - 0.3}]", "unset key", "set border 1 linecolor rgb \"#666666\"",
              "set tics nomirror", "set grid xtics linecolor rgb \"#cccccc\"", 'set xlabel "time of one (log)"',
              "set xtics textcolor rgb \"#222222\" (" + ", ".join(f'"{look.tick(look.duration(10.0 ** e))}" {10.0 ** e:g}' for e in range(first, last + 1)) + ")",
              "set ytics scale 0 textcolor rgb \"#222222\" (" + ", ".join(f"{gnu.quote(named(r))} {i}" for i, r in enumerate(rungs)) + ")"]
    for i, rung in enumerate(rungs):
        factor = rung["median"] / rungs[0]["median"]
        text = look.duration(rung["median"]) + ("" if i == 0 else f"   {times_of(factor)}")
        far = math.log10(rung["high"]) > first + 0.75 * (last - first)  # no room at its right
        lines.append(f"set label {10 + i} {gnu.quote(text)} at {rung['low' if far else 'high']:.6g},{i} {'right offset -1.2,0' if far else 'left offset 1.2,0'}")
    lines.append("$rungs << EOD")
    for i, rung in enumerate(rungs):
        who = look.known(rung["who"])
        dots = rung["median"] if math.log10(rung["high"]) <= first + 0.75 * (last - first) else rung["low"] / 10 ** (0.033 * (last - first) * 8)  # up to the label
        lines.append(f"{rung['median']:.6g} {i} {rung['low']:.6g} {rung['high']:.6g} {look.PALETTE['marker'][who] if who != 'other' else 4} "
                     f"{int(look.PALETTE['color'][who][1:], 16)} {dots:.6g}")
    lines += ["EOD", f'plot $rungs using ({10.0 ** first:g}):2:($7-{10.0 ** first:g}):(0) with vectors nohead linewidth 1 dashtype 3 linecolor rgb "#bbbbbb", \\',
              "  $rungs using 1:2:3:4:6 with xerrorbars pointtype 0 linewidth 1.4 linecolor rgb variable, \\",
              "  $rungs using 1:2:5:6 with points pointtype variable pointsize 1.1 linecolor rgb variable"]
    return "\n".join(lines) + "\n"


def draw(run, folder, told):
    rungs = sorted(told["rungs"], key=lambda r: r["median"])
    title = "The ladder of costs: what a program may have to wait for"
    decades = math.log10(rungs[-1]["median"] / rungs[0]["median"])
    said = (f"From {look.duration(rungs[0]['median'])} ({rungs[0]['what']}) to {look.duration(rungs[-1]['median'])} ({rungs[-1]['what']}): "
            f"{decades:.1f} powers of ten. " + "; ".join(f"{r['what']} {look.duration(r['median'])}" for r in rungs) + ".")
    height = 66 + 112 + ROW * len(rungs) + 10
    gnu.draw(folder, "ladder", script(run, told, title, height), title, said, height=height)
    return {"name": "ladder", "kind": "ladder", "workload": "", "title": title, "description": said, "drawn": True,
            "table": {"head": ["what", "time", "interval", "times the least"],
                      "rows": [[named(r), look.duration(r["median"]), f"{look.duration(r['low'])} – {look.duration(r['high'])}", f"{r['median'] / rungs[0]['median']:,.0f}"] for r in rungs]}}

"""console.py DIR [--plain] [--width N]: the charts at the end of a run, in the terminal:
bars of throughput per block and the percentile curves, drawn by gnuplot's dumb terminal.
--plain says the same in sentences and needs no gnuplot. Nothing is written to the folder."""
import argparse
import os
import pathlib
import re
import sys
import textwrap

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import gnu  # noqa: E402
import look  # noqa: E402
import overview  # noqa: E402
import percentiles  # noqa: E402
import results  # noqa: E402


def bars(block, width):
    """Throughput of every entry, fastest first, on a log axis that starts a third below the slowest."""
    valid = sorted((e for e in block["entries"] if e["status"] == "ok" and e["median"] > 0), key=lambda e: e["median"])
    others = [f"  {results.name_of(e)}: {e['status']}: {e.get('reason') or 'no reason given'}" for e in block["entries"] if e["status"] != "ok"]
    if not valid:
        return "\n".join(others)
    rates = [1e9 / e["median"] for e in valid]
    low = min(rates) / 1.5
    names = max(len(results.name_of(e)) for e in valid)
    count = len(valid)
    lines = [f"set terminal dumb size {width},{count + 5} noenhanced", "unset key", "set border 1", "set logscale x 10",
             f"set xrange [{low:.6g}:{max(rates) * 1.15:.6g}]", f"set yrange [{count - 0.5}:-0.5]", f"set lmargin {names + 2}", "set rmargin 16",
             "set tmargin 0", "set bmargin 2", "set tics nomirror out", x_ticks(low, max(rates))]
    ticks = []
    for i, (entry, value) in enumerate(zip(valid, rates)):
        ticks.append(f'"{results.name_of(entry)}" {i}')
        lines.append(f'set label {i + 1} "{look.rate(value)}/s" at graph 1.0,first {i} offset 1,0 left')
    lines += [f"set ytics ({', '.join(ticks)}) scale 0", "$d << EOD"]
    lines += [f"{low:.6g} {i} {value - low:.6g} 0" for i, value in enumerate(rates)] + ["EOD", "plot $d using 1:2:3:4 with vectors nohead"]
    drawn = gnu.gnuplot("\n".join(lines) + "\n")
    return "\n".join([solid(drawn)] + others)


def solid(text):
    """The dumb terminal draws a line of minus signs; a bar is one of hashes."""
    lines = [line.rstrip() for line in text.splitlines() if line.strip("\f ")]
    return "\n".join(line if "+--" in line and line.lstrip().startswith("+") else re.sub(r" (-+)", lambda m: " " + "#" * len(m.group(1)), line) for line in lines)


def x_ticks(low, high):
    ticks = [10.0 ** e for e in range(-3, 13) if low <= 10.0 ** e <= high]
    named = ", ".join(f'"{look.tick(look.rate(t))}/s" {t:g}' for t in ticks)
    return f"set xtics ({named})" if ticks else "unset xtics"


def curves(run, block, width):
    found, why = percentiles.prepare(run, block)
    if not found:
        return textwrap.fill(why, width)
    found = [c for c in found if c[2]] or found
    letters = letters_of([c[0] for c in found])
    values = [v for c in found for v, _ in c[3] if v > 0]
    low, high = min(values) / 1.2, max(values) * 1.3
    ticks = [10.0 ** e for e in range(0, 12) if low <= 10.0 ** e <= high]
    right = max(c[3][-1][1] for c in found)
    lines = [f"set terminal dumb size {width},18 noenhanced", "unset key", "set border 3", "set logscale xy", f"set xrange [1:{right:.6g}]",
             f"set yrange [{low:.6g}:{high:.6g}]", "set tics nomirror", "set lmargin 9", "set rmargin 3", "set tmargin 0",
             'set xtics ("0%%" 1, "50%%" 2, "90%%" 10, "99%%" 100, "99.9%%" 1000, "99.99%%" 10000, "99.999%%" 100000)']
    lines.append("set ytics (" + ", ".join(f'"{look.tick(look.duration(t))}" {t:g}' for t in ticks) + ")" if ticks else "set ytics")
    plots = []
    for i, ((_, _, _, points, _), letter) in enumerate(zip(found, letters)):
        lines += [f"$d{i} << EOD"] + [f'{x:.6g} {v:.6g} "{letter}"' for v, x in points] + ["EOD"]
        plots.append(f"$d{i} using 1:2:3 with labels")
    lines.append("plot " + ", ".join(plots))
    drawn = gnu.gnuplot("\n".join(lines) + "\n")
    key = "   ".join(f"{letter} {c[0]}" for c, letter in zip(found, letters))
    return "\n".join(line.rstrip() for line in drawn.splitlines() if line.strip("\f ")) + f"\n  {key}"


def letters_of(names):
    """One letter a name, its own first letter that is still free; upper case where two begin alike."""
    taken = []
    for name in names:
        for letter in list(name) + list(name.upper()) + list("0123456789"):
            if letter.isalnum() and letter not in taken:
                taken.append(letter)
                break
    return taken


def sentences(run, block):
    said = []
    op = block.get("op", "operation")
    for entry in sorted(block["entries"], key=lambda e: e.get("median", 0) if e["status"] == "ok" else float("inf")):
        name = results.name_of(entry)
        if entry["status"] == "ok":
            rate = "" if held(run, block) else f", that is {look.rate(1e9 / entry['median']).strip()} per second"
            said.append(f"{name} {'is late by' if held(run, block) else 'takes'} {look.duration(entry['median'])} per {op} ({look.duration(entry['low'])} to "
                        f"{look.duration(entry['high'])}){rate}.")
        else:
            said.append(f"{name} {entry['status']}: {entry.get('reason') or 'no reason given'}.")
    curves_found, why = percentiles.prepare(run, block) if steady(run, block) else ([], "")
    for name, _, _, points, total in curves_found:
        said.append(f"{name}: " + ", ".join(f"{p.replace(' ', '')} of {look.plural(op)} take at most {look.duration(v)}" for p, v in percentiles.supported(points))
                    + f" ({total:,} samples).")
    return said + ([why] if why else [])


def steady(run, block):
    return any(r["mode"] in ("steady", "hold") for r in run.rows if r["workload"] == block["workload"])


def held(run, block):
    return run.held(block["workload"])


def show(run, plain, width):
    for block in run.blocks:
        print("\n" + textwrap.fill(overview.label(block), width))
        if plain:
            for line in sentences(run, block):
                print(textwrap.fill(line, width, initial_indent="  ", subsequent_indent="    "))
            continue
        if not held(run, block):
            print(f"throughput, {look.plural(block.get('op', 'operation'))} per second (log axis)")
            print(bars(block, width))
        if steady(run, block):
            print(f"\npercentiles of one {block.get('op', 'operation')} (lower is better)")
            print(curves(run, block, width))


def main(arguments):
    parser = argparse.ArgumentParser(prog="console.py", description="Charts of a result folder in the terminal.")
    parser.add_argument("folder", metavar="DIR")
    parser.add_argument("--plain", action="store_true", help="sentences instead of charts")
    parser.add_argument("--width", type=int, default=80, metavar="N", help="columns, 50 to 200 (default 80)")
    given = parser.parse_args(arguments)
    if not 50 <= given.width <= 200:
        parser.error(f"--width {given.width}: expected 50 to 200")
    try:
        show(results.Run(given.folder), given.plain, given.width)
    except (results.Damaged, results.Refused, gnu.NoGnuplot) as error:
        print(f"charts: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

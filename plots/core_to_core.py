"""Chart 6: how long a cache line takes from one CPU to another, as `fiveways topo --core-to-core --out DIR` measured it.
A cell a pair, in the order of the topology, with lines where a cache, a node or a package ends. Where the topology isn't
trustworthy no picture of it is drawn, and the chart's place says so."""
import math

import gnu
import look
import results

FILE = "core-to-core.json"
LEVELS = (("package", "package"), ("numa", "NUMA node"), ("l3", "L3 cache"))
READABLE = 24  # CPUs up to which a number has room in its cell


def read(run):
    """The file's content, checked; None if the folder has none."""
    path = run.folder / FILE
    if not path.exists():
        return None
    told = results.read_json(path)
    results.need(str(path), told, {"unit": str, "batches": int, "trips": int, "doubts": str, "cpus": list, "pairs": list})
    for number, cpu in enumerate(told["cpus"]):
        results.need(f"{path}: cpus[{number}]", cpu, {name: int for name in ("cpu", "core", "l3", "numa", "package")})
    for number, pair in enumerate(told["pairs"]):
        results.need(f"{path}: pairs[{number}]", pair, {"a": int, "b": int, **{name: results.NUMBER for name in ("median", "low", "high")}})
    cpus = [c["cpu"] for c in told["cpus"]]
    wanted = {frozenset((a, b)) for i, a in enumerate(cpus) for b in cpus[:i]}
    if len(cpus) < 2 or len(told["pairs"]) != len(wanted) or {frozenset((p["a"], p["b"])) for p in told["pairs"]} != wanted:
        raise results.Damaged(f"{path}: pairs: expected one for each two of {len(cpus)} CPUs, found {len(told['pairs'])}")
    return told


def borders(cpus):
    """[(place between two rows, width)]: 2 where a package or node ends, 1 where an L3 cache does."""
    found = []
    for i, (one, two) in enumerate(zip(cpus, cpus[1:])):
        far = [level for level, _ in LEVELS if one[level] != two[level]]
        if far:
            found.append((i + 0.5, 2 if far[0] != "l3" else 1))
    return found


def ordered(cpus):
    """'2 packages, 4 L3 caches' of what the lines part."""
    counts = [(len({tuple(c[k] for k, _ in LEVELS[:i + 1]) for c in cpus}), word) for i, (_, word) in enumerate(LEVELS)]
    return ", ".join(f"{n} {word}s" for n, word in counts if n > 1)


def script(run, told, title):
    cpus = told["cpus"]
    n = len(cpus)
    at = {c["cpu"]: i for i, c in enumerate(cpus)}
    values = [p["median"] for p in told["pairs"]]
    low, high = min(values), max(values)
    log = low > 0 and high / low > 8
    top = high if high > low else low + 1
    parted = ordered(cpus)
    lines = ["# Draw again in this folder with: gnuplot core-to-core.gp", (look.HERE / "palette.gp").read_text().rstrip()]
    lines += gnu.frame(run, None, title, f"Half a round trip between two threads that answer each other's stores. Median of {told['batches']} batches of "
                       f"{told['trips']}.\n" + (f"In the order of the topology; lines part {parted}." if parted else "In the order of the topology."), 640)
    lines += ["set lmargin at screen 0.11; set rmargin at screen 0.8; set tmargin at screen 0.86; set bmargin at screen 0.165",
              f"set xrange [-0.5:{n - 0.5}]; set yrange [{n - 0.5}:-0.5]", "set border 0; set tics scale 0; unset key",
              'set palette defined (0 "#f2f6fa", 0.5 "#7fb3d5", 1 color_processes)', f"set cbrange [{low:.6g}:{top:.6g}]" + ("; set logscale cb" if log else ""),
              'set cblabel "ns, one way" offset 0.5', 'set xlabel "CPU"; set ylabel "CPU"']
    step = max(1, n // 32)
    for axis in "xy":
        lines.append(f"set {axis}tics (" + ", ".join(f'"{c["cpu"]}" {i}' for i, c in enumerate(cpus) if i % step == 0) + ")")
    for place, width in borders(cpus):
        for ends in (f"{place},-0.5 to {place},{n - 0.5}", f"-0.5,{place} to {n - 0.5},{place}"):
            lines.append(f'set arrow from {ends} nohead front linewidth {width} linecolor rgb "#222222"')
    lines.append("$pairs << EOD")
    share = (lambda v: math.log(v / low) / math.log(top / low)) if log else (lambda v: (v - low) / (top - low))
    text = look.three if n <= 12 else (lambda v: f"{v:.0f}")
    for pair in sorted(told["pairs"], key=lambda p: (at[p["a"]], at[p["b"]])):
        for a, b in ((pair["a"], pair["b"]), (pair["b"], pair["a"])):
            ink = "0xffffff" if share(pair["median"]) > 0.85 else "0x222222"
            lines.append(f"{at[a]} {at[b]} {pair['median']:.6g} {text(pair['median'])} {ink}")
    lines += ["EOD", "plot $pairs using 1:2:(0.5):(0.5):3 with boxxyerror fillstyle solid noborder fillcolor palette" + (", $pairs using 1:2:4:5 with labels textcolor rgb variable" if n <= READABLE else "")]
    return "\n".join(lines) + "\n"


def draw(run, folder, told):
    title = "Core to core: the time of a cache line from one CPU to another"
    info = {"name": "core-to-core", "kind": "core-to-core", "workload": "", "title": title}
    values = sorted(told["pairs"], key=lambda p: p["median"])
    said = " ".join(f"{word} {look.duration(p['median'])}, between CPUs {p['a']} and {p['b']} (interval {look.duration(p['low'])} to {look.duration(p['high'])})."
                    for word, p in (("Least:", values[0]), ("Greatest:", values[-1])))
    rows = [[f"{p['a']} – {p['b']}", look.duration(p["median"]), f"{look.duration(p['low'])} – {look.duration(p['high'])}"] for p in values]
    table = {"head": ["CPUs", "one way", "interval"], "rows": rows if len(rows) <= 32 else rows[:16] + [["…", "", ""]] + rows[-16:]}
    if told["doubts"]:
        return dict(info, drawn=False, why=f"Not drawn: which CPUs are neighbours is not trustworthy here: {told['doubts']}. {said}", table=table)
    gnu.draw(folder, "core-to-core", script(run, told, title), title, said, height=640)
    return dict(info, description=said, drawn=True, table=table)

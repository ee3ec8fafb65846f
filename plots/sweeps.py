"""Charts over an axis: throughput against workers (chart 2) and against message size
(chart 3). An axis point is the median of its rounds with the order-statistic interval;
two rounds give their extremes."""
import math
import textwrap

import look
import results


def series(rows, axis):
    """{(runtime, variant): [(x, median, low, high, n)]} of time_per_op rows; axis(row) is x."""
    points = {}
    for row in rows:
        points.setdefault((row["runtime"], row["variant"]), {}).setdefault(axis(row), []).append(row["value"])
    result = {}
    for key, by_x in points.items():
        result[key] = [(x, results.median(v), *results.interval(v)[:2], len(v)) for x, v in sorted(by_x.items())]
    rank = lambda key: (look.MODELS.index(key[0]) if key[0] in look.MODELS else 9, key)
    return {key: result[key] for key in sorted(result, key=rank)}


def without(params, name):
    return ";".join(p for p in params.split(";") if not p.startswith(name + "="))


def draw_line(ax, key, points, value, small=5.5):
    """One series; value(x, ns) turns a time into what y shows. Hollow = a variant, not the headline."""
    runtime, variant = key
    xs, ys = [p[0] for p in points], [value(p[0], p[1]) for p in points]
    low = [max(0, y - value(p[0], p[3])) for y, p in zip(ys, points)]
    high = [max(0, value(p[0], p[2]) - y) for y, p in zip(ys, points)]
    hollow = variant and not key_is_headline(key)
    ax.errorbar(xs, ys, yerr=(low, high), color=look.color(runtime), marker=look.marker(runtime), linestyle=look.dash(runtime),
                markersize=small, markerfacecolor="#ffffff" if hollow else look.color(runtime), linewidth=1.6, capsize=2.5,
                elinewidth=0.9)
    return xs[-1], ys[-1], results.entry_name(runtime, variant), runtime


HEADLINES = set()


def key_is_headline(key):
    return key in HEADLINES


def note_headlines(run):
    HEADLINES.clear()
    for block in run.blocks:
        HEADLINES.update((e["runtime"], e.get("variant", "")) for e in results.entries(block, headline=True))


def shown(key):
    """A line's name: the runtime alone for the headline variant."""
    return key[0] if key_is_headline(key) else results.entry_name(*key)


def rounds_text(lines):
    counts = sorted({p[4] for points in lines.values() for p in points})
    text = f"{counts[0]}" if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
    weak = ";\npoints with 2 rounds or fewer are exploratory, their bars are the extremes" if counts[0] <= 2 else ""
    return f"Median of {text} round{'' if text == '1' else 's'}, bars: order-statistic interval{weak}."


def worker_groups(run):
    """[(workload, placement, params, rows)] where the number of workers varies and is the axis."""
    groups = {}
    for row in run.values():
        groups.setdefault((row["workload"], row["placement"], row["params"]), []).append(row)
    found = []
    for key, rows in groups.items():
        axis_varies = len({r["workers"] for r in rows if r["role"] == "axis"}) >= 2
        if len({r["workers"] for r in rows}) >= 2 and (axis_varies or rows[0]["mode"] == "complete"):
            found.append((*key, rows))
    return found


def serial_fractions(lines, seq_ns, cpus):
    """(p, {key: fraction}): what part of the work behaved as if only one worker could do it, as Karp and Flatt (1990) determine it
    from the speed-up S on p workers, (1/S - 1/p) / (1 - 1/p); p is the most workers that have a CPU each. Below 0: faster than
    p times the sequential one."""
    shared = [p[0] for points in lines.values() for p in points if 2 <= p[0] <= cpus]
    if not shared or not seq_ns:
        return 0, {}
    most = max(shared)
    at = {key: p[1] for key, points in lines.items() for p in points if p[0] == most and key_is_headline(key)}
    return most, {key: (ns / seq_ns - 1 / most) / (1 - 1 / most) for key, ns in at.items()}


def serial_text(most, serial):
    """What serial_fractions found, in a sentence; who is slower than the sequential program, or faster than most times it, has none."""
    told = [f"{shown(k)}\u00a0{100 * e:.1f}\u00a0%" for k, e in serial.items() if 0 <= e <= 1]
    slower = [shown(k) for k, e in serial.items() if e > 1]
    faster = [shown(k) for k, e in serial.items() if e < 0]
    parts = [f"{head}{', '.join(names)}" for head, names in (("", told), ("slower than seq: ", slower), (f"more than {most} times as fast as seq: ", faster)) if names]
    return f"Serial fraction at {most} workers, against seq: {'; '.join(parts)}." if parts else ""


def draw_workers(run, folder, workload, placement, params, rows, name):
    plt = look.setup()
    every = series(rows, lambda r: r["workers"])
    lines, seq = ({k: v for k, v in every.items() if (k[0] == "seq") == wanted} for wanted in (False, True))
    base = [r["value"] for r in rows if r["runtime"] == "seq"]
    cpus = run.machine.cpus
    most, serial = serial_fractions(lines, results.median(base) if base and rows[0]["mode"] == "complete" else 0, cpus or 0)
    serial_said = serial_text(most, serial)
    lost = textwrap.wrap(serial_said, look.LINE)
    height = 4.9 + 0.18 * len(lost)
    fig, ax = plt.subplots(figsize=(7.4, height))
    fig.subplots_adjust(left=0.11, right=0.78, top=1 - (1.15 + 0.18 * len(lost)) / height, bottom=1.03 / height)
    op = next((b.get("op", "operation") for b in run.blocks if b["workload"] == workload), "operation")
    look.heading(fig, f"{workload}: throughput against workers",
                 f"{params.replace(';', ', ') or 'default parameters'}. One operation is a {op}.\n{rounds_text(lines)}"
                 + "".join(f"\n{line}" for line in lost))
    xs = sorted({p[0] for points in lines.values() for p in points})
    ax.set_xscale("log", base=2)
    top = max(1e9 / p[2] for points in lines.values() for p in points) * 1.2
    ends, alone = [], []
    for key, points in lines.items():
        x, y = draw_line(ax, key, points, lambda x, ns: 1e9 / ns)[:2]
        if len(points) > 1 or len(xs) == 1:
            ends.append((x, y, shown(key), key[0]))
        else:
            alone.append((x, y, shown(key), key[0]))
    firsts = [1e9 / points[0][1] / points[0][0] for points in lines.values()]
    ideal = max(firsts)
    value = 1e9 / results.median(base) if base else 0
    top = max(top, value * 1.15)
    steps = [xs[0], min(xs[-1], top / ideal)]
    ax.plot(steps, [ideal * x for x in steps], color=look.GREY, linewidth=0.9, linestyle=(0, (6, 4)))
    ax.text(math.sqrt(steps[0] * steps[1]), ideal * math.sqrt(steps[0] * steps[1]) * 1.06, "ideal ", fontsize=9, color=look.GREY,
            ha="right", va="bottom")
    if base:
        ax.axhline(value, color=look.color("seq"), linestyle=look.dash("seq"), linewidth=1.3)
        ends.append((xs[-1], value, "seq (one thread)", "seq"))
    ax.set_xlim(xs[0] / 1.12, xs[-1] * 1.12)
    ax.set_ylim(0, top)
    if cpus and xs[-1] > cpus:
        ax.axvspan(cpus * 1.06, xs[-1] * 1.12, color="#eeeeee", zorder=0)
        ax.text(cpus * 1.1, top * 0.985, f"more workers than CPUs ({cpus})", fontsize=9, color=look.GREY, va="top")
    ax.set_xticks(xs, [str(x) for x in xs])
    ax.minorticks_off()
    ax.set_xlabel("workers")
    ax.set_ylabel(f"throughput ({look.plural(op)} per second)")
    if top >= 1e4:
        ax.yaxis.set_major_formatter(lambda v, _: look.tick(look.rate(v)))
    look.label_ends(ax, ends)
    look.label_beside(ax, alone)
    look.footer(fig, run.footer(placement))
    said = describe(lines, lambda x, ns: f"{look.rate(1e9 / ns)}/s", "workers") + (f" {serial_said}" if serial else "")
    look.save(fig, folder, name, f"{workload}: throughput against workers", said)
    return {"name": name, "kind": "workers", "workload": workload, "title": f"{workload}: throughput against workers",
            "description": said, "drawn": True, "table": table({**lines, **seq}, lambda x: f"{x} worker{'s' if x != 1 else ''}")}


def size_groups(run):
    groups = {}
    for row in run.values():
        params = results.params_of(row["params"])
        if params.get("size", "").isdigit() and int(params["size"]) > 0:
            groups.setdefault((row["workload"], row["workers"], row["placement"], without(row["params"], "size")), []).append(row)
    return [(*key, rows) for key, rows in groups.items() if len({r["params"] for r in rows}) >= 2]


def crossover(lines, first, second):
    """Sentence on where two series of one workload cross, from medians, or '' where both aren't there."""
    a, b = lines.get(first) or lines.get((first[0], "")), lines.get(second)
    if not a or not b:
        return ""
    one, two = dict((p[0], p) for p in a), dict((p[0], p) for p in b)
    xs = sorted(set(one) & set(two))
    signs = [one[x][1] < two[x][1] for x in xs]
    for left, right, before, after in zip(xs, xs[1:], signs, signs[1:]):
        if before != after:
            clear = one[right][3] < two[right][2] or two[right][3] < one[right][2]
            return f"Pipe and ring cross between {size_text(left)} and {size_text(right)}{'' if clear else ' (intervals overlap)'}."
    if xs:
        return f"Pipe and ring do not cross here: the {first[1] if signs[0] else second[1]} is faster at every size."
    return ""


def size_text(size):
    return f"{size // 1048576} MiB" if size >= 1048576 else f"{size // 1024} KiB" if size >= 1024 else f"{size} B"


def draw_sizes(run, folder, workload, workers, placement, rest, rows, name):
    plt = look.setup()
    size_of = lambda r: int(results.params_of(r["params"])["size"])
    lines = series(rows, size_of)
    fig, axes = plt.subplots(2, 1, figsize=(7.4, 7.6), sharex=True)
    fig.subplots_adjust(left=0.12, right=0.76, top=0.845, bottom=0.135, hspace=0.1)
    cross = crossover(lines, ("processes", "pipe"), ("processes", "ring"))
    both = f"{workers} worker{'s' if workers != 1 else ''}" if placement == "none" else "on one CPU" if workers == 1 else f"on {workers} CPUs"
    title = f"{workload}: throughput against message size, {both}"
    look.heading(fig, title, f"A round trip is two messages. {cross}\n{rounds_text(lines)}")
    sizes = sorted({p[0] for points in lines.values() for p in points})
    for ax, value, unit in ((axes[0], lambda x, ns: 2e9 / ns, "messages per second"),
                            (axes[1], lambda x, ns: 2e9 * x / ns, "bytes per second")):
        ax.set_xscale("log", base=2)
        ax.set_yscale("log")
        ends = [draw_line(ax, key, points, value)[:2] + (shown(key), key[0]) for key, points in lines.items()]
        ax.set_xlim(sizes[0] / 1.4, sizes[-1] * 1.4)
        ax.set_ylabel(unit)
        look.log_ticks(ax, look.rate)
        ax.tick_params(labelbottom=True)
        for cache, size in run.machine.caches:
            if sizes[0] / 1.4 < size < sizes[-1] * 1.4:
                ax.axvline(size, color=look.GREY, linewidth=0.8, linestyle=(0, (1, 3)))
                if ax is axes[0]:
                    ax.annotate(f"{cache} {size_text(size)}", xy=(size, 1), xycoords=("data", "axes fraction"), xytext=(-2, 2),
                                textcoords="offset points", fontsize=9, color=look.GREY, va="bottom", ha="center")
        look.label_ends(ax, ends)
    axes[1].set_xticks(sizes, [size_text(s) for s in sizes])
    axes[1].set_xlabel("message size")
    look.footer(fig, run.footer(placement))
    said = (cross + " " if cross else "") + describe(lines, lambda x, ns: f"{look.rate(2e9 / ns)} messages/s", "bytes")
    look.save(fig, folder, name, title, said)
    return {"name": name, "kind": "size", "workload": workload, "title": title, "description": said, "drawn": True,
            "note": cross, "table": table(lines, size_text)}


def describe(lines, speak, axis):
    return " ".join(f"{shown(key)}: " + ", ".join(f"{speak(p[0], p[1])} at {p[0]} {axis}" for p in points) + "."
                    for key, points in lines.items())


def table(lines, speak):
    """The data table that stands under a chart: a row a runtime, a column a point, each with interval and rounds."""
    xs = sorted({p[0] for points in lines.values() for p in points})
    rows = []
    for key, points in lines.items():
        at = {p[0]: f"{whole(p[1])} ({whole(p[2])}–{whole(p[3])}) n={p[4]}" for p in points}
        rows.append([shown(key)] + [at.get(x, "") for x in xs])
    return {"head": ["time per operation"] + [speak(x) for x in xs], "rows": rows, "wrap": True}


def whole(ns):
    """A time that no line break may part from its unit."""
    return look.duration(ns).replace(" ", "\u00a0")

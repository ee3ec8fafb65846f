"""Chart 13, the smallest useful task: how much of the machine a model keeps busy with tasks of some length.
Efficiency = sequential time / (workers x time), at the same grain; a task's length = sequential time / units of one
operation. Where a curve crosses one half is the model's METG (minimum effective task granularity, Slaughter et al. 2020)."""
import math

import look
import results
import sweeps

KEY = "grain"
HALF = 0.5


def groups(run):
    """[(workload, workers, placement, rest)] with a sequential figure at two grains or more."""
    found = {}
    for row in run.values():
        params = results.params_of(row["params"])
        if row["runtime"] == "seq" and params.get(KEY, "").isdigit():
            found.setdefault((row["workload"], row["workers"], row["placement"], sweeps.without(row["params"], KEY)), set()).add(params[KEY])
    return [where for where, grains in found.items() if len(grains) >= 2]


def at(row):
    return int(results.params_of(row["params"])[KEY])


def rows_of(run, metric, workload, workers, placement, rest):
    return [r for r in run.values(metric) if (r["workload"], r["workers"], r["placement"]) == (workload, workers, placement)
            and results.params_of(r["params"]).get(KEY, "").isdigit() and sweeps.without(r["params"], KEY) == rest]


def lengths(run, where):
    """{grain: (sequential ns of an operation, ns of a task)}."""
    ops = {r["trial_id"]: r["value"] for r in rows_of(run, "ops", *where)}
    units = {at(r): r["value"] / ops[r["trial_id"]] for r in rows_of(run, "units", *where) if ops.get(r["trial_id"]) and r["runtime"] != "seq"}
    times = {}
    for row in rows_of(run, "time_per_op", *where):
        if row["runtime"] == "seq":
            times.setdefault(at(row), []).append(row["value"])
    return {grain: (results.median(v), results.median(v) / units[grain]) for grain, v in times.items() if units.get(grain)}


def smallest(points):
    """(length, exactly?) where the efficiency last rises through one half as tasks grow; points: [(ns of a task, efficiency)].
    Not exactly: the shortest task tried is long enough. None: no task tried is."""
    points = sorted(points)
    if points[0][1] >= HALF and all(e >= HALF for _, e in points):
        return points[0][0], False
    for (x0, e0), (x1, e1) in reversed(list(zip(points, points[1:]))):
        if e0 < HALF <= e1:
            share = (HALF - e0) / (e1 - e0)
            return math.exp(math.log(x0) + share * (math.log(x1) - math.log(x0))), True
    return None


def said_of(name, found, points):
    if found is None:
        return f"{name}: above {look.duration(max(x for x, _ in points))}"
    return f"{name}: {'' if found[1] else 'below '}{look.duration(found[0])}"


def draw(run, folder, workload, workers, placement, rest, name):
    plt = look.setup()
    where = (workload, workers, placement, rest)
    length = lengths(run, where)
    lines = sweeps.series([r for r in rows_of(run, "time_per_op", *where) if r["runtime"] != "seq" and at(r) in length], at)
    title = f"{workload}: the smallest useful task, {workers} worker{'s' if workers != 1 else ''}"
    made = {"name": name, "kind": "metg", "workload": workload, "title": title}
    if not lines:
        return {**made, "drawn": False, "why": "no model ran at a grain that seq ran at"}
    fig, ax = plt.subplots(figsize=(7.4, 4.8))
    fig.subplots_adjust(left=0.11, right=0.73, top=0.76, bottom=0.2)
    look.heading(fig, title, f"Efficiency: sequential time / (workers × time), both at the same grain. {rest.replace(';', ', ')}\n"
                             f"{sweeps.rounds_text(lines)}")
    ends, said, rows = [], [], []
    for key, points in lines.items():
        efficiency = lambda grain, ns: length[grain][0] / (workers * ns)
        moved = sorted((length[p[0]][1], *(efficiency(p[0], ns) for ns in p[1:4])) for p in points)
        ax.errorbar([m[0] for m in moved], [m[1] for m in moved], yerr=([m[1] - m[3] for m in moved], [m[2] - m[1] for m in moved]),
                    color=look.color(key[0]), marker=look.marker(key[0]), linestyle=look.dash(key[0]), markersize=5.5, linewidth=1.6, capsize=2.5, elinewidth=0.9)
        found = smallest([m[:2] for m in moved])
        said.append(said_of(sweeps.shown(key), found, [m[:2] for m in moved]))
        if found and found[1]:
            ax.plot([found[0]], [HALF], marker="|", markersize=16, markeredgewidth=2, color=look.color(key[0]))
        ends.append((moved[-1][0], moved[-1][1], said[-1], key[0]))
        rows += [[sweeps.shown(key), look.duration(m[0]), f"{100 * m[1]:.1f} %"] for m in moved]
    ax.axhline(HALF, color="#777777", linewidth=0.8, linestyle=":")
    ax.set_xscale("log")
    ax.set_ylim(0, max(1.05, ax.get_ylim()[1]))
    ax.xaxis.set_major_formatter(lambda v, _: look.tick(look.duration(v)))
    ax.yaxis.set_major_formatter(lambda v, _: f"{100 * v:.0f} %")
    ax.minorticks_off()
    ax.set_xlabel("sequential time of a task (log)")
    ax.set_ylabel("of the machine busy with the work")
    look.label_ends(ax, ends)
    look.footer(fig, run.footer(placement))
    text = f"Tasks must last so long that half of {workers} worker{'s is' if workers != 1 else ' is'} busy with the work. " + "; ".join(said) + "."
    look.save(fig, folder, name, title, text)
    return {**made, "description": text, "drawn": True, "table": {"head": ["runtime", "task", "efficiency"], "rows": rows}}

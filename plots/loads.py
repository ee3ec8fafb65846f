"""Latency against offered load, overload included (chart 4), for a sweep of `load` (percent of each model's own capacity)
or of `rate` (the same requests a second for all): the median and the 99th percentile over the rate that was achieved, and,
over what was offered, how much of it was answered in time and what the server's memory did meanwhile.
Hollow: less than 98 % of what was offered was achieved. A cross, which no line passes: the load generator was at its limit, so
that the point says nothing of the server."""
import look
import results
import sweeps

KEYS = ("load", "rate")
METRICS = ("offered", "achieved", "goodput", "p50", "p99", "memory_slope", "saturated", "recover", "client_limited")


def groups(run):
    """[(workload, workers, placement, key, rest)] with two offered loads or more."""
    found = {}
    for row in run.values("offered"):
        params = results.params_of(row["params"])
        for key in KEYS:
            if int(params.get(key) or 0):
                where = (row["workload"], row["workers"], row["placement"], key, sweeps.without(row["params"], key))
                found.setdefault(where, set()).add(params[key])
    return [where for where, values in found.items() if len(values) >= 2]


def series(run, workload, workers, placement, key, rest):
    """{(runtime, variant): {metric: {load: (median, low, high, rounds)}}} of the headline cells."""
    at = lambda r: int(results.params_of(r["params"])[key])
    found = {}
    for metric in METRICS:
        rows = [r for r in run.values(metric, workload=workload, workers=workers, placement=placement)
                if sweeps.without(r["params"], key) == rest and int(results.params_of(r["params"]).get(key) or 0)]
        for line, points in sweeps.series(rows, at).items():
            if sweeps.key_is_headline(line):
                found.setdefault(line, {})[metric] = {p[0]: p[1:] for p in points}
    return {line: told for line, told in found.items() if "achieved" in told}


def saturated(told, load):
    return told["saturated"][load][0] >= 0.5


def void(told, load):
    """The load generator was at its limit in half of the trials or more."""
    return told.get("client_limited", {}).get(load, (0,))[0] >= 0.5


def draw_line(ax, line, told, metric, x_of, scale=1.0):
    """One model's points in the order of the load; its last one, for the label; None: it has none."""
    loads = sorted(set(told["achieved"]) & set(told.get(metric, ())))
    if not loads:
        return None
    runtime, kept = line[0], [load for load in loads if not void(told, load)]
    for load in filter(lambda load: void(told, load), loads):
        ax.plot([x_of(told, load)], [told[metric][load][0] * scale], marker="x", markersize=6.5, markeredgewidth=1.6, color=look.color(runtime), linestyle="none")
    if not kept:
        return x_of(told, loads[-1]), told[metric][loads[-1]][0] * scale, sweeps.shown(line), runtime
    xs, points = [x_of(told, load) for load in kept], [told[metric][load] for load in kept]
    ys = [p[0] * scale for p in points]
    ax.errorbar(xs, ys, yerr=([(p[0] - p[1]) * scale for p in points], [(p[2] - p[0]) * scale for p in points]), color=look.color(runtime),
                linestyle=look.dash(runtime), linewidth=1.6, capsize=2.5, elinewidth=0.9)
    for x, y, load in zip(xs, ys, kept):
        ax.plot([x], [y], marker=look.marker(runtime), markersize=5.5, color=look.color(runtime), linestyle="none",
                markerfacecolor="#ffffff" if saturated(told, load) else look.color(runtime), zorder=5)
    return xs[-1], ys[-1], sweeps.shown(line), runtime


def describe(lines, key):
    said = []
    for line, told in lines.items():
        parts = []
        for load in sorted(told["achieved"]):
            offered, achieved = told["offered"][load][0], told["achieved"][load][0]
            text = f"{key} {load:,}: {look.rate(offered)}/s offered, {look.rate(achieved)}/s achieved"
            if load in told.get("p99", ()):
                text += f", p99 {look.duration(told['p99'][load][0])}"
            if void(told, load):
                text += ", void: the load generator was at its limit"
            if saturated(told, load):
                text += f", saturated, {look.rate(told['goodput'][load][0])}/s in time"
                text += f", recovered after {look.duration(told['recover'][load][0])}" if load in told.get("recover", ()) else ", not recovered"
            parts.append(text)
        said.append(f"{sweeps.shown(line)}: " + "; ".join(parts) + ".")
    return " ".join(said)


def draw(run, folder, workload, workers, placement, key, rest, name):
    plt = look.setup()
    from matplotlib.ticker import LogLocator, NullFormatter
    lines = series(run, workload, workers, placement, key, rest)
    op = look.plural(next((b.get("op", "operation") for b in run.blocks if b["workload"] == workload), "operation"))
    title = f"{workload}: latency against offered load, {workers} worker{'s' if workers != 1 else ''}"
    fig, axes = plt.subplots(2, 2, figsize=(11.4, 8.2))
    fig.subplots_adjust(left=0.075, right=0.89, top=0.85, bottom=0.125, hspace=0.27, wspace=0.47)
    rounds = sweeps.rounds_text({line: [(load, *point) for load, point in told["achieved"].items()] for line, told in lines.items()})
    look.heading(fig, title, f"{rest.replace(';', ', ') or 'default parameters'}. Hollow: saturated, less than 98 % of what was offered was achieved; "
                 f"there the times grow for as long as it lasts."
                 f"\n{rounds}" + (" Cross: void, the load generator was at its limit too." if any(void(told, load) for told in lines.values() for load in told["achieved"]) else ""))
    percent = key == "load"
    of_offer = lambda told, load: load if percent else told["offered"][load][0]
    offer = "offered, % of the model's own capacity" if percent else f"offered ({op} per second)"
    panels = ((axes[0, 0], "p50", lambda told, load: told["achieved"][load][0], "median time from when it was due", 1.0),
              (axes[0, 1], "p99", lambda told, load: told["achieved"][load][0], "99th percentile", 1.0),
              (axes[1, 0], "goodput", of_offer, f"goodput ({op} in time per second)", 1.0),
              (axes[1, 1], "memory_slope", of_offer, "the server's memory: KiB more per second", 1 / 1024))
    named = []
    for ax, metric, x_of, label, scale in panels:
        ends = [end for line, told in lines.items() if (end := draw_line(ax, line, told, metric, x_of, scale))]
        ax.set_ylabel(label)
        if metric[0] == "p":
            ax.set_xscale("log")
            ax.set_yscale("log")
            ax.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
            ax.xaxis.set_minor_formatter(NullFormatter())
            ax.set_xlabel(f"achieved ({op} per second)")
        else:
            ax.set_xlabel(offer)
            if percent:
                ax.axvspan(100, max(ax.get_xlim()[1], 100), color="#eeeeee", zorder=0)
        if metric != "memory_slope":
            axis = ax.xaxis if metric[0] == "p" else ax.yaxis
            axis.set_major_formatter(lambda v, _: look.tick(look.rate(v)))
        if metric == "goodput":
            ax.set_ylim(bottom=0)
        named.append((ax, ends))
    timed = [ax for ax, ends in named if ends and ax in axes[0]]
    for ax, ends in named:
        if ax in timed:  # one scale for the times; labels are placed when it is known
            ax.set_ylim(*(pick(a.get_ylim()[i] for a in timed) for i, pick in ((0, min), (1, max))))
            look.log_ticks(ax, look.duration)
        if not ends:
            ax.set_xticks([])
            ax.set_yticks([])
            ax.minorticks_off()
            ax.text(0.5, 0.5, "too few samples", transform=ax.transAxes, ha="center", va="center", color=look.GREY)
        look.label_ends(ax, ends)
    look.footer(fig, run.footer(placement))
    said = describe(lines, key)
    look.save(fig, folder, name, title, said)
    return {"name": name, "kind": "load", "workload": workload, "title": title, "description": said, "drawn": True, "table": table(lines, key)}


def table(lines, key):
    """The 99th percentile, a row a model; an overload's row tells how long it took to recover."""
    xs = sorted({load for told in lines.values() for load in told["achieved"]})
    rows = []
    for line, told in lines.items():
        cells = []
        for load in xs:
            p99 = look.duration(told["p99"][load][0]) if load in told.get("p99", ()) else "–"
            if load in told["achieved"] and saturated(told, load):
                p99 += f", saturated, recovers in {sweeps.whole(told['recover'][load][0])}" if load in told.get("recover", ()) else ", saturated"
            if void(told, load):
                p99 += ", void (generator)"
            cells.append(p99 if load in told["achieved"] else "–")
        rows.append([sweeps.shown(line), *cells])
    return {"head": ["99th percentile"] + [f"{key} {load:,}{' %' if key == 'load' else '/s'}" for load in xs], "rows": rows, "wrap": True}

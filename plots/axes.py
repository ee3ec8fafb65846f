"""A chart for whatever parameter was varied: time per operation against it, and for a number of units
the time and the bytes of one unit (chart 5). What was refused is marked where it was, with the limit."""
import math
import textwrap

import loads
import look
import results
import sweeps

CLOSE, NAME = 0.06, 0.25  # of the axis: nearer values' labels touch; room for a runtime's name
MEMORY, LEFT = (("user_memory_per_unit", "kernel_memory_per_unit"), ("user_memory_left_per_unit", "kernel_memory_left_per_unit"))


def groups(run):
    """[(workload, workers, placement, key, rest)] where the parameter `key` is a number and an axis; message sizes, workers and
    loads have charts of their own."""
    found = {}
    for row in run.rows:
        if row["role"] not in ("measure", "axis"):
            continue
        params = results.params_of(row["params"])
        for key, value in params.items():
            if key != "size" and key not in loads.KEYS and value.isdigit():
                where = (row["workload"], row["workers"], row["placement"], key, sweeps.without(row["params"], key))
                found.setdefault(where, {}).setdefault(int(value), set()).add(row["role"])
    return [where for where, values in found.items() if len(values) >= 3 or (len(values) == 2 and any("axis" in r for r in values.values()))]


def rows_of(rows, workload, workers, placement, key, rest, roles=("measure", "axis")):
    kept = [r for r in rows if (r["workload"], r["workers"], r["placement"]) == (workload, workers, placement)
            and r["role"] in roles and sweeps.without(r["params"], key) == rest]
    return [r for r in kept if results.params_of(r["params"]).get(key, "").isdigit()]


def refusals(rows, where, at):
    """{runtime: {refused value: why}} of headline cells, values ascending. What the pilot finds refused is not tried again."""
    found = {}
    for r in rows_of(rows, *where, roles=("pilot", "measure", "axis")):
        if r["status"] == "refused" and sweeps.key_is_headline((r["runtime"], r["variant"])):
            found.setdefault(r["runtime"], {})[at(r)] = r["reason"]
    return {name: dict(sorted(found[name].items())) for name in look.MODELS if name in found}


def memory(run, where, at, metrics=MEMORY):
    """Series of the bytes of one unit, user and kernel memory together. The kernel's is the machine's: others may free some meanwhile."""
    both = [rows_of(run.values(metric), *where) for metric in metrics]
    kernel = {(r["trial_id"]): r["value"] for r in both[1]}
    return sweeps.series([{**r, "value": max(0, r["value"]) + max(0, kernel[r["trial_id"]])} for r in both[0] if r["trial_id"] in kernel], at)


def mark_left(ax, lines):
    """Hollow: what of a unit's memory is there when all have ended, from a byte on."""
    for (runtime, _), points in lines.items():
        kept = [p for p in points if p[1] >= 1]
        ax.plot([p[0] for p in kept], [p[1] for p in kept], marker=look.marker(runtime), markersize=6, markerfacecolor="none", color=look.color(runtime), linestyle="none")


def mark_refusals(ax, refused):
    """A cross at each refused value, one row a runtime below the panel's top, with its name beside them."""
    across = lambda x: ax.transAxes.inverted().transform(ax.transData.transform((x, 1)))[0]
    for row, (runtime, at) in enumerate(refused.items()):
        y, xs = 0.955 - 0.06 * row, list(at)
        ax.plot(xs, [y] * len(xs), transform=ax.get_xaxis_transform(), marker="x", markersize=7, markeredgewidth=2, color=look.color(runtime), linestyle="none",
                clip_on=False)
        right, left = 1 - across(xs[-1]) >= NAME, across(xs[0]) >= NAME  # else between the first and the second
        ax.annotate(runtime, xy=(xs[-1 if right else 0], y), xycoords=("data", "axes fraction"), xytext=(-9 if left and not right else 9, 0),
                    textcoords="offset points", ha="right" if left and not right else "left", va="center", fontsize=8.5)


def refused_text(refused):
    """Lines, of each limit that a cross stands for, with whom it stops."""
    limits = {}
    for runtime, at in refused.items():
        for why in at.values():
            limits.setdefault(limit_of(why), {})[runtime] = True
    return [line for limit, who in limits.items() for line in textwrap.wrap(f"\u00d7 {', '.join(who)} refused: {limit}.", look.LINE)]


def limit_of(why):
    """'kernel.pid_max is 32768' of 'fork: EAGAIN (kernel.pid_max is 32768)'."""
    return why[why.rindex("(") + 1:].rstrip(")") if "(" in why else why


def scale_steps(ax, xs):
    """The axis of the values xs, as their steps are: linear where they span little, else logarithmic, 0 a step before the
    least; where two of them would stand on each other, all evenly spaced. True: evenly."""
    import numpy
    if xs[-1] < 20 * max(1, xs[0]):
        ax.set_xscale("linear")
        at = list(xs)
    elif xs[0] > 0:
        ax.set_xscale("log")
        at = [math.log10(x) for x in xs]
    else:
        ax.set_xscale("symlog", linthresh=xs[1])
        at = [1 + math.log10(x / xs[1]) if x else 0 for x in xs]
    if len(xs) < 3 or min(b - a for a, b in zip(at, at[1:])) >= CLOSE * (at[-1] - at[0]):
        return False
    wide = [2 * xs[0] - xs[1], *xs, 2 * xs[-1] - xs[-2]]
    places = range(-1, len(xs) + 1)
    ax.set_xscale("function", functions=(lambda x: numpy.interp(x, wide, places), lambda place: numpy.interp(place, places, wide)))
    ax.set_xlim(numpy.interp((-0.25, len(xs) - 0.75), places, wide))
    return True


def draw(run, folder, workload, workers, placement, key, rest, name):
    plt = look.setup()
    where = (workload, workers, placement, key, rest)
    at = lambda r: int(results.params_of(r["params"])[key])
    lines = sweeps.series(rows_of(run.values(), *where), at)
    refused = refusals(run.rows, where, at)
    op = next((b.get("op", "operation") for b in run.blocks if b["workload"] == workload), "operation")
    crowd = key == "units" and workload == "spawn"
    cost = "time per unit" if crowd else run.time_name(workload, op)
    panels = [(lines, lambda x, v: v / x if crowd else v, cost, look.duration)]
    held = memory(run, where, at) if key == "units" else {}
    left = memory(run, where, at, LEFT) if held else {}
    if held:
        panels.append((held, lambda x, v: v, "memory per unit, kernel's included", size_text))
    on = f"{workers} worker{'s' if workers != 1 else ''}"
    what = f"{'cost' if crowd else cost}{' and memory' if held else ''} {'of a unit against their number' if crowd else f'against {key}'}"
    title = f"{workload}: {what}, {on}"
    limits = refused_text(refused)
    top = 1.15 + 0.18 * len(limits)
    height = 3.25 + top + 2.9 * (len(panels) - 1)
    fig, axes = plt.subplots(len(panels), 1, figsize=(7.4, height), sharex=True, squeeze=False)
    fig.subplots_adjust(left=0.13, right=0.78, top=1 - top / height, bottom=1.0 / height, hspace=0.16)
    look.heading(fig, title, f"{rest.replace(';', ', ') or 'default parameters'}. Lower is better.{' Hollow: what is left when all have ended.' if left else ''}\n" + "\n".join([sweeps.rounds_text(lines), *limits]))
    xs = sorted({p[0] for points in lines.values() for p in points} | {x for at in refused.values() for x in at})
    for ax, (series, value, label, speak) in zip(axes[:, 0], panels):
        evenly = scale_steps(ax, xs)
        ax.set_yscale("log")
        ends = [sweeps.draw_line(ax, line, points, value)[:2] + (sweeps.shown(line), line[0]) for line, points in series.items()]
        if speak is size_text:
            mark_left(ax, left)
        ax.margins(y=0.08)
        if ax is axes[0, 0] and refused:
            low, high = ax.get_ylim()
            ax.set_ylim(low, high * (high / low) ** (0.075 * len(refused)))  # room for the crosses
            mark_refusals(ax, refused)
        ax.set_ylabel(label)
        look.log_ticks(ax, speak, *((16, 4) if speak is size_text else ()))
        ax.tick_params(labelbottom=True)
        look.label_ends(ax, ends)
    axes[-1, 0].set_xticks(xs, [f"{x:,}" for x in xs], rotation=0 if len(xs) < 8 else 30)
    axes[-1, 0].set_xlabel(f"{key} (evenly spaced)" if evenly else key)
    look.footer(fig, run.footer(placement))
    said = " ".join(sweeps.describe(series, lambda x, v, value=value, speak=speak: speak(value(x, v)), key) for series, value, _, speak in panels)
    if left:
        said += " When all have ended, there is left: " + sweeps.describe(left, lambda x, v: size_text(v), key)
    said += "".join(f" {who} refused at {x:,}: {why}." for who, at in refused.items() for x, why in at.items())
    look.save(fig, folder, name, title, said)
    return {"name": name, "kind": "axis", "workload": workload, "title": title, "description": said, "drawn": True,
            "table": sweeps.table(lines, lambda x: f"{key} {x:,}")}


def size_text(b):
    for unit, scale in (("GiB", 2 ** 30), ("MiB", 2 ** 20), ("KiB", 2 ** 10)):
        if b >= scale:
            return f"{look.three(b / scale)} {unit}"
    return f"{look.three(b)} B"

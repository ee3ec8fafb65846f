"""Chart 15, the spread: is it the model or the implementation? Every implementation that a block measured, the peers in other languages
too, is a dot in the row of its model. Something is said of two models only if both have two implementations or more and the
groups don't overlap: each of the one is separated from each of the other."""
import textwrap

import look
import results

# What the peers are, by the name of their runtime. Fork-join libraries, the shell and awk are none of the five.
PEERS = {"go": "green", "boost-fiber": "green", "boost-context": "green", "tokio": "stackless", "crossbeam": "channels"}
TITLES = {"processes": "processes", "threads": "threads", "channels": "channels", "green": "green threads", "stackless": "stackless tasks", "": "none of the five"}


def model_of(entry):
    """The row of an entry: one of the five, '' for the others."""
    runtime = entry["runtime"]
    if runtime == "bare":  # system calls, nothing between: of the units that make them
        return "threads" if entry.get("variant", "") == "futex" else "processes"
    return runtime if runtime in TITLES else PEERS.get(runtime, "")


def groups(block):
    """{model: [entries that ran, fastest first]}, models of one implementation too."""
    found = {}
    for entry in block["entries"]:
        model = model_of(entry)
        if entry["status"] == "ok" and entry.get("kind") != "seq":
            found.setdefault(model, []).append(entry)
    return {m: sorted(found[m], key=lambda e: e["median"]) for m in TITLES if m in found}


def wanted(block):
    """Worth a chart: two models with two implementations each."""
    return len([m for m, entries in groups(block).items() if m and len(entries) > 1]) >= 2


def apart(block, one, two):
    """'faster' if every entry of `one` is separated from every entry of `two` as faster, 'slower' the other way round, else ''."""
    words = {(results.pair_of(block, results.name_of(a), results.name_of(b)) or {}).get("verdict", "not separated") for a in one for b in two}
    return words.pop() if len(words) == 1 and words <= {"faster", "slower"} else ""


def verdicts(block):
    """(sentences on models that are apart, on models that are not, names of models of which nothing can be said)."""
    found, told, mixed = groups(block), {}, []
    alone = [TITLES[m] for m, entries in found.items() if m and len(entries) < 2]
    names = [m for m, entries in found.items() if m and len(entries) > 1]
    for i, one in enumerate(names):
        for two in names[i + 1:]:
            word = apart(block, found[one], found[two])
            fast, slow = (one, two) if word == "faster" else (two, one)
            if word:
                told.setdefault(fast, []).append((found[slow][0]["median"] / found[fast][-1]["median"], TITLES[slow]))
            else:
                mixed.append(f"{TITLES[one]} and {TITLES[two]}")
    sentences = [f"whichever the implementation, {TITLES[fast]} are faster than " + " and ".join(f"{slow} (at least {look.factor(gap)})" for gap, slow in slower)
                 for fast, slower in told.items()]
    return sentences, mixed, alone


def sentence(block):
    told, mixed, alone = verdicts(block)
    parts = told or ["no model is apart from another as a model"]
    if mixed and told:
        parts.append(f"not apart: {', '.join(mixed)}")
    if alone:
        parts.append(f"one implementation only, so nothing is said of {', '.join(alone)}")
    return ". ".join(p[:1].upper() + p[1:] for p in parts) + "."


def draw(run, folder, block):
    plt = look.setup()
    found = groups(block)
    where = block.get("label") or f"{block['workers']} worker{'s' if block['workers'] != 1 else ''}"
    title = f"{block['workload']}: is it the model or the implementation?"
    name = f"{block['id']}-spread"
    text = textwrap.wrap(f"{where[:1].upper() + where[1:]}. {sentence(block)}", 100)
    height = 2.0 + 0.66 * len(found) + 0.17 * len(text)
    fig, ax = plt.subplots(figsize=(7.8, height))
    fig.subplots_adjust(left=0.16, right=0.97, top=1 - (0.8 + 0.17 * len(text)) / height, bottom=0.98 / height)
    look.heading(fig, title, f"A dot is an implementation, its bar the interval; hollow: another variant or language. {results.rounds_of(block)}.\n" + "\n".join(text))
    ax.set_xscale("log")
    rows, ends = [], [v for entries in found.values() for e in entries for v in (e["low"], e["high"])]
    for row, (model, entries) in enumerate(found.items()):
        ax.axhspan(-row - 0.42, -row + 0.42, color="#f5f5f5" if row % 2 else "#ffffff", zorder=0)
        if len(entries) > 1:
            ax.plot([entries[0]["median"], entries[-1]["median"]], [-row, -row], color=look.color(model), linewidth=6, alpha=0.16, solid_capstyle="round")
        for entry in entries:
            own = entry.get("kind", "model") == "model" and entry.get("headline", True)
            ax.errorbar([entry["median"]], [-row], xerr=([entry["median"] - entry["low"]], [entry["high"] - entry["median"]]), color=look.color(model), marker=look.marker(model),
                        markersize=7 if own else 6, markerfacecolor=look.color(model) if own else "#ffffff", capsize=2.5, elinewidth=1)
            rows.append([TITLES[model], results.name_of(entry), look.duration(entry["median"]), f"{look.duration(entry['low'])} – {look.duration(entry['high'])}"])
    ax.set_yticks([-i for i in range(len(found))], [TITLES[m] for m in found])
    ax.set_ylim(-len(found) + 0.5, 0.6)
    look.time_axis(ax, min(ends) / 1.5, max(ends) * 1.5)
    ax.grid(axis="y", visible=False)
    ax.tick_params(axis="y", length=0)
    ax.set_xlabel(f"{run.time_name(block['workload'], block.get('op', 'operation'))} (log); left is better")
    ax.figure.canvas.draw()
    for row, entries in enumerate(found.values()):
        names_above(ax, -row, [(e["median"], results.name_of(e)) for e in entries])
    look.footer(fig, run.footer(block["placement"]))
    said = sentence(block)
    look.save(fig, folder, name, title, said)
    return {"name": name, "kind": "spread", "workload": block["workload"], "block": block["id"], "title": title, "description": said, "drawn": True,
            "table": {"head": ["model", "implementation", "median", "interval"], "rows": rows}}


def names_above(ax, y, points):
    """The dots' names in small print, each in the first place where it meets no other: above, below, further above, further below."""
    renderer, taken = ax.figure.canvas.get_renderer(), []
    left, right = (ax.transAxes.transform((x, 0))[0] for x in (0, 1))
    for x, text in sorted(points):
        for offset in (7, -7, 18, -18):
            said = ax.annotate(text, xy=(x, y), xytext=(0, offset), textcoords="offset points", ha="center", va="bottom" if offset > 0 else "top", fontsize=8,
                               annotation_clip=False)
            box = said.get_window_extent(renderer)
            inside = max(left - box.x0, 0) + min(right - box.x1, 0)  # pixels, towards the middle
            said.set_position((inside * 72 / ax.figure.dpi, offset))
            box = box.translated(inside, 0)
            if offset == -18 or not any(box.overlaps(other) for other in taken):
                taken.append(box.padded(2))
                break
            said.remove()

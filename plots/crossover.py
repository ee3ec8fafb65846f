"""Chart 16, the crossover: the least N (units, connections, requests a second) from which green threads or stackless tasks separate from
threads and from channels both, or "never here". Only blocks have verdicts: a run with --sweep units=1000,10000,... has one for each
N, if it has rounds enough to separate anything. A model that was refused at some N is behind there: it could not do it at all."""
import look
import results
import sweeps

KEYS = ("units", "connections", "rate", "nodes", "producers", "leaves", "primes", "accounts")
LIGHT, HEAVY = ("green", "stackless"), ("threads", "channels")
TITLES = {"green": "green threads", "stackless": "stackless tasks"}


def groups(run):
    """{(workload, workers, placement, key, rest): {N: block}} where N was varied between blocks."""
    found = {}
    for block in run.blocks:
        for key, value in results.params_of(block.get("params", "")).items():
            if key in KEYS and value.isdigit() and int(value) > 0:
                where = (block["workload"], block["workers"], block["placement"], key, sweeps.without(block["params"], key))
                found.setdefault(where, {})[int(value)] = block
    return {where: dict(sorted(blocks.items())) for where, blocks in found.items() if len(blocks) > 1 and any(state(b, m) for b in blocks.values() for m in LIGHT)}


def head(block, runtime):
    return next((e for e in results.entries(block, headline=True) if e["runtime"] == runtime), None)


def state(block, light):
    """'ahead' of threads and channels both, 'not' (with what there is), '' where the comparison isn't there."""
    own, words = head(block, light), []
    if not own or own["status"] == "failed":
        return ""
    for name in HEAVY:
        other = head(block, name)
        if own["status"] == "refused" and other and other["status"] == "ok":
            words.append("behind")
        elif own["status"] == "ok" and other and other["status"] == "refused":
            words.append("faster")
        elif own["status"] == "ok" and other and other["status"] == "ok" and min(own.get("n", 0), other.get("n", 0)) >= results.LEAST_ROUNDS:
            words.append((results.pair_of(block, light, name) or {}).get("verdict", "not separated"))
    return "" if len(words) < len(HEAVY) else "ahead" if all(w == "faster" for w in words) else "not"


def least(blocks, light):
    """The least N from which it is ahead at every N measured; None: never here."""
    found = None
    for n, block in blocks.items():
        word = state(block, light)
        found = (found or n) if word == "ahead" else None if word == "not" else found
    return found


def told_of(blocks, light):
    n = least(blocks, light)
    states = [(k, state(b, light)) for k, b in blocks.items() if state(b, light)]
    if not states:
        return "not compared"
    if n is None:
        return f"never here (up to {states[-1][0]:,})"
    return f"from {n:,} at the latest" if n == states[0][0] else f"from {n:,} (not at {max(k for k, s in states if k < n):,})"


def draw(run, folder):
    """One chart of all the run's sweeps over an N; None where there is none."""
    found = groups(run)
    if not found:
        return None
    plt = look.setup()
    title = "The crossover: from how many on are light units worth it?"
    rows = [(where, blocks, light) for where, blocks in found.items() for light in LIGHT if any(state(b, light) for b in blocks.values())]
    height = 2.5 + 0.42 * len(rows) + 0.25 * len(found)
    fig, ax = plt.subplots(figsize=(8.4, height))
    fig.subplots_adjust(left=0.2, right=0.74, top=1 - 0.95 / height, bottom=1.2 / height)
    look.heading(fig, title, "Full: separated from threads and from channels (or these were refused). Hollow: not.\nThe line begins where a model is ahead and stays so.")
    ax.set_xscale("log")
    y, ticks, table = 0.0, [], []
    top = max(n for blocks in found.values() for n in blocks)
    last = None
    for where, blocks, light in rows:
        if where != last:
            y -= 0.6 if last else 0
            name = f"{where[0]}: {where[3]}, {where[1]} worker{'s' if where[1] != 1 else ''}" + (f"; {where[4].replace(';', ', ')}" if where[4] else "")
            ax.annotate(name, xy=(0.01, y + 0.55), xycoords=("axes fraction", "data"), fontsize=9, color=look.GREY, va="center")
            last = where
        text, n = told_of(blocks, light), least(blocks, light)
        ends = [k for k, b in blocks.items() if state(b, light)]
        ax.plot([ends[0], ends[-1]], [y, y], color="#bbbbbb", linewidth=0.9, zorder=1)
        if n is not None:
            ax.plot([n, max(ends[-1], n * 1.02)], [y, y], color=look.color(light), linewidth=4, alpha=0.6, solid_capstyle="butt", zorder=2)
        for k in ends:
            ahead = state(blocks[k], light) == "ahead"
            ax.plot([k], [y], marker=look.marker(light), markersize=7.5, color=look.color(light), markerfacecolor=look.color(light) if ahead else "#ffffff", zorder=3)
        ax.annotate(text, xy=(1.02, y), xycoords=("axes fraction", "data"), fontsize=9, va="center", annotation_clip=False)
        ticks.append((y, TITLES[light]))
        table.append([where[0], where[3], TITLES[light], text] + [", ".join(f"{k:,}" for k in ends)])
        y -= 1
    ax.set_yticks([t for t, _ in ticks], [name for _, name in ticks])
    ax.set_ylim(y + 0.5, 0.9)
    ax.set_xlim(min(n for blocks in found.values() for n in blocks) / 1.3, top * 1.3)
    xs = sorted({n for blocks in found.values() for n in blocks})
    ax.set_xticks(xs, [f"{x:,}" for x in xs], rotation=0 if len(xs) < 7 else 30)
    ax.minorticks_off()
    ax.grid(axis="y", visible=False)
    ax.tick_params(axis="y", length=0)
    ax.set_xlabel("N (log): " + ", ".join(sorted({w[3] for w in found})))
    look.footer(fig, run.footer(", ".join(sorted({w[2] for w in found}))))
    said = " ".join(f"{row[0]}, {row[1]}: {row[2]} separate from threads and channels: {row[3]}." for row in table)
    look.save(fig, folder, "crossover", title, said)
    return {"name": "crossover", "kind": "crossover", "workload": "", "title": title, "description": said, "drawn": True,
            "table": {"head": ["workload", "N", "model", "separate from threads and channels", "measured at"], "rows": table, "wrap": True}}

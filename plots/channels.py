"""Chart 9, of a run with --instrument: what went through each channel, how full it was, how long
each thread waited in it, and who sends to whom. A stage that is too slow computes most and waits
least; the channel before it is full, the one after it empty."""
import json
import math

import look
import results

MOST_CHANNELS, MOST_THREADS, MOST_LEVELS = 8, 10, 5
OTHERS = "other processes"
BOX = (1.2, 0.56)  # inches
FIGURES = ("lived_ns", "cpu_ns", "sent", "received", "send_blocked_ns", "recv_blocked_ns")


def read(run):
    """{(block, runtime, variant): channels} of the valid measured trials, all added up, in the order of verdicts.json. channels:
    {name: {"capacity", "lived_ns", "messages", "depth": [n], "threads": {name: figures}}}."""
    found = {}
    if not run.manifest.get("instrumented"):
        return found
    path = run.folder / "trials.ndjson"
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise results.Damaged(f"{path}: cannot be read: {error}")
    for number, line in enumerate(lines, 1):
        try:
            trial = json.loads(line)
            if trial["role"] == "measure" and trial["status"] == "ok" and trial["result"].get("channels"):
                add(found.setdefault((trial["block"], trial["runtime"], trial["variant"]), {}), trial["result"]["channels"])
        except (ValueError, KeyError, TypeError, AttributeError):
            raise results.Damaged(f"{path}: line {number}: expected a trial (results/SCHEMA.md): the file is damaged or cut short")
    return found


def add(channels, told):
    for c in told:
        sums = channels.setdefault(c["name"], {"capacity": c.get("capacity"), "lived_ns": 0, "messages": 0, "depth": [], "threads": {}})
        sums["lived_ns"] += c["lived_ns"]
        sums["messages"] += c["messages"]
        sums["depth"] = [sum(pair) for pair in zip(*padded(sums["depth"], c["depth"]))]
        for t in c["threads"]:
            add_thread(sums["threads"], t["thread"], t)


def add_thread(threads, name, figures):
    sums = threads.setdefault(name, dict.fromkeys(FIGURES, 0))
    for key in sums:
        sums[key] += figures[key]


def padded(*lists):
    longest = max(map(len, lists))
    return [x + [0] * (longest - len(x)) for x in lists]


def fewest(channels):
    """The channels with the most messages, and in them the threads with the most; the other threads as one."""
    kept = sorted(channels, key=lambda name: -channels[name]["messages"])[:MOST_CHANNELS]
    traffic = {}
    for name in kept:
        for thread, f in channels[name]["threads"].items():
            traffic[thread] = traffic.get(thread, 0) + f["sent"] + f["received"]
    shown = sorted(traffic, key=lambda thread: -traffic[thread])[:MOST_THREADS]
    few = {}
    for name, c in channels.items():
        if name in kept:
            few[name] = dict(c, threads={})
            for thread, f in c["threads"].items():
                add_thread(few[name]["threads"], thread if thread in shown else OTHERS, f)
    return few


def share(part, whole):
    return min(1.0, part / whole) if whole else 0.0


def percent(x):
    return f"{100 * x:.0f} %"


def lives(channels):
    """{thread: (share of its life on a CPU, share that it waited in a channel)}."""
    blocked, life = {}, {}
    for c in channels.values():
        for thread, f in c["threads"].items():
            blocked[thread] = blocked.get(thread, 0) + f["send_blocked_ns"] + f["recv_blocked_ns"]
            life[thread] = max(life.get(thread, (0, 0)), (f["lived_ns"], f["cpu_ns"]))
    return {thread: (share(cpu, lived), share(blocked[thread], lived)) for thread, (lived, cpu) in life.items()}


def users(channel, did):
    """Who sent or received, or waited to."""
    wait = {"sent": "send_blocked_ns", "received": "recv_blocked_ns"}[did]
    return [thread for thread, f in channel["threads"].items() if f[did] or f[wait]]


def rate(channel):
    return channel["messages"] * 1e9 / channel["lived_ns"] if channel["lived_ns"] else 0.0


def bucket(i):
    """What depths bucket i counts: 0, 1, 2-3, 4-7, ..."""
    low = 2 ** (i - 1) if i else 0
    return str(low) if i < 2 else f"{low}–{2 * low - 1}"


def median_depth(depth):
    seen, total = 0, sum(depth)
    for i, n in enumerate(depth):
        seen += n
        if 2 * seen >= total:
            return bucket(i)


# ---- the graph --------------------------------------------------------------

def levels(channels):
    """[[thread]]: each thread one further than whoever sends to it; a message that goes back does not count."""
    after = {thread: [] for thread in lives(channels)}
    for c in channels.values():
        for sender in users(c, "sent"):
            after[sender] += [r for r in users(c, "received") if r != sender]
    level, open_now = {}, set()

    def visit(thread, at):
        if thread in open_now or level.get(thread, -1) >= at:
            return
        level[thread] = at
        open_now.add(thread)
        for receiver in after[thread]:
            visit(receiver, at + 1)
        open_now.remove(thread)

    fed = {r for receivers in after.values() for r in receivers}
    for thread in sorted(after, key=lambda t: t in fed):  # first those that nobody sends to
        if thread not in level:
            visit(thread, 0)
    return [[t for t in after if level[t] == at] for at in sorted(set(level.values()))]


def places(channels, width):
    """({thread: (x, y)} in inches, the height that they take)."""
    columns = levels(channels)
    if len(columns) > MOST_LEVELS:
        names = [t for column in columns for t in column]
        turn = lambda i: 2 * math.pi * i / len(names)
        return {t: (width / 2 - 2.6 * math.cos(turn(i)), 1.75 + 1.4 * math.sin(turn(i))) for i, t in enumerate(names)}, 3.5
    height = max(1.0, 0.74 * max(map(len, columns)))
    step = (width - BOX[0] - 0.2) / max(1, len(columns) - 1)
    left = BOX[0] / 2 + 0.1 if len(columns) > 1 else width / 2
    return {t: (left + i * step, height * (1 - (k + 0.5) / len(column))) for i, column in enumerate(columns) for k, t in enumerate(column)}, height


def meeting_points(channels, at):
    """{channel: (x, y)}: amid its users; channels that would lie on one another are moved apart."""
    spots = {}
    for name, c in channels.items():
        ends = [at[t] for t in c["threads"]]
        spots.setdefault(tuple(round(sum(p[k] for p in ends) / len(ends), 2) for k in (0, 1)), []).append(name)
    return {name: (x, y - 0.5 * (i - (len(names) - 1) / 2)) for (x, y), names in spots.items() for i, name in enumerate(names)}


def blend(busy):
    """White for a thread that is never on a CPU, the colour of channels for the one that is longest."""
    strong = [int(look.color("channels")[i:i + 2], 16) for i in (1, 3, 5)]
    return "#" + "".join(f"{round(255 + (c - 255) * busy):02x}" for c in strong)


def draw_graph(plt, ax, channels, at):
    boxes, most = {}, max(c["messages"] for c in channels.values())
    shares = lives(channels)
    busiest = max(cpu for cpu, _ in shares.values()) or 1
    for thread, (cpu, waiting) in shares.items():
        x, y = at[thread]
        boxes[thread] = ax.add_patch(plt.Rectangle((x - BOX[0] / 2, y - BOX[1] / 2), *BOX, facecolor=blend(cpu / busiest),
                                                   edgecolor=look.INK, linewidth=0.9, zorder=3))
        ax.text(x, y, f"{thread}\non a CPU {percent(cpu)}\nwaits {percent(waiting)}", ha="center", va="center", fontsize=9, linespacing=1.15, zorder=4)
    for name, spot in meeting_points(channels, at).items():
        c = channels[name]
        for did in ("sent", "received"):
            for thread in users(c, did):
                wide = 0.8 + 5 * c["threads"][thread][did] / max(1, most)
                ends = (at[thread], spot) if did == "sent" else (spot, at[thread])
                clip = {"patchA": boxes[thread]} if did == "sent" else {"patchB": boxes[thread]}
                ax.annotate("", xy=ends[1], xytext=ends[0], zorder=2, annotation_clip=False, arrowprops=dict(
                    clip, arrowstyle="-" if did == "sent" else "-|>", lw=wide, color=look.GREY, shrinkA=0, shrinkB=0,
                    mutation_scale=10 + 1.5 * wide, capstyle="butt"))
        ax.plot(*spot, marker="o", markersize=5, color=look.INK, zorder=4)
        ax.annotate(name, xy=spot, xytext=(0, 8), textcoords="offset points", ha="center", va="bottom", fontsize=9, zorder=5,
                    bbox={"facecolor": "#ffffff", "edgecolor": "none", "pad": 0.3, "alpha": 0.85})


# ---- a row a channel --------------------------------------------------------

def draw_waits(ax, channel):
    """A bar for each thread and side: the share of its life that it waited here."""
    labels = []
    for did, key, verb in (("sent", "send_blocked_ns", "to send"), ("received", "recv_blocked_ns", "to receive")):
        for thread in users(channel, did):
            f, y = channel["threads"][thread], len(labels)
            waited = share(f[key], f["lived_ns"])
            ax.barh(y, waited, 0.62, color=look.color("channels") if did == "sent" else "#ffffff", edgecolor=look.color("channels"),
                    hatch=None if did == "sent" else "////", linewidth=0.9)
            ax.annotate(percent(waited), xy=(waited, y), xytext=(4, 0), textcoords="offset points", va="center", fontsize=9)
            labels.append(f"{thread} {verb}")
    ax.set_yticks(range(len(labels)), labels)
    ax.set_ylim(len(labels) - 0.4, -0.6)
    ax.set_xlim(0, 1.16)
    ax.set_xticks([0, 0.5, 1], ["0", "50 %", "100 %"])
    ax.grid(False, axis="y")


def draw_row(axes, name, channel, top_rate, buckets):
    from matplotlib.ticker import MaxNLocator
    flow, depth, wait = axes
    flow.barh(0, rate(channel), 0.5, color=look.color("channels"))
    flow.annotate(look.rate(rate(channel)).strip(), xy=(rate(channel), 0), xytext=(4, 0), textcoords="offset points", va="center", fontsize=9)
    flow.set_xlim(0, top_rate * 1.5)
    flow.set_ylim(-0.6, 0.6)
    flow.set_yticks([])
    flow.xaxis.set_major_locator(MaxNLocator(2))
    flow.xaxis.set_major_formatter(lambda v, _: look.tick(look.rate(v)))
    holds = "grows" if channel["capacity"] is None else "hands over" if channel["capacity"] == 0 else f"holds {channel['capacity']:,}"
    flow.set_title(f"{name}: {holds}", loc="left", fontsize=9.5, fontweight="bold", pad=8)
    sends = padded(channel["depth"], [0] * buckets)[0]
    depth.bar(range(buckets), [share(n, sum(sends)) for n in sends], 0.72, color=look.color("channels"))
    depth.set_ylim(0, 1)
    depth.set_yticks([0, 0.5, 1], ["0", "50 %", "100 %"])
    depth.set_xlim(-0.6, buckets - 0.4)
    depth.set_xticks(range(buckets), [bucket(i) for i in range(buckets)], rotation=0 if buckets < 6 else 45)
    depth.grid(False, axis="x")
    draw_waits(wait, channel)


def tabled(channels):
    rows = []
    for name, c in channels.items():
        waited = []
        for did, key in (("sent", "send_blocked_ns"), ("received", "recv_blocked_ns")):
            waited.append("; ".join(f"{t} {percent(share(c['threads'][t][key], c['threads'][t]['lived_ns']))}" for t in users(c, did)))
        rows.append([name, f"{look.rate(rate(c)).strip()}/s", median_depth(c['depth']), *waited])
    return {"head": ["channel", "messages", "median depth after a send", "waiting to send", "waiting to receive"], "rows": rows, "wrap": True}


def draw(run, folder, block, runtime, variant, all_channels):
    plt = look.setup()
    channels = fewest(all_channels)
    headline = any(e["runtime"] == runtime and e.get("variant", "") == variant for e in results.entries(block, headline=True))
    name = f"{block['id']}-channels" + ("" if headline else f"-{variant}")
    title = f"{block['workload']}: the channels{'' if headline else ' of variant ' + variant}, {block.get('label') or block['id']}"
    at, graph = places(channels, 7.1)
    heights = [max(0.62, 0.23 * sum(len(users(c, did)) for did in ("sent", "received"))) for c in channels.values()]
    buckets = max(len(c["depth"]) for c in channels.values())
    some = "" if len(channels) == len(all_channels) else f" Shown: the {len(channels)} of {len(all_channels)} channels with the most messages."
    top, gap, foot = 1.12, 0.5, 1.15 if buckets < 6 else 1.5
    height = top + graph + sum(heights) + gap * len(heights) + foot
    fig = plt.figure(figsize=(7.4, height))
    shares = lives(channels)
    most = max(shares, key=lambda thread: shares[thread])
    answer = f"{most} is longest on a CPU: {percent(shares[most][0])} of its life, waiting for {percent(shares[most][1])} (a wait may spin)."
    look.heading(fig, title, f"Box: a thread, the darker the longer on a CPU; line: the wider the more messages.\n{answer}\n"
                             f"Instrumented, so slower than other trials.{some}")
    ax = fig.add_axes((0.15 / 7.4, 1 - (top + graph) / height, 7.1 / 7.4, graph / height))
    ax.set_xlim(0, 7.1)
    ax.set_ylim(0, graph)
    ax.axis("off")
    draw_graph(plt, ax, channels, at)
    top_rate = max(rate(c) for c in channels.values()) or 1
    y, axes = top + graph, None
    for (channel, c), tall in zip(channels.items(), heights):
        y += gap + tall
        axes = [fig.add_axes((left / 7.4, 1 - y / height, width / 7.4, tall / height)) for left, width in ((0.2, 1.35), (2.1, 1.75), (5.45, 1.75))]
        draw_row(axes, channel, c, top_rate, buckets)
        if y < height - foot - 0.01:
            for a in axes:
                a.tick_params(labelbottom=False)
    for a, label in zip(axes, ("messages per second", "depth after a send", "share of life spent waiting")):
        a.set_xlabel(label)
    look.footer(fig, run.footer(block["placement"]))
    table = tabled(channels)
    said = "; ".join(f"{row[0]}: {row[1]}, median depth {row[2]}, waiting to send: {row[3] or 'nobody'}, to receive: {row[4] or 'nobody'}" for row in table["rows"])
    said = f"{answer} {said}."
    look.save(fig, folder, name, title, said)
    return {"name": name, "kind": "channels", "workload": block["workload"], "block": block["id"], "title": title, "description": said,
            "drawn": True, "table": table}

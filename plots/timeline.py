"""timeline.py DIR: chart 8, from the trace.json that `fiveways trace` wrote there: a lane a core, a bar for each turn of a
unit. Of a trace with too many turns an excerpt of at most 200 is drawn, and the chart says which. charts.py draws the
same for a result folder that holds a trace."""
import collections
import pathlib
import statistics
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import look  # noqa: E402
import results  # noqa: E402

FILE = "trace.json"
MOST, A_LANE, LEAST, MOST_LANES = 200, 26, 12, 16  # turns drawn: in all, of a lane as many as have room for a name, at least
SEEN = 200  # a turn of this part of the excerpt is wide enough to be seen
CPUS, WORKERS, TRIAL = 1, 2, 3  # processes of the file
# Paul Tol's light scheme: dark text can be read on each, and none is the colour of a model.
TINTS = ("#77aadd", "#ee8866", "#eedd88", "#44bb99", "#ffaabb", "#99ddff", "#bbcc33", "#dddddd")
MAIN = "#f4f4f4"

Turn = collections.namedtuple("Turn", "lane begin end name then")  # microseconds


class Trace:
    """What is drawn of a trace: turns in the order of their beginning, the lanes' names, and what trial it was."""

    def __init__(self, path):
        told = results.read_json(path)
        results.need(str(path), told, {"otherData": dict, "traceEvents": list})
        self.about = told["otherData"]
        results.need(f"{path}: otherData", self.about, {"workload": str, "runtime": str, "end_us": results.NUMBER})
        self.tracks, turns, self.window = {}, [], None
        for number, e in enumerate(told["traceEvents"]):
            where = f"{path}: traceEvents[{number}]"
            results.need(where, e, {"ph": str, "pid": int, "name": str})
            if e["ph"] == "M" and e["name"] == "thread_name":
                results.need(where, e, {"tid": int, "args": dict})
                self.tracks[e["pid"], e["tid"]] = str(e["args"].get("name"))
            elif e["ph"] == "X":
                results.need(where, e, {"tid": int, "ts": results.NUMBER, "dur": results.NUMBER})
                turns.append((e["pid"], Turn(e["tid"], e["ts"], e["ts"] + e["dur"], e["name"], e.get("args", {}).get("then", ""))))
        self.process = WORKERS if any(pid == WORKERS for pid, _ in turns) else CPUS
        self.window = next(((t.begin, t.end) for pid, t in turns if pid == TRIAL), None)
        mine = sorted((t for pid, t in turns if pid == self.process), key=lambda t: t.begin)
        self.on = collections.defaultdict(list)  # of each worker's OS thread: [(begin, end)] on a CPU
        for pid, t in turns:
            if pid == CPUS and t.name.startswith("worker "):
                self.on[t.name].append((t.begin, t.end))
        self.asleep = [t for t in mine if t.name == "asleep"]
        self.turns = [t for t in mine if t.name != "asleep"]
        if not self.turns:
            raise results.Damaged(f"{path}: traceEvents: no unit ran on any core: nothing to draw")

    def off(self, t):
        """[(begin, end)] of a unit's turn in which its worker's OS thread had no CPU."""
        spans = sorted(self.on.get(self.tracks.get((self.process, t.lane)), [])) if self.process == WORKERS else []
        if not spans:
            return []
        gaps, at = [], t.begin
        for begin, end in spans:
            if end > t.begin and begin < t.end:
                if begin > at:
                    gaps.append((at, begin))
                at = max(at, end)
        return gaps + ([(at, t.end)] if at < t.end else [])

    def lanes(self, turns):
        """[(track, name)] of those that have a turn, in the order of their numbers."""
        used = sorted({t.lane for t in turns})
        return [(lane, self.lane_name(lane)) for lane in used]

    def lane_name(self, lane):
        name = self.tracks.get((self.process, lane), f"track {lane}")
        placed = self.about.get("placed")
        if self.process == WORKERS and isinstance(placed, list):
            number = int(name.rsplit(" ", 1)[-1])
            cpus = placed[number].get("cpus") if number < len(placed) and isinstance(placed[number], dict) else None
            if cpus:
                return f"{name}\nCPU {cpus[0]}" if len(cpus) == 1 else f"{name}\n{len(cpus)} CPUs"
        return name


def excerpt(trace):
    """(turns, begin, end), what to draw: some turns that follow one another, where most lanes are at work and most turns are long
    enough to be seen beside each other. Where several places are as good, one that lasts as long as most of them. From
    begin to end these are all turns of their lanes: what began before and is not over is among them, and none begins later."""
    spent = collections.Counter()
    for t in trace.turns:
        spent[t.lane] += t.end - t.begin
    lanes = {lane for lane, _ in spent.most_common(MOST_LANES)}
    turns = [t for t in trace.turns if t.lane in lanes]
    of_units = [i for i, t in enumerate(turns) if t.name != "main"] or [0, len(turns) - 1]
    turns = turns[of_units[0]:of_units[-1] + 1]
    count = min(MOST, A_LANE * len(lanes)) - len(lanes)  # one of each may be under way where it begins
    inside = [t for t in turns if trace.window and t.begin >= trace.window[0] and t.end <= trace.window[1]]
    turns = inside if len(inside) >= count else turns
    places = []
    for size in {min(len(turns), max(LEAST, count // share)) for share in (1, 2, 4)}:
        for at in range(0, len(turns) - size + 1, max(1, size // 4)):
            part = turns[at:at + size]
            span = max(t.end for t in part) - part[0].begin
            seen = [t for t in part if t.name != "main" and (t.end - t.begin) * SEEN >= span]
            places.append((len({t.lane for t in seen}), len(seen), span, at, size))
    best = max(p[:2] for p in places)
    alike = [p for p in places if p[:2] == best]
    usual = statistics.median(p[2] for p in alike)
    at, size = min(alike, key=lambda p: (abs(p[2] - usual), p[3:]))[3:]
    part, every = turns[at:at + size], [t for t in trace.turns if t.lane in lanes]
    begin, last = part[0].begin, part[-1].begin
    end = min([max(t.end for t in part)] + [t.begin for t in every if t.begin > last])
    return [t for t in every if t.begin < end and t.end > begin], begin, end


def tints(turns):
    """{unit: colour}, in the order that they come; beyond the eighth the colours come again."""
    names = [n for n in dict.fromkeys(t.name for t in turns) if n != "main"]
    return {"main": MAIN, **{name: TINTS[i % len(TINTS)] for i, name in enumerate(names)}}


def short(name):
    """'client 1' as '1' where the whole has no room; a name without a number has no short form."""
    tail = name.rsplit(" ", 1)[-1]
    return tail if tail.isdigit() else name


def draw_bars(ax, trace, turns, lanes, colours, scale, begin, end):
    """Returns the units that no bar had room to name."""
    row = {lane: i for i, (lane, _) in enumerate(lanes)}
    width = ax.get_window_extent().width / ((end - begin) / scale) * 72 / ax.figure.dpi  # points a unit of x
    unnamed = dict.fromkeys(t.name for t in turns)
    for t in turns:
        y, x, long = row[t.lane], (t.begin - begin) / scale, (t.end - t.begin) / scale
        wide = long * width > 2
        ax.barh(y, long, 0.62, left=x, color=colours[t.name], edgecolor=look.INK if wide else colours[t.name], linewidth=0.35 if wide else 0.7)
        if t.then == "runnable" and t.name != "main":
            ax.plot([x + long] * 2, [y + 0.33, y + 0.43], color=look.INK, linewidth=1.3, solid_capstyle="butt")
        for off, on in trace.off(t):
            if (on - off) / scale * width > 3:
                ax.barh(y, (on - off) / scale, 0.62, left=(off - begin) / scale, color="#ffffff", edgecolor=look.INK, hatch="////", linewidth=0.35)
        shown = (max(t.begin, begin) - begin) / scale, (min(t.end, end) - begin) / scale
        for text in (t.name, short(t.name)) if not trace.off(t) else ():
            if (shown[1] - shown[0]) * width > 5.2 * len(text) + 4:
                ax.text(sum(shown) / 2, y, text, ha="center", va="center", fontsize=8.5)
                unnamed.pop(t.name, None)
                break
    for t in trace.asleep:
        if t.lane in row and t.end > begin and t.begin < end:
            ax.plot([(max(t.begin, begin) - begin) / scale, (min(t.end, end) - begin) / scale], [row[t.lane]] * 2,
                    color=look.GREY, linewidth=1, linestyle=(0, (1, 2)), zorder=1)
    return [name for name in unnamed]


def draw_key(fig, names, colours, left, at):
    """The units whose bars are too narrow for a name, in a line below the lanes. at: inches from the bottom."""
    width, height = fig.get_size_inches()
    x = left
    for i, name in enumerate(names):
        room = 0.3 + 0.075 * len(name)
        if i == 10 or x + room > width - 0.9:
            fig.text(x / width, at / height, f"and {len(names) - i} more", fontsize=9, va="center")
            return
        fig.patches.append(_square(fig, x, at, colours[name]))
        fig.text((x + 0.2) / width, at / height, name, fontsize=9, va="center")
        x += room + 0.1


def _square(fig, x, y, colour):
    import matplotlib.patches
    width, height = fig.get_size_inches()
    return matplotlib.patches.Rectangle((x / width, (y - 0.07) / height), 0.14 / width, 0.14 / height, transform=fig.transFigure,
                                        facecolor=colour, edgecolor=look.INK, linewidth=0.5)


def footer(trace):
    m = results.Machine(trace.about)
    cpus = f"{m.cpus} CPU{'s' if m.cpus != 1 else ''} allowed" if m.cpus else "number of CPUs unknown"
    return [f"{m.alias} · {m.cpu[:58]} · {cpus}",
            f"placement {trace.about.get('placement', '?')} · grade {m.grade} · one traced trial, slower than others · Fiveways {m.version[:20]}"]


def counted(n, word):
    return f"{n:,} {word}{'' if n == 1 else 's'}"


def words(trace, turns, span):
    """(title, what the bars are, what they show)."""
    about, units = trace.about, [t for t in turns if t.name != "main"] or turns
    model = str(about.get("model") or about["runtime"]) + (f", {about['variant']}" if about.get("variant") else "")
    title = f"{about['workload']}, {model}: {counted(len(units), 'turn')} of {counted(len({t.name for t in units}), 'unit')} in {look.duration(span * 1e3)}"
    half = look.duration(statistics.median(t.end - t.begin for t in units) * 1e3)
    if trace.process == WORKERS:
        return title, ("Lane: a worker, an OS thread bound to a core. Bar: a unit (number: which) runs until it waits, yields or ends.\n"
                       "White: the worker looks for work; dotted: it sleeps" + ("; hatched: its OS thread was off the core." if any(map(trace.off, turns)) else ".")), f"Half of the turns last at most {half}."
    forced = sum(t.then == "runnable" for t in units)
    return title, ("Lane: a core. Bar: a thread or process (number: which) has it. White: idle, the kernel's, or another program's.\n"
                   "Tick below its end: it could have gone on (preempted, or gave way); else it waits or has ended."), (
        f"Half of the turns last at most {half}; {forced} of {len(units)} ended before the unit had to wait.")


def tabled(turns):
    sums = collections.OrderedDict()
    for t in turns:
        n, us = sums.get(t.name, (0, 0))
        sums[t.name] = (n + 1, us + t.end - t.begin)
    rows = [[name, f"{n:,}", look.duration(us * 1e3)] for name, (n, us) in sorted(sums.items(), key=lambda s: -s[1][1])]
    return {"head": ["unit", "turns in the excerpt", "together"], "rows": rows[:24] + ([["…", "", ""]] if len(rows) > 24 else [])}


def scale_of(span_us):
    return next((s, u) for s, u in ((1e6, "s"), (1e3, "ms"), (1, "µs"), (1e-3, "ns")) if span_us >= 2 * s or s == 1e-3)


def draw(trace, folder, name="timeline"):
    plt = look.setup()
    turns, begin, end = excerpt(trace)
    lanes, colours = trace.lanes(turns), tints(turns)
    scale, unit = scale_of(end - begin)
    title, what, shown = words(trace, turns, end - begin)
    part = (f"Drawn: {len(turns)} turns in a row of {len(trace.turns):,}, from {look.duration(begin * 1e3)} after the start (all: trace.json).")
    if len(colours) > len(TINTS) + 1:
        shown += " Colours come again after eight units."
    top, tall, foot = 1.3, 0.66 * len(lanes) + 0.1, 1.38 if len(colours) <= len(TINTS) + 1 else 1.08
    height = top + tall + foot
    fig = plt.figure(figsize=(7.4, height))
    look.heading(fig, title, f"{what}\n{shown}\n{part}")
    left = 0.95
    ax = fig.add_axes((left / 7.4, foot / height, (7.4 - left - 0.25) / 7.4, tall / height))
    ax.set_xlim(0, (end - begin) / scale)
    ax.set_ylim(len(lanes) - 0.45, -0.55)
    unnamed = draw_bars(ax, trace, turns, lanes, colours, scale, begin, end)
    ax.set_yticks(range(len(lanes)), [text for _, text in lanes])
    ax.grid(False, axis="y")
    ax.spines["left"].set_visible(False)
    ax.tick_params(axis="y", length=0)
    ax.set_xlabel(f"{unit} since the first of these turns")
    if unnamed and len(colours) <= len(TINTS) + 1:
        draw_key(fig, unnamed, colours, left, 0.76)
    look.footer(fig, footer(trace))
    look.save(fig, folder, name, title, f"{what} {shown} {part}".replace("\n", " "))
    return {"name": name, "kind": "timeline", "workload": trace.about["workload"], "title": title, "description": f"{shown} {part}",
            "drawn": True, "table": tabled(turns)}


def read(run):
    """The result folder's trace; None if it has none."""
    path = run.folder / FILE
    return Trace(path) if path.exists() else None


def main(arguments):
    if len(arguments) != 1 or arguments[0].startswith("-"):
        print(f"usage: timeline.py DIR      (a folder with the {FILE} of `fiveways trace`)", file=sys.stderr)
        return 0 if arguments and arguments[0] in ("-h", "--help") else 2
    folder = pathlib.Path(arguments[0])
    try:
        draw(Trace(folder / FILE), folder)
    except (results.Damaged, ImportError) as error:
        print(f"timeline: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"timeline: cannot write {error.filename}: {error.strerror}", file=sys.stderr)
        return 1
    print(folder / "timeline.svg")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

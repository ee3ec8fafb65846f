"""How every matplotlib chart looks: the palette of palette.gp, the footer, labels
beside lines instead of legends, and files whose bytes depend on the data alone.
Read next: sweeps.py and overview.py, which use it."""
import html
import pathlib
import re

HERE = pathlib.Path(__file__).resolve().parent
MODELS = ("seq", "processes", "threads", "channels", "green", "stackless")
MARKERS = {1: "P", 2: "X", 5: "s", 7: "o", 9: "^", 11: "v", 13: "D"}  # gnuplot point type -> matplotlib
INK, GREY = "#222222", "#666666"


def palette():
    """{'color': {model: '#rrggbb'}, 'marker': {model: n}, 'dash': {model: text}} from palette.gp."""
    found = {"color": {}, "marker": {}, "dash": {}}
    for line in (HERE / "palette.gp").read_text().splitlines():
        match = re.match(r'(color|marker|dash)_(\w+) = "?([^"]+)"?$', line)
        if match:
            kind, model, value = match.groups()
            found[kind][model] = int(value) if kind == "marker" else value
    return found


PALETTE = palette()


def known(runtime):
    """The palette's name for a runtime; runtimes that it doesn't know share one look."""
    return runtime if runtime in PALETTE["color"] else "other"


def color(runtime):
    return PALETTE["color"][known(runtime)]


def marker(runtime):
    return MARKERS[PALETTE["marker"][known(runtime)]]


def dash(runtime):
    text = PALETTE["dash"][known(runtime)]
    return "solid" if text == "solid" else (0, tuple(float(n) for n in text.split(",")))


def setup():
    """matplotlib without a display, with a fixed hash salt; returns pyplot."""
    import matplotlib

    matplotlib.use("Agg")
    matplotlib.rcParams.update({
        "svg.hashsalt": "fiveways", "svg.fonttype": "path", "font.family": "DejaVu Sans", "font.size": 9.5,
        "axes.titlesize": 11, "axes.labelsize": 9.5, "xtick.labelsize": 9, "ytick.labelsize": 9,
        "axes.spines.top": False, "axes.spines.right": False, "axes.edgecolor": GREY, "text.color": INK,
        "axes.labelcolor": INK, "xtick.color": INK, "ytick.color": INK, "axes.grid": True, "grid.color": "#dddddd",
        "grid.linewidth": 0.6, "axes.axisbelow": True, "figure.dpi": 100, "hatch.linewidth": 0.6,
    })
    import matplotlib.pyplot as plt

    tag.count = 0
    return plt


def tag(runtime, *artists):
    """Says that artists are this runtime's where neither their colour nor their text does: svg.py reads it from the gid."""
    for artist in artists:
        artist.set_gid(f"model-{runtime}--{tag.count}")
        tag.count += 1


tag.count = 0


def time_axis(ax, low, high):
    """Makes x a logarithmic axis of times from low to high ns, with two ticks or more even where it is short."""
    span = high / low
    ax.set_xscale("log")
    ax.set_xlim(low, high)
    ax.xaxis.set_major_formatter(lambda v, _: tick(duration(v)))
    if span < 450:
        ax.set_xticks([m * 10 ** e for e in range(-1, 12) for m in ((1, 2, 5) if span < 27 else (1, 3)) if low <= m * 10 ** e <= high])
    ax.minorticks_off()


def log_ticks(ax, speak, least=10, base=10):
    """Named ticks, two or more, for the logarithmic y whose limits are set: they are moved apart to `least` times, so that
    little that differs looks like little."""
    from matplotlib.ticker import LogLocator
    low, high = ax.get_ylim()
    more = max(1, least * low / high) ** 0.5
    ax.set_ylim(low / more, high * more)
    ax.yaxis.set_major_locator(LogLocator(base=base, subs=(1, 2, 5) if base == 10 and high < 500 * low else (1,)))
    ax.yaxis.set_major_formatter(lambda v, _: tick(speak(v)))
    ax.minorticks_off()


LINE = 96  # characters of a heading's line


def heading(fig, title, subtitle):
    """Title and one line under it, at the left edge."""
    height = fig.get_size_inches()[1]
    fig.text(0.02, 1 - 0.12 / height, title, fontsize=12.5, fontweight="bold", va="top")
    fig.text(0.02, 1 - 0.38 / height, subtitle, fontsize=9.5, va="top", color=INK, linespacing=1.35)


def footer(fig, lines):
    height = fig.get_size_inches()[1]
    fig.text(0.02, 0.08 / height, "\n".join(lines), fontsize=9, va="bottom", color=GREY, linespacing=1.3)


def spread(positions, gap):
    """Moves label positions apart until neighbours are at least gap away, keeping their order
    and the mean of every crowded group."""
    order = sorted(range(len(positions)), key=lambda i: positions[i])
    groups = []  # [members, centre]
    for index in order:
        groups.append([[index], positions[index]])
        while len(groups) > 1:
            below, above = groups[-2], groups[-1]
            reach = gap * (len(below[0]) + len(above[0])) / 2
            if above[1] - below[1] >= reach:
                break
            count = len(below[0]) + len(above[0])
            centre = (below[1] * len(below[0]) + above[1] * len(above[0])) / count
            groups[-2:] = [[below[0] + above[0], centre]]
    placed = [0.0] * len(positions)
    for members, centre in groups:
        for slot, index in enumerate(members):
            placed[index] = centre + (slot - (len(members) - 1) / 2) * gap
    return placed


def label_ends(ax, ends, gap_points=11.5):
    """Writes each line's name at its right end: ends = [(x, y, text, runtime)], in data units.
    Names that would collide move apart; a hairline leads back to the point."""
    if not ends:
        return
    fig = ax.figure
    fig.canvas.draw()
    scale = 72.0 / fig.dpi
    at = [ax.transData.transform((x, y)) * scale for x, y, _, _ in ends]
    edge = ax.transAxes.transform((1, 0))[0] * scale
    low, high = (ax.transAxes.transform((0, v))[1] * scale for v in (0, 1))
    ys = spread([p[1] for p in at], gap_points)
    over = max(0, max(ys) - high) or min(0, min(ys) - low)
    ys = [y - over for y in ys]
    for (x, y, text, runtime), point, label_y in zip(ends, at, ys):
        ax.annotate(text, xy=(x, y), xycoords="data", xytext=(edge - point[0] + 14, label_y - point[1]),
                    textcoords="offset points", va="center", ha="left", fontsize=9, color=INK, annotation_clip=False,
                    arrowprops={"arrowstyle": "-", "color": color(runtime), "lw": 0.9, "shrinkA": 1, "shrinkB": 4,
                                "relpos": (0, 0.5)})


def label_beside(ax, points, gap_points=11.5):
    """Names of single points, at their left; like label_ends they move apart."""
    if not points:
        return
    ax.figure.canvas.draw()
    scale = 72.0 / ax.figure.dpi
    at = [ax.transData.transform((x, y))[1] * scale for x, y, _, _ in points]
    floor = ax.transAxes.transform((0, 0))[1] * scale + 5
    ys = spread(at, gap_points)
    ys = [y + max(0, floor - min(ys)) for y in ys]
    for (x, y, text, _), own, placed in zip(points, at, ys):
        ax.annotate(text, xy=(x, y), xytext=(-9, placed - own), textcoords="offset points", ha="right", va="center", fontsize=9)


def caption_svg(path, title, description):
    """Gives an SVG a title and a description that a screen reader speaks, whatever wrote it."""
    text = path.read_text(encoding="utf-8")
    text = re.sub(r"\s*<title>.*?</title>|\s*<desc>.*?</desc>|\s*<metadata>.*?</metadata>", "", text, count=0, flags=re.S)
    said = f'<title>{html.escape(title)}</title>\n<desc>{html.escape(description)}</desc>'
    text = re.sub(r"(<svg\b[^>]*?)>", lambda m: f'{m.group(1)} role="img">\n{said}', text, count=1)
    text = "\n".join(line.rstrip() for line in text.splitlines()) + "\n"
    path.write_text(text, encoding="utf-8")


def save(fig, folder, name, title, description):
    """name.svg and name.png, the same bytes for the same data."""
    import matplotlib.pyplot as plt

    fig.savefig(folder / f"{name}.svg", metadata={"Date": None, "Creator": None})
    fig.savefig(folder / f"{name}.png", dpi=160, metadata={"Software": None})
    plt.close(fig)
    caption_svg(folder / f"{name}.svg", title, description)


def duration(ns):
    """A time with three figures and its unit: 112 ns, 4.31 us, 18.2 ms."""
    for unit, scale in (("s", 1e9), ("ms", 1e6), ("µs", 1e3)):
        if ns >= scale:
            return f"{three(ns / scale)} {unit}"
    return f"{three(ns)} ns"


def three(value):
    """Three significant figures, without an exponent."""
    if value == 0:
        return "0"
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
    return f"{value:,.{digits}f}"


def tick(text):
    """A figure of duration, rate and the like as an axis names it: '10 µs' for '10.0 µs ', '1.05 M' as it is."""
    return re.sub(r"\.0+(?!\d)", "", text).strip()


def factor(value):
    return f"{ratio(value)}×"


def ratio(value):
    """At least two significant figures, at most two decimals from 0.1 on."""
    digits = 4 if value < 0.01 else 3 if value < 0.1 else 2 if value < 10 else 1 if value < 100 else 0
    return f"{value:,.{digits}f}"


def rate(per_second):
    for suffix, scale in (("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if per_second >= scale:
            return f"{three(per_second / scale)} {suffix}"
    return f"{three(per_second)} "


def plural(op):
    """'round trips', 'passes over the input': the first noun group takes the s."""
    head, gap, tail = next(((op[:i], op[i:i + len(w)], op[i + len(w):]) for w in (" over ", " of ", " through ") if (i := op.find(w)) > 0), (op, "", ""))
    return head + ("es" if head.endswith("s") else "s") + gap + tail

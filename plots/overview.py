"""Chart 10: the overview grid, a row a block and a column a runtime. A cell holds the factor
to the row's best model with its interval and a word, and is shaded by the factor; what the
rounds could not separate is grey, what was refused or failed is hatched and says so."""
import math
import textwrap

import look
import results

PAGE_ROWS = 9  # of a chart that fits on A4
CELL_COLUMNS = 11  # characters of a line that fits a cell at full size
WORDS = {"faster": "slower", "slower": "faster"}  # a pair says 'best is faster than x'; the cell speaks of x


def columns(run):
    """Runtimes in a fixed order: seq, the five models, whatever else, references last."""
    kinds = {}
    for block in run.blocks:
        for entry in results.entries(block, headline=True):
            kinds.setdefault(entry["runtime"], entry.get("kind", "model"))
    rank = lambda r: (look.MODELS.index(r) if r in look.MODELS else 8 if kinds[r] != "reference" else 9, r)
    return sorted(kinds, key=rank)


def is_reference(run, runtime):
    return any(e["runtime"] == runtime and e.get("kind") == "reference" for block in run.blocks for e in results.entries(block, headline=True))


def cell(block, entry, base):
    """What one cell says: dict of kind (best, separated, same, unknown, refused, failed), factor, low, high, word."""
    if entry is None:
        return {"kind": "none", "word": "no cell"}
    if entry["status"] != "ok":
        return {"kind": entry["status"] if entry["status"] in ("refused", "failed", "not run") else "failed", "word": entry["status"],
                "reason": entry.get("reason", "")}
    said = {"kind": "unknown", "median": entry["median"], "factor": entry["median"] / base["median"], "low": None, "high": None,
            "word": "one round" if entry.get("n", 0) < 2 else "no verdict"}
    if entry is base:
        alone = sum(1 for e in results.entries(block, headline=True) if e["status"] == "ok") == 1
        return dict(said, kind="best", word="alone" if alone else "best")
    pair = results.pair_of(block, results.name_of(base), results.name_of(entry))
    if pair and entry.get("n", 0) >= 2:
        same = pair["verdict"] == "not separated"
        said.update(low=pair.get("low"), high=pair.get("high"), kind="same" if same else "separated",
                    word="not separated" if same else WORDS.get(pair["verdict"], pair["verdict"]))
    return said


def grid(run):
    """[(block, base, {runtime: cell})]: the base of a row is its model of least median time."""
    rows = []
    for block in run.blocks:
        heads = {e["runtime"]: e for e in results.entries(block, headline=True)}
        valid = [e for e in heads.values() if e["status"] == "ok"]
        models = [e for e in valid if e.get("kind", "model") == "model"] or valid
        base = min(models, key=lambda e: e["median"]) if models else None
        rows.append((block, base, {r: cell(block, heads.get(r), base) if base or r in heads else {"kind": "none", "word": "no cell"}
                                   for r in columns(run)}))
    return rows


def label(block):
    where = f"{block['workers']} worker{'s' if block['workers'] != 1 else ''}"
    parts = [block["workload"], block.get("label", ""), where, block.get("params", "").replace(";", ", ")]
    return " · ".join(p for p in parts if p)


def text_of(said):
    if said["kind"] in ("none", "refused", "failed", "not run"):
        return said["word"].replace(" ", "\n")
    lines = [look.factor(said["factor"]) if said["kind"] != "best" else look.duration(said["median"])]
    if said["low"] and said["high"]:
        lines.append(f"{short(said['low'])}–{short(said['high'])}")
    return "\n".join(lines + [said["word"].replace(" ", "\n")])


def short(value):
    return look.ratio(value)


def shade(said):
    if said["kind"] in ("none", "refused", "failed", "not run"):
        return "#ffffff"
    if said["kind"] in ("same", "unknown"):
        return "#dcdcdc"
    depth = min(1.0, abs(math.log10(max(said["factor"], 1e-3))) / 2)
    strong = (0x2b, 0x6c, 0xa3)
    if said["kind"] == "best":
        return "#ffffff"
    amount = 0.12 + 0.54 * depth  # never so dark that the text on it falls below 4.5:1
    return "#" + "".join(f"{round(255 + (c - 255) * amount):02x}" for c in strong)


def describe(rows):
    lines = []
    for block, base, cells in rows:
        said = [f"{runtime} {text_of(c)}".replace("\n", " ") for runtime, c in cells.items() if c["kind"] != "none"]
        lines.append(f"{label(block)}: " + "; ".join(said) + ".")
    return " ".join(lines)


def draw(run, folder):
    """The overview as one chart or several, each at most a printed page."""
    rows = grid(run)
    parts = max(1, -(-len(rows) // PAGE_ROWS))
    size = -(-len(rows) // parts)
    return [draw_part(run, folder, rows[i * size:(i + 1) * size], i + 1, parts) for i in range(parts)]


def draw_part(run, folder, rows, part, parts):
    plt = look.setup()
    names = columns(run)
    width, row_height, top, bottom = max(7.4, 0.3 + 0.85 * len(names)), 0.98, 0.95, 0.58
    height = top + row_height * len(rows) + bottom
    fig = plt.figure(figsize=(width, height))
    ax = fig.add_axes((0, 0, 1, 1))
    ax.set_xlim(0, width)
    ax.set_ylim(height, 0)
    ax.axis("off")
    apart = next((i for i, name in enumerate(names) if is_reference(run, name)), len(names))  # references stand apart
    gap = 0.25 if 0 < apart < len(names) else 0
    step = (width - 0.3 - gap) / max(len(names), 1)
    left = [0.15 + i * step + (gap if i >= apart else 0) for i in range(len(names))]
    which = f" ({part} of {parts})" if parts > 1 else ""
    look.heading(fig, f"Overview: time per operation, as a factor to the row's best model{which}",
                 "Smaller is better. Second line: interval. Darker: slower. Grey: not separated. Hatched: refused or failed.")
    for i, name in enumerate(names):
        look.tag(name, ax.text(left[i] + 0.5 * step, top - 0.05, name if len(name) < 11 else "\n".join(textwrap.wrap(name, 10)[:2]), ha="center",
                               va="bottom", fontsize=9.5, fontweight="bold", linespacing=1.0))
    for number, (block, base, cells) in enumerate(rows):
        y = top + number * row_height
        low = ", exploratory" if any(p.get("exploratory") for p in block["pairs"]) else ""
        ax.text(0.15, y + 0.17, textwrap.shorten(f"{label(block)} · {results.rounds_of(block)}{low}", 110, placeholder="…"),
                va="center", fontsize=9, color=look.INK)
        for i, name in enumerate(names):
            draw_cell(plt, ax, left[i], y + 0.27, step - 0.04, row_height - 0.33, name, cells[name])
    look.footer(fig, run.footer())
    name, title = "overview" if part == 1 else f"overview-{part}", f"Overview: workload by model{which}"
    look.save(fig, folder, name, title, describe(rows))
    return {"name": name, "kind": "overview", "title": title, "description": describe(rows), "drawn": True}


def draw_cell(plt, ax, x, y, width, height, runtime, said):
    hatch = "///" if said["kind"] in ("refused", "failed") else None
    if said["kind"] == "none":
        look.tag(runtime, ax.text(x + width / 2, y + height / 2, "no cell", ha="center", va="center", fontsize=9, color=look.GREY))
        return
    patch = ax.add_patch(plt.Rectangle((x, y), width, height, facecolor=shade(said), edgecolor="#bbbbbb" if hatch else look.GREY,
                               linewidth=1.8 if said["kind"] == "best" else 0.6, hatch=hatch))
    words = text_of(said)
    size = 9 * min(1, CELL_COLUMNS / max(len(line) for line in words.split("\n")))
    text = ax.text(x + width / 2, y + height / 2, words, ha="center", va="center", fontsize=size, linespacing=1.15,
            fontweight="bold" if said["kind"] in ("best", "failed", "refused") else "normal",
            bbox={"facecolor": "#ffffff", "edgecolor": "none", "pad": 1.5} if hatch else None)
    look.tag(runtime, patch, text)

"""Chart 12, the price of the code: what the cells of each model are made of, counted in their sources, so that it is the same on every
machine. A dot is a cell; the mark with the number is their median. Where the sources aren't there nothing is drawn."""
import re

import cells
import look
import results

ROOT = cells.SOURCES.parent
TIMEOUTS = "docs/timeouts"  # a patch a model, applied and compiled by a test
COMMENT = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)
BRANCH = re.compile(r"\b(?:if|for|while|case)\b|&&|\|\||\?")
ORDERING = re.compile(r"\bmemory_order_\w+")
COLOURED = re.compile(r"^(?:static )?async_fn\(\w+\)\s*$", re.M)


def code(text):
    """Without comments; strings and characters emptied, lines kept."""
    return COMMENT.sub(lambda m: '""' if m.group()[0] in "\"'" else "\n" * m.group().count("\n"), text)


def count(text):
    """{'lines', 'branches', 'orderings', 'coloured'} of a source."""
    bare = code(text)
    body = "\n".join(line for line in bare.splitlines() if not line.lstrip().startswith("#"))
    return {"lines": sum(bool(line.strip()) for line in bare.splitlines()), "branches": len(BRANCH.findall(body)),
            "orderings": len(ORDERING.findall(body)), "coloured": len(COLOURED.findall(body))}


def headline(folder, model):
    """The file of a workload's cell in a model: the plain one, else the first variant that is whole."""
    for path in [folder / f"{model}.c", *sorted(folder.glob(f"{model}-*.c"))]:
        if path.exists() and cells.regions_of(path):
            return path
    return None


def read(root=ROOT):
    """{workload: {model: counts}} of all workloads in the tree."""
    found = {}
    folder = root / "workloads"
    for workload in sorted(p for p in folder.iterdir() if p.is_dir()) if folder.is_dir() else []:
        paths = {model: headline(workload, model) for model in look.MODELS}
        counted = {model: count(path.read_text(encoding="utf-8")) for model, path in paths.items() if path}
        if len(counted) > 1 and workload.name != "_template":
            found[workload.name] = counted
    return found


def timeouts(root=ROOT):
    """{model: lines that a patch adds} for "the client gives up after a second" in ping-pong."""
    added = lambda text: sum(line.startswith("+") and not line.startswith("+++") and line[1:].strip() != "" for line in text.splitlines())
    return {model: added(path.read_text(encoding="utf-8")) for model in look.MODELS if (path := root / TIMEOUTS / f"{model}.patch").exists()}


def of_model(found, model, what):
    return [(counts[model][what], workload) for workload, counts in found.items() if model in counts]


def panel(ax, found, what, title):
    """A row a model: every cell a dot, the median marked and numbered, the greatest named."""
    models = [m for m in look.MODELS if of_model(found, m, what)]
    for model in models:
        y = -look.MODELS.index(model)
        values = sorted(of_model(found, model, what))
        ax.plot([v for v, _ in values], [y] * len(values), linestyle="none", marker=look.marker(model), markersize=4.5, color=look.color(model), alpha=0.4, markeredgewidth=0)
        middle = results.median([v for v, _ in values])
        ax.plot([middle], [y], marker=look.marker(model), markersize=9, color=look.color(model), markeredgecolor="#ffffff", markeredgewidth=0.8)
        ax.annotate(f"{middle:g}", xy=(middle, y), xytext=(0, 8), textcoords="offset points", ha="center", fontsize=9.5, fontweight="bold")
        ax.annotate(values[-1][1], xy=(values[-1][0], y), xytext=(5, 0), textcoords="offset points", va="center", fontsize=9, color=look.GREY)
    ax.set_title(title, fontsize=9.5, loc="left")
    ax.set_ylim(-len(look.MODELS) + 0.4, 0.6)
    ax.set_yticks([-i for i in range(len(look.MODELS))], look.MODELS)
    ax.set_xlim(0, max(v for m in models for v, _ in of_model(found, m, what)) * 1.25)
    ax.grid(axis="y", visible=False)
    ax.tick_params(axis="y", length=0)


def numbers(found):
    """{model: [text a column]} of what is mostly nought: orderings, functions that changed colour, lines for a timeout."""
    waits = timeouts()
    told = {}
    for model in look.MODELS:
        sums = {what: sum(v for v, _ in of_model(found, model, what)) for what in ("orderings", "coloured")}
        told[model] = [str(sums["orderings"]), str(sums["coloured"]) if model == "stackless" else "0", str(waits[model]) if model in waits else "–"]
    return told


def draw(run, folder):
    found = read()
    title = "The price of the code: what the same work takes in each model"
    made = {"name": "price", "kind": "price", "workload": "", "title": title}
    if not found:
        return {**made, "drawn": False, "why": "the sources of the cells are not beside this program"}
    plt = look.setup()
    fig, axes = plt.subplots(1, 3, figsize=(9.5, 4.4), gridspec_kw={"width_ratios": [3, 2.6, 2.5]})
    fig.subplots_adjust(left=0.095, right=0.985, top=0.77, bottom=0.2, wspace=0.12)
    look.heading(fig, title, f"The headline cells of {len(found)} workloads; a dot is a cell, the number their median. Harness, input and oracle are shared and not counted.\n"
                 "A line is one with code on it. A branch is an if, for, while, case, &&, || or ?: that is written down.")
    panel(axes[0], found, "lines", "lines of code")
    panel(axes[1], found, "branches", "branches")
    axes[1].set_yticklabels([])
    told, heads = numbers(found), ("explicit\nmemory\norderings", "functions\nthat became\nasync", "lines for\na timeout\n(ping-pong)")
    axes[2].set_axis_off()
    axes[2].set_xlim(0, 3)
    axes[2].set_ylim(axes[0].get_ylim())
    for column, head in enumerate(heads):
        axes[2].annotate(head, xy=(column + 0.5, 1), xycoords=("data", "axes fraction"), xytext=(0, 5), textcoords="offset points", ha="center", va="bottom", fontsize=9)
        for row, model in enumerate(look.MODELS):
            axes[2].text(column + 0.5, -row, told[model][column], ha="center", va="center", fontsize=11)
    look.footer(fig, [f"Counted in the sources beside this program, the same on every machine · Fiveways {run.machine.version[:20]}"])
    said = " ".join(f"{model}: median {results.median([v for v, _ in of_model(found, model, 'lines')]):g} lines and {results.median([v for v, _ in of_model(found, model, 'branches')]):g} branches "
                    f"a cell, {told[model][0]} explicit orderings, {told[model][1]} coloured functions in all." for model in look.MODELS if of_model(found, model, "lines"))
    look.save(fig, folder, "price", title, said)
    rows = [[workload] + [f"{counts[m]['lines']} / {counts[m]['branches']}" if m in counts else "–" for m in look.MODELS] for workload, counts in found.items()]
    return {**made, "description": said, "drawn": True, "table": {"head": ["lines / branches", *look.MODELS], "rows": rows}}

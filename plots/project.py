"""project.py DIR: writes DIR/project.html for the wall: 16:9, one chart a screen, no text below 24 pixels at 1920 x 1080.
Each screen first asks for a prediction, with the models' marks put away, and shows them on a key. One file that loads
nothing; with scripts off, and in print, every screen stands open below the last. The charts are those of charts.py.
Exit status 1 with one line when the folder is damaged or a tool is missing."""
import copy
import pathlib
import re
import sys
import xml.etree.ElementTree as ET

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import charts  # noqa: E402
import compared  # noqa: E402
import look  # noqa: E402
import overview  # noqa: E402
import report  # noqa: E402
import results  # noqa: E402
import svg  # noqa: E402
import which  # noqa: E402
import words  # noqa: E402

WIDTH, HEIGHT, LEAST = 1880, 930, 24  # pixels that project.css leaves for a picture at 1920 x 1080; of the smallest text
MULTIPLES = 340  # points that small multiples take at most
ROWS = 6  # of the overview on a screen
QUESTIONS = {
    "trials": "Rank the models before you look: who needs the least time, who the most? Which two will nobody be able to tell apart?",
    "percentiles": "Whose curve climbs first? How far is the slowest of a hundred from the median?",
    "workers": "Who gains from one more worker, and up to how many?",
    "size": "Where does copying become the larger part of the cost, and for whom first?",
    "axis": "What happens to each model along this axis? Does one of them stop?",
    "load": "At which load do the times begin to grow, and whose first?",
    "metg": "How long must a task be until half the machine is busy with it?",
    "channels": "Which stage is the slow one? Who waits for whom?",
}


# ---- a chart, cut into panels whose text can be read from the last row ----------

def smallest_text(text):
    """Size of the smallest text of an SVG, in its own units."""
    sizes = [100 * float(s) for s in re.findall(r"scale\(([\d.]+) -[\d.]+\)", text)] + [float(s) for s in re.findall(r'font-size="([\d.]+)"', text)]
    return min(sizes, default=10.0)


def box_of(axes):
    """(left, top, right, bottom) of the frame of a matplotlib axes."""
    path = next((p for p in axes.iter(f"{{{svg.SVG}}}path")), None)
    numbers = [float(n) for n in re.findall(r"-?\d+(?:\.\d+)?", path.get("d", ""))] if path is not None else []
    xs, ys = numbers[0::2], numbers[1::2]
    return (min(xs), min(ys), max(xs), max(ys)) if xs and ys else None


def texts_of(axes):
    """(left, top, right, bottom) of where the texts of an axes without a frame begin."""
    at = [tuple(map(float, m.groups())) for g in axes.iter() if (m := re.match(r"translate\(([-\d.]+) ([-\d.]+)\)", g.get("transform", "")))]
    return (min(x for x, _ in at), min(y for _, y in at), max(x for x, _ in at), max(y for _, y in at)) if at else None


def lines_of(root):
    """[[(name, box)]]: the axes that stand beside each other, from the top."""
    axes = [(g.get("id"), box) for g in root.iter(f"{{{svg.SVG}}}g") if g.get("id", "").startswith("axes_") and (box := box_of(g))]
    lines = []
    for name, box in sorted(axes, key=lambda a: (round(a[1][1]), a[1][0])):
        if lines and abs(lines[-1][0][1][1] - box[1]) < 2:
            lines[-1].append((name, box))
        else:
            lines.append([(name, box)])
    return lines


def panels_of(root, width, height):
    """[([names of axes], (left, top, right, bottom))]: up to two beside each other are a panel each; lines of more are small
    multiples, which share the numbers under the last and stay together as long as they fit."""
    lines, found = lines_of(root), []
    tops = [line[0][1][1] - 22 for line in lines] + [height]
    for number, line in enumerate(lines):
        top, bottom = tops[number], min(max(b[3] for _, b in line) + 46, tops[number + 1] + 20)
        names = [name for name, _ in line]
        if len(line) > 2 and found and number and len(lines[number - 1]) > 2 and bottom - found[-1][1][1] <= MULTIPLES:
            found[-1] = (found[-1][0] + names, (0, found[-1][1][1], width, bottom))
        else:
            groups = [[a] for a in line] if len(line) <= 2 else [line]
            lefts = [0] + [group[0][1][0] - 54 for group in groups[1:]] + [width]
            found += [([name for name, _ in group], (left, top, right, bottom)) for group, left, right in zip(groups, lefts, lefts[1:])]
    for axes in root.iter(f"{{{svg.SVG}}}g"):  # words alone, without a frame
        if axes.get("id", "").startswith("axes_") and not box_of(axes) and (box := texts_of(axes)):
            found.append(([axes.get("id")], (box[0] - 6, box[1] - 16, width, box[3] + 12)))
    return found


def fits(text, box, height=HEIGHT):
    return smallest_text(text) * min(WIDTH / (box[2] - box[0]), height / (box[3] - box[1])) >= LEAST


def hoist(root):
    """Moves what any part refers to (markers, glyphs) out of the part that happened to come first."""
    kept = ET.SubElement(root, f"{{{svg.SVG}}}defs")
    for parent in list(root.iter()):
        for defs in [c for c in parent if c.tag == f"{{{svg.SVG}}}defs" and c is not kept]:
            parent.remove(defs)
            kept.extend(defs)


def cut(root, names, box):
    """A copy that shows the axes `names` alone, within a box; no names: what stands beside all axes."""
    part = copy.deepcopy(root)
    for parent in list(part.iter()):
        for child in [c for c in parent if str(c.get("id", "")).startswith("axes_") and c.get("id") not in names]:
            parent.remove(child)
    if names:  # the figure's own texts belong to the heading and the footer
        for figure in part.iter(f"{{{svg.SVG}}}g"):
            if figure.get("id") == "figure_1":
                for child in [c for c in figure if str(c.get("id", "")).startswith("text_")]:
                    figure.remove(child)
    part.set("viewBox", " ".join(f"{v:.6g}" for v in (box[0], box[1], box[2] - box[0], box[3] - box[1])))
    return part


def part(text, box):
    """A picture and its share of a screen's height, so that all of a screen have one scale."""
    return {"svg": text, "height": round(box[3] - box[1], 2)}


def pictures(path, page, tells):
    """[[part, ...]] of one chart: the whole when its text is large enough, else a screen a panel, under the chart's heading
    where there is room for it. A screen is [picture] or [heading, panel]. tells: the heading gives the answer away."""
    text = path.read_text(encoding="utf-8")
    root = svg.parsed(path)
    hoist(root)
    left, top, width, height = (float(v) for v in root.get("viewBox", "0 0 740 480").split())
    panels = panels_of(root, width, height)
    if not panels or not tells and fits(text, (left, top, left + width, top + height)):
        return [[part(page.put(root), (left, top, left + width, top + height))]]
    heading = (0, 0, width, panels[0][1][1])
    screens = []
    for names, box in panels:
        both = (0, 0, max(width, box[2] - box[0]), heading[3] + box[3] - box[1])
        shown = [part(page.put(cut(root, names, box)), box)]
        screens.append([part(page.put(cut(root, [], heading)), heading)] + shown if not tells and fits(text, both) else shown)
    return screens


# ---- screens ------------------------------------------------------------------

def chart_screens(run, page):
    blocks = {b["id"]: b for b in run.blocks}
    for chart in report.charts_of(run):
        if not chart.get("drawn") or chart["kind"] == "overview":
            continue
        block = blocks.get(chart.get("block"))
        tells = bool(chart.get("note")) or chart["kind"] == "channels"  # its heading gives the answer away
        said = which.block_verdict(block) if block and chart["kind"] == "trials" else chart.get("note") or ""
        said = chart["description"].partition(".")[0] + "." if chart["kind"] == "channels" else said
        parts = pictures(run.folder / "charts" / f"{chart['name']}.svg", page, tells)
        for number, pieces in enumerate(parts):
            whole = len(pieces) == 1 and len(parts) == 1 and not tells
            yield {"title": chart["title"] + (f" ({number + 1} of {len(parts)})" if len(parts) > 1 else ""), "kind": chart["kind"], "parts": pieces,
                   "question": QUESTIONS.get(chart["kind"], "What do you expect to see? Say it before you look."), "said": said,
                   "foot": "" if whole else " · ".join(run.footer(block["placement"] if block else None)), "titled": whole or len(pieces) == 2}


def overview_screens(run):
    table = compared.overview_table(run)
    parts = [table["rows"][i:i + ROWS] for i in range(0, len(table["rows"]), ROWS)]
    for number, rows in enumerate(parts):
        yield {"title": "Overview: time per operation, as a factor to the row's best" + (f" ({number + 1} of {len(parts)})" if len(parts) > 1 else ""),
               "kind": "overview", "names": table["names"], "rows": rows, "question": "Which model is best in each row? In which rows will the model hardly matter?",
               "said": "Grey: not separated, that is, these rounds cannot tell the two apart.", "foot": " · ".join(run.footer())}


def write(run):
    page = svg.Page(report.runtimes(run))
    shown = [*overview_screens(run), *chart_screens(run, page)]
    text = report.render(
        "project.html.j2", run=run, machine=run.machine, css=(look.HERE / "project.css").read_text(), js=(look.HERE / "project.js").read_text(),
        answer=words.answer(run), screens=shown, glyphs=page.defs(), known=look.known, toggles=report.toggles(run), foot=" · ".join(run.footer()))
    return report.put(run.folder / "project.html", text)


def main(arguments):
    if len(arguments) != 1 or arguments[0].startswith("-"):
        print("usage: project.py DIR      (a result folder that charts.py has drawn)", file=sys.stderr)
        return 0 if arguments and arguments[0] in ("-h", "--help") else 2
    try:
        run = results.Run(arguments[0])
        charts.need("jinja2")
        print(f"project: {write(run)}")
    except (results.Damaged, results.Refused, SystemExit) as error:
        print(f"project: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"project: cannot write {error.filename}: {error.strerror}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

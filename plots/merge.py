"""merge.py DIR… --out DIR: a class's packs in one page, OUT/report.html, with its chart (ranking.svg, .png) and the
figures behind it (merged.csv). What can't be read or doesn't belong is left out, named with the reason. What the page says is
found in machines.py."""
import csv
import math
import pathlib
import random
import sys
import zipfile

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import charts  # noqa: E402
import look  # noqa: E402
import machines  # noqa: E402
import packs  # noqa: E402
import pairing  # noqa: E402
import predictions  # noqa: E402
import report  # noqa: E402
import results  # noqa: E402
import svg  # noqa: E402


RESULT_FILES = ("manifest.json", "verdicts.json", "tidy.csv", "trials.ndjson")  # a folder with one of them was meant as a run


def found_in(path):
    """Yields (name, function that opens the run) for every pack and result folder in a file or folder."""
    if not path.exists():
        yield str(path), raiser(f"{path}: no such file or folder: expected packs, a folder or a zip of them")
    elif path.is_file():
        yield from found_in_zip(path)
    elif any((path / name).exists() for name in RESULT_FILES):
        yield str(path), lambda: results.Run(path)
    else:
        inside = [p for p in sorted(path.iterdir()) if not p.name.startswith(".") and not p.is_symlink()]
        if not inside:
            yield str(path), raiser(f"{path}: empty: expected packs or result folders")
        for child in inside:
            yield from found_in(child)


def found_in_zip(path, archive=None):
    try:
        archive = archive or packs.unzip(path)
    except results.Damaged as error:
        yield str(path), raiser(str(error))
        return
    members = sorted(m for m in archive.namelist() if not m.endswith("/") and not any(part.startswith((".", "__MACOSX")) for part in m.split("/")))
    folders = sorted({m.rpartition("/")[0] for m in members if m.rpartition("/")[2] in RESULT_FILES})
    zips = [m for m in members if m.lower().endswith(".zip")]
    for folder in folders:
        at = f"{folder}/" if folder else ""
        yield f"{path}/{at}" if at else str(path), lambda at=at: packs.run_in(archive, at)
    for member in zips:
        try:
            inner = packs.nested(archive, member)
        except results.Damaged as error:
            yield f"{path}/{member}", raiser(str(error))
            continue
        yield from found_in_zip(f"{path}/{member}", inner)
    if not folders and not zips:
        yield str(path), raiser(f"{path}: no manifest.json in it: expected what `fiveways pack` makes, or a zip of such files")


def raiser(text):
    def open_it():
        raise results.Damaged(text)
    return open_it


def load(paths):
    """(hosts, [why something was left out])."""
    hosts, refused = [], []
    for path in paths:
        for name, open_it in found_in(pathlib.Path(path)):
            try:
                run = open_it()
                if pairing.incomparable(run):
                    raise results.Refused(pairing.incomparable(run))
                hosts.append(machines.Host(name, run))
            except (results.Damaged, results.Refused) as error:
                refused.append(str(error))
            except (zipfile.BadZipFile, OSError) as error:
                refused.append(f"{name}: cannot be read: {error}")
    taken = {}
    for host in hosts:  # two hosts of one alias stay apart
        taken[host.alias] = taken.get(host.alias, 0) + 1
        if taken[host.alias] > 1:
            host.alias = f"{host.alias} ({taken[host.alias]})"
    return hosts, refused


class Merged:
    def __init__(self, paths):
        hosts, self.refused = load(paths)
        self.above = [f"{str(p).rstrip('/')}/" for p in paths if pathlib.Path(p).is_dir()]
        self.copies, hosts = machines.copies(hosts)
        strangers = machines.strangers(hosts)
        self.refused += [f"{host.alias} ({host.name}): {why}" for host, why in strangers]
        self.hosts = [h for h in hosts if h not in {s for s, _ in strangers}]
        self.klass = machines.Class(self.hosts) if self.hosts else None
        self.models, self.questions, damaged = machines.scores(self.hosts)
        self.refused += damaged


def answer(merged):
    """What somebody in a hurry must know: [sentence]."""
    k, hosts = merged.klass, merged.hosts
    apart = [h for h in hosts if h.apart]
    reason = lambda h: next((fact for fact, _ in k.why(h)[0]), "nothing in its card explains it")
    said = [f"{len(hosts)} machine{'s' if len(hosts) != 1 else ''}: " + (f"{len(k.speed) - len(apart)} lie together, {len(apart)} stand{'s' if len(apart) == 1 else ''} apart: "
            f"{'; '.join(f'{h.alias} ({reason(h)})' for h in ordered(k))}." if apart else "none stands apart." if len(hosts) >= machines.LEAST else
            f"too few to say that one stands apart ({machines.LEAST} are needed).")]
    if merged.copies:
        said.append(f"{len(merged.copies)} handed in twice: {', '.join(f'{c.alias} holds the figures of {o.alias}' for c, o, _, _ in merged.copies)}.")
    if merged.refused:
        said.append(f"{len(merged.refused)} left out, with the reason below.")
    unjudged = [h.alias for h in hosts if h not in k.speed]
    if unjudged:
        said.append(f"Not judged, since {'it tells' if len(unjudged) == 1 else 'they tell'} no calibration kernel that the others have: {', '.join(unjudged)}.")
    if not k.normalised:
        said.append("Times are not normalised: most of these runs tell no calibration kernel.")
    return said


def ordered(klass):
    """Those that stand apart, the farthest first."""
    size = lambda h: max([abs(f - 1) if f >= 1 else 1 / f - 1 for f in list(h.outside.values()) + [klass.speed.get(h, 1)]], default=0)
    return sorted((h for h in klass.hosts if h.apart), key=lambda h: (-size(h), h.alias))


def apart_rows(klass):
    rows = []
    for host in ordered(klass):
        strong, weak = klass.why(host)
        rows.append({"alias": host.alias, "how": klass.how(host), "why": strong, "weak": weak})
    return rows


def grid(klass):
    """{'head', 'rows': [(alias, apart, [cells])]}: a row a machine, a column a block; shade grows with the factor."""
    order = ordered(klass) + sorted((h for h in klass.hosts if not h.apart), key=lambda h: h.alias)
    rows = []
    for host in order:
        cells = [shaded(klass.speed.get(host) if klass.normalised else None, host.other_speed)]
        for place in klass.places:
            cells.append(block_cell(klass, host, place))
        rows.append((host.alias, host.apart, cells))
    return {"head": ["machine", "calibration kernel"] + [machines.title(p) for p in klass.places], "rows": rows}


def block_cell(klass, host, place):
    """The median over the block's entries; where one lies outside that the median doesn't show, that one by name."""
    middle = klass.block_factor(host, place)
    far = sorted(((f, name) for (p, name), f in host.outside.items() if p == place), key=lambda told: -abs(math.log(told[0])))
    if far and abs(math.log(far[0][0] / middle)) > math.log(1.2):
        return dict(shaded(far[0][0], True), entry=far[0][1])
    return shaded(middle, bool(far), place in host.blocks)


def shaded(factor, marked, there=False):
    """A cell of the grid: text, how dark (0 to 0.55), which way, whether it lies outside the fences."""
    if factor is None:
        return {"text": "no figure" if there else "–", "shade": 0, "less": False, "marked": False}
    return {"text": look.factor(factor), "shade": round(min(0.55, abs(math.log10(factor)) * 0.9), 3), "less": factor < 1, "marked": marked}


def ranking_table(place, base, rows):
    told = []
    for name, runtime, ratios, faster, slower, same in sorted(rows, key=lambda r: results.median(r[2])):
        told.append([name, look.factor(results.median(ratios)), f"{look.factor(min(ratios))} – {look.factor(max(ratios))}", str(faster), str(slower), str(same), str(len(ratios))])
    return {"title": machines.title(place), "base": base, "rows": told}


def whole(ns):
    """A duration that no line end parts."""
    return look.duration(ns).replace(" ", "\u00a0")


def absolute_table(klass, place):
    """Median times of a block, a row a machine: absolute, and in brackets at the class's median CPU speed."""
    names = []
    for host in klass.hosts:
        names += [n for p, n in host.cells if p == place and n not in names]
    rank = lambda n: (look.MODELS.index(n) if n in look.MODELS else 9, n)
    names.sort(key=rank)
    rows = []
    for host in sorted((h for h in klass.hosts if place in h.blocks), key=lambda h: h.alias):
        cells = []
        for name in names:
            entry = host.cells.get((place, name))
            state = next((e["status"] for e in host.blocks[place]["entries"] if results.name_of(e) == name), "–")
            normal = f" ({whole(entry['median'] / klass.speed[host])})" if entry and klass.normalised and host in klass.speed else ""
            cells.append(f"{whole(entry['median'])}{normal}" if entry else state)
        rows.append([host.alias, str(host.blocks[place]["workers"])] + cells)
    return {"title": machines.title(place), "head": ["machine", "workers"] + names, "rows": rows}


def cards(klass):
    facts = ("CPU model", "CPUs allowed", "virtual machine", "governor", "CPU quota", "load before the run", "disturbed trials", "kernel")
    rows = []
    for host in sorted(klass.hosts, key=lambda h: h.alias):
        told = machines.card(host)
        rows.append([host.alias, host.run.machine.grade] + [told.get(f) or "not told" for f in facts]
                    + [look.duration(host.calibration[0]) if host.calibration else "not told", results.first(host.run.manifest, "utc", default="not told")])
    return {"head": ["machine", "grade", *facts, "calibration kernel", "made"], "rows": rows}


def prediction_tables(merged):
    """Per model and per question: right of told, before and after where there are both."""
    share = lambda right, of: f"{right} of {of} ({100 * right / of:.0f}\u00a0%)" if of else "–"
    files = [f for f in predictions.FILES if f in merged.models]
    models = sorted({m for f in files for m in merged.models[f]}, key=lambda m: (look.MODELS.index(m) if m in look.MODELS else 9, m))
    head = ["model"] + [h for f in files for h in (f"{predictions.FILES[f]} right", "thought too fast", "thought too slow")]
    rows = [[m] + [t for f in files for t in (lambda c: (share(c[1], c[0]), str(c[2]), str(c[3])))(merged.models[f].get(m, [0, 0, 0, 0]))] for m in models]
    asked = sorted({q for f in files for q in merged.questions.get(f, {})})
    by_question = [[f"question {q}"] + [share(*reversed(merged.questions[f].get(q, [0, 0]))) for f in files] for q in asked]
    return ({"head": head, "rows": rows}, {"head": ["question"] + [f"{predictions.FILES[f]} right" for f in files], "rows": by_question}) if files else None


def troubles(klass):
    """[(what, machines)]: refusals and failures, the same ones together."""
    found = {}
    for host in klass.hosts:
        for place, name, entry in host.troubles:
            found.setdefault((entry["status"], machines.title(place), name, entry.get("reason") or "no reason given"), []).append(host.alias)
    return [(f"{status}: {where}, {name}: {reason}", who) for (status, where, name, reason), who in sorted(found.items())]


def draw(klass, folder):
    """Each machine's ratio of a model to the base of its row, one mark a machine; hollow: it stands apart."""
    plt = look.setup()
    lines = []
    for place, base, rows in machines.ranking(klass):
        lines.append((machines.title(place), base))
        lines += [(place, base, row) for row in sorted(rows, key=lambda r: results.median(r[2]))]
    height = 1.7 + 0.24 * max(1, len(lines))
    fig, ax = plt.subplots(figsize=(7.4, height))
    fig.subplots_adjust(left=0.24, right=0.9, top=1 - 0.82 / height, bottom=0.85 / height)
    look.heading(fig, "Does the order of the models hold on every machine?", "Time as a multiple of the base's on the same machine; a mark a machine; bar: the class's median.\n"
                 "Left of 1: faster than the base. Hollow: a machine that stands apart.")
    ax.axvline(1, color=look.GREY, linewidth=0.8)
    jitter = random.Random(1)
    spoken = []
    for y, line in enumerate(lines):
        if len(line) == 2:
            ax.text(-0.30, y, f"{line[0]} (base: {line[1]})", transform=ax.get_yaxis_transform(), va="center", fontsize=9, fontweight="bold",
                    bbox={"facecolor": "#ffffff", "edgecolor": "none", "pad": 1.0}, zorder=3)
            continue
        place, base, (name, runtime, ratios, faster, slower, same) = line
        hosts = [h for h in klass.hosts if (place, name) in h.cells and (place, base) in h.cells]
        for host, value in zip(hosts, ratios):
            ax.plot([value], [y + jitter.uniform(-0.22, 0.22)], linestyle="none", marker=look.marker(runtime), markersize=4.5, color=look.color(runtime),
                    markerfacecolor="#ffffff" if host.apart else look.color(runtime), alpha=0.8)
        middle = results.median(ratios)
        ax.plot([middle, middle], [y - 0.36, y + 0.36], color=look.INK, linewidth=1.6)
        ax.text(1.01, y, look.factor(middle), transform=ax.get_yaxis_transform(), va="center", fontsize=9)
        spoken.append(f"{machines.title(place)}, {name}: {look.factor(middle)} {base} ({look.factor(min(ratios))} to {look.factor(max(ratios))})")
    names = [(y, line[2][0]) for y, line in enumerate(lines) if len(line) == 3]
    ax.set_yticks([y for y, _ in names], [n for _, n in names])
    ax.set_ylim(len(lines) - 0.4, -0.6)
    ax.grid(axis="y", visible=False)
    ax.set_xscale("log")
    ax.xaxis.set_major_formatter(lambda v, _: f"{v:g}×")
    ax.minorticks_off()
    synthetic = any(h.run.manifest.get("synthetic") for h in klass.hosts)
    look.footer(fig, [f"{len(klass.hosts)} machines" + (" · SYNTHETIC DATA, NOT MEASURED" if synthetic else "")])
    look.save(fig, folder, "ranking", "Does the order of the models hold on every machine?", "; ".join(spoken) + ".")


def write_csv(klass, folder):
    with open(folder / "merged.csv", "w", newline="", encoding="utf-8") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow("machine,apart,workload,label,placement,workers,entry,median_ns,calibration_factor,normalised_ns,factor_to_class,outside".split(","))
        for host in klass.hosts:
            for (place, name), entry in host.cells.items():
                speed, factor = klass.speed.get(host), klass.factor(host, (place, name))
                out.writerow([host.alias, int(host.apart), *place[:3], host.blocks[place]["workers"], name, f"{entry['median']:.6g}",
                              f"{speed:.6g}" if speed and klass.normalised else "", f"{entry['median'] / speed:.6g}" if speed and klass.normalised else "",
                              f"{factor:.6g}" if factor else "", int((place, name) in host.outside)])


def below(line, folders):
    """Names within the folders that were given: where these are is nobody's business on the page."""
    for folder in folders:
        line = line.replace(folder, "")
    return line


def write(merged, folder):
    klass = merged.klass
    folder.mkdir(parents=True, exist_ok=True)
    draw(klass, folder)
    write_csv(klass, folder)
    drawings = svg.Page([])
    picture = drawings.inline(folder / "ranking.svg")
    page = report.render("merge.html.j2", css=(look.HERE / "report.css").read_text(), glyphs=drawings.defs(), answer=answer(merged), apart=apart_rows(klass), copies=merged.copies,
                         refused=[below(line, merged.above) for line in merged.refused], grid=grid(klass), picture=picture, rankings=[ranking_table(*r) for r in machines.ranking(klass)], predictions=prediction_tables(merged),
                         troubles=troubles(klass), absolutes=[absolute_table(klass, p) for p in klass.places], cards=cards(klass), klass=klass,
                         kernel=look.duration(klass.calibration) if klass.normalised else "", count=len(merged.hosts),
                         synthetic=any(h.run.manifest.get("synthetic") for h in klass.hosts))
    return report.put(folder / "report.html", page)


def main(arguments):
    parser = packs.Parser(prog="fiveways merge", description="One page of a class's runs: machines by alias, each normalised by its calibration kernel, those that stand "
                          "apart with what their machine cards say, copies, predictions.")
    parser.add_argument("paths", metavar="DIR", nargs="+", help="packs, result folders, folders of them, or a zip of packs")
    parser.add_argument("--out", metavar="DIR", required=True, help="where report.html, its chart and merged.csv go")
    given = parser.parse_args(arguments)
    try:
        merged = Merged(given.paths)
        for line in merged.refused:
            packs.fail("merge", line)
        if not merged.hosts:
            return 1
        charts.need("matplotlib", "jinja2")
        path = write(merged, pathlib.Path(given.out))
    except (results.Damaged, results.Refused, SystemExit) as error:
        return packs.fail("merge", error)
    except OSError as error:
        return packs.fail("merge", f"cannot write {error.filename}: {error.strerror}")
    print("\n".join(answer(merged)))
    print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

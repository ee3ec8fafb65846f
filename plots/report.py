"""report.py DIR: writes DIR/report.html from the result files and the charts of charts.py: one file, nothing loaded
from elsewhere, the same bytes for the same folder. All of it can be read with scripts off; report.js adds sorting,
hiding models and another reference. Next: compared.py (tables of factors), svg.py (charts in a page), which.py.
Exit status 1 with one line when the folder is damaged or a tool is missing."""
import json
import os
import pathlib
import re
import shlex
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import cells  # noqa: E402
import charts  # noqa: E402
import compared  # noqa: E402
import look  # noqa: E402
import overview  # noqa: E402
import results  # noqa: E402
import svg  # noqa: E402
import which  # noqa: E402
import words  # noqa: E402

FALLBACK_NOTICE = ["Compare the intervals before the medians: where they overlap, the order means nothing.",
                   "Compare the placements: a hand-off on one CPU and one between two are different operations."]
FALLBACK_CHANGE = ["The profile: --profile standard gives twelve rounds, enough for 102 pairs without the word exploratory: a workload or two.",
                   "The placement (--placement scatter) or the number of workers (--workers 1)."]


def charts_of(run):
    """The charts of index.json."""
    path = run.folder / "charts" / "index.json"
    if not path.exists():
        raise results.Damaged(f"{path}: missing: expected the list of charts: run charts.py {run.folder} first")
    listed = results.read_json(path).get("charts")
    if not isinstance(listed, list):
        raise results.Damaged(f'{path}: line 1: expected "charts": an array')
    for number, chart in enumerate(listed):
        results.need(f"{path}: charts[{number}]", chart, {"name": str, "kind": str, "title": str})
    return listed


def load_charts(run, page):
    """The charts of index.json, each with its SVG made fit to stand in the page."""
    listed = charts_of(run)
    for chart in listed:
        if chart.get("drawn"):
            chart["svg"] = page.inline(run.folder / "charts" / f"{chart['name']}.svg")
    return listed


def runtimes(run):
    """Every runtime that has a trial or an entry, in the fixed order."""
    names = overview.columns(run)
    return names + sorted({r["runtime"] for r in run.rows} - set(names))


def toggles(run):
    """[(class, what it hides)]: the models of this run; runtimes that share a look are one."""
    names = runtimes(run)
    found = [(name, name) for name in names if look.known(name) != "other"]
    others = [name for name in names if look.known(name) == "other"]
    return found + ([("other", ", ".join(others))] if others else [])


def class_of(run, text):
    """The class of a table's row or column that is headed by a runtime, a variant or a cell's name; '' = nobody's."""
    for name in sorted(runtimes(run), key=len, reverse=True):
        if text == name or text.startswith((name + "-", name + " ", name + ":")):
            return f"m-{look.known(name)}"
    return ""


def problems(run):
    """Every failure and refusal, once each, with the number of trials."""
    found = {}
    for block in run.blocks:
        unmeasured = [results.name_of(e) for e in block["entries"] if e["status"] == "not run"]
        if unmeasured:
            found["not run", f"{overview.label(block)}, {', '.join(unmeasured)}", "the run ended before"] = set()
        for entry in block["entries"]:
            if entry["status"] not in ("ok", "not run"):
                key = (entry["status"], f"{overview.label(block)}, {results.name_of(entry)}", entry.get("reason") or "no reason given")
                found.setdefault(key, set())
    headline = {(e["runtime"], e.get("variant", "")) for b in run.blocks for e in b["entries"] if e.get("headline", True)}
    for row in run.rows:
        if row["status"] not in ("ok", "skipped"):
            name = row["runtime"] if (row["runtime"], row["variant"]) in headline else results.entry_name(row["runtime"], row["variant"])
            block = next((b for b in run.blocks if b["workload"] == row["workload"] and b["workers"] == row["workers"]
                          and b.get("params", "") == row["params"] and b["placement"] == row["placement"]), None)
            where = overview.label(block) if block else f"{row['workload']} · {row['workers']} workers · {row['params']}"
            key = (row["status"], f"{where}, {name}", row["reason"] or "no reason given")
            found.setdefault(key, set()).add(row["trial_id"])
    order = sorted(found, key=lambda k: (k[0] != "failed", k))
    return [{"status": s, "where": w, "reason": r.rstrip("."), "trials": len(found[s, w, r])} for s, w, r in order]


def dropped(run):
    """What was left out, a line each; points of one axis that were left out for one reason share a line."""
    lines = []
    for line in map(str, run.manifest.get("dropped") or []):
        found = re.fullmatch(r"(.*, point) '\S+ (\S+)'(: .*)", line)
        if found and lines and lines[-1][0] == found.group(1, 3):
            lines[-1][1].append(found.group(2))
        else:
            lines.append((found.group(1, 3), [found.group(2)]) if found else ((line, ""), []))
    return [f"{head}{'s' * (len(at) > 1)}{' ' * bool(at)}{', '.join(at)}{why}" for (head, why), at in lines]


def trial_counts(run):
    seen = {}
    for row in run.rows:
        if row["role"] != "pilot" or row["status"] != "ok":
            seen[row["trial_id"]] = (row["status"], row["tainted"])
    count = lambda status: sum(1 for s, _ in seen.values() if s == status)
    tainted = sum(1 for _, t in seen.values() if t)
    cured = results.first(run.manifest, "counts.cured", default=0)
    return (f"{len(seen)} trials: {count('ok')} valid, {count('refused')} refused, {count('failed')} failed; "
            f"{tainted} tainted by other work on the machine" + (f", of which {cured} were cured by running again." if cured else "."))


def machine_card(run):
    """What the manifest knows, in its own words; [(name, text)]."""
    get = lambda *paths: results.first(run.manifest, *paths)
    clock = get("clock")
    rows = [("CPU", run.machine.cpu), ("Allowed CPUs", get("allowed_cpus", "machine.allowed_cpus")), ("CPU quota", get("machine.quota", "machine.cpu_quota")),
            ("Virtual machine", get("machine.virtualisation", "machine.virtualization", "machine.vm", "machine.hypervisor")),
            ("Container", get("machine.container")), ("Governor", get("machine.governor")), ("Turbo", get("machine.turbo")), ("SMT", get("machine.smt")),
            ("Kernel", get("kernel")), ("C library", get("libc")), ("Compiler", get("build.compiler")), ("Flags", get("build.flags")),
            ("Clock", f"a time stamp costs {clock['cost_ns']:.1f} ns" if isinstance(clock, dict) and "cost_ns" in clock else clock),
            ("Source", source(run)), ("Seed", get("seed")), ("A/A noise", words.noise(run) or "not measured"),
            ("Made", get("utc")), ("Took", f"{get('seconds'):.0f} s" if isinstance(get("seconds"), (int, float)) else None)]
    return [(name, readable(value)) for name, value in rows if value not in (None, "", [], {})]


def source(run):
    dirty = results.first(run.manifest, "git.dirty", default=False)
    return f"{run.machine.sha}{' with local changes' if dirty else ''}" if run.machine.sha else None


def readable(value):
    if isinstance(value, dict):
        return ", ".join(f"{str(k).replace('_', ' ')} {readable(v)}" for k, v in value.items())
    if isinstance(value, list):
        return ", ".join(readable(v) for v in value)
    return {True: "yes", False: "no"}.get(value, str(value)) if isinstance(value, bool) else str(value)


def scope(run):
    """(valid for, not valid for) in one sentence each."""
    given = [results.first(run.manifest, k, f"machine.{k}") for k in ("valid_for", "not_for")]
    cpus = f"{run.machine.cpus} CPU{'s' if run.machine.cpus != 1 else ''}" if run.machine.cpus else "these CPUs"
    valid = given[0] or f"comparing these runners with each other on this machine, with {cpus} and the parameters shown."
    invalid = given[1] or (f"anything about more than {cpus}, about other machines, or about differences smaller than "
                           f"the A/A noise{' of ' + words.noise(run) if words.noise(run) else ', which was not measured'}.")
    return readable(valid), readable(invalid)


def command(run, workload):
    """The command of this run, narrowed to one workload; where its results went is its own affair."""
    argv, kept, skip = run.manifest.get("argv"), [], False
    for word in map(str, argv if isinstance(argv, list) else []):
        left_out = skip or word.partition("=")[0] in ("--workload", "--out", "--no-charts")
        skip = not skip and word in ("--workload", "--out")
        if not left_out:
            kept.append(word)
    if len(kept) < 2 or kept[1] != "run":
        kept = ["fiveways", "run", "--profile", run.profile]
    kept[0] = "fiveways"
    seed = run.manifest.get("seed")
    if seed not in (None, "") and not any(k.startswith("--seed") for k in kept):
        kept += ["--seed", str(seed)]
    return " ".join(shlex.quote(k) for k in kept + ["--workload", workload])


def sections(run):
    found = []
    for name in run.workloads():
        about, notice, change = cells.readme(name)
        blocks = [{"id": b["id"], "label": overview.label(b), "sentences": words.verdict_sentences(b) + words.limited(b), "small": words.small_print(b),
                   "table": compared.entry_table(run, b)} for b in run.blocks if b["workload"] == name]
        found.append({"name": name, "about": about, "blocks": blocks, "notice": notice or FALLBACK_NOTICE,
                      "change": change or FALLBACK_CHANGE, "command": command(run, name), "cells": cells.side_by_side(name)})
    return found


def embedded(value):
    """JSON that can stand in a script element."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")


def render(template, **values):
    """A page of this folder, without spaces at the ends of lines."""
    import jinja2

    environment = jinja2.Environment(loader=jinja2.FileSystemLoader(str(look.HERE)), autoescape=True, undefined=jinja2.ChainableUndefined)
    text = environment.get_template(template).render(**values)
    return "\n".join(line.rstrip() for line in text.splitlines()) + "\n"


def put(path, text):
    """Writes a file whole or not at all."""
    part = path.with_name(path.name + ".part")
    part.write_text(text, encoding="utf-8")
    os.replace(part, path)
    return path


def write(run):
    valid, invalid = scope(run)
    drawings = svg.Page(runtimes(run))
    drawn = load_charts(run, drawings)
    page = render(
        "report.html.j2", run=run, machine=run.machine, css=(look.HERE / "report.css").read_text(), js=(look.HERE / "report.js").read_text(),
        answer=words.answer(run), card=machine_card(run), valid_for=valid, not_for=invalid, problems=problems(run),
        dropped=dropped(run), trials=trial_counts(run), charts=drawn, glyphs=drawings.defs(),
        overview=compared.overview_table(run), references=compared.references(run), data=embedded(compared.data(run)), toggles=toggles(run),
        known=look.known, class_of=lambda text: class_of(run, text), which=which.ask(run), sections=sections(run))
    return put(run.folder / "report.html", page)


def main(arguments):
    if len(arguments) != 1 or arguments[0].startswith("-"):
        print("usage: report.py DIR      (a result folder that charts.py has drawn)", file=sys.stderr)
        return 0 if arguments and arguments[0] in ("-h", "--help") else 2
    try:
        run = results.Run(arguments[0])
        charts.need("jinja2")
        print(f"report: {write(run)}")
    except (results.Damaged, results.Refused, SystemExit) as error:
        print(f"report: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"report: cannot write {error.filename}: {error.strerror}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

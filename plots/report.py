"""report.py DIR: writes DIR/report.html from the result files and the charts of charts.py:
one file, no script, nothing loaded from elsewhere, the same bytes for the same folder.
Exit status 1 with one line when the folder is damaged or a tool is missing."""
import os
import pathlib
import re
import shlex
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import cells  # noqa: E402
import charts  # noqa: E402
import look  # noqa: E402
import overview  # noqa: E402
import results  # noqa: E402
import words  # noqa: E402

FALLBACK_NOTICE = ["Compare the intervals before the medians: where they overlap, the order means nothing.",
                   "Compare the placements: a hand-off on one CPU and one between two are different operations."]
FALLBACK_CHANGE = ["The profile: --profile standard gives twelve rounds, enough for verdicts that are not exploratory.",
                   "The placement (--placement scatter) or the number of workers (--workers 1)."]


def load_charts(run):
    """The charts of index.json, each with its SVG made safe to put beside others."""
    path = run.folder / "charts" / "index.json"
    if not path.exists():
        raise results.Damaged(f"{path}: missing: expected the list of charts: run charts.py {run.folder} first")
    listed = results.read_json(path).get("charts")
    if not isinstance(listed, list):
        raise results.Damaged(f'{path}: line 1: expected "charts": an array')
    for number, chart in enumerate(listed):
        results.need(f"{path}: charts[{number}]", chart, {"name": str, "kind": str, "title": str})
        if chart.get("drawn"):
            chart["svg"] = inline(run.folder / "charts" / f"{chart['name']}.svg", f"c{number}-")
    return listed


def inline(path, prefix):
    """An SVG without prologue, with its ids made unique by a prefix."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise results.Damaged(f"{path}: cannot be read: {error}")
    start = text.find("<svg")
    if start < 0 or not text.rstrip().endswith("</svg>"):
        raise results.Damaged(f"{path}: line 1: not a whole SVG: run charts.py again")
    text = text[start:].rstrip()
    text = re.sub(r'\bid="([^"]+)"', lambda m: f'id="{prefix}{m.group(1)}"', text)
    text = re.sub(r"\bid='([^']+)'", lambda m: f"id='{prefix}{m.group(1)}'", text)
    text = re.sub(r'((?:xlink:)?href=["\'])#', rf"\g<1>#{prefix}", text)
    text = re.sub(r"url\(#", f"url(#{prefix}", text)
    text = re.sub(r"<script\b.*?</script>|<script\b[^>]*/>", "", text, flags=re.S)
    return re.sub(r"<svg\b[^>]*>", sized, text, count=1)


def sized(match):
    """The outer element scales with the page: its size stays as the viewBox alone."""
    head = match.group(0)
    if "viewBox" not in head:
        size = [re.search(rf'\b{side}="([\d.]+)', head) for side in ("width", "height")]
        if all(size):
            head = head.replace("<svg", f'<svg viewBox="0 0 {size[0].group(1)} {size[1].group(1)}"', 1)
    return re.sub(r'\s(?:width|height)="[^"]*"', "", head)


def problems(run):
    """Every failure and refusal, once each, with the number of trials."""
    found = {}
    for block in run.blocks:
        for entry in block["entries"]:
            if entry["status"] != "ok":
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


def overview_table(run):
    names = overview.columns(run)
    rows = [[overview.label(block)] + [overview.text_of(found[n]).replace("\n", " ") for n in names] for block, _, found in overview.grid(run)]
    return {"head": ["workload"] + names, "rows": rows, "links": [block["workload"] for block in run.blocks]}


def entry_table(run, block):
    entries = sorted(block["entries"], key=lambda e: e.get("median", 0) if e["status"] == "ok" else float("inf"))
    rows = []
    for e in entries:
        ok = e["status"] == "ok"
        rows.append([results.name_of(e), look.duration(e["median"]) if ok else e["status"],
                     f"{look.duration(e['low'])} – {look.duration(e['high'])}" if ok else "",
                     f"{100 * e['level']:.1f} %" if ok and isinstance(e.get("level"), (int, float)) else "",
                     f"{look.rate(1e9 / e['median']).strip()}/s" if ok and e["median"] and not run.held(block["workload"]) else "", str(e.get("n", "")), str(e.get("tainted", 0))])
    return {"head": ["runtime", run.time_name(block["workload"], block.get("op", "operation")), "interval", "level", "throughput", "rounds", "tainted"], "rows": rows}


def command(run, workload):
    """The command of this run, narrowed to one workload."""
    argv, kept, skip = run.manifest.get("argv"), [], False
    for word in argv if isinstance(argv, list) else []:
        word = str(word)
        if skip or word.startswith("--workload=") or word == "--workload":
            skip = word == "--workload" and not skip
            continue
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
        blocks = [{"id": b["id"], "label": overview.label(b), "sentences": words.verdict_sentences(b), "small": words.small_print(b),
                   "table": entry_table(run, b)} for b in run.blocks if b["workload"] == name]
        found.append({"name": name, "about": about, "blocks": blocks, "notice": notice or FALLBACK_NOTICE,
                      "change": change or FALLBACK_CHANGE, "command": command(run, name), "cells": cells.side_by_side(name)})
    return found


def write(run):
    import jinja2

    valid, invalid = scope(run)
    environment = jinja2.Environment(loader=jinja2.FileSystemLoader(str(look.HERE)), autoescape=True, undefined=jinja2.ChainableUndefined)
    page = environment.get_template("report.html.j2").render(
        run=run, machine=run.machine, css=(look.HERE / "report.css").read_text(), answer=words.answer(run), card=machine_card(run), valid_for=valid, not_for=invalid,
        problems=problems(run), dropped=run.manifest.get("dropped") or [], trials=trial_counts(run), charts=load_charts(run), overview=overview_table(run), sections=sections(run))
    page = "\n".join(line.rstrip() for line in page.splitlines()) + "\n"
    path = run.folder / "report.html"
    part = run.folder / "report.html.part"
    part.write_text(page, encoding="utf-8")
    os.replace(part, path)
    return path


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

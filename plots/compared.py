"""The report's tables of factors: every entry of a block set beside the row's best model, and beside each runtime that a
reader may pick instead. All of it is worked out here; the page's script only shows another part of it."""
import math

import look
import overview
import results

BEST = "best"  # the reference that a page starts with


def base_of(block, reference):
    """The entry that a row's factors refer to; None: the row has no such valid entry."""
    heads = [e for e in results.entries(block, headline=True) if e["status"] == "ok"]
    if reference == BEST:
        models = [e for e in heads if e.get("kind", "model") == "model"] or heads
        return min(models, key=lambda e: e["median"]) if models else None
    return next((e for e in heads if e["runtime"] == reference), None)


def shown(said):
    """What a cell shows: {kind, lines, value, shade, less}; value is what it sorts by, None: nothing."""
    made = {"kind": said["kind"].replace(" ", "-"), "lines": [said["word"]], "value": said.get("factor"), "shade": 0, "less": False}
    if said["kind"] in ("none", "refused", "failed", "not run"):
        return made
    lines = [look.duration(said["median"]) if said["kind"] == "best" else look.factor(said["factor"])]
    if said["low"] and said["high"]:
        lines.append(f"{look.ratio(said['low'])}–{look.ratio(said['high'])}")
    if said["kind"] == "separated":
        made["shade"] = round(0.12 + 0.5 * min(1.0, abs(math.log10(max(said["factor"], 1e-3))) / 2), 2)
        made["less"] = said["word"] == "faster"
    return dict(made, lines=lines + [said["word"]])


def without(block, reference, entry):
    """A cell of a row that has no such reference: the time alone, and why."""
    if entry["status"] != "ok":
        return shown(overview.cell(block, entry, entry))
    there = next((e for e in results.entries(block, headline=True) if e["runtime"] == reference), None)
    why = f"{reference} {there['status']}" if there else f"no {reference} here" if reference != BEST else "no verdict"
    return {"kind": "unknown", "lines": [look.duration(entry["median"]), why], "value": None, "shade": 0, "less": False}


def block_cells(block, reference):
    """{entry's name: cell} of one block."""
    base = base_of(block, reference)
    found = {}
    for entry in block["entries"]:
        said = overview.cell(block, entry, base) if base else None
        if said and entry is base and reference != BEST:
            said["word"] = "reference"
        found[results.name_of(entry)] = shown(said) if said else without(block, reference, entry)
    return found


def references(run):
    """What can be picked: the row's best, or a runtime that some block has a valid figure of."""
    valid = {e["runtime"] for b in run.blocks for e in results.entries(b, headline=True) if e["status"] == "ok"}
    return [BEST] + [name for name in overview.columns(run) if name in valid]


def data(run):
    """{reference: {block: {entry: [kind, lines, value, shade, less]}}} for the page's script."""
    packed = lambda c: [c["kind"], c["lines"], None if c["value"] is None else float(f"{c['value']:.5g}"), c["shade"], int(c["less"])]
    return {reference: {b["id"]: {name: packed(c) for name, c in block_cells(b, reference).items()} for b in run.blocks}
            for reference in references(run)}


def overview_table(run):
    names, rows = overview.columns(run), []
    for block in run.blocks:
        cells, by_name = block_cells(block, BEST), {e["runtime"]: results.name_of(e) for e in results.entries(block, headline=True)}
        rows.append({"block": block["id"], "label": overview.label(block),
                     "cells": [{"model": name, "entry": by_name.get(name), **cells[by_name[name]]} if name in by_name else
                               {"model": name, "entry": None, "kind": "none", "lines": ["no cell"], "value": None, "shade": 0, "less": False}
                               for name in names]})
    return {"names": names, "rows": rows}


DOUBTS = ("tainted", "outliers", "drifting")


def count(n):
    return "0" if n == 0 else "under 0.001" if n < 0.001 else f"{n:.2g}" if n < 1 else look.three(n)


def per_operation(run, where, *metrics):
    """{(runtime, variant): median over the trials of these metrics' sum / the trial's operations}, for who counts them all."""
    sums, of = {}, {}
    for metric in metrics:
        for r in run.values(metric, **where):
            sums.setdefault(r["trial_id"], []).append(r["value"])
    for r in run.values("ops", **where):
        if len(sums.get(r["trial_id"], ())) == len(metrics) and r["value"] > 0:
            of.setdefault((r["runtime"], r["variant"]), []).append(sum(sums[r["trial_id"]]) / r["value"])
    return {key: results.median(values) for key, values in of.items()}


def entry_table(run, block):
    """A row an entry: median, interval, how it compares, throughput, what an operation took of CPUs and kernel, rounds, and which
    trials are doubtful."""
    entries = sorted(block["entries"], key=lambda e: e["median"] if e["status"] == "ok" else float("inf"))
    cells, held, rows = block_cells(block, BEST), run.held(block["workload"]), []
    where = {"roles": ("measure",), "workload": block["workload"], "workers": block["workers"], "placement": block["placement"], "params": block.get("params", "")}
    cpu = {}
    for r in run.values("cpu_per_op", **where):
        cpu.setdefault((r["runtime"], r["variant"]), []).append(r["value"])
    entered, idle = per_operation(run, where, "futex", "syscalls"), per_operation(run, where, "idle_while_runnable")
    for e in entries:
        ok, name = e["status"] == "ok", results.name_of(e)
        spent = results.median(cpu[e["runtime"], e["variant"]]) if ok and (e["runtime"], e["variant"]) in cpu else None
        level = f" at {100 * e['level']:.1f} %" if ok and isinstance(e.get("level"), (int, float)) else ""
        rows.append({"model": e["runtime"], "entry": name, "compared": cells[name], "texts": [
            (look.duration(e["median"]) if ok else e["status"], e["median"] if ok else None),
            ("" if not ok else f"{look.duration(e['low'])} – {look.duration(e['high'])}{level}" if e.get("n", 2) > 1 else "one round", e["low"] if ok else None),
            (f"{look.rate(1e9 / e['median']).strip()}/s" if ok and e["median"] and not held else "", 1e9 / e["median"] if ok and e["median"] and not held else None),
            ("" if spent is None else look.duration(spent), spent),
            *((speak(told[e["runtime"], e["variant"]]), told[e["runtime"], e["variant"]]) if ok and (e["runtime"], e["variant"]) in told else ("", None)
              for told, speak in ((entered, count), (idle, look.duration))),
            (str(e.get("n", "")), e.get("n")),
            (", ".join(str(e.get(k, 0)) for k in DOUBTS), sum(e.get(k, 0) for k in DOUBTS))]})
    heads = [run.time_name(block["workload"], block.get("op", "operation")), "interval of the median", "throughput", "CPU time (all CPUs)", "kernel entries", "idle while runnable", "rounds", ", ".join(DOUBTS)]
    return {"heads": heads, "rows": rows}

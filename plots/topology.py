"""Chart 7, the topology and the placements: hwloc's own picture (lstopo) of the result folder's topology.xml, in which every CPU shows the
models that ran on it, in their colours, as the trials read it back from the kernel. A placement that was not applied is not drawn."""
import json
import pathlib
import re
import shutil
import subprocess
import tempfile
import xml.etree.ElementTree as tree

import look
import results

HALVES = (("svg", ["--fontsize", "12", "--gridsize", "8"]), ("png", ["--fontsize", "22", "--gridsize", "14", "--thickness", "2"]))


class NoLstopo(Exception):
    """lstopo is missing or failed: one line for the user."""


def read(run):
    """{(placement, workers): {runtime: ({cpu}, applied)}} of the bound trials that were measured."""
    path, found = run.folder / "trials.ndjson", {}
    if not (run.folder / "topology.xml").exists() or not path.exists():
        return found
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise results.Damaged(f"{path}: cannot be read: {error}")
    for number, line in enumerate(lines, 1):
        try:
            trial = json.loads(line)
            if trial.get("role") != "measure" or trial.get("status") != "ok":
                continue
            for worker in (trial.get("result") or {}).get("placement") or []:
                if worker["asked"]:
                    cpus, applied = found.setdefault((trial["placement"], trial["workers"]), {}).setdefault(trial["runtime"], (set(), [True]))
                    cpus.update(worker["got"])
                    applied[0] &= sorted(worker["asked"]) == sorted(worker["got"])
        except (ValueError, KeyError, TypeError, AttributeError):
            raise results.Damaged(f"{path}: line {number}: not a trial, or cut short: expected one JSON object with its placement")
    return {where: {m: (models[m][0], models[m][1][0]) for m in in_order(models)} for where, models in sorted(found.items())}


def in_order(models):
    return sorted(models, key=lambda m: (look.MODELS.index(m) if m in look.MODELS else len(look.MODELS), m))


def marked(path, models):
    """hwloc's XML with a box for each model in each CPU that it ran on."""
    try:
        root = tree.parse(path)
    except (OSError, tree.ParseError) as error:
        raise results.Damaged(f"{path}: not hwloc's XML: {error}")
    units = {o.get("os_index"): o for o in root.iter("object") if o.get("type") == "PU" and (o.get("os_index") or "").isdecimal()}
    for index, unit in units.items():
        here = [m for m in in_order(models) if int(index) in models[m][0]]
        style = "Background=#ffffff" if here else "Background=#eeeeee;Text=#666666"
        tree.SubElement(unit, "info", name="lstopoStyle", value=style)
        for model in here:
            box = tree.SubElement(unit, "object", type="Misc", name=model)
            tree.SubElement(box, "info", name="lstopoStyle", value=f"Background={look.color(model)};Text={ink(look.color(model))}")
    return root


def doubts(run):
    """A line where a hypervisor tells what the machine looks like."""
    value = results.first(run.manifest, "machine.virtualisation", default="none")
    return [] if str(value).startswith(("none", "not available")) else [f"As a hypervisor describes it ({value}): caches and siblings may be others."]


def ink(color):
    """Black or white, whichever is read better on it."""
    parts = [int(color[i:i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = [p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return "#000000" if 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.18 else "#ffffff"


def lstopo(source, target, options, legend):
    tool = shutil.which("lstopo")
    if not tool:
        raise NoLstopo("lstopo is missing: the picture of the topology needs it: apt-get install hwloc")
    command = [tool, "--input", str(source), "--no-io", "--no-default-legend", "--physical", "--force", *options]
    for line in legend:
        command += ["--append-legend", line]
    done = subprocess.run([*command, str(target)], capture_output=True, text=True)
    if done.returncode or not target.exists():
        raise NoLstopo(f"lstopo failed: {(done.stderr.strip().splitlines() or ['no message'])[0]}")


def draw(run, folder, where, models):
    placement, workers = where
    name = f"topology-{re.sub(r'[^a-z0-9-]', '', placement)}-{workers}w"
    title = f"Where the models ran: placement {placement}, {workers} worker{'s' if workers != 1 else ''}"
    info = {"name": name, "kind": "topology", "workload": "", "title": title}
    wrong = sorted(m for m, (_, applied) in models.items() if not applied)
    table = {"head": ["runtime", "CPUs, as read back"], "rows": [[m, ", ".join(map(str, sorted(cpus)))] for m, (cpus, _) in models.items()]}
    if wrong:
        return dict(info, drawn=False, why=f"Not drawn: the placement was not applied to {', '.join(wrong)}.", table=table)
    said = " ".join(f"{m}: CPU{'s' if len(cpus) != 1 else ''} {', '.join(map(str, sorted(cpus)))}." for m, (cpus, _) in models.items())
    with tempfile.TemporaryDirectory() as scratch:
        source = pathlib.Path(scratch) / "topology.xml"
        marked(run.folder / "topology.xml", models).write(source, encoding="utf-8", xml_declaration=True)
        try:
            for ending, options in HALVES:
                lstopo(source, folder / f"{name}.{ending}", options, [title, *doubts(run), *run.footer(placement)])
        except NoLstopo as error:
            return dict(info, drawn=False, why=f"Not drawn: {error}.", table=table)
    look.caption_svg(folder / f"{name}.svg", title, said)
    return dict(info, description=said, drawn=True, table=table)

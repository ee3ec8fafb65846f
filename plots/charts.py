"""charts.py DIR: draws every chart of a result folder into DIR/charts as SVG and PNG, and
writes charts/index.json, which names each chart or says why it wasn't drawn.
Exit status 1 with one line when the folder is damaged or a tool is missing."""
import json
import pathlib
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import results  # noqa: E402


def need(*modules):
    """Imports what the charts need; one line that names the package and the command if it isn't there."""
    for module in modules:
        try:
            __import__(module)
        except ImportError:
            raise SystemExit(f"{module} is missing for {sys.executable}: install it with: apt-get install python3-{module}")


def draw_all(run):
    import axes
    import channels
    import core_to_core
    import crossover
    import gnu
    import ladder
    import lateness
    import loads
    import metg
    import overview
    import percentiles
    import price
    import spread
    import sweeps
    import timeline
    import topology
    import trials

    folder = run.folder / "charts"
    folder.mkdir(exist_ok=True)
    sweeps.note_headlines(run)
    charts, missing, instrumented = [], "", channels.read(run)
    if run.blocks:
        charts.extend(overview.draw(run, folder))
    for block in run.blocks:
        if any(r["mode"] in ("steady", "hold") for r in run.rows if r["workload"] == block["workload"]):
            try:
                charts.append(percentiles.draw(run, folder, block))
            except gnu.NoGnuplot as error:
                missing = str(error)
                charts.append({"name": f"{block['id']}-percentiles", "kind": "percentiles", "workload": block["workload"],
                               "block": block["id"], "title": "percentile curve", "drawn": False, "why": missing})
        try:
            charts += lateness.draw(run, folder, block)
        except gnu.NoGnuplot as error:
            missing = str(error)
        charts.append(trials.draw(run, folder, block))
        if spread.wanted(block):
            charts.append(spread.draw(run, folder, block))
        for (where, runtime, variant), told in instrumented.items():
            if where == block["id"]:
                charts.append(channels.draw(run, folder, block, runtime, variant, told))
    for chart in (core_to_core, ladder):  # of files that a command puts beside the run's
        told = chart.read(run)
        try:
            if told:
                charts.append(chart.draw(run, folder, told))
        except gnu.NoGnuplot as error:
            missing = str(error)
    trace = timeline.read(run)
    if trace:
        info = timeline.draw(trace, folder)
        charts.append(info if info["workload"] in run.workloads() else dict(info, workload=""))
    for where, models in topology.read(run).items():
        charts.append(topology.draw(run, folder, where, models))
    charts.append(price.draw(run, folder))
    crossed = crossover.draw(run, folder)
    charts += [crossed] if crossed else []
    counts = {}
    for group in sweeps.size_groups(run):
        charts.append(sweeps.draw_sizes(run, folder, *group, numbered(counts, f"{group[0]}-size-{group[1]}w")))
    for group in sweeps.worker_groups(run):
        charts.append(sweeps.draw_workers(run, folder, *group, numbered(counts, f"{group[0]}-workers")))
    for group in axes.groups(run):
        charts.append(axes.draw(run, folder, *group, numbered(counts, f"{group[0]}-{group[3]}-{group[1]}w")))
    for group in loads.groups(run):
        charts.append(loads.draw(run, folder, *group, numbered(counts, f"{group[0]}-{group[3]}-{group[1]}w")))
    for group in metg.groups(run):
        charts.append(metg.draw(run, folder, *group, numbered(counts, f"{group[0]}-metg-{group[1]}w")))
    keep(folder, charts)
    return charts, missing


def numbered(counts, name):
    counts[name] = counts.get(name, 0) + 1
    return name if counts[name] == 1 else f"{name}-{counts[name]}"


def keep(folder, charts):
    """Writes the index, and removes what an earlier call drew and this one did not."""
    index = folder / "index.json"
    names = {c["name"] for c in charts if c["drawn"]}
    if index.exists():
        try:
            old = [c["name"] for c in json.loads(index.read_text())["charts"] if c["drawn"]]
        except (ValueError, KeyError, TypeError):
            old = []
        for name in set(old) - names:
            for ending in ("svg", "png", "gp"):
                (folder / f"{name}.{ending}").unlink(missing_ok=True)
    index.write_text(json.dumps({"schema": 1, "charts": charts}, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def main(arguments):
    if len(arguments) != 1 or arguments[0].startswith("-"):
        print("usage: charts.py DIR      (a result folder, such as results/latest)", file=sys.stderr)
        return 0 if arguments and arguments[0] in ("-h", "--help") else 2
    try:
        run = results.Run(arguments[0])
        need("matplotlib")
        charts, missing = draw_all(run)
    except (results.Damaged, results.Refused) as error:
        print(f"charts: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"charts: cannot write {error.filename}: {error.strerror}", file=sys.stderr)
        return 1
    except SystemExit as error:
        print(f"charts: {error}", file=sys.stderr)
        return 1
    drawn = sum(c["drawn"] for c in charts)
    print(f"{drawn} charts in {run.folder / 'charts'}")
    if missing:
        print(f"charts: {missing}", file=sys.stderr)
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

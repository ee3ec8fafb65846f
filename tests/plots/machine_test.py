"""The charts about the machine and the code: drawn from made-up files whose answers are known, absent without them, and one clear
line for a damaged file."""
import json
import re
import shutil
import subprocess
import unittest

import support

import core_to_core as pairs
import ladder
import lateness
import price
import results
import timeline
import topology


def index(folder):
    return json.loads((folder / "charts" / "index.json").read_text())["charts"]


class Machine(support.Folder):
    """Charts are drawn one by one, in this process: a whole charts.py takes seconds. Everything, below, calls it once."""

    def chart(self, folder, module):
        run = results.Run(folder)
        return module.draw(run, folder / "charts", module.read(run))

    def damaged(self, folder, module, *words):
        with self.assertRaises(results.Damaged) as caught:
            module.read(results.Run(folder))
        for word in words:
            self.assertIn(word, str(caught.exception))

    def whole(self, folder, name):
        """The chart's files are all there, speak to a screen reader and name no path."""
        svg = (folder / "charts" / f"{name}.svg").read_text()
        self.assertEqual(len(re.findall(r"<title>[^<]+</title>\s*<desc>[^<]+</desc>", svg)), 1)
        self.assertNotRegex(svg, r"file://|/tmp|/home")
        self.assertEqual((folder / "charts" / f"{name}.png").read_bytes()[:4], b"\x89PNG")
        return svg

    def drawn_again_by_a_student(self, folder, name):
        png = folder / "charts" / f"{name}.png"
        before = png.read_bytes()
        png.unlink()
        subprocess.run(["gnuplot", f"{name}.gp"], cwd=folder / "charts", check=True, capture_output=True)
        self.assertEqual(png.read_bytes(), before)


def core_to_core(n, **changes):
    """n CPUs, two a core, four an L3, eight a package; nearer is faster."""
    cpus = [{"cpu": i, "core": i // 2, "l3": i // 4, "numa": i // 8, "package": i // 8} for i in range(n)]
    far = lambda a, b: next((t for t, key in ((8, "core"), (30, "l3"), (90, "package")) if a[key] == b[key]), 200)
    pairs = [{"a": a["cpu"], "b": b["cpu"], "median": far(a, b), "low": far(a, b) - 1, "high": far(a, b) + 1, "level": 0.95}
             for i, a in enumerate(cpus) for b in cpus[i + 1:]]
    return {"schema": 1, "unit": "ns", "batches": 51, "trips": 200, "doubts": "", "cpus": cpus, "pairs": pairs, **changes}


class CoreToCore(Machine):
    def put(self, told, name="run"):
        folder = self.make(name, axis=False)
        (folder / "core-to-core.json").write_text(json.dumps(told))
        return folder

    def test_neighbours_and_strangers_are_told_and_drawn_in_order(self):
        folder, again = self.put(core_to_core(16)), self.put(core_to_core(16), "again")
        made = self.chart(folder, pairs)
        self.assertIn("Least: 8.00 ns, between CPUs 0 and 1 (interval 7.00 ns to 9.00 ns). Greatest: 200 ns", made["description"])
        self.assertEqual(len(made["table"]["rows"]), 33)  # 120 pairs: the least, the greatest, and a row for the others
        self.assertEqual(pairs.borders(core_to_core(16)["cpus"]), [(3.5, 1), (7.5, 2), (11.5, 1)])
        self.whole(folder, "core-to-core")
        self.chart(again, pairs)
        for ending in ("svg", "png", "gp"):
            self.assertEqual(*((f / "charts" / f"core-to-core.{ending}").read_bytes() for f in (folder, again)))
        self.drawn_again_by_a_student(folder, "core-to-core")

    def test_two_and_forty_cpus_are_drawn_too(self):
        for n in (2, 40):
            self.assertTrue(self.chart(self.put(core_to_core(n), str(n)), pairs)["drawn"])

    def test_a_topology_that_is_not_trustworthy_is_not_drawn(self):
        folder = self.put(core_to_core(4, doubts="a hypervisor describes it"))
        made = self.chart(folder, pairs)
        self.assertFalse(made["drawn"])
        self.assertIn("not trustworthy here: a hypervisor describes it", made["why"])
        self.assertFalse((folder / "charts" / "core-to-core.svg").exists())

    def test_damage_is_named(self):
        for name, told, words in (("pair", core_to_core(4, pairs=core_to_core(4)["pairs"][1:]), ("pairs", "each two of 4 CPUs")),
                                  ("unit", core_to_core(4, unit=None), ("unit", "text")), ("newer", core_to_core(4, schema=2), ("schema 2 is newer",)),
                                  ("cpus", core_to_core(4, cpus=[{"cpu": 0}]), ("cpus[0]", "core"))):
            self.damaged(self.put(told, name), pairs, "core-to-core.json", *words)


def ladder_of(*rungs):
    return {"schema": 1, "unit": "ns", "cpu": 0, "rungs": [{"name": f"a/{i}", "what": what, "who": who, "median": ns, "low": ns * 0.9, "high": ns * 1.2, "level": 0.97,
                                                             "n": 6, "bytes": size} for i, (what, who, ns, size) in enumerate(rungs)]}


LADDER = ladder_of(("process: fork and wait", "processes", 1.9e6, 0), ("load from the L1 cache", "machine", 1.25, 24576), ("system call", "kernel", 250.0, 0))


class Ladder(Machine):
    def put(self, told, name="run"):
        folder = self.make(name, axis=False)
        (folder / "ladder.json").write_text(json.dumps(told))
        return folder

    def test_the_least_is_lowest_and_the_others_are_told_by_it(self):
        folder = self.put(LADDER)
        made = self.chart(folder, ladder)
        self.assertTrue(made["description"].startswith("From 1.25 ns (load from the L1 cache) to 1.90 ms (process: fork and wait): 6.2 powers of ten."))
        self.assertEqual([row[0] for row in made["table"]["rows"]], ["load from the L1 cache (24 KiB)", "system call", "process: fork and wait"])
        self.assertEqual([row[3] for row in made["table"]["rows"]], ["1", "200", "1,520,000"])
        self.assertEqual([ladder.times_of(f) for f in (2.41, 76.4, 24756, 1520000)], ["2.4×", "76×", "24,800×", "1.5 million×"])
        self.whole(folder, "ladder")
        self.drawn_again_by_a_student(folder, "ladder")

    def test_damage_is_named(self):
        broken = ladder_of(("a load", "machine", 1.0, 0))
        broken["rungs"][0]["low"] = 2.0
        for name, told, words in (("order", broken, ("rungs[0]", "low <= median")), ("none", ladder_of(), ("empty",)), ("kind", dict(LADDER, cpu="0"), ("cpu", "whole number"))):
            self.damaged(self.put(told, name), ladder, "ladder.json", *words)


class Price(Machine):
    SOURCE = """/* if (this) counts, it's wrong: "for" */
#include "fw.h"
/* -- unit -- */
static async_fn(client)
{
    if (a && b || c) // while
        puts("if ? : \\" for");
    for (;;) x = atomic_load_explicit(&y, memory_order_acquire) ? 1 : 2;
}
/* -- launch -- */
"""

    def test_what_is_counted_is_code_and_neither_comment_nor_text(self):
        self.assertEqual(price.count(self.SOURCE), {"lines": 7, "branches": 5, "orderings": 1, "coloured": 1})

    def test_cells_come_from_the_tree_and_the_headline_is_the_whole_one(self):
        folder = self.base / "workloads" / "w"
        folder.mkdir(parents=True)
        (folder / "threads.c").write_text("/* over threads-cv.c */\n")
        for name in ("threads-cv", "green"):
            (folder / f"{name}.c").write_text(self.SOURCE)
        found = price.read(self.base)
        self.assertEqual({w: list(models) for w, models in found.items()}, {"w": ["threads", "green"]})
        self.assertEqual(found["w"]["threads"]["branches"], 5)
        self.assertEqual(price.timeouts(self.base), {})

    def test_every_model_has_a_patch_that_adds_a_timeout_and_compiles(self):
        self.assertEqual(sorted(price.timeouts()), sorted(price.look.MODELS[1:]))
        tree = self.base / "tree"
        for model, lines in price.timeouts().items():
            patch = price.ROOT / price.TIMEOUTS / f"{model}.patch"
            self.assertGreater(lines, 0)
            cell = re.search(r"^\+\+\+ b/(\S+)", patch.read_text(), re.M).group(1)
            (tree / cell).parent.mkdir(parents=True, exist_ok=True)
            (tree / cell).write_text((price.ROOT / cell).read_text())
            subprocess.run(["git", "apply", "--unsafe-paths", f"--directory={tree}", str(patch)], cwd="/", check=True, capture_output=True)
            self.assertIn("_until(", (tree / cell).read_text())
            done = subprocess.run(["cc", "-std=c11", "-D_GNU_SOURCE", "-Wall", "-Werror", "-fsyntax-only", *(f"-I{price.ROOT / d}" for d in ("harness", "runtimes", "workloads/pingpong")),
                                   str(tree / cell)], capture_output=True, text=True)
            self.assertEqual(done.returncode, 0, done.stderr)

    def test_the_chart_counts_this_tree(self):
        run = results.Run(self.make(axis=False))
        made = price.draw(run, run.folder / "charts")
        self.assertIn("stackless: median", made["description"])
        self.assertGreater(len(made["table"]["rows"]), 10)
        self.whole(run.folder, "price")


class Lateness(Machine):
    def put(self, text, name="b1-green.csv", run="run"):
        folder = self.make(run, axis=False)
        (folder / "hist" / name).write_text(text)
        tidy = folder / "tidy.csv"
        tidy.write_text(tidy.read_text().replace(",steady,", ",hold,"))
        return results.Run(folder)

    HIST = "low_ns,high_ns,count\n1000,1999,700\n2000,2999,299\n900000,950000,1\n"

    def test_one_late_wake_is_seen_and_named(self):
        run = self.put(self.HIST)
        made, = lateness.draw(run, run.folder / "charts", run.blocks[0])
        self.assertEqual(made["table"]["rows"], [["green", "1.50 µs", "2.50 µs", "950 µs", "1,000"]])
        self.assertEqual(lateness.draw(run, run.folder / "charts", run.blocks[2]), [])
        bins = lateness.binned(lateness.read_hist(run.folder / "hist" / "b1-green.csv"), 969000 / lateness.BINS)
        self.assertEqual((bins[0], sum(bins), bins[int(925000 / (969000 / lateness.BINS))]), (999, 1000, 1))
        self.whole(run.folder, "b1-lateness")
        self.drawn_again_by_a_student(run.folder, "b1-lateness")

    def test_other_times_that_are_watched_have_a_chart_of_their_own(self):
        run = self.put(self.HIST, "b3-threads.lag.csv")
        made, = lateness.draw(run, run.folder / "charts", run.blocks[2])
        self.assertEqual((made["name"], made["table"]["rows"][0][0]), ("b3-lag", "threads"))

    def test_damage_is_named(self):
        for number, (text, words) in enumerate((("", ("line 1",)), ("low_ns,high_ns,count\n", ("no samples",)), (self.HIST + "1,2\n", ("line 5", "three whole numbers")),
                                                (self.HIST + "5,4,1\n", ("line 5", "low <= high")))):
            run = self.put(text, run=str(number))
            with self.assertRaises(results.Damaged) as caught:
                lateness.draw(run, run.folder / "charts", run.blocks[0])
            for word in ("b1-green.csv", *words):
                self.assertIn(word, str(caught.exception))


def trace(n, workers=False, **changes):
    """n turns of two units that take turns on two cores; of workers also when the second one's OS thread has the core."""
    pid, track = (2, 2001) if workers else (1, 1)
    events = [{"ph": "M", "pid": pid, "tid": track + i, "name": "thread_name", "args": {"name": f"{'worker' if workers else 'CPU'} {i}"}} for i in (0, 1)]
    events += [{"ph": "X", "pid": pid, "tid": track + i % 2, "ts": 10 * i, "dur": 9, "name": f"unit {i % 2}", "args": {"then": "blocked"}} for i in range(n)]
    if workers:
        events.append({"ph": "X", "pid": 1, "tid": 2, "ts": 0, "dur": 14, "name": "worker 1", "args": {"then": "runnable"}})
    return {"schema": 1, "otherData": {"workload": "pingpong", "runtime": "threads", "end_us": 10 * n, "alias": "here", **changes}, "traceEvents": events}


class Timeline(Machine):
    def put(self, told, name="run"):
        folder = self.make(name, axis=False)
        (folder / "trace.json").write_text(json.dumps(told))
        (folder / "charts").mkdir(exist_ok=True)
        return folder

    def test_an_excerpt_of_a_long_trace_is_drawn_and_said(self):
        folder = self.put(trace(5000))
        made = timeline.draw(timeline.read(results.Run(folder)), folder / "charts")
        self.assertRegex(made["title"], r"^pingpong, threads: \d+ turns of 2 units in ")
        drawn = int(re.search(r"(\d+) turns in a row of 5,000", made["description"]).group(1))
        self.assertTrue(timeline.LEAST <= drawn <= timeline.MOST, drawn)
        self.assertEqual(sum(int(row[1]) for row in made["table"]["rows"]), drawn)
        self.whole(folder, "timeline")
        again = self.put(trace(5000), "again")
        timeline.draw(timeline.read(results.Run(again)), again / "charts")
        self.assertEqual(*((f / "charts" / "timeline.svg").read_bytes() for f in (folder, again)))

    def test_what_is_white_is_white_in_the_trace(self):
        """Two cores whose turns overlap: each begins before the other core's has ended."""
        told = trace(0)
        told["traceEvents"] += [{"ph": "X", "pid": 1, "tid": 1 + i % 2, "ts": 10 * i, "dur": 19 + 100 * (i % 7 == 0), "name": f"unit {i % 3}"} for i in range(5000)]
        whole = timeline.read(results.Run(self.put(told)))
        turns, begin, end = timeline.excerpt(whole)
        self.assertEqual([t for t in whole.turns if t.begin < end and t.end > begin and t not in turns], [])
        self.assertTrue(any(t.begin < begin for t in turns) and begin < end <= max(t.end for t in turns))

    def test_a_turn_is_split_where_the_worker_had_no_cpu(self):
        told = timeline.read(results.Run(self.put(trace(2, workers=True))))
        self.assertEqual([told.off(t) for t in told.turns], [[], [(14, 19)]])
        self.assertEqual([name for _, name in told.lanes(told.turns)], ["worker 0", "worker 1"])

    def test_damage_is_named(self):
        good = trace(3)
        for number, (told, words) in enumerate(((dict(good, otherData={}), ("otherData", "workload")), (dict(good, traceEvents=[]), ("no unit",)),
                                                (dict(good, traceEvents=[{"ph": "X", "pid": 1, "name": "x"}]), ("traceEvents[0]", "tid")), ({"schema": 2}, ("schema 2",)))):
            self.damaged(self.put(told, f"run{number}"), timeline, "trace.json", *words)


XML = """<?xml version="1.0"?><!DOCTYPE topology SYSTEM "hwloc2.dtd"><topology version="2.0"><object type="Machine" os_index="0" cpuset="0x3" complete_cpuset="0x3"
allowed_cpuset="0x3" nodeset="0x1" complete_nodeset="0x1" allowed_nodeset="0x1" gp_index="1"><object type="NUMANode" os_index="0" cpuset="0x3" complete_cpuset="0x3" nodeset="0x1"
complete_nodeset="0x1" gp_index="2" local_memory="1073741824"/><object type="PU" os_index="0" cpuset="0x1" complete_cpuset="0x1" nodeset="0x1" complete_nodeset="0x1" gp_index="3"/>
<object type="PU" os_index="1" cpuset="0x2" complete_cpuset="0x2" nodeset="0x1" complete_nodeset="0x1" gp_index="4"/></object></topology>"""


def trial_on(runtime, asked, got, **changes):
    return {"role": "measure", "status": "ok", "placement": "compact", "workers": len(asked), "runtime": runtime, "block": "b1", "variant": "",
            "result": {"placement": [{"worker": i, "asked": [a], "got": g} for i, (a, g) in enumerate(zip(asked, got))]}, **changes}


class Topology(Machine):
    def put(self, *trials, name="run"):
        folder = self.make(name, axis=False)
        (folder / "topology.xml").write_text(XML)
        (folder / "trials.ndjson").write_text("".join(json.dumps(t) + "\n" for t in trials))
        return results.Run(folder)

    def test_each_cpu_shows_the_models_that_ran_on_it(self):
        run = self.put(trial_on("green", [0], [[0]]), trial_on("threads", [0, 1], [[0], [1]]), trial_on("green", [0, 1], [[0], [1]]), trial_on("green", [1], [[1]], role="pilot"),
                       trial_on("channels", [1], [[1]], status="failed"))
        self.assertEqual(topology.read(run), {("compact", 1): {"green": ({0}, True)}, ("compact", 2): {"threads": ({0, 1}, True), "green": ({0, 1}, True)}})
        root = topology.marked(run.folder / "topology.xml", {"threads": ({0, 1}, True), "green": ({1}, True)})
        boxes = {o.get("os_index"): [(m.get("name"), m.find("info").get("value")[:18]) for m in o.iter("object") if m.get("type") == "Misc"] for o in root.iter("object") if o.get("type") == "PU"}
        self.assertEqual(boxes, {"0": [("threads", "Background=#d55e00")], "1": [("threads", "Background=#d55e00"), ("green", "Background=#cc79a7")]})

    @unittest.skipUnless(shutil.which("lstopo"), "no lstopo")
    def test_lstopo_draws_it_the_same_twice(self):
        bytes_of = []
        for name in ("one", "two"):
            run = self.put(trial_on("green", [1], [[1]]), name=name)
            made = topology.draw(run, run.folder / "charts", ("compact", 1), topology.read(run)["compact", 1])
            self.assertEqual((made["drawn"], made["description"]), (True, "green: CPU 1."))
            self.whole(run.folder, "topology-compact-1w")
            bytes_of.append([(run.folder / "charts" / f"topology-compact-1w.{e}").read_bytes() for e in ("svg", "png")])
        self.assertEqual(*bytes_of)

    def test_a_placement_that_was_not_applied_is_not_drawn(self):
        run = self.put(trial_on("threads", [0], [[0, 1]]), trial_on("green", [0], [[0]]))
        made = topology.draw(run, run.folder / "charts", ("compact", 1), topology.read(run)["compact", 1])
        self.assertEqual((made["drawn"], made["why"]), (False, "Not drawn: the placement was not applied to threads."))

    def test_damage_is_named(self):
        run = self.put(trial_on("threads", [0], [[0]]))
        (run.folder / "topology.xml").write_text(XML[:200])
        with self.assertRaisesRegex(results.Damaged, "topology.xml: not hwloc's XML"):
            topology.draw(run, run.folder / "charts", ("compact", 1), topology.read(run)["compact", 1])
        (run.folder / "trials.ndjson").write_text('{"role":"measure","status":"ok","result":{"placement":[{}]}}\n')
        with self.assertRaisesRegex(results.Damaged, "trials.ndjson: line 1"):
            topology.read(run)


class Everything(Machine):
    def test_charts_and_report_hold_them_all(self):
        folder = self.make(axis=False)
        (folder / "core-to-core.json").write_text(json.dumps(core_to_core(4)))
        (folder / "ladder.json").write_text(json.dumps(LADDER))
        drawn = {c["kind"] for c in index(self.drawn(folder)) if c["drawn"]}
        self.assertLessEqual({"core-to-core", "ladder", "price"}, drawn)
        self.assertEqual(support.run("report.py", folder).returncode, 0)
        self.assertIn('id="chart-core-to-core"', (folder / "report.html").read_text())


if __name__ == "__main__":
    support.main()

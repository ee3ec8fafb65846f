"""The charts about the machine and the code: drawn from made-up files whose answers are known, absent without them, and one clear
line for a damaged file."""
import json
import re
import subprocess
import unittest

import support

import core_to_core as pairs
import results


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


class Everything(Machine):
    def test_charts_and_report_hold_them_all(self):
        folder = self.make(axis=False)
        (folder / "core-to-core.json").write_text(json.dumps(core_to_core(4)))
        drawn = {c["kind"] for c in index(self.drawn(folder)) if c["drawn"]}
        self.assertLessEqual({"core-to-core"}, drawn)
        self.assertEqual(support.run("report.py", folder).returncode, 0)
        self.assertIn('id="chart-core-to-core"', (folder / "report.html").read_text())


if __name__ == "__main__":
    support.main()

"""Two runs compared: no difference between equal ones, planted ones found, agreement with Google Benchmark's compare.py
on the same files, and a reason where two runs don't belong together."""
import csv
import json
import pathlib
import re
import subprocess
import sys
import unittest

import support

COMPARE_PY = pathlib.Path("/usr/share/benchmark/compare.py")  # Debian's libbenchmark-tools
SPEED = {"calibration": {"kernel": "mix64-chain", "steps": 131072, "n": 31, "ns": 5e5, "low": 4.9e5, "high": 5.1e5}}


class Compare(support.Folder):
    def compare(self, one, two, *more):
        return support.inside("compare", one, two, "--out", self.base / "out", *more)

    def tell(self, one, two):
        """The comparison without its chart, and its table's text."""
        import compare
        import packs

        told = compare.Comparison(packs.open_run(one), packs.open_run(two))
        return told, "\n".join(compare.table(told))

    def refuses(self, one, two, *words):
        import results

        with self.assertRaises(results.Refused) as caught:
            self.tell(one, two)
        for word in words:
            self.assertIn(word, str(caught.exception))

    def rows(self):
        with open(self.base / "out" / "compare.csv", newline="", encoding="utf-8") as file:
            return list(csv.DictReader(file))

    def both(self, **second):
        return self.make("one", rounds=12, axis=False, hgrm=False), self.make("two", rounds=12, axis=False, hgrm=False, **{"seed": 8, **second})

    def test_the_test_is_that_of_mann_and_whitney(self):
        import compare

        try:
            from scipy.stats import mannwhitneyu
        except ImportError:
            self.skipTest("needs scipy")
        for n, m in ((2, 2), (4, 6), (7, 5), (6, 6)):
            sums = compare.mann_whitney(n, m)
            self.assertEqual(len(sums), n * m + 1)
            self.assertAlmostEqual(sums[-1], 1)
            for u in range(n * m + 1):  # samples that reach U = u: what is lower in b comes from the back
                a, b, left = list(range(0, 1000 * n, 1000)), [], u
                for _ in range(m):
                    below = min(n, left)
                    left -= below
                    b.append(1000 * below - 500 + len(b))
                p = mannwhitneyu(a, b, alternative="greater", method="exact").pvalue
                self.assertAlmostEqual(sums[u], p, places=12)

    def test_the_interval_is_that_of_the_ratios(self):
        import compare

        a, b = [100, 101, 99, 102], [150, 151, 149, 153]
        middle, low, high, level = compare.ratio(a, b, 0.99)
        self.assertAlmostEqual(level, 1 - 2 / 70)  # four against four can't reach more
        self.assertAlmostEqual(low, 149 / 102)
        self.assertAlmostEqual(high, 153 / 99)
        self.assertTrue(1.48 < middle < 1.52)
        turned = compare.ratio(b, a, 0.99)
        self.assertAlmostEqual(turned[0] * middle, 1)
        self.assertAlmostEqual(turned[1] * high, 1)

    def test_equal_runs_have_no_difference(self):
        import compare
        import results

        cells = apart = 0
        for seed in range(8):
            one, two = (results.Run(self.make(f"{seed}{name}", rounds=12, axis=False, hgrm=False, seed=2 * seed + i)) for i, name in enumerate("ab"))
            told = compare.Comparison(one, two)
            cells += len(told.cells)
            apart += told.count("faster") + told.count("slower")
        self.assertEqual(cells, 8 * 22)
        self.assertLessEqual(apart, 0.05 * cells)

    def test_planted_slowdowns_are_found_and_fail(self):
        one, two = self.both(scale={("b1", "green"): 1.15, ("b3", "threads"): 1.15, ("b3", "seq"): 0.8})
        done = self.compare(one, two, "--fail-on-regression", "5")
        self.assertEqual(done.returncode, 1, done.stderr)
        named = done.stderr.splitlines()
        self.assertEqual([re.search(r"regression: (\w+).*, (\w+):", line).groups() for line in named], [("pingpong", "green"), ("wordcount", "threads")])
        apart = {(r["workload"], r["entry"], r["verdict"]) for r in self.rows() if r["verdict"] not in ("not separated", "")}
        self.assertEqual(apart, {("pingpong", "green", "slower"), ("wordcount", "threads", "slower"), ("wordcount", "seq", "faster")})
        self.assertIn("2 slower, 1 faster, 19 not separated", done.stdout)
        self.assertEqual(self.tell(one, two)[0].regressions(40), [])
        self.assertEqual([c["name"] for c in self.tell(two, one)[0].regressions(5)], ["seq"])
        self.assertEqual(self.compare(one, two, "--fail-on-regression", "40").returncode, 0)

    def test_every_figure_is_that_of_tidy_csv(self):
        import pandas

        one, two = self.both()
        self.assertEqual(self.compare(one, two).returncode, 0)
        frames = [pandas.read_csv(f / "tidy.csv", keep_default_na=False, float_precision="round_trip") for f in (one, two)]
        for row in self.rows():
            runtime, _, variant = row["entry"].partition("-")
            samples = []
            for frame in frames:
                here = frame[(frame.metric == "time_per_op") & (frame.role == "measure") & (frame.workload == row["workload"]) & (frame.runtime == runtime)
                             & (frame.workers == int(row["workers_a"]))]
                samples.append(here[here.variant == (variant or here.variant.iloc[0])].value.astype(float))
            for values, told in zip(samples, ("median_a_ns", "median_b_ns")):
                self.assertAlmostEqual(float(row[told]) / values.median(), 1, places=5)
            ratios = pandas.Series([b / a for a in samples[0] for b in samples[1]])
            self.assertAlmostEqual(float(row["ratio"]) / ratios.median(), 1, places=3)
            self.assertTrue(ratios.min() <= float(row["low"]) <= float(row["ratio"]) <= float(row["high"]) <= ratios.max())

    def test_google_benchmarks_compare_agrees(self):
        if not COMPARE_PY.exists():
            self.skipTest("needs compare.py of libbenchmark-tools")
        one, two = self.both(scale={("b1", "green"): 1.15, ("b3", "threads"): 0.85, ("b2", "threads"): 1.3})
        dump = self.base / "gbench-diff.json"
        done = subprocess.run([sys.executable, COMPARE_PY, "-d", dump, "benchmarks", one / "gbench.json", two / "gbench.json"], capture_output=True, text=True)
        if "scipy" in done.stderr:
            self.skipTest("needs scipy")
        self.assertEqual(done.returncode, 0, done.stderr)
        theirs = {e["name"]: e for e in json.loads(dump.read_text())}
        self.assertEqual(self.compare(one, two).returncode, 0)
        found = set()
        for row in self.rows():
            runtime, _, variant = row["entry"].partition("-")
            name = f"{row['workload']}/runtime:{runtime}/{row['params'].replace('=', ':')}/workers:{row['workers_a']}" + (f"/variant:{variant}" if variant else "")
            p = theirs[name]["utest"]["time_pvalue"]
            change = sorted(m["time"] for m in theirs[name]["measurements"])
            if row["verdict"] == "not separated":  # the same test: what it can't reject at our level, they don't either
                self.assertGreater(p, 1 - float(row["wanted_level"]), name)
            else:
                self.assertLess(p, 0.001, name)
                self.assertEqual(row["verdict"], "slower" if change[len(change) // 2] > 0 else "faster", name)
                found.add(name)
            self.assertLess(abs(float(row["ratio"]) - 1 - change[len(change) // 2]), 0.05)
        self.assertEqual(len(found), 3)

    def test_it_draws_the_same_bytes_twice(self):
        one, two = self.both()
        files = []
        for _ in range(2):
            self.assertEqual(self.compare(one, two).returncode, 0)
            files.append([(self.base / "out" / f"compare.{ending}").read_bytes() for ending in ("svg", "png", "csv")])
        self.assertEqual(*files)
        self.assertEqual(files[0][1][:4], b"\x89PNG")
        self.assertRegex(files[0][0].decode(), r"<title>Two runs compared</title>\s*<desc>22 cells: 22 not separated \(B against A\)\.")

    def test_odd_runs_are_told_truly(self):
        few = [self.make(f"few{s}", rounds=3, axis=False, hgrm=False, seed=s, scale={"green": 1 + s}) for s in (0, 1)]
        text = self.tell(*few)[1]
        self.assertIn("22 not separated", text)  # twofold, but of three rounds
        self.assertIn("Exploratory: so few rounds reach 90.00 %", text)
        once = self.make("once", rounds=1, axis=False)
        self.assertEqual(self.compare(once, once).returncode, 0)
        self.assertRegex(self.tell(once, once)[1], r"1\.000   none +not separated")
        single = self.make("single", models=("green",), axis=False, hgrm=False)
        self.assertIn("no cell in A", self.tell(single, few[0])[1])
        lost = self.make("lost", failed=("threads",), refused=("green",), axis=False, hgrm=False)
        done = self.compare(few[0], lost, "--fail-on-regression", "500")
        self.assertEqual(done.returncode, 1)
        self.assertIn("threads: failed in B: receipt: units: expected exactly 2, got 1", done.stderr)
        self.assertIn("green: refused in B: mmap", done.stderr)
        self.assertEqual(self.tell(lost, few[0])[0].regressions(500), [])
        none = self.make("none", failed=tuple(support.make_results.MODELS), axis=False, hgrm=False)
        self.assertEqual(self.compare(none, none).returncode, 0)
        self.assertIn("22 without a comparison", self.tell(none, none)[1])

    def test_a_machine_that_moved_tells_less(self):
        slow = {"calibration": dict(SPEED["calibration"], ns=6e5), "topology_hash": "t"}
        one = self.make("one", rounds=12, axis=False, hgrm=False, manifest=dict(SPEED, topology_hash="t"))
        two = self.make("two", rounds=12, axis=False, hgrm=False, seed=8, scale={"green": 1.15}, manifest=slow)
        other = self.make("other", rounds=12, axis=False, hgrm=False, seed=8, scale={"green": 1.15}, manifest=dict(slow, topology_hash="u"))
        text = self.tell(one, two)[1]
        self.assertIn("Calibration kernel: B takes 1.20× the time of A, so differences below that are not told", text)
        self.assertIn("22 cells: 22 not separated", text)
        text = self.tell(one, other)[1]
        self.assertIn("Two machines", text)
        self.assertIn("3 slower", text)

    def test_what_does_not_belong_together_is_refused_with_the_reason(self):
        one = self.make("one", axis=False, hgrm=False)
        larger = self.make("larger", axis=False, hgrm=False, settings={"b1": {"size": "128"}})
        self.one_line(self.compare(one, larger), "larger: pingpong (both ends on one CPU): size is 128", "one it is 64", "don't belong together")
        self.refuses(self.make("b1", axis=False, blocks=("b1",)), self.make("b3", axis=False, blocks=("b3",)), "no block in common", "wordcount against pingpong")
        watched = self.make("watched", channels=(support.make_results.told(support.make_results.PIPELINE),), axis=False)
        self.refuses(one, watched, "watched: instrumented (channels)")
        self.refuses(watched, one, "watched: instrumented (channels)")
        self.refuses(one, self.make("asan", manifest={"build": {"sanitizers": "address"}}), "asan", "address sanitizer")
        self.assertIn("Only in A: pingpong: each end on its own CPU", self.tell(one, self.make("part", axis=False, blocks=("b1", "b3")))[1])

    def test_a_wrong_command_is_one_line(self):
        one = self.make("one", axis=False)
        self.one_line(support.run("compare.py", one), "fiveways: compare", "B", status=2)
        self.one_line(self.compare(one, one, "--fail-on-regression", "much"), "expected percent", "much", status=2)
        self.one_line(self.compare(one, one, "--fail-on-regression=-1"), "expected percent", "-1", status=2)


if __name__ == "__main__":
    support.main()

"""`fiveways run` as its users call it: files, equal work, other programs that read the results, and every wrong word."""
import csv
import glob
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

from program import MODELS, call

COMPARE = pathlib.Path("/usr/share/benchmark/compare.py")  # Debian's libbenchmark-tools


class Smoke(unittest.TestCase):
    """One smoke run of the core set, looked at from all sides."""

    @classmethod
    def setUpClass(cls):
        cls.dir = pathlib.Path(tempfile.mkdtemp(prefix="fiveways-run-"))
        cls.done = call("run", "--profile", "smoke", "--seed", "7", "--out", cls.dir, "--alias", "tester", "--no-charts")
        cls.folder = pathlib.Path(cls.done.stdout.splitlines()[-1])
        cls.trials = [json.loads(line) for line in (cls.folder / "trials.ndjson").read_text().splitlines()]
        cls.verdicts = json.loads((cls.folder / "verdicts.json").read_text())

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.dir)

    def test_it_ends_well_and_its_last_line_is_the_folder(self):
        self.assertEqual(self.done.returncode, 0, self.done.stdout + self.done.stderr)
        self.assertEqual((self.dir / "latest").resolve(), self.folder.resolve())
        self.assertRegex(self.folder.name, r"^\d{8}T\d{6}Z-tester-")

    def test_it_shows_plan_progress_rows_table_and_words(self):
        for words in ("plan: ", "1/2 pingpong", "What this says", "Do not conclude", "A/A noise", "trials valid"):
            self.assertIn(words, self.done.stdout)
        self.assertIn("s left", self.done.stderr)

    def test_every_file_of_the_contract_is_there(self):
        for name in ("manifest.json", "schedule.csv", "trials.ndjson", "tidy.csv", "gbench.json", "verdicts.json", "topology.xml"):
            self.assertTrue((self.folder / name).stat().st_size > 0, name)
        self.assertTrue(list(self.folder.glob("hist/*.csv")) and list(self.folder.glob("hgrm/*.hgrm")))
        self.assertEqual(list(self.folder.glob("**/*.part")), [])

    def test_all_models_have_points_for_every_workload_of_the_core_set(self):
        rows = list(csv.DictReader((self.folder / "tidy.csv").read_text().splitlines()))
        for workload in ("pingpong", "wordcount", "spawn", "mpmc", "mandelbrot", "c10k", "blocking"):
            have = {r["runtime"] for r in rows if r["workload"] == workload and r["metric"] == "time_per_op" and r["role"] == "measure"}
            self.assertLessEqual(MODELS, have)
        self.assertEqual({t["status"] for t in self.trials if t["kind"] != "reference"}, {"ok"}, [t["reason"] for t in self.trials if t["status"] != "ok"])

    def test_every_way_did_the_same_work(self):
        sums = {}
        for t in self.trials:
            if t["workload"] == "wordcount" and t["role"] == "measure":
                r = t["result"]["receipt"]
                repeats = t["result"]["repeats_total"]
                sums.setdefault((t["block"], t["seed"]), set()).add((r["ops"] // repeats, int(r["checksum"]) * pow(repeats, -1, 1 << 64) % (1 << 64) if repeats % 2 else None))
        self.assertTrue(all(len({s for s in seen if s[1] is not None}) <= 1 for seen in sums.values()), sums)

    def test_orders_and_twins_follow_the_plan(self):
        rows = list(csv.DictReader((self.folder / "schedule.csv").read_text().splitlines()))
        self.assertEqual(len(rows), len([t for t in self.trials if t["role"] != "pilot" and not t["retry_of"]]))
        for block in {r["block"] for r in rows}:
            for number in {r["round"] for r in rows}:
                here = [r for r in rows if r["block"] == block and r["round"] == number]
                self.assertEqual(len([r for r in here if r["role"] == "twin"]), 1)
                entries = [(r["runtime"], r["variant"]) for r in here if r["role"] == "measure"]
                self.assertEqual(len(entries), len(set(entries)))

    def test_the_same_seed_makes_the_same_schedule(self):
        again = call("run", "--profile", "smoke", "--seed", "7", "--out", self.dir / "again", "--no-charts", "--workload", "pingpong", "--runtime", "green,threads")
        third = call("run", "--profile", "smoke", "--seed", "7", "--out", self.dir / "third", "--no-charts", "--workload", "pingpong", "--runtime", "green,threads")
        texts = [pathlib.Path(r.stdout.splitlines()[-1], "schedule.csv").read_text() for r in (again, third)]
        self.assertEqual(*texts)

    def test_names_of_the_machine_and_its_owner_stay_out(self):
        text = "".join(p.read_text() for p in self.folder.glob("*.*") if p.is_file())
        for secret in {os.uname().nodename, os.path.expanduser("~")} - {"/", "/root", "localhost"}:
            if len(secret) > 3:
                self.assertNotIn(secret, text)

    def test_google_benchmarks_compare_reads_the_file(self):
        if not COMPARE.exists():
            self.skipTest("needs compare.py of libbenchmark-tools")
        file = self.folder / "gbench.json"
        python = next((p for p in ("/usr/bin/python3", sys.executable) if subprocess.run([p, "-c", "import scipy"], capture_output=True).returncode == 0), None)
        if not python:
            self.skipTest("needs a python3 with scipy")
        whole = subprocess.run([python, COMPARE, "benchmarks", file, file], text=True, capture_output=True)
        self.assertEqual(whole.returncode, 0, whole.stderr)
        self.assertIn("pingpong/runtime:green", whole.stdout)
        part = subprocess.run([python, COMPARE, "benchmarksfiltered", file, "pingpong/runtime:green/.*workers:1$", file, "pingpong/runtime:threads/.*workers:1$"],
                              text=True, capture_output=True)
        self.assertEqual(part.returncode, 0, part.stderr)
        self.assertRegex(part.stdout, r"\[pingpong/runtime:green/.* vs\. pingpong/runtime:threads/")

    def test_a_run_compared_with_itself_has_no_difference(self):
        done = call("compare", self.folder, self.folder, "--fail-on-regression", "0", "--out", self.dir / "compared")
        if "no python3 with matplotlib" in done.stderr:
            self.skipTest("needs matplotlib")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertRegex(done.stdout, r"\d+ cells: \d+ not separated")
        self.assertTrue((self.dir / "compared" / "compare.svg").exists())
        self.assertGreater(json.loads((self.folder / "manifest.json").read_text())["calibration"]["ns"], 0)
        self.assertTrue(all(b["settings"] for b in self.verdicts["blocks"]))

    def test_hgrm_is_what_the_hdrhistogram_plotter_reads(self):
        for path in self.folder.glob("hgrm/*.hgrm"):
            lines = path.read_text().splitlines()
            self.assertRegex(lines[0], r"^\s*Value\s+Percentile\s+TotalCount\s+1/\(1-Percentile\)$")
            body = [line.split() for line in lines if line and not line.startswith("#") and "Value" not in line]
            self.assertTrue(all(len(cells) == 4 for cells in body), path)
            numbers = [(float(v), float(p), int(n)) for v, p, n, _ in body]
            self.assertEqual(numbers, sorted(numbers))
            self.assertEqual(numbers[-1][1], 1.0)
            self.assertEqual(len([line for line in lines if line.startswith("#[")]), 3, path)


class Instruments(unittest.TestCase):
    """--instrument: channels tell what went through them, and nobody takes such a trial for another one."""

    WORKLOADS = ("pingpong", "wordcount", "mpmc", "ring", "skynet")

    @classmethod
    def setUpClass(cls):
        cls.dir = pathlib.Path(tempfile.mkdtemp(prefix="fiveways-instruments-"))
        cls.done = call("run", "--profile", "smoke", "--seed", "7", "--out", cls.dir, "--no-charts", "--instrument", "--rounds", "1",
                        "--workload", ",".join(cls.WORKLOADS), "--runtime", "channels,green")
        folder = pathlib.Path(cls.done.stdout.splitlines()[-1])
        cls.trials = [json.loads(line) for line in (folder / "trials.ndjson").read_text().splitlines()]
        cls.manifest = json.loads((folder / "manifest.json").read_text())
        cls.gbench = json.loads((folder / "gbench.json").read_text())

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.dir)

    def test_the_sums_are_those_of_the_receipt(self):
        self.assertEqual(self.done.returncode, 0, self.done.stdout + self.done.stderr)
        seen = set()
        for t in self.trials:
            if t["runtime"] != "channels" or t["role"] == "pilot":
                continue
            seen.add(t["workload"])
            told = t["result"]["channels"]
            self.assertEqual(sum(c["messages"] for c in told), t["result"]["receipt"]["messages"], t["workload"])
            self.assertEqual(len({c["name"] for c in told}), len(told))
            for c in told:
                self.assertEqual(sum(c["depth"]), c["messages"])
                self.assertEqual(sum(u["sent"] for u in c["threads"]), c["messages"])
                self.assertLessEqual(sum(u["received"] for u in c["threads"]), c["messages"])
                for side in ("send_blocked_ns", "recv_blocked_ns"):
                    self.assertEqual(sum(u[side] for u in c["threads"]), c[side])
        self.assertEqual(seen, set(self.WORKLOADS))

    def test_wordcount_names_its_stages(self):
        for t in self.trials:
            if (t["workload"], t["runtime"], t["role"]) == ("wordcount", "channels", "measure"):
                flow = [[u["thread"] for u in c["threads"] if u[did]] for c in t["result"]["channels"] for did in ("sent", "received")]
                self.assertEqual(flow, [["read"], ["split"], ["split"], ["normalise"], ["normalise"], ["count"]])
                self.assertEqual([(c["name"], c["capacity"]) for c in t["result"]["channels"]], [(f"channel {n}", 8) for n in (1, 2, 3)])

    def test_it_is_said_wherever_times_are_kept(self):
        self.assertEqual(set(self.manifest["instrumented"]), {"channels", "green"})
        self.assertIn(self.gbench["context"]["instrumented"], {"channels", "green"})
        self.assertRegex(self.done.stdout, "Instrumented: (channels|green)")
        for t in self.trials:
            self.assertEqual(t["trial"].get("instrument", False), t["role"] != "pilot")
            self.assertEqual("channels" in t["result"], t["runtime"] == "channels" and t["role"] != "pilot")

    def test_the_watchdog_names_who_keeps_a_worker(self):
        done = call("run", "--profile", "smoke", "--out", self.dir / "hogs", "--no-charts", "--instrument", "--rounds", "1", "--workload", "blocking",
                    "--runtime", "green,stackless", "--set", "hog_ms=50", "--set", "blockers=1", "--set", "cure=no")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        trials = [json.loads(line) for line in (pathlib.Path(done.stdout.splitlines()[-1]) / "trials.ndjson").read_text().splitlines()]
        measured = [t for t in trials if t["role"] != "pilot"]
        self.assertEqual({t["runtime"] for t in measured}, {"green", "stackless"})
        for t in measured:
            self.assertEqual([hog["unit"] for hog in t["result"]["hogs"]], ["blocker"])
            self.assertGreater(t["result"]["hogs"][0]["longest_ns"], 10000000)


class Loads(unittest.TestCase):
    """c10k's open loop: what is offered, what is achieved, and what is left of an overload."""

    def test_a_sweep_of_loads(self):
        with tempfile.TemporaryDirectory(prefix="fiveways-load-") as folder:
            done = call("run", "--profile", "smoke", "--out", folder, "--no-charts", "--rounds", "1", "--workload", "c10k", "--runtime", "green",
                        "--sweep", "load=20,200", "--window", "0.05")
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            rows = list(csv.DictReader((pathlib.Path(done.stdout.splitlines()[-1]) / "tidy.csv").read_text().splitlines()))
        trials = {}
        for r in rows:
            trials.setdefault((r["trial_id"], r["role"]), {"params": r["params"]})[r["metric"]] = float(r["value"])
        measured = [t for (_, role), t in trials.items() if role == "measure"]
        self.assertEqual({t["params"].rsplit("load=")[1] for t in measured}, {"20", "200"})
        for t in measured:
            with self.subTest(**t):
                self.assertLessEqual(t["goodput"], t["achieved"])
                self.assertEqual(t["saturated"], float(t["achieved"] < 0.98 * t["offered"]))
                self.assertIn("memory_slope", t)
                self.assertIn("p50", t)
                due = float(t["params"].rsplit("load=")[1]) / 100 * t["capacity"] * 0.05  # Poisson: ten standard deviations
                self.assertLess(abs(t["offered"] * 0.05 - due), 10 * due ** 0.5)

    def test_a_closed_loop_has_no_load(self):
        with tempfile.TemporaryDirectory(prefix="fiveways-load-") as folder:
            done = call("run", "--profile", "smoke", "--out", folder, "--no-charts", "--rounds", "1", "--workload", "c10k", "--runtime", "green")
            self.assertNotIn("offered", (pathlib.Path(done.stdout.splitlines()[-1]) / "tidy.csv").read_text())
            done = call("run", "--workload", "c10k", "--out", folder, "--sweep", "load=10,401")
        self.assertEqual((done.returncode, done.stderr), (2, "fiveways: load=401: expected a whole number from 0 to 400\n"))


class Labels(unittest.TestCase):
    def test_a_block_is_called_by_what_was_set(self):
        for words, labels in ((("sleepers", "--set", "units=60"), ["units 60"]), (("mpmc", "--set", "consumers=2"), ["four to four, consumers 2", "one to one, consumers 2"]),
                              (("spawn", "--sweep", "units=20,30"), ["units 20", "units 30"]), (("mpmc", "--sweep", "capacity=1,16"), ["four to four, capacity 1", "four to four, capacity 16"])):
            with tempfile.TemporaryDirectory(prefix="fiveways-label-") as folder:
                done = call("run", "--profile", "smoke", "--out", folder, "--no-charts", "--rounds", "1", "--runtime", "stackless", "--workload", *words)
                blocks = json.loads((pathlib.Path(done.stdout.splitlines()[-1]) / "verdicts.json").read_text())["blocks"]
            self.assertEqual([b["label"] for b in blocks if b["rounds"]][:2], labels)


class Words(unittest.TestCase):
    def one_line(self, *args, status=2, has=()):
        done = call(*args)
        self.assertEqual(done.returncode, status, (args, done.stdout, done.stderr))
        lines = done.stderr.splitlines()
        self.assertEqual(len(lines), 1, (args, done.stderr))
        self.assertTrue(lines[0].startswith("fiveways: "), lines[0])
        for word in has:
            self.assertIn(word, lines[0])

    def test_each_wrong_word_gets_one_clear_line(self):
        empty = tempfile.NamedTemporaryFile()
        self.one_line()
        self.one_line("rum", has=["'rum'", "did you mean 'run'"])
        self.one_line("run", "--workload", "pingpnog", has=["workload", "'pingpnog'", "'pingpong'"])
        self.one_line("run", "--runtime", "gren", has=["'gren'", "'green'"])
        self.one_line("run", "--variant", "rings", has=["'rings'", "'ring'"])
        self.one_line("run", "--profile", "fast", has=["'fast'", "quick"])
        self.one_line("run", "--placement", "compat", has=["'compat'", "'compact'"])
        self.one_line("run", "--set", "sise=8", has=["sise"])
        self.one_line("run", "--set", "size", has=["KEY=VALUE"])
        self.one_line("run", "--workload", "pingpong", "--set", "size=1", has=["size=1", "8 to 65536"])
        self.one_line("run", "--workload", "pingpong", "--set", "size=many", has=["size=many"])
        self.one_line("run", "--sweep", "size=8,99999999", has=["99999999"])
        self.one_line("run", "--workers", "0", has=["--workers", "'0'"])
        self.one_line("run", "--workers", "200", has=["--oversubscribe"])
        self.one_line("run", "--workers", "two", has=["'two'"])
        self.one_line("run", "--rounds", "0", has=["--rounds"])
        self.one_line("run", "--budget", "-1", has=["--budget"])
        self.one_line("run", "--seed", "x", has=["--seed"])
        self.one_line("run", "--window", "0", has=["--window"])
        self.one_line("run", "--hang-after", "never", has=["--hang-after"])
        self.one_line("run", "--alias", "a/b", has=["--alias"])
        self.one_line("run", "--runtime", "threads", "--instrument", has=["--instrument", "no runtime"])
        self.one_line("run", "--profil", has=["--profil"])
        self.one_line("run", "--rouds", "3", has=["--rouds", "--rounds"])
        self.one_line("run", "everything", has=["'everything'"])
        self.one_line("run", "--workload", "wordcount", "--set", "input=/nonexistent/text", has=["/nonexistent/text", "No such file"])
        self.one_line("run", "--workload", "wordcount", "--set", "input=/usr", has=["regular file"])
        self.one_line("run", "--workload", "wordcount", "--set", f"input={empty.name}", has=["empty"])
        self.one_line("run", "--workload", "pingpong", "--out", "/proc/nothing", has=["--out", "/proc/nothing"])
        self.one_line("report", has=["folder"])
        self.one_line("report", "/nonexistent", has=["/nonexistent"])
        self.one_line("report", "/usr", has=["manifest.json"])
        self.one_line("compare", "/nonexistent", has=["compare", "B"])
        self.one_line("compare", "a", "b", "--fail-on-regression", "much", has=["--fail-on-regression", "'much'"])
        self.one_line("topo", "--placement", "near", has=["'near'"])
        self.one_line("topo", "--workers", "0", has=["'0'"])
        self.one_line("topo", "--load", "synthetic:banana", has=["banana"])
        self.one_line("topo", "--core-to-core", "--load", "synthetic:core:4 pu:1", has=["--core-to-core", "this machine"])
        self.one_line("topo", "--core-to-core", "--workers", "2", has=["--workers"])
        self.one_line("topo", "--core-to-core", "--out", "/nonexistent", has=["--out", "/nonexistent"])
        self.one_line("topo", "--out", "/tmp", has=["--core-to-core"])
        self.one_line("micro", "--ladder", "--out", "/nonexistent", has=["--out", "/nonexistent"])
        self.one_line("micro", "--ladder", "everything", has=["'everything'"])
        self.one_line("doctor", "--jsn", has=["--jsn"])
        self.one_line("list", "--jsn", has=["--jsn"])

    def test_each_subcommand_explains_itself(self):
        for name in ("run", "list", "topo", "doctor", "report", "compare", "pack", "merge"):
            done = call(name, "--help")
            self.assertEqual((done.returncode, done.stderr), (0, ""), name)
            self.assertIn(f"fiveways {name}", done.stdout)
        self.assertEqual(call("--help").returncode, 0)
        self.assertIn("fiveways 0", call("--version").stdout)

    def test_listings_are_json_too(self):
        listing = json.loads(call("list", "--json").stdout)
        self.assertTrue(listing)
        self.assertIn("compact", json.loads(call("topo", "--json").stdout))
        self.assertIn(json.loads(call("doctor", "--json").stdout)["grade"], "ABCDF")
        if len(os.sched_getaffinity(0)) > 1:
            measured = json.loads(call("topo", "--core-to-core", "--json").stdout)
            self.assertEqual({c["cpu"] for c in measured["cpus"]}, os.sched_getaffinity(0))
            self.assertEqual(len(measured["pairs"]), len(measured["cpus"]) * (len(measured["cpus"]) - 1) // 2)

    def test_primitive_costs_of_every_runtime(self):
        done = call("micro", "--benchmark_min_time=0.001")
        self.assertEqual(done.returncode, 0, done.stderr)
        for name in MODELS | {"clock", "record"}:
            self.assertRegex(done.stdout, rf"(?m)^{name}/")


class Text(unittest.TestCase):
    def test_ten_megabytes_of_text_agree_with_the_shell_pipeline(self):
        """Every model's counts of a real text, against `tr | tr | sed | sort | uniq -c`."""
        with tempfile.TemporaryDirectory() as scratch:
            text = pathlib.Path(scratch, "text")
            with text.open("wb") as out:
                for pattern in ("/usr/share/common-licenses/*", "/usr/lib/python3*/*.py", "/usr/lib/python3*/*/*.py", "/usr/include/**/*.h"):
                    for path in sorted(glob.glob(pattern, recursive=True)):
                        if out.tell() < 11_000_000 and os.path.isfile(path):
                            out.write(pathlib.Path(path).read_bytes())
                if out.tell() < 10_000_000:
                    self.skipTest("this machine holds no 10 MB of text")
            counts = pathlib.Path(scratch, "counts")
            done = call("run", "--profile", "smoke", "--workload", "wordcount", "--set", f"input={text}", "--out", scratch, "--no-charts", "--rounds", "1")
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            for name in sorted(MODELS) + ["shell", "awk"]:
                self.assertRegex(done.stdout, rf"(?m)^ .*\b{name}\b")
            pipeline = subprocess.run(f"tr -cs A-Za-z '\\n' < {text} | tr A-Z a-z | sed '/^$/d' | sort | uniq -c", shell=True, text=True,
                                      capture_output=True, env=dict(os.environ, LC_ALL="C")).stdout
            want = sorted(tuple(line.split()) for line in pipeline.splitlines())
            for model in sorted(MODELS):
                done = call("run", "--profile", "smoke", "--workload", "wordcount", "--runtime", model, "--set", f"input={text}", "--set", f"counts={counts}",
                            "--out", scratch, "--no-charts", "--rounds", "1")
                self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
                self.assertEqual(sorted(tuple(line.split()) for line in counts.read_text().splitlines()), want, model)
                counts.unlink()


if __name__ == "__main__":
    unittest.main()

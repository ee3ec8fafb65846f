"""A runner from outside: describe, trial, oracle, and everything a cell can do wrong."""
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import unittest

RUNNER = sys.argv.pop(1)


def call(option, request=None, **more):
    text = request if isinstance(request, str) else json.dumps(request)
    return subprocess.run([RUNNER] + ([option] if option else []), input=text, text=True, capture_output=True,
                          timeout=60, **more)


def trial(variant="", **changes):
    request = {"protocol": 1, "trial_id": 7, "workload": "echo", "variant": variant, "mode": "steady", "params": {},
               "workers": [{"cpus": [min(os.sched_getaffinity(0))], "l3": 0, "numa": 0}], "warmup_ns": 1000000,
               "window_ns": 10000000, "batch": 1, "seed": "18446744073709551615", "progress_fd": -1}
    request.update(changes)
    return request


def result(*args, **changes):
    done = call("--trial", trial(*args, **changes))
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


class Runner(unittest.TestCase):
    def test_describe_has_the_workloads_with_variants_and_declarations(self):
        d = json.loads(call("--describe").stdout)
        self.assertEqual((d["protocol"], d["runtime"], d["kind"]), (1, "tester", "model"))
        echo = d["workloads"][0]
        self.assertEqual([v["name"] for v in echo["variants"] if v["headline"]], [""])
        self.assertEqual(echo["blocks"], [{"label": "one CPU", "workers": 1, "params": {"size": "64"}}])
        self.assertEqual(echo["axes"], [{"param": "size", "values": ["8", "64"], "workers": 1}])
        self.assertEqual(echo["params"][0]["max"], 4096)
        self.assertIsNone(echo["seq_none"])

    def test_good_steady_cell(self):
        r = result()
        self.assertEqual((r["status"], r["reason"], r["trial_id"]), ("ok", "", 7))
        self.assertEqual(r["receipt"]["ops"], r["ops_total"])
        self.assertEqual(sum(r["slices"]), r["ops_window"])
        self.assertEqual(r["elapsed_ns"], 10000000)
        self.assertEqual(r["expect"]["checksum"], {"rule": "exact", "value": r["receipt"]["checksum"]})
        self.assertEqual(r["placement"][0]["asked"], r["placement"][0]["got"])
        self.assertGreater(r["usage"]["max_rss_bytes"], 0)
        self.assertIn({"name": "answer", "unit": "1", "value": 42.0}, r["metrics"])
        self.assertIn("p50", [m["name"] for m in r["metrics"]])

    def test_instruments_report_when_asked(self):
        self.assertTrue(json.loads(call("--describe").stdout)["instruments"])
        self.assertNotIn("doors", result())
        self.assertNotIn("doors", result(instrument=False))
        asked = result(instrument=True)
        self.assertEqual(asked["status"], "ok")
        self.assertEqual(asked["doors"], [{"name": "front", "counting": 1, "width": [1, 0, 2], "users": [{"who": '"\\', "times": 3}]},
                                          {"name": "?"}])

    def test_batch_gives_no_percentile(self):
        self.assertNotIn("p50", [m["name"] for m in result(batch=16)["metrics"]])

    def test_complete_cell_repeats_until_the_window_is_full(self):
        r = result(workload="solve", mode="complete", warmup_ns=1)
        self.assertEqual(r["status"], "ok")
        self.assertGreaterEqual(sum(r["repeats_ns"]), 1000000)
        self.assertEqual(r["ops_window"], 5 * len(r["repeats_ns"]))
        self.assertEqual(r["ops_total"], 5 * r["repeats_total"])
        self.assertGreater(r["repeats_total"], len(r["repeats_ns"]))

    def test_oracle_agrees_with_an_honest_receipt(self):
        r = result()
        o = json.loads(call("--oracle", {"trial": trial(), "repeats": 1, "ops": r["ops_total"]}).stdout)
        self.assertEqual(o["expect"], r["expect"])

    def test_liar_is_caught(self):
        r = result("liar")
        self.assertEqual(r["status"], "failed")
        self.assertIn("wrong receipt: checksum", r["reason"])

    def test_crash_names_the_signal(self):
        r = result("crash")
        self.assertEqual(r["status"], "failed")
        self.assertTrue(r["reason"].startswith("killed by SIGSEGV") or "exit status" in r["reason"], r["reason"])

    def test_cell_that_exits_early_fails(self):
        r = result("leaves")
        self.assertEqual(r["status"], "failed")
        self.assertIn("ended early", r["reason"])

    def test_refusal_is_structured_and_exit_0(self):
        r = result("refuses")
        self.assertEqual(r["status"], "refused")
        self.assertEqual(r["reason"], "clone: EAGAIN (RLIMIT_NPROC is 100)")
        self.assertEqual(r["refused"], {"call": "clone", "errno": 11, "limit": "RLIMIT_NPROC", "value": 100})

    def test_error_of_the_cell_is_a_failure(self):
        self.assertIn("error 12", result("errs")["reason"])

    def test_input_that_cannot_be_prepared_is_a_failure(self):
        self.assertEqual(result(workload="unprepared", mode="complete")["reason"], "no such input")

    def test_histograms_are_written(self):
        with tempfile.TemporaryDirectory() as folder:
            r = result(hist_dir=folder, hist_stem="12")
            h = r["histograms"][0]
            self.assertEqual((h["csv"], h["hgrm"]), ("hist/12.csv", "hgrm/12.hgrm"))
            with open(os.path.join(folder, h["csv"]), encoding="utf-8") as file:
                rows = file.read().splitlines()[1:]
            self.assertEqual(sum(int(row.split(",")[2]) for row in rows), r["ops_window"])
            self.assertTrue(os.path.exists(os.path.join(folder, h["hgrm"])))

    def test_histogram_folder_that_is_missing_is_an_event(self):
        r = result(hist_dir="/nonexistent", hist_stem="1")
        self.assertEqual(r["status"], "ok")
        self.assertIn("histogram not written", r["events"][0])

    def test_beats_are_decimal_and_rise(self):
        read, write = os.pipe()
        done = call("--trial", trial(progress_fd=write, window_ns=350000000), pass_fds=[write])
        os.close(write)
        with os.fdopen(read) as beats:
            counts = [int(line) for line in beats]
        self.assertEqual(json.loads(done.stdout)["status"], "ok")
        self.assertTrue(2 <= len(counts) <= 20, counts)
        self.assertEqual(counts, sorted(counts))
        self.assertGreater(counts[-1], 0)

    def test_closed_progress_pipe_does_no_harm(self):
        read, write = os.pipe()
        os.close(read)
        done = call("--trial", trial(progress_fd=write), pass_fds=[write])
        os.close(write)
        self.assertEqual(json.loads(done.stdout)["status"], "ok")

    def test_killed_runner_leaves_no_trial_behind(self):
        runner = subprocess.Popen([RUNNER, "--trial"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
        json.dump(trial("stuck"), runner.stdin)
        runner.stdin.close()
        path, child = f"/proc/{runner.pid}/task/{runner.pid}/children", []
        while not child:
            with open(path, encoding="utf-8") as file:
                child = file.read().split()
        runner.send_signal(signal.SIGKILL)
        runner.wait()
        until = time.monotonic() + 30
        while time.monotonic() < until:
            try:
                with open(f"/proc/{child[0]}/stat", encoding="utf-8") as file:
                    if file.read().rsplit(")", 1)[1].split()[0] == "Z":
                        return
            except (FileNotFoundError, ProcessLookupError):
                return
        self.fail("the trial's process outlived its runner")

    def test_bad_requests_exit_2_with_one_line(self):
        bad = [
            ("--trial", "{", "standard input"),
            ("--trial", "[]", "object"),
            ("--trial", trial(protocol=2), "protocol"),
            ("--trial", trial("none"), "variant 'none'"),
            ("--trial", trial(workload="nope"), "'nope'"),
            ("--trial", trial(params={"size": "7"}), "size=7"),
            ("--trial", trial(params={"colour": "red"}), "colour"),
            ("--trial", trial(workers=[]), "workers"),
            ("--trial", trial(workers=[{"cpus": [5000]}]), "cpus"),
            ("--trial", trial(batch=0), "batch"),
            ("--trial", trial(window_ns=0), "window_ns"),
            ("--trial", trial(seed="x"), "seed"),
            ("--trial", trial(mode="complete"), "mode"),
            ("--oracle", {"repeats": 1}, "trial"),
            ("--nonsense", "", "--nonsense"),
            ("", "", "--trial"),
        ]
        for option, request, word in bad:
            with self.subTest(request=request):
                done = call(option, request)
                self.assertEqual(done.returncode, 2, done.stderr)
                self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
                self.assertIn(word, done.stderr)
                self.assertEqual(done.stdout, "")

    def test_help(self):
        self.assertIn("--describe", call("--help").stdout)


unittest.main()

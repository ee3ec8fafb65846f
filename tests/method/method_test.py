"""scripts/method-check without its measurements: what it calls good and bad, and that its runners do honest work."""
import importlib.machinery
import importlib.util
import json
import math
import os
import subprocess
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
TOP, BUILD = sys.argv.pop(1), sys.argv.pop(1)
SCRIPT = os.path.join(TOP, "scripts", "method-check")
spec = importlib.util.spec_from_loader("method_check", importlib.machinery.SourceFileLoader("method_check", SCRIPT))
method = importlib.util.module_from_spec(spec)
spec.loader.exec_module(method)
PLANTED, PLAIN = method.CELLS[0], method.CELLS[-1]


def found(sigma, copies=10 * ["not separated"], hits=10, smallest=10 * [1.1]):
    return {"copies": copies, "planted": hits * ["faster"] + (10 - hits) * ["not separated"], "smallest": smallest, "ratios": [math.log(1.15)],
            "sigma": [sigma ** 2], "gate": [2.0]}


class Judged(unittest.TestCase):
    def holds(self, cell, *a, **k):
        row, holds = method.judge(cell, found(*a, **k), 15)
        self.assertEqual(row[-1], "yes" if holds else "NO")
        return holds

    def test_one_copy_told_apart_is_one_too_many(self):
        self.assertTrue(self.holds(PLAIN, 0.01))
        self.assertFalse(self.holds(PLAIN, 0.01, copies=9 * ["not separated"] + ["slower"]))
        self.assertFalse(self.holds(PLANTED, 0.05, copies=9 * ["not separated"] + ["faster"]))

    def test_where_trials_scatter_little_nine_of_ten_must_be_found(self):
        self.assertTrue(self.holds(PLANTED, 0.019, hits=9))
        self.assertFalse(self.holds(PLANTED, 0.019, hits=8))

    def test_where_they_scatter_more_only_what_is_printed_counts(self):
        self.assertTrue(self.holds(PLANTED, 0.06, hits=3, smallest=3 * [1.12] + 7 * [1.3]))
        self.assertFalse(self.holds(PLANTED, 0.06, hits=3, smallest=6 * [1.12] + 4 * [1.3]))
        self.assertTrue(self.holds(PLANTED, 0.3, hits=0, smallest=10 * [2.0]))

    def test_a_verdict_is_turned_to_the_side_that_asks_and_an_exploratory_one_is_none(self):
        pair = {"a": "x", "b": "y", "verdict": "faster", "exploratory": False}
        self.assertEqual(method.verdict({"pairs": [pair]}, "x", "y"), "faster")
        self.assertEqual(method.verdict({"pairs": [pair]}, "y", "x"), "slower")
        self.assertIsNone(method.verdict({"pairs": [dict(pair, exploratory=True)]}, "x", "y"))


class Runners(unittest.TestCase):
    def test_the_planted_one_gives_right_receipts_under_its_own_name(self):
        with tempfile.TemporaryDirectory() as folder:
            runner = method.stand_in(folder, "threads-planted", "threads", "pingpong", os.path.join(BUILD, "planted", "planted-threads"), "export FW_PLANT=15\n")
            done = subprocess.run([os.path.join(BUILD, "bin", "fiveways"), "run", "--profile", "smoke", "--rounds", "1", "--no-charts", "--plain", "--out", folder,
                                   "--workload", "pingpong", "--runtime", "threads-planted", "--runner", runner], capture_output=True, text=True)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            with open(os.path.join(done.stdout.strip().splitlines()[-1], "trials.ndjson"), encoding="utf-8") as file:
                trials = [json.loads(line) for line in file]
            self.assertTrue(trials and all(t["status"] == "ok" and t["runtime"] == "threads-planted" and t["kind"] == "reference" for t in trials))

    def test_a_wrong_number_is_named(self):
        done = subprocess.run([sys.executable, SCRIPT, "--rounds", "3"], capture_output=True, text=True)
        self.assertEqual(done.returncode, 2)
        self.assertIn("--rounds: expected 8 or more, not 3", done.stderr)


if __name__ == "__main__":
    unittest.main()

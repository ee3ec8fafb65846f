"""Receipts beside what others say: the kernel of OS units and calls, and the oracle of other languages' runtimes."""
import collections
import json
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

from program import BIN, MODELS, call


class Peers(unittest.TestCase):
    """Other languages' runtimes do the same work and count it like the models."""

    ALL = "pingpong ring skynet fib spawn mpmc yield"
    EVERY = ALL + " sleepers"
    WORK = EVERY + " mandelbrot"
    FORK_JOIN = "skynet fib"
    WORKLOADS = {"go": EVERY, "tokio": EVERY, "crossbeam": "pingpong ring spawn mpmc", "rayon": FORK_JOIN,
                 "boost-fiber": ALL, "boost-context": "yield", "onetbb": FORK_JOIN, "openmp": FORK_JOIN + " mandelbrot"}

    def test_receipts_are_those_of_the_models(self):
        peers = [name for name in self.WORKLOADS if (BIN / "peers" / f"fiveways-{name}").exists()]
        if not peers:
            self.skipTest("no peer was built: scripts/install-deps --peers")
        folder = tempfile.mkdtemp(prefix="fiveways-peers-")
        done = call("run", "--profile", "smoke", "--seed", "9", "--out", folder, "--no-charts", "--workload",
                    self.WORK.replace(" ", ","), "--runtime", ",".join([*peers, "green"]))
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        trials = [json.loads(line) for line in next(pathlib.Path(folder).glob("*/trials.ndjson")).read_text().splitlines()]
        shutil.rmtree(folder)
        agreed = set()
        for trial in trials:
            if trial["runtime"] not in peers:
                continue
            if trial["runtime"] == "tokio" and trial["trial"]["params"].get("consumers", "1") != "1":
                self.assertEqual(trial["result"]["status"], "refused", trial)  # its channel has one consumer
                continue
            self.assertEqual(trial["result"]["status"], "ok", trial)
            receipt, ours = trial["result"]["receipt"], self.expected(trial)
            for field in ("units", "messages", "checksum"):
                if ours.get(field, {}).get("rule") == "exact":
                    self.assertEqual(str(receipt[field]), str(ours[field]["value"]),
                                     f"{trial['runtime']} {trial['workload']} {trial['params']}: {field}")
                    agreed.add((trial["runtime"], trial["workload"]))
            self.assertEqual(receipt["source"], "self-reported")
        self.assertEqual(agreed, {(peer, workload) for peer in peers for workload in self.WORKLOADS[peer].split()})

    @staticmethod
    def expected(trial):
        result = trial["result"]
        question = {"trial": trial["trial"], "repeats": result["repeats_total"], "ops": result["receipt"]["ops"]}
        if "meter_ops" in result:
            question["meter_ops"] = result["meter_ops"]
        answer = subprocess.run([BIN / "fiveways-green", "--oracle"], input=json.dumps(question), text=True, capture_output=True, check=True)
        return json.loads(answer.stdout)["expect"]


class Kernel(unittest.TestCase):
    """What the receipts say of OS units is what the kernel was asked for."""

    STRACE = shutil.which("strace")
    CALLS = "clone,clone3,fork,vfork"

    def setUp(self):
        if not self.STRACE or subprocess.run([self.STRACE, "-f", "-qq", "true"], capture_output=True).returncode:
            self.skipTest("no strace that may trace (scripts/install-deps --deep)")

    def traced(self, calls, runtime, workload, params, variant="", workers=1, window_ns=1):
        """A trial's result, and how often it made which of these system calls; "mutex" are the futex calls of the C
        library's own mutexes: who waits for one waits for a 2, without end and without a bit set."""
        trial = {"protocol": 1, "trial_id": 1, "workload": workload, "variant": variant, "params": params, "workers": [{"cpus": []}] * workers,
                 "warmup_ns": 0, "window_ns": window_ns, "batch": 1, "seed": "7"}
        with tempfile.NamedTemporaryFile("r", suffix=".strace") as log:
            done = subprocess.run([self.STRACE, "-f", "-qq", "-e", f"trace={calls}", "-e", "signal=none", "-o", log.name,
                                   BIN / f"fiveways-{runtime}", "--trial"], input=json.dumps(trial), text=True,
                                  capture_output=True, timeout=120)
            result = json.loads(done.stdout)
            lines = log.readlines()
        made = collections.Counter(found[1] for line in lines if (found := re.search(r"^\d+ +(?:<\.\.\. )?(\w+)[ (].* = (?:\?|-?\d+)", line)))
        futex = [found.groups() for line in lines if (found := re.search(r" futex\((0x\w+), (.*)", line))]
        mutexes = {word for word, call in futex if call.startswith("FUTEX_WAIT_PRIVATE, 2, NULL")}
        made["mutex"] = sum(word in mutexes for word, _ in futex)
        self.assertEqual(result["status"], "ok", result)
        return result, made

    def asked_for(self, runtime, units):
        result, made = self.traced(self.CALLS, runtime, "spawn", {"units": str(units), "burst": "0", "gate": "1", "depth": "1", "parent_rss": "0"}, workers=2)
        self.assertEqual(result["repeats_total"], 1, result)
        return result["receipt"]["units"], made.total()

    def test_units_are_the_threads_and_processes_that_were_made(self):
        for runtime, os_units in (("processes", True), ("threads", True), ("channels", True), ("green", False), ("stackless", False)):
            few, of_few = self.asked_for(runtime, 10)
            many, of_many = self.asked_for(runtime, 60)
            self.assertEqual((few, many), (10, 60), runtime)
            self.assertEqual(of_many - of_few, 50 if os_units else 0, runtime)  # the rest is the runner's and the workers

    def test_kernel_entries_are_the_calls_that_the_kernel_saw(self):
        """All but some 150 of a program's start and end; and of the futex calls, those of the C library's own mutex."""
        for workload, params, variants in (("pingpong", {"size": "64"}, {"processes": "pipe"}), ("yield", {"units": "2"}, {})):
            for runtime in sorted(MODELS):
                for workers in (1, 2):
                    with self.subTest(workload=workload, runtime=runtime, workers=workers):
                        result, made = self.traced("all", runtime, workload, params, variants.get(runtime, ""), workers, window_ns=200000000)
                        mutex, futex = made.pop("mutex"), made["futex"]
                        others = made.total() - futex
                        told = result["counters"]
                        self.assertTrue(0 <= others - told["syscalls"] <= 250, (made, told))
                        self.assertLessEqual(told["futex"], futex, (made, told))
                        if runtime in ("threads", "channels"):
                            self.assertLessEqual(futex - mutex, told["futex"] + 50, (mutex, made, told))


if __name__ == "__main__":
    unittest.main()

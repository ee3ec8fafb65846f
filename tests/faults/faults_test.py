"""What a runner can do wrong, and how a run can end: each is caught, named and leaves nothing behind."""
import csv
import json
import os
import pathlib
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import textwrap
import time
import unittest
import unittest.mock

BIN, EXAMPLE = pathlib.Path(sys.argv.pop(1)), pathlib.Path(sys.argv.pop(1)).resolve()
FIVEWAYS = BIN / "fiveways"
QUICKLY = ["--profile", "smoke", "--workload", "pingpong", "--seed", "7"]

# An honest runner but for one line, which stands where {fault} is.
RUNNER = """#!{python}
import json, os, subprocess, sys, time
if sys.argv[1:] == ["--describe"]:
    print(json.dumps({{"protocol": 1, "runtime": "faulty", "model": "faulty", "kind": "reference", "version": "1", "spins": "no",
                       "threads": "1", "workloads": [{{"name": "pingpong"}}]}}))
    sys.exit()
text = sys.stdin.read()
honest = lambda: subprocess.run([{example!r}, "--trial"], input=text, text=True, capture_output=True, pass_fds=[3]).stdout
{fault}
"""


def processes(mark):
    """Pids whose environment holds the mark: whatever a run of this test has started."""
    found = []
    for entry in os.listdir("/proc"):
        if entry.isdigit() and int(entry) != os.getpid():
            try:
                if mark.encode() in pathlib.Path("/proc", entry, "environ").read_bytes():
                    found.append(int(entry))
            except OSError:
                pass
    return found


def of_server(pid):
    """Its children, the oldest first."""
    try:
        return [int(child) for child in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def state(pid):
    """A letter, as in proc(5); X when there is no such process."""
    try:
        text = pathlib.Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return "X"
    return text[text.rindex(")") + 2]


def await_end(pid):
    """Returns when the process has ended, whoever's child it is; reaps nothing."""
    try:
        fd = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    select.select([fd], [], [])
    os.close(fd)


class Faults(unittest.TestCase):
    def setUp(self):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="fiveways-faults-"))
        self.mark = f"FIVEWAYS_TEST={self.dir.name}"
        self.env = dict(os.environ, FIVEWAYS_TEST=self.dir.name)
        self.shared = set(os.listdir("/dev/shm"))

    def tearDown(self):
        self.assertEqual(processes(self.mark), [])
        self.assertEqual(set(os.listdir("/dev/shm")) - self.shared, set())
        shutil.rmtree(self.dir)

    def runner(self, fault):
        path = self.dir / "faulty"
        path.write_text(RUNNER.format(python=sys.executable, example=str(EXAMPLE), fault=textwrap.dedent(fault)))
        path.chmod(0o755)
        return path

    def run_it(self, *args, **more):
        return subprocess.run([FIVEWAYS, "run", *QUICKLY, "--out", self.dir / "out", "--no-charts", *args], env=self.env, text=True,
                              capture_output=True, timeout=200, **more)

    def folder(self):
        return (self.dir / "out" / "latest").resolve()

    def trials(self, runtime=None):
        lines = [json.loads(line) for line in (self.folder() / "trials.ndjson").read_text().splitlines()]
        return [t for t in lines if runtime in (None, t["runtime"])]

    def caught(self, fault, *words, args=()):
        done = self.run_it("--runner", self.runner(fault), "--runtime", "faulty,threads", "--rounds", "1", *args)
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        for word in words:
            self.assertIn(word, done.stdout)
        self.assertTrue(all(t["status"] == "failed" for t in self.trials("faulty")))
        self.assertTrue(all(t["status"] == "ok" for t in self.trials("threads")))
        verdicts = json.loads((self.folder() / "verdicts.json").read_text())
        entry = next(e for e in verdicts["blocks"][0]["entries"] if e["runtime"] == "faulty")
        self.assertEqual(entry["status"], "failed")
        for word in words:
            self.assertIn(word, entry["reason"])

    def test_an_honest_runner_of_thirty_lines_joins_the_run(self):
        lines = len(EXAMPLE.read_text().splitlines())
        self.assertLessEqual(lines, 30)
        done = self.run_it("--runner", EXAMPLE)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("python", done.stdout)
        self.assertEqual(done.stdout.splitlines()[-1], str(self.folder()))
        rows = list(csv.DictReader((self.folder() / "tidy.csv").read_text().splitlines()))
        self.assertTrue(any(r["runtime"] == "python" and r["role"] == "measure" and r["metric"] == "time_per_op" for r in rows))

        drawn = subprocess.run([FIVEWAYS, "report", self.folder()], text=True, capture_output=True, env=self.env)
        self.assertEqual(drawn.returncode, 0, drawn.stderr)
        self.assertIn(">python<", (self.folder() / "report.html").read_text())

    def test_a_lie_in_the_receipt(self):
        self.caught("""
            r = json.loads(honest()); r["receipt"]["ops"] += 1; print(json.dumps(r))""", "wrong receipt: checksum")

    def test_a_wrong_checksum(self):
        self.caught("""
            r = json.loads(honest()); r["receipt"]["checksum"] = "1"; print(json.dumps(r))""", "wrong receipt: checksum is 1")

    def test_a_worker_that_ran_elsewhere(self):
        told = """
            r = json.loads(honest()); ops = r["receipt"]["ops"]; r["receipt"].update(units=2, messages=2 * ops, peak_live=2)
            r["placement"] = [dict(worker=0, asked=[0], got={got})]; print(json.dumps(r))"""
        model = RUNNER.replace('"reference"', '"model"')
        with unittest.mock.patch.dict(globals(), RUNNER=model):
            self.caught(told.format(got=[1]), "placement: worker 0 was asked to run on CPUs [0] and ran on [1]")
            for got in ([0], []): # as asked; nothing ran on this worker
                done = self.run_it("--runner", self.runner(told.format(got=got)), "--runtime", "faulty", "--rounds", "1")
                self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_a_window_that_is_over_before_the_example_has_looked(self):
        ask = {"protocol": 1, "trial_id": 1, "params": {"size": "64"}, "workers": [{"cpus": []}], "warmup_ns": 1000, "window_ns": 1, "batch": 100, "seed": "7", "progress_fd": -1}
        done = subprocess.run([EXAMPLE, "--trial"], input=json.dumps(ask), text=True, capture_output=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        told = json.loads(done.stdout)
        self.assertGreater(told["ops_window"], 0)
        self.assertEqual(sum(told["slices"]), told["ops_window"])

    def test_junk(self):
        self.caught("print('Segmentation fault, honestly')", "something else than one JSON object")

    def test_too_much(self):
        self.caught("sys.stdout.write('x' * 5_000_000)", "more than 4 MB")

    def test_a_crash(self):
        self.caught("os.kill(os.getpid(), 11)", "killed by SIGSEGV")

    def test_an_exit_status(self):
        self.caught("print(honest()); sys.exit(3)", "exit status 3")

    def test_a_hang_though_it_beats(self):
        self.caught("""
            while True:
                os.write(3, b"5\\n")
                time.sleep(0.05)""", "hung", args=["--hang-after", "1"])

    def test_a_child_that_outlives_it(self):
        self.caught("""
            print(honest(), flush=True)
            if os.fork() == 0:
                os.close(1)
                os.close(2)
                time.sleep(1000)""", "left 1 process behind")

    def test_a_daemon_by_setsid_and_double_fork(self):
        self.caught("""
            print(honest(), flush=True)
            if os.fork() == 0:
                os.setsid()
                if os.fork() == 0:
                    os.closerange(0, 10)
                    time.sleep(1000)""", "left 1 process behind")

    def start(self, *args):
        return subprocess.Popen([FIVEWAYS, "run", *QUICKLY, "--out", self.dir / "out", "--no-charts", *args], env=self.env, text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def until_trials(self, n):
        """Waits until the run has written n trials, or has ended."""
        while not list(self.dir.glob("out/*/trials.ndjson")) or len(list(self.dir.glob("out/*/trials.ndjson"))[0].read_text().splitlines()) < n:
            self.assertIsNone(self.process.poll(), "the run ended too early")
            time.sleep(0.002)

    def test_control_c_keeps_what_is_there(self):
        for n in (0, 1, 3, 9, 17):
            shutil.rmtree(self.dir / "out", ignore_errors=True)
            self.process = self.start("--rounds", "50")
            if n:
                self.until_trials(n)
            else:
                while not processes(self.mark):
                    time.sleep(0.001)
            self.process.send_signal(signal.SIGINT)
            out, err = self.process.communicate(timeout=60)
            self.assertIn(self.process.returncode, (130, -2) if n == 0 else (130,), out + err)  # -2: before it had a handler
            self.assertEqual(processes(self.mark), [])
            if n:
                self.assertIn("interrupted", out)
                self.assertNotIn("failed", out)
                statuses = {e["status"] for b in json.loads((self.folder() / "verdicts.json").read_text())["blocks"] for e in b["entries"]}
                self.assertLessEqual(statuses, {"ok", "not run"}, out)
                if n == 1:
                    self.assertIn("not run", out)
                self.assertGreaterEqual(len(self.trials()), n)
                self.assertTrue(json.loads((self.folder() / "manifest.json").read_text())["interrupted"])
                if n == 17:
                    report = subprocess.run([FIVEWAYS, "report", self.folder()], text=True, capture_output=True, env=self.env)
                    self.assertEqual(report.returncode, 0, report.stderr)

    def test_a_killed_driver_leaves_no_runner(self):
        self.process = self.start("--rounds", "50")
        self.until_trials(2)
        self.process.kill()
        self.process.communicate()
        while left := processes(self.mark):  # the supervisor sees the control pipe close; nothing else is waited for
            await_end(left[0])
        self.assertEqual(processes(self.mark), [])

    def servers(self):
        """Of the run in hand, by how far they are below their runner: 1 the trial's process, 2 the client."""
        names, parents = {}, {}
        for pid in processes(self.mark):
            try:
                text = pathlib.Path(f"/proc/{pid}/stat").read_text()
            except OSError:
                continue
            names[pid], parents[pid] = text[text.index("(") + 1:text.rindex(")")], int(text[text.rindex(")"):].split()[2])
        found = {}
        for pid in names:
            depth, at = -1, pid
            while names.get(at, "").startswith("fiveways-"):
                depth, at = depth + 1, parents[at]
            found[depth] = pid
        return found

    def c10k(self, *more):
        return [FIVEWAYS, "run", "--profile", "smoke", "--workload", "c10k", "--rounds", "1", "--no-charts", "--plain", "--out", self.dir / "out", *more]

    def test_a_killed_server_or_client_is_a_failed_trial_and_the_run_goes_on(self):
        for depth, told in ((1, "SIGKILL"), (2, "the client was ended by signal 9")):
            run = subprocess.Popen(self.c10k("--runtime", "green,stackless", "--workers", "1", "--window", "1"), env=self.env,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            victim = None
            while not victim and run.poll() is None:
                victim = self.servers().get(depth)
            os.kill(victim, signal.SIGKILL)
            self.assertEqual(run.wait(timeout=120), 1)
            status = [(trial["status"], trial["reason"] or "") for trial in self.trials()]
            failed = [reason for state, reason in status if state == "failed"]
            self.assertTrue(len(failed) == 1 and told in failed[0], status)
            self.assertIn("ok", [state for state, _ in status])

    def test_a_crash_in_one_unit(self):
        run = subprocess.run(self.c10k("--runtime", "processes,green,threads", "--set", "fault=segv"), env=self.env, capture_output=True, timeout=120)
        self.assertEqual(run.returncode, 1)
        status = {(trial["runtime"], trial["status"]) for trial in self.trials()}
        self.assertEqual(status, {("processes", "ok"), ("green", "failed"), ("threads", "failed")})

    def test_a_unit_that_crashes_before_its_server_has_looked_at_the_ended_client(self):
        """The server stands still from when all are connected until unit and client have both ended."""
        everybody = 1 + 1 + 8 + 1  # client, its greeting, smoke's connections, the one that crashes
        run = subprocess.Popen(self.c10k("--runtime", "processes", "--workers", "1", "--window", "0.3", "--set", "fault=segv"), env=self.env,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        held = set()
        while run.poll() is None:
            server = self.servers().get(1)
            if not server or server in held:
                continue
            children = of_server(server)
            if len(children) < everybody or state(server) != "S":  # else it may hold the last connection still
                continue
            os.kill(server, signal.SIGSTOP)
            await_end(children[0])
            held.add(server)
            os.kill(server, signal.SIGCONT)
        self.assertEqual(run.returncode, 0)
        self.assertTrue(held)
        self.assertEqual({trial["status"] for trial in self.trials()}, {"ok"})

    def test_a_folder_that_cannot_be_written(self):
        blocked = self.dir / "file"
        blocked.write_text("")
        done = self.run_it("--out", blocked / "sub")
        self.assertEqual(done.returncode, 2)
        self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)

    def test_a_full_disk(self):
        full = self.dir / "full"
        full.mkdir()
        mount = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", full], capture_output=True)
        if mount.returncode:
            self.skipTest("needs root to mount a small file system")
        try:
            done = self.run_it("--out", full)
            self.assertIn(done.returncode, (1, 2), done.stdout)
            self.assertIn("No space left on device", done.stderr)
            self.assertEqual(len([line for line in done.stderr.splitlines() if line.startswith("fiveways:")]), 1, done.stderr)
        finally:
            subprocess.run(["umount", full], check=True)


if __name__ == "__main__":
    unittest.main()

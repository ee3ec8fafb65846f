"""`fiveways trace`: what is in the file, that it is whole, and what is said where nothing can be traced."""
import collections
import ctypes
import json
import pathlib
import platform
import struct
import subprocess
import sys
import tempfile
import unittest

BIN = pathlib.Path(sys.argv.pop(1))
CPUS, WORKERS, TRIAL = 1, 2, 3
PERF_EVENT_OPEN = {"x86_64": 298, "aarch64": 241}.get(platform.machine())


def refuse_perf_events():
    """In the child, before it starts: perf_event_open fails with EACCES, by a seccomp filter."""
    libc = ctypes.CDLL(None, use_errno=True)
    load, jump, give = 0x20, 0x15, 0x06
    code = b"".join(struct.pack("HBBI", *line) for line in (
        (load, 0, 0, 0), (jump, 0, 1, PERF_EVENT_OPEN), (give, 0, 0, 0x00050000 | 13), (give, 0, 0, 0x7FFF0000)))
    lines = ctypes.create_string_buffer(code, len(code))
    program = struct.pack("HxxxxxxP", 4, ctypes.addressof(lines))
    if libc.prctl(38, 1, 0, 0, 0) or libc.prctl(22, 2, ctypes.c_char_p(program), 0, 0):
        raise OSError(ctypes.get_errno(), "prctl")


class Trace(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory(prefix="fiveways-trace-")
        self.addCleanup(temporary.cleanup)
        self.folder = pathlib.Path(temporary.name)

    def call(self, *words, **more):
        return subprocess.run([BIN / "fiveways", "trace", *words], text=True, capture_output=True, timeout=100, **more)

    def trace(self, workload, runtime, *more, **how):
        done = self.call("--workload", workload, "--runtime", runtime, "--out", self.folder, "--no-chart", *more, **how)
        self.no_perf = "perf_event_open: " in done.stderr
        if not self.no_perf:
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.assertTrue(done.stdout.splitlines()[-1].startswith(str(self.folder / "trace.json")), done.stdout)
        self.done = done
        return self.read()

    def read(self):
        """{(process, track): [slices]}, after a look at each: in the trial's time, in order, without overlap."""
        told = json.loads((self.folder / "trace.json").read_text())
        self.about, tracks, slices = told["otherData"], {}, collections.defaultdict(list)
        for e in told["traceEvents"]:
            if e["ph"] == "M" and e["name"] == "thread_name":
                tracks[e["pid"], e["tid"]] = e["args"]["name"]
            elif e["ph"] == "X":
                slices[e["pid"], tracks[e["pid"], e["tid"]]].append(e)
        for track in slices.values():
            for e in track:
                self.assertGreaterEqual(e["ts"], 0)
                self.assertGreaterEqual(e["dur"], 0)
                if e["pid"] != TRIAL:
                    self.assertLessEqual(e["ts"] + e["dur"], self.about["end_us"] + 0.001)
            for one, two in zip(track, track[1:]):
                self.assertLessEqual(one["ts"] + one["dur"], two["ts"] + 0.001)
        return slices

    def names(self, slices, process):
        return {e["name"] for (pid, _), track in slices.items() if pid == process for e in track}

    def test_threads_take_turns_on_cpus(self):
        slices = self.trace("pingpong", "threads")
        if self.no_perf:
            self.skipTest(self.done.stderr)
        self.assertLessEqual({"thread 1", "thread 2"}, self.names(slices, CPUS))
        self.assertFalse(self.names(slices, WORKERS))
        ends = {e["args"]["then"] for (pid, _), track in slices.items() if pid == CPUS for e in track}
        self.assertLessEqual(ends, {"blocked", "runnable", "ended"})
        self.assertIn("ended", ends)
        self.assertEqual([e["name"] for e in slices[TRIAL, "measured"]], ["window"])
        self.assertEqual((self.about["workload"], self.about["runtime"], len(self.about["placed"])), ("pingpong", "threads", len(self.about["placed"])))

    def test_processes_and_named_channel_processes_are_told_apart(self):
        slices = self.trace("pingpong", "processes")
        if self.no_perf:
            self.skipTest(self.done.stderr)
        self.assertLessEqual({"process 1", "process 2"}, self.names(slices, CPUS))
        self.assertLessEqual({"read", "split", "normalise", "count"}, self.names(self.trace("wordcount", "channels"), CPUS))

    def test_every_unit_of_green_and_stackless_is_on_a_worker(self):
        for runtime in ("green", "stackless"):
            slices = self.trace("pingpong", runtime, "--workers", "1")
            self.assertEqual({e["args"]["unit"] for e in slices[WORKERS, "worker 0"] if "args" in e}, {1, 2}, runtime)
            self.assertIn("main", self.names(slices, WORKERS))
            if not self.no_perf:
                self.assertIn("worker 0", self.names(slices, CPUS))
            slices = self.trace("spawn", runtime, "--set", "units=50", "--window", "0.001")
            units = {e["args"]["unit"] for (pid, _), track in slices.items() if pid == WORKERS for e in track if "args" in e}
            self.assertEqual(units, set(range(1, len(units) + 1)), runtime)  # repeats go on counting
            self.assertEqual((len(units) >= 50, len(units) % 50), (True, 0), runtime)

    def test_too_many_turns_are_counted_and_dropped(self):
        slices = self.trace("yield", "green", "--workers", "1", "--window", "0.1")
        marks = len(slices[WORKERS, "worker 0"])
        if "found no room" in self.done.stdout:
            self.assertGreater(marks, 60000)
        self.assertLess(marks, 65536)

    def test_where_the_kernel_refuses_the_units_are_left(self):
        if not PERF_EVENT_OPEN:
            self.skipTest("the system call's number is not known here")
        slices = self.trace("pingpong", "green", preexec_fn=refuse_perf_events)
        self.assertEqual(self.done.returncode, 0)
        self.assertRegex(self.done.stderr, r"^fiveways: trace: the CPUs have no tracks: perf_event_open: Permission denied \(kernel.perf_event_paranoid is -?\d; .*\n$")
        self.assertTrue(self.names(slices, WORKERS))
        done = self.call("--workload", "pingpong", "--runtime", "threads", "--out", self.folder, preexec_fn=refuse_perf_events)
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertRegex(done.stderr, r"^fiveways: trace: .*units of this model are OS threads.*\n$")

    def test_wrong_words_get_one_line(self):
        for words, said in (((), "no workload"), (("--workload", "pingpong"), "no runtime"), (("--workload", "pingpon", "--runtime", "green"), "pingpong"),
                            (("--workload", "pingpong", "--runtime", "green,threads"), "green,threads"), (("--window", "0"), "'0'"),
                            (("--workers", "none"), "'none'"), (("--wrong",), "--wrong"), (("--set", "x"), "'x'"), (("--set",), "--set"),
                            (("--workload", "pingpong", "--runtime", "green", "--variant", "x"), "'x'"), (("word",), "'word'"),
                            (("--workload", "pingpong", "--runtime", "green", "--out", "/nonexistent/x"), "/nonexistent/x")):
            done = self.call(*words)
            self.assertEqual((done.returncode, done.stdout, done.stderr.count("\n")), (2, "", 1), done.stderr)
            self.assertIn(said, done.stderr)


unittest.main()

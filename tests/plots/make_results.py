"""Makes a synthetic result folder, marked as synthetic, with every file of the contract
(results/SCHEMA.md), so that charts and report are tested without running anything.
Numbers come from a seeded generator and mean nothing. `make_results.py DIR` makes one."""
import csv
import json
import math
import pathlib
import random
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "plots"))
import results  # noqa: E402

MODELS = {"seq": "sequential", "processes": "processes", "threads": "threads", "channels": "channels",
          "green": "green threads", "stackless": "stackless tasks", "shell": "shell pipeline", "awk": "awk"}
KIND = {"seq": "seq", "shell": "reference", "awk": "reference"}
PINGPONG = {"processes": 4100, "threads": 3900, "channels": 3700, "green": 118, "stackless": 96}
VARIANTS = {"processes": {"pipe": 1.0, "socketpair": 1.22, "ring": 0.55}}
WORDCOUNT = {"seq": 31e6, "processes": 24e6, "threads": 17e6, "channels": 17.2e6, "green": 16.8e6, "stackless": 16.9e6,
             "shell": 610e6, "awk": 240e6}

UNITS = {"threads": 24e3, "green": 3200.0, "stackless": 400.0}


class Maker:
    def __init__(self, folder, rounds=6, models=tuple(MODELS), batch=1, failed=(), refused=(), hgrm=True, axis=True, seed=7,
                 manifest=None, channels=(), scale=None, blocks=("b1", "b2", "b3"), settings=None, sigma=0.02):
        self.folder, self.rounds, self.models, self.batch = pathlib.Path(folder), rounds, models, batch
        self.failed, self.refused, self.hgrm, self.axis = failed, refused, hgrm, axis
        self.random, self.trial, self.rows, self.blocks = random.Random(seed), 0, [], []
        self.extra, self.channels = manifest or {}, channels
        self.scale, self.wanted, self.settings, self.sigma = scale or {}, blocks, settings or {}, sigma  # scale: {runtime or (block, runtime): factor}
        self.benchmarks = []

    def make(self):
        for part in ("charts", "hgrm", "hist"):
            (self.folder / part).mkdir(parents=True, exist_ok=True)
        for block in (("b1", "pingpong", "both ends on one CPU", 1, "size=64", PINGPONG, "round trip", 1.0),
                      ("b2", "pingpong", "each end on its own CPU", 2, "size=64", PINGPONG, "round trip", 6.0),
                      ("b3", "wordcount", "", 2, "input_bytes=4194304", WORDCOUNT, "pass", 1.0)):
            if block[0] in self.wanted:
                self.block(*block)
        if self.axis:
            self.axes()
        self.write()
        return self.folder

    def add(self, workload, runtime, variant, workers, params, number, role, value, reason="", status="ok", taint=0, memory=0):
        self.trial += 1
        mode = "steady" if workload == "pingpong" else "complete"
        batch = self.batch if workload == "pingpong" else 1
        stem = [str(self.trial), workload, runtime, MODELS[runtime], variant, mode, str(batch), str(workers), "compact", params,
                str(number), role, status, reason]
        metrics = [("time_per_op", "ns", value), ("throughput", "op/s", 1e9 / value), ("elapsed", "ns", 1e8),
                   ("cpu_per_op", "ns", 1.4 * value), ("max_rss", "byte", 9.4e6),
                   *self.counts(runtime)] if status == "ok" else [("", "", None)]
        if memory and status == "ok":
            metrics += [("user_memory_per_unit", "byte", memory), ("kernel_memory_per_unit", "byte", -1.0 if self.trial % 2 else memory),
                        ("user_memory_left_per_unit", "byte", memory / 50), ("kernel_memory_left_per_unit", "byte", 0.0)]
        for metric, unit, v in metrics:
            self.rows.append(stem + [metric, unit, "" if v is None else f"{v:.17g}", str(taint)])

    def counts(self, runtime):
        """What 1,000 operations took; some counts only of who has them."""
        ops = [("ops", "1", 1000.0)] + [(n, "1", f * self.trial) for n, f in (("futex", 3.0), ("syscalls", 0.0 if runtime == "green" else 1.0)) if KIND.get(runtime) != "reference"]
        return ops + ([("idle_while_runnable", "ns", 250.0 * self.trial)] if runtime in ("green", "stackless") else [])

    def cells(self, table):
        for runtime in self.models:
            if runtime in table:
                variants = VARIANTS.get(runtime, {"": 1.0}) if table is PINGPONG else {"": 1.0}
                for i, (variant, scale) in enumerate(variants.items()):
                    yield runtime, variant, i == 0, table[runtime] * scale

    def block(self, ident, workload, label, workers, params, table, op, scale):
        block = {"id": ident, "workload": workload, "label": label, "params": params, "workers": workers, "placement": "compact",
                 "rounds": self.rounds, "unit": "ns/op", "settings": results.params_of(params) | self.settings.get(ident, {}), "op": op, "smallest_ratio": 1.06, "entries": [], "pairs": []}
        measured = {}
        for runtime, variant, headline, base in self.cells(table):
            entry = {"runtime": runtime, "model": MODELS[runtime], "kind": KIND.get(runtime, "model"), "variant": variant,
                     "headline": headline, "status": "ok", "reason": "", "n": self.rounds, "level": 0.969, "tainted": 0}
            block["entries"].append(entry)
            if runtime in self.failed or runtime in self.refused:
                status = "failed" if runtime in self.failed else "refused"
                reason = "receipt: units: expected exactly 2, got 1" if status == "failed" else "mmap: ENOMEM: vm.max_map_count is 65530"
                entry.update(status=status, reason=reason, n=0)
                self.add(workload, runtime, variant, workers, params, 0, "measure", 1, reason, status)
                continue
            far = scale if runtime in ("processes", "threads", "channels") else math.sqrt(scale)
            far *= self.scale.get(runtime, 1) * self.scale.get((ident, runtime), 1) * self.scale.get(ident, 1)
            values = [base * far * self.random.lognormvariate(0, self.sigma) for _ in range(self.rounds)]
            name = f"{workload}/runtime:{runtime}/{params.replace('=', ':')}/workers:{workers}" + ("" if headline else f"/variant:{variant}")
            self.benchmarks += [{"name": name, "run_name": name, "run_type": "iteration", "repetitions": 1, "repetition_index": 0, "threads": 1, "iterations": 1,
                                 "real_time": v, "cpu_time": v, "time_unit": "ns"} for v in values]
            for number, value in enumerate(values):
                self.add(workload, runtime, variant, workers, params, number, "measure", value)
            low, high, level = results.interval(values)
            entry.update(median=results.median(values), low=low, high=high, level=round(level, 3), outliers=sum(results.outliers(values)), drifting=0)
            measured[results.name_of(entry)] = values
            if workload == "pingpong" and self.hgrm:
                self.write_hgrm(f"{ident}-{results.entry_name(runtime, variant)}", base * far)
        if "green" in measured:
            self.add(workload, "green", "", workers, params, 0, "twin", measured["green"][0] * 1.01)
        names = list(measured)
        for i, a in enumerate(names):
            for b in names[i + 1:]:
                block["pairs"].append(verdict(a, b, measured[a], measured[b]))
        self.blocks.append(block)

    def axes(self):
        for runtime, variant, headline, base in self.cells(PINGPONG):
            if runtime in self.failed or runtime in self.refused:
                continue
            for size in (8, 512, 4096, 16384, 65536):
                copy = size * (0.28 if variant != "ring" else 0.19) if runtime == "processes" else size * 0.11
                for number in range(2):
                    self.add("pingpong", runtime, variant, 1, f"size={size}", number, "axis",
                             (base + copy * (2.3 if variant == "ring" and size > 9000 else 1)) * self.random.lognormvariate(0, 0.03))
        for runtime, base in UNITS.items():
            for units in (1000, 10000, 100000) if runtime in self.models else ():
                full = runtime == "threads" and units > 32768
                for number in range(2):
                    self.add("spawn", runtime, "", 2, f"gate=1;units={units}", number, "axis", base * units * self.random.lognormvariate(0, 0.03),
                             *(("pthread_create: EAGAIN (kernel.pid_max is 32768)", "refused") if full else ()), memory=base)
        for runtime, variant, headline, base in self.cells(WORDCOUNT):
            if KIND.get(runtime) == "reference" or runtime in self.failed or runtime in self.refused:
                continue
            for workers in (1, 4, 8):
                speed = 1 if runtime == "seq" else {1: 0.6, 4: 1.02, 8: 0.97}[workers]
                for number in range(2):
                    self.add("wordcount", runtime, variant, workers, "input_bytes=4194304", number, "axis",
                             base / speed * self.random.lognormvariate(0, 0.04))

    def write_hgrm(self, stem, centre):
        samples = sorted(centre * self.random.lognormvariate(0, 0.08) * (30 if self.random.random() < 0.004 else 1) for _ in range(30000))
        lines = [f"{'Value':>12} {'Percentile':>14} {'TotalCount':>10} {'1/(1-Percentile)':>14}", ""]
        step, n = 0.0, len(samples)
        while True:
            index = min(n - 1, int(step * n))
            inverse = f"{1 / (1 - step):14.2f}" if index < n - 1 else "inf"
            lines.append(f"{samples[index]:12.3f} {step if index < n - 1 else 1:14.12f} {index + 1:10d} {inverse}")
            if index >= n - 1:
                break
            step += (1 - step) / 10
        lines += [f"#[Mean    = {sum(samples) / n:12.3f}, StdDeviation   = {centre * 0.1:12.3f}]",
                  f"#[Max     = {samples[-1]:12.3f}, Total count    = {n:12d}]", "#[Buckets =           26, SubBuckets     =         2048]"]
        (self.folder / "hgrm" / f"{stem}.hgrm").write_text("\n".join(lines) + "\n")

    def write(self):
        manifest = {"schema": 1, "synthetic": True, "seed": "42", "argv": ["fiveways", "run", "--profile", "quick"], "profile": "quick",
                    "alias": "host-0000", "git": {"sha": "0123456789ab", "dirty": False}, "version": "0.1.0", "utc": "20260101T000000Z",
                    "build": {"compiler": "gcc 12.2.0", "flags": "-O3", "type": "Release", "sanitizers": ""},
                    "machine": {"cpu": "Synthetic CPU @ 3.00GHz", "caches": {"l1d_bytes": 32768, "l2_bytes": 1048576, "l3_bytes": 37748736}},
                    "allowed_cpus": "0-1", "grade": "C", "grade_reasons": ["virtual machine: no hardware counters", "2 CPUs only"],
                    "kernel": "Linux 6.1", "libc": "glibc 2.36", "clock": {"cost_ns": 21, "step_ns": 1}, "interrupted": False,
                    "dropped": [], "oversubscribed": False, "counts": {"cured": 0}, "seconds": 104.2}
        if self.channels:
            manifest["instrumented"] = ["channels"]
        manifest.update(self.extra)
        verdicts = {"schema": 1, "profile": "quick", "aa": {"pairs": 18, "low": 0.98, "high": 1.03, "percent": 3.0, "median": 1.0},
                    "blocks": self.blocks}
        for name, value in (("manifest", manifest), ("verdicts", verdicts)):
            (self.folder / f"{name}.json").write_text(json.dumps(value, indent=1) + "\n")
        with open(self.folder / "tidy.csv", "w", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows([results.COLUMNS] + self.rows)
        (self.folder / "schedule.csv").write_text("trial_id,block,round,role,workload,runtime,variant,workers,params\n")
        (self.folder / "trials.ndjson").write_text("".join(
            json.dumps({"block": "b3", "role": "measure", "status": "ok", "runtime": "channels", "variant": "", "result": {"channels": told}}) + "\n"
            for told in self.channels))
        (self.folder / "gbench.json").write_text(json.dumps({"context": {}, "benchmarks": self.benchmarks}, indent=1) + "\n")


def told(flow, slow="normalise", messages=1000):
    """What an instrumented trial tells of a flow [(channel, senders, receivers)] in which one thread is slow."""
    def user(thread, sent, received, blocked):
        return {"thread": thread, "lived_ns": 10 ** 9, "cpu_ns": 9 * 10 ** 8 if thread == slow else 2 * 10 ** 8, "sent": sent, "received": received,
                "send_blocked_ns": blocked if sent else 0, "recv_blocked_ns": 0 if sent else blocked}
    rows = []
    for name, senders, receivers in flow:
        full = slow in receivers
        threads = [user(t, messages // len(senders), 0, 8 * 10 ** 8 if full else 10 ** 7) for t in senders]
        threads += [user(t, 0, messages // len(receivers), 10 ** 7 if full else 8 * 10 ** 8) for t in receivers]
        rows.append({"name": name, "capacity": 8, "lived_ns": 10 ** 9, "messages": messages, "depth": [0, 0, 0, messages // 4, messages - messages // 4] if full
                     else [messages], "threads": threads, **{side: sum(u[side] for u in threads) for side in ("send_blocked_ns", "recv_blocked_ns")}})
    return rows


PIPELINE = [("channel 1", ["read"], ["split"]), ("channel 2", ["split"], ["normalise"]), ("channel 3", ["normalise"], ["count"])]


def verdict(a, b, left, right):
    ratios = sorted(y / x for x, y in zip(left, right))
    low, high, level = results.interval(ratios)
    told = len(ratios) >= 4  # as the driver: fewer rounds separate nothing
    verdict_word = "faster" if told and low > 1.03 else "slower" if told and high < 1 / 1.03 else "not separated"
    return {"a": a, "b": b, "ratio": results.median(ratios), "low": low, "high": high, "level": round(level, 3), "wanted_level": 0.9995,
            "verdict": verdict_word, "exploratory": level < 0.9995}


def make(folder, **choices):
    return Maker(folder, **choices).make()


if __name__ == "__main__":
    make(sys.argv[1])

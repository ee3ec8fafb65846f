"""The report's "Which model for my program?": four questions, and for each answer the rows of this run that bear on it with
their verdicts, or that there is no evidence here. A row is a block of verdicts.json, or a point of an axis, which has no
verdict; nothing is recommended that the run didn't measure."""
import look
import overview
import results
import words

HANDED_ON = ("pingpong", "ring", "yield", "mpmc", "bank")  # the work is the hand-off itself, unless `work` is set
WAITING = ("overlap", "c10k", "sleepers")
CROWDS = {"c10k": "connections", "spawn": "units", "sleepers": "units"}  # parameter: how many are there at once
BLOCKED = ("blocking",)


class Point:
    """A block, or a point of an axis: {runtime: (median, rounds)} of headline entries and what was refused."""

    def __init__(self, run, workload, workers, placement, params, block=None):
        self.run, self.workload, self.block = run, workload, block
        self.where = {"workload": workload, "workers": workers, "placement": placement, "params": params}
        self.params = results.params_of(params)
        self.label = overview.label(block or self.where)
        self.link = f"#block-{block['id']}" if block else f"#workload-{workload}"

    def figures(self, metric="time_per_op"):
        """{runtime: (median, low, high, rounds)} of one metric, headline entries only."""
        found = {}
        for row in self.run.values(metric, **self.where):
            if is_headline(self.run, row):
                found.setdefault(row["runtime"], []).append(row["value"])
        return {r: (results.median(found[r]), *results.interval(found[r])[:2], len(found[r])) for r in sorted(found, key=rank)}

    def refused(self):
        rows = [r for r in self.run.rows if r["status"] in ("refused", "failed") and is_headline(self.run, r) and all(r[k] == v for k, v in self.where.items())]
        return {r["runtime"]: f"{r['status']}: {r['reason']}" for r in sorted(rows, key=lambda r: rank(r["runtime"]))}

    def live(self):
        """How many connections or units are there at once; None: the run doesn't say, or it is no crowd."""
        text = self.params.get(CROWDS.get(self.workload, ""), "")
        return int(text) if text.isdigit() and self.params.get("gate", "1") != "0" else None

    def work(self):
        """Nanoseconds of sequential work in one unit; 0 where a unit only hands on; None: unknown."""
        if self.workload in HANDED_ON:
            return float(self.params.get("work", "0"))  # rounds of about a nanosecond
        seq = self.figures().get("seq")
        units, ops = self.figures("units"), self.figures("ops")
        per_op = [units[r][0] / ops[r][0] for r in units if r != "seq" and r in ops and ops[r][0] and units[r][0]]
        return seq[0] / max(per_op) if seq and per_op else None

    def verdict(self):
        """One sentence: the least median, what isn't separated from it, what is slower and by how much, what was refused."""
        return block_verdict(self.block) if self.block else self.medians(self.figures(), "no verdict at a point of an axis")

    def medians(self, figures, why="", name="median"):
        said = [f"{r} {look.duration(f[0])}" for r, f in sorted(figures.items(), key=lambda item: item[1][0])]
        rounds = sorted({f[3] for f in figures.values()})
        count = f"{rounds[0]}" if len(rounds) == 1 else f"{rounds[0]} to {rounds[-1]}" if rounds else "0"
        text = f"{name} of {count} round{'' if count == '1' else 's'}: {', '.join(said)}{f' ({why})' * bool(why)}" if said else ""
        return "; ".join([text] * bool(text) + [f"{r} {why}" for r, why in self.refused().items()]) + "."

    def tail(self):
        """The 99th percentile as far as the run has one; '' = it has none."""
        figures = self.figures("p99")
        amortised = any(r["batch"] > 1 for r in self.run.values("p99", **self.where))
        return "" if amortised or not figures else self.medians(figures, name="99th percentile, median")

    def processes(self):
        """What processes cost here, as the verdict against the row's best says; '' = nothing is known."""
        if not self.block:
            return ""
        heads = {e["runtime"]: e for e in results.entries(self.block, headline=True)}
        entry = heads.get("processes")
        models = [e for e in heads.values() if e["status"] == "ok" and e.get("kind", "model") == "model"]
        if not entry:
            return ""
        if entry["status"] != "ok":
            return f"processes {entry['status']}: {entry.get('reason') or 'no reason given'}."
        base = min(models, key=lambda e: e["median"])
        return "processes have the least median." if base is entry else words.compare(self.block, base, entry)


def is_headline(run, row):
    if not hasattr(run, "headline_keys"):
        run.headline_keys = {(e["runtime"], e.get("variant", "")) for b in run.blocks for e in results.entries(b, headline=True)}
    known = {runtime for runtime, _ in run.headline_keys}
    return (row["runtime"], row["variant"]) in run.headline_keys or row["runtime"] not in known and not row["variant"]


def rank(runtime):
    return (look.MODELS.index(runtime) if runtime in look.MODELS else len(look.MODELS), runtime)


def block_verdict(block):
    heads = results.entries(block, headline=True)
    valid = sorted((e for e in heads if e["status"] == "ok"), key=lambda e: e["median"])
    models = [e for e in valid if e.get("kind", "model") == "model"] or valid
    parts = []
    if models:
        base = models[0]
        parts.append(f"{base['runtime']} has the least median, {look.duration(base['median'])} per {block.get('op', 'operation')}")
        told = {"not separated": [], "faster": [], "slower": [], "": []}
        for e in valid:
            pair = results.pair_of(block, results.name_of(base), results.name_of(e)) if e is not base else None
            if e is base:
                continue
            few = not pair or min(base.get("n", 0), e.get("n", 0)) < 2
            told["" if few else pair["verdict"]].append((e, pair))
        slower = ", ".join(f"{e['runtime']} {words.bounds(p)}" for e, p in told["faster"])  # base is faster than e
        names = lambda kind: words.joined([e["runtime"] for e, _ in told[kind]])
        parts += [f"not separated from it: {names('not separated')}"] if told["not separated"] else []
        parts += [f"slower: {slower}"] if slower else []
        parts += [f"faster: {names('slower')}"] if told["slower"] else []
        parts += [f"no verdict: {names('')}"] if told[""] else []
        weak = next((p for kind, found in told.items() if kind for _, p in found if p.get("exploratory")), None)
        parts[-1] += words.level(weak) if weak else ""
    parts += [f"{e['runtime']} {e['status']}: {e.get('reason') or 'no reason given'}" for e in heads if e["status"] != "ok"]
    return "; ".join(parts) + "."


def points(run):
    """The blocks, then the points of axes that are no block's."""
    found = [Point(run, b["workload"], b["workers"], b["placement"], b.get("params", ""), b) for b in run.blocks]
    seen = {tuple(p.where.values()) for p in found}
    for row in run.rows:
        key = tuple(row[k] for k in ("workload", "workers", "placement", "params"))
        if row["role"] == "axis" and key not in seen:
            seen.add(key)
            found.append(Point(run, *key))
    return found


def between(low, high, value):
    return value is not None and low <= value < high


def rows(points, wanted, say=Point.verdict, more=lambda p: ""):
    found = [{"label": p.label + more(p), "link": p.link, "text": say(p)} for p in points if wanted(p)]
    return [row for row in found if row["text"] not in ("", ".")]


def ask(run):
    """[{id, question, answers: [{text, rows, note, command}]}]: a row has label, link and text; no command: no rows are wanted."""
    every = points(run)
    crowd = lambda low, high: rows(every, lambda p: between(low, high, p.live()))
    long = lambda p: f" ({look.duration(p.work())} of work a unit)" if p.work() else ""
    work = lambda low, high: rows(every, lambda p: p.workload not in WAITING + BLOCKED and between(low, high, p.work()), more=long)
    c10k = "fiveways run --workload c10k --sweep connections="
    return [
        {"id": "connections", "question": "How many connections, or clients, at once?", "answers": [
            answer("up to a hundred", crowd(0, 101), c10k + "10,100"),
            answer("hundreds to a few thousand", crowd(101, 5000), c10k + "1000"),
            answer("ten thousand or so, and more", crowd(5000, float("inf")), c10k + "10000")]},
        {"id": "work", "question": "How much work is one request?", "answers": [
            answer("next to none: it is handed on", work(0, 1e3), "fiveways run --workload pingpong,mpmc"),
            answer("microseconds", work(1e3, 1e6), "fiveways run --workload nqueens,skynet"),
            answer("milliseconds of computing, or more", work(1e6, float("inf")), "fiveways run --workload wordcount,mandelbrot"),
            answer("it mostly waits: for a disk, a network, a clock", rows(every, lambda p: p.workload in WAITING), "fiveways run --workload overlap,c10k")]},
        {"id": "deadline", "question": "Is there a deadline?", "answers": [
            answer("no: only throughput counts", [], "", "The rows of the two questions above are about the time per operation, which is throughput's inverse."),
            answer("yes: ninety-nine of a hundred answers within a time", rows(every, lambda p: p.workload not in BLOCKED, Point.tail), "fiveways run --workload c10k --sweep load=50,95",
                   "Of the 99th percentile there are medians and no verdicts: those are about the time per operation."),
            answer("yes, and some unit may block or compute for long", rows(every, lambda p: p.workload in BLOCKED), "fiveways run --workload blocking")]},
        {"id": "isolation", "question": "Must a crash stay with the request that crashed?", "answers": [
            answer("yes: only processes do that; this is what they cost", rows(every, lambda p: True, Point.processes), "fiveways run --runtime processes,threads"),
            answer("no: they may share memory", [], "", "Every model will do: the other questions decide.")]}]


def answer(text, rows, command, note=""):
    return {"text": text, "rows": rows, "command": command, "note": note}

"""The machines of a class side by side: which runs belong together, which machines stand apart from the others and in
what their machine cards differ. Times are divided by the machine's calibration kernel (how fast its CPU was), so that what is
left is the system, not the clock rate. Pure functions of results.Run; merge.py draws and writes."""
import collections
import math
import statistics

import compare
import look
import pairing
import predictions
import results

LEAST = 5  # machines that have a cell; fewer have no fences
TELLING = 0.10  # a difference below this never sets a machine apart
ABSENT = ("not available", "unknown", "", None)


class Host:
    """One run that takes part: cells {(block's place, name): entry}, calibration in ns or None."""

    def __init__(self, name, run):
        self.name, self.run, self.alias = name, run, run.machine.alias
        self.calibration = compare.calibration(run)
        self.blocks = {place: block for place, block in places(run)}
        self.cells = {(place, results.name_of(e)): e for place, block in self.blocks.items() for e in block["entries"] if e["status"] == "ok" and e["median"] > 0}
        self.troubles = [(place, results.name_of(e), e) for place, block in self.blocks.items() for e in block["entries"] if e["status"] in ("refused", "failed")]
        rows = run.values(roles=("measure", "twin", "axis"))
        self.figures = frozenset((r["workload"], r["runtime"], r["variant"], r["value"]) for r in rows)
        trials = {r["trial_id"]: r["tainted"] for r in run.rows if r["role"] in ("measure", "twin") and r["status"] == "ok"}
        self.tainted = sum(trials.values()) / len(trials) if trials else 0.0
        self.outside, self.far, self.apart = {}, set(), False


def places(run):
    """[(where a block is found again in other runs, block)]."""
    counts = collections.Counter(pairing.place(b) for b in run.blocks)
    for block in run.blocks:
        yield pairing.place(block) + ((block.get("params", ""),) if counts[pairing.place(block)] > 1 else ()), block


def title(place):
    """A place in words: the workload, what the block is, and the placement where it isn't the usual one."""
    more = [place[1]] + [place[2]] * (place[2] not in ("compact", "none")) + list(place[3:])
    return ": ".join(filter(None, (place[0], ", ".join(filter(None, more)))))


def copies(hosts):
    """[(copy, original, shared figures, figures of the copy)]: a figure has so many digits that two runs share none by chance."""
    found, kept = [], []
    for host in hosts:
        of = next((k for k in kept if host.figures and len(host.figures & k.figures) > 0.2 * min(len(host.figures), len(k.figures))), None)
        if of:
            found.append((host, of, len(host.figures & of.figures), len(host.figures)))
        else:
            kept.append(host)
    return found, kept


def strangers(hosts):
    """[(host, why)]: runs that don't belong to the others: other parameters than most have, or no block in common."""
    found = []
    usual = {}
    for place in {p for h in hosts for p in h.blocks}:
        told = [pairing.settings(h.run, h.blocks[place]) for h in hosts if place in h.blocks]
        usual[place] = {k: collections.Counter(t[k] for t in told if k in t).most_common(1)[0] for k in sorted({k for t in told for k in t})}
    for host in hosts:
        why = ""
        for place in sorted(host.blocks):
            for key, value in sorted(pairing.settings(host.run, host.blocks[place]).items()):
                most, count = usual[place][key]
                if value != most:
                    why = why or f"{title(place)}: {key} is {value}, in {count} other run{'s' if count > 1 else ''} it is {most}: runs with other parameters don't belong together"
        others = {p for h in hosts if h is not host for p in h.blocks}
        if not why and len(hosts) > 1 and not set(host.blocks) & others:
            why = f"no block in common with the others ({compare.names(host.run.blocks)})"
        if why:
            found.append((host, why))
    return found


class Class:
    """hosts; places in order; speed {host: how many times the class's median its calibration kernel took}; centre {cell: the
    class's median normalised ns}; factor(host, cell): its normalised time as a multiple of that."""

    def __init__(self, hosts):
        self.hosts = hosts
        self.kernel = collections.Counter(h.calibration[1] for h in hosts if h.calibration).most_common(1)
        self.kernel = self.kernel[0][0] if self.kernel else None
        told = {h: h.calibration[0] for h in hosts if h.calibration and h.calibration[1] == self.kernel}
        self.normalised = len(told) > len(hosts) / 2
        middle = results.median(told.values()) if told else 1.0
        self.calibration = middle
        self.speed = {h: ns / middle for h, ns in told.items()} if self.normalised else {h: 1.0 for h in hosts}
        self.places = []
        for h in hosts:
            self.places += [p for p in h.blocks if p not in self.places]
        cells = collections.defaultdict(dict)
        for h in self.speed:
            for cell, entry in h.cells.items():
                cells[cell][h] = entry["median"] / self.speed[h]
        self.cells = dict(cells)
        self.centre = {cell: results.median(by.values()) for cell, by in cells.items()}
        self.find_apart()
        self.majority = {name: most(values) for name, values in self.facts().items()}

    def factor(self, host, cell):
        return self.cells[cell][host] / self.centre[cell] if host in self.cells.get(cell, {}) else None

    def find_apart(self):
        """Tukey's fences over the machines, a cell at a time and over the calibration kernel. Apart: outside in a fifth of its
        cells (two at least), far outside in two, or of another speed."""
        for cell, by in self.cells.items():
            for host in outside(by):
                host.outside[cell] = self.factor(host, cell)
            for host in outside(by, 3, 0.5):
                host.far.add(cell)
        other_speed = outside(self.speed) if self.normalised else []
        for host in self.hosts:
            host.other_speed = host in other_speed
            host.apart = host.other_speed or len(host.far) >= 2 or len(host.outside) >= max(2, 0.2 * len(host.cells))

    def block_factor(self, host, place):
        """Median over the block's entries; None where the host has none of them."""
        found = [self.factor(host, cell) for cell in host.cells if cell[0] == place]
        found = [f for f in found if f]
        return results.median(found) if found else None

    def how(self, host):
        """In what it stands apart: [sentence], the greatest first."""
        said = []
        if host.other_speed:
            s = self.speed[host]
            said.append(f"its CPU took {look.factor(s)} the class's median for the calibration kernel" + (" (everything is slower by about that, absolutely)" if s > 1 else ""))
        by_place = collections.defaultdict(list)
        for (place, name), factor in host.outside.items():
            by_place[place].append((factor, name))
        size = lambda told: -abs(math.log(results.median([f for f, _ in told])))
        ordered = sorted(by_place.items(), key=lambda item: (size(item[1]), item[0]))
        for place, told in ordered[:3]:
            factor = results.median([f for f, _ in told])
            all_of = sum(1 for cell in host.cells if cell[0] == place)
            who = "every entry" if len(told) == all_of and all_of > 1 else ", ".join(sorted(n for _, n in told)[:4]) + (" and others" if len(told) > 4 else "")
            said.append(f"{title(place)}: {look.factor(factor)} the class's median, normalised ({who})")
        if len(ordered) > 3:
            said.append(f"{len(ordered) - 3} more block{'s' if len(ordered) > 4 else ''}")
        return said

    # ---- machine cards -------------------------------------------------------

    def facts(self):
        found = collections.defaultdict(dict)
        for h in self.hosts:
            for name, value in card(h).items():
                if value not in ABSENT:
                    found[name][h] = value
        return found

    def why(self, host):
        """What its machine card has that most others don't: [(fact, what most have and who shares it)], and the weak ones."""
        strong, weak = [], []
        facts = self.facts()
        for name, value in card(host).items():
            usual = self.majority.get(name)
            if value in ABSENT or usual is None or value == usual:
                continue
            same = [h for h, v in facts[name].items() if v == value and h is not host]
            apart = sum(h.apart for h in same)
            shared = ("no other machine has it" if not same else f"1 other has it and {'stands' if apart else 'does not stand'} apart" if len(same) == 1 else
                      f"{len(same)} others have it, {apart or 'none'} of them apart")
            (weak if name in WEAK else strong).append((f"{name}: {value}", f"most: {usual}; {shared}"))
        return strong, weak


WEAK = ("CPU model", "kernel", "compiler", "flags", "Fiveways")


def card(host):
    """{fact: text} of what may explain a time; the most telling first."""
    m, get = host.run.manifest, lambda *paths: results.first(host.run.manifest, *paths)
    cpus, load = get("machine.cpus_allowed") or host.run.machine.cpus, get("machine.load1")
    number = lambda v: isinstance(v, (int, float)) and not isinstance(v, bool)
    moved = None
    ends = [get("calibration.ns"), get("calibration_end.ns")]
    if all(number(e) and e > 0 for e in ends):
        ratio = max(ends) / min(ends)
        moved = f"moved by {100 * (ratio - 1):.0f} % during the run" if ratio > 1.1 else "steady"
    quota = get("machine.quota")
    battery = get("machine.battery")
    text = lambda v: None if v is None else " ".join(str(v).split())[:80]
    return {"build": text(get("build.type")), "CPU quota": text(quota), "CPUs allowed": text(cpus or None), "virtual machine": text(get("machine.virtualisation")),
            "governor": text(get("machine.governor")), "power": None if battery is None else "on battery" if battery == "Discharging" else "mains",
            "load before the run": None if not number(load) or not number(cpus) or not cpus else f"{load:.1f} on {cpus} CPUs" if load > 0.5 * cpus else "low",
            "disturbed trials": f"{100 * host.tainted:.0f} %" if host.tainted > 0.25 else "few", "clock rate": moved, "clock source": text(get("machine.clocksource")),
            "turbo": text(get("machine.turbo")), "SMT": text(get("machine.smt")), "container": text(get("machine.container")),
            "oversubscribed": "yes" if m.get("oversubscribed") else "no", "architecture": text((get("kernel") or "").rpartition(" ")[2] or None),
            "profile": text(get("profile")), "CPU model": text(host.run.machine.cpu), "kernel": ".".join(str(get("kernel") or "").split(" ")[1:2]).partition("-")[0] or None,
            "compiler": text(get("build.compiler")), "flags": text(get("build.flags")), "Fiveways": text(get("version"))}


def most(values):
    """The value that more than half of those who tell have; None: there is none."""
    (value, count), = collections.Counter(values.values()).most_common(1)
    return value if count > len(values) / 2 else None


def outside(by, times=1.5, least=TELLING):
    """Keys whose value lies beyond Tukey's fences on the log axis, and by at least so much from the median."""
    if len(by) < LEAST:
        return []
    logs = {k: math.log(v) for k, v in by.items()}
    first, middle, third = statistics.quantiles(logs.values(), n=4, method="inclusive")
    reach = times * (third - first)
    return [k for k, v in logs.items() if (v < first - reach or v > third + reach) and abs(v - middle) > math.log(1 + least)]


def ranking(klass):
    """[(place, base, [(name, runtime, [ratio to the base of each machine], faster, slower, not separated)])]: does the order of
    the models hold everywhere? The base of a block is threads, else its entry that most machines have."""
    found = []
    for place in klass.places:
        hosts = [h for h in klass.hosts if place in h.blocks]
        names = collections.Counter(name for h in hosts for p, name in h.cells if p == place)
        if len(names) < 2:
            continue
        base = "threads" if "threads" in names else names.most_common(1)[0][0]
        rows = []
        for name in names:
            told = [(h.cells[place, name]["median"] / h.cells[place, base]["median"], results.pair_of(h.blocks[place], name, base)) for h in hosts
                    if (place, name) in h.cells and (place, base) in h.cells]
            if name != base and told:
                verdicts = collections.Counter(p["verdict"] for _, p in told if p)
                entry = next(h.cells[place, name] for h in hosts if (place, name) in h.cells)
                rows.append((name, entry["runtime"], [r for r, _ in told], verdicts["faster"], verdicts["slower"], verdicts["not separated"]))
        found.append((place, base, rows))
    return found


def scores(hosts):
    """{file: {model: [pairs, right, thought too fast, too slow]}}, {file: {question: [pairs, right]}} over everybody's
    predictions, each held against the verdicts of the machine that they came with; and [a line on each damaged file]."""
    models, questions, damaged = {}, {}, []
    for host in hosts:
        for name in predictions.FILES:
            path = host.run.folder / name
            if not path.exists():
                continue
            try:
                ranks = predictions.read(path)
            except results.Damaged as error:
                damaged.append(str(error))
                continue
            for (_, question), rank in ranks.items():
                said = predictions.score(host.run.blocks[question - 1], rank) if question <= len(host.run.blocks) else []
                for model, counts in predictions.by_model(said).items():
                    sums = models.setdefault(name, {}).setdefault(model, [0, 0, 0, 0])
                    sums[:] = [a + b for a, b in zip(sums, counts)]
                sums = questions.setdefault(name, {}).setdefault(question, [0, 0])
                sums[:] = [sums[0] + len(said), sums[1] + sum(r for _, _, r in said)]
    return models, questions, damaged

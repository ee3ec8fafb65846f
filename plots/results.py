"""Reads a result folder and trusts nothing in it: a damaged, truncated, newer or empty
file raises Damaged, which names the file, the line and what was expected there.
The format is results/SCHEMA.md. Uses the standard library alone; changes nothing."""
import csv
import json
import math
import pathlib
import zipfile

SCHEMA = 1
NUMBER = (int, float)
LEAST_ROUNDS = 4  # fewer separate nothing, as in harness/stats.h
COLUMNS = ("trial_id,workload,runtime,model,variant,mode,batch,workers,placement,params,round,role,status,"
           "reason,metric,unit,value,tainted").split(",")


class Damaged(Exception):
    """One line for the user: which file, which line, what was expected."""


class Refused(Exception):
    """The files are whole, but no chart may be drawn from them."""


def read_json(path):
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise Damaged(f"{path}: missing: expected a result folder's {path.name} (results/SCHEMA.md)")
    except (OSError, UnicodeDecodeError) as error:
        raise Damaged(f"{path}: cannot be read: {error}")
    if not text.strip():
        raise Damaged(f"{path}: line 1: empty: expected a JSON object")
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        raise Damaged(f"{path}: line {error.lineno}: not JSON ({error.msg}): the file is damaged or cut short")
    if not isinstance(value, dict):
        raise Damaged(f"{path}: line 1: expected a JSON object")
    schema = value.get("schema", value.get("schema_version"))
    if not isinstance(schema, int) or isinstance(schema, bool):
        raise Damaged(f'{path}: line 1: expected "schema": {SCHEMA}')
    if schema > SCHEMA:
        raise Damaged(f"{path}: line 1: schema {schema} is newer than {SCHEMA}, which this version reads: use a newer Fiveways")
    return value


def read_tidy(path):
    """The rows of tidy.csv as dicts; workers, batch, round, tainted are ints, value a float or None."""
    try:
        with path.open("r", newline="", encoding="utf-8") as file:
            text = file.read()
    except FileNotFoundError:
        raise Damaged(f"{path}: missing: expected a result folder's tidy.csv (results/SCHEMA.md)")
    except (OSError, UnicodeDecodeError) as error:
        raise Damaged(f"{path}: cannot be read: {error}")
    if not text:
        raise Damaged(f"{path}: line 1: empty: expected the columns {','.join(COLUMNS)}")
    if "\0" in text:
        raise Damaged(f"{path}: line {text[:text.index(chr(0))].count(chr(10)) + 1}: a NUL byte: expected text")
    if not text.endswith("\n"):
        raise Damaged(f"{path}: line {text.count(chr(10)) + 1}: cut short: expected a line end")
    reader = csv.reader(text.splitlines(keepends=True))
    header = next(reader)
    missing = [c for c in COLUMNS if c not in header]
    if missing:
        raise Damaged(f"{path}: line 1: no column {missing[0]}: expected {','.join(COLUMNS)}")
    rows = []
    for cells in reader:
        line = reader.line_num
        if len(cells) != len(header):
            raise Damaged(f"{path}: line {line}: {len(cells)} fields: expected {len(header)}")
        rows.append(typed(path, line, dict(zip(header, cells))))
    return rows


def typed(path, line, row):
    for column in ("workers", "batch", "round", "tainted"):
        try:
            row[column] = int(row[column] or 0)
        except ValueError:
            raise Damaged(f"{path}: line {line}: {column} is {row[column]!r}: expected a whole number")
    text = row["value"]
    try:
        row["value"] = float(text) if text != "" else None
    except ValueError:
        raise Damaged(f"{path}: line {line}: value is {text!r}: expected a number")
    if row["value"] is not None and not math.isfinite(row["value"]):
        raise Damaged(f"{path}: line {line}: value is {text!r}: expected a finite number")
    return row


def outliers(values):
    """Whether each value lies beyond Tukey's fences, 1.5 times the middle half's width from it; none of fewer than four."""
    import numpy

    if len(values) < 4:
        return [False] * len(values)
    low, high = numpy.quantile(values, (0.25, 0.75))
    return [bool(v < low - 1.5 * (high - low) or v > high + 1.5 * (high - low)) for v in values]


def median(values):
    values = sorted(values)
    middle = len(values) // 2
    return values[middle] if len(values) % 2 else (values[middle - 1] + values[middle]) / 2


def interval(values, level=0.95):
    """Order-statistic interval of the median: (low, high, level reached). The tightest pair of
    order statistics that reaches the level, or the extremes when none does."""
    values = sorted(values)
    n = len(values)
    best = (values[0], values[-1], 1 - 2 * 0.5 ** n if n > 1 else 0.0)
    for k in range(1, n // 2 + 1):
        outside = sum(math.comb(n, i) for i in range(k)) * 0.5 ** n
        if 1 - 2 * outside < level:
            break
        best = (values[k - 1], values[n - k], 1 - 2 * outside)
    return best


def params_of(text):
    return {k: v.replace("%3B", ";") for k, _, v in (part.partition("=") for part in text.split(";") if "=" in part)}


def entry_name(runtime, variant):
    return f"{runtime}-{variant}" if variant else runtime


def first(mapping, *paths, default=None):
    """The first of several dotted paths that a mapping holds and that isn't null or empty."""
    for path in paths:
        value = mapping
        for key in path.split("."):
            value = value.get(key) if isinstance(value, dict) else None
        if value not in (None, "", [], {}):
            return value
    return default


class Machine:
    """What every footer and the machine card say; whatever is unknown is said to be unknown."""

    def __init__(self, manifest):
        self.raw = manifest
        get = lambda *paths, default=None: first(manifest, *paths, default=default)
        self.alias = str(get("alias", default="unnamed machine"))
        cpu = get("machine.cpu.model", "machine.cpu_model", "machine.cpu", "machine.model", default="unknown CPU")
        self.cpu = " ".join(str(cpu).split()) if isinstance(cpu, str) else "unknown CPU"
        allowed = get("allowed_cpus", "machine.allowed_cpus")
        self.cpus = cpu_count(allowed)
        self.grade = str(get("grade", "machine.grade", default="?"))
        reasons = get("grade_reasons", "machine.reasons", default=[])
        self.reasons = [reasons] if isinstance(reasons, str) else [
            r if isinstance(r, str) else str(first(r, "text", "reason", "message", "name", default=r)) for r in reasons]
        self.version = str(get("version", "git.sha", default="unknown"))
        self.sha = str(get("git.sha", default=""))
        self.caches = caches_of(manifest)

    def sanitizer(self):
        value = first(self.raw, "build.sanitizers", "build.sanitizer", "sanitizers")
        if isinstance(value, (list, tuple)):
            value = ", ".join(map(str, value))
        return "" if value in (None, False, "none", "off") else str(value)

    def chaos(self):
        return bool(first(self.raw, "build.chaos", "chaos", default=False))


def cpu_count(allowed):
    """How many CPUs a list, a number or a text such as '0-3,6' names; 0 = unknown."""
    if isinstance(allowed, list):
        return len(allowed)
    if isinstance(allowed, int):
        return allowed
    count = 0
    try:
        for part in str(allowed or "").split(","):
            if part.strip():
                low, _, high = part.partition("-")
                count += int(high or low) - int(low) + 1
    except ValueError:
        return 0
    return count


def caches_of(manifest):
    """[('L1d', bytes)] as far as the manifest knows them, smallest first."""
    value = first(manifest, "machine.caches", "machine.cpu.caches", default={})
    pairs = []
    items = value.items() if isinstance(value, dict) else [(first(c, "name", "level", default="?"), c) for c in value]
    for name, size in items:
        size = first(size, "bytes", "size_bytes", "size", default=0) if isinstance(size, dict) else size
        name = str(name).replace("_bytes", "")
        name = name.upper().replace("D", "d") if name.lower().startswith("l") else f"L{name}"
        if isinstance(size, (int, float)) and size > 0 and not name.lower().endswith("i"):
            pairs.append((name, int(size)))
    return sorted(set(pairs), key=lambda p: p[1])


class Run:
    """One result folder, checked; or what a pack holds of one, as a zipfile.Path."""

    def __init__(self, folder):
        self.folder = folder if isinstance(folder, zipfile.Path) else pathlib.Path(folder)
        if not self.folder.is_dir():
            raise Damaged(f"{self.folder}: no such folder: expected a result folder such as results/latest")
        if not any(self.folder.iterdir()):
            raise Damaged(f"{self.folder}: empty: expected manifest.json, tidy.csv and verdicts.json")
        self.manifest = read_json(self.folder / "manifest.json")
        self.machine = Machine(self.manifest)
        if self.machine.sanitizer():
            raise Refused(f"{self.folder / 'manifest.json'}: a build with the {self.machine.sanitizer()} sanitizer: its times say "
                          "nothing, so no charts and no report; expected an ordinary build")
        if self.machine.chaos():
            raise Refused(f"{self.folder / 'manifest.json'}: a chaos build: its times say nothing, so no charts and no report; "
                          "expected an ordinary build")
        self.verdicts = read_json(self.folder / "verdicts.json")
        self.rows = read_tidy(self.folder / "tidy.csv")
        self.check_verdicts()

    def check_verdicts(self):
        path = self.folder / "verdicts.json"
        blocks = self.verdicts.get("blocks")
        if not isinstance(blocks, list):
            raise Damaged(f'{path}: line 1: expected "blocks": an array')
        for number, block in enumerate(blocks):
            where = f"{path}: blocks[{number}]"
            need(where, block, {"id": str, "workload": str, "workers": int, "placement": str, "entries": list, "pairs": list})
            may(where, block, {"label": str, "params": str, "op": str, "rounds": int, "smallest_ratio": NUMBER, "settings": dict})
            for i, entry in enumerate(block["entries"]):
                need(f"{where}.entries[{i}]", entry, {"runtime": str, "status": str})
                may(f"{where}.entries[{i}]", entry, {"model": str, "kind": str, "variant": str, "reason": str, "n": int, "tainted": int, "outliers": int, "drifting": int, "limited": int})
                if entry["status"] == "ok":
                    need(f"{where}.entries[{i}]", entry, {"median": NUMBER, "low": NUMBER, "high": NUMBER})
            for i, pair in enumerate(block["pairs"]):
                need(f"{where}.pairs[{i}]", pair, {"a": str, "b": str, "ratio": NUMBER, "verdict": str})
                may(f"{where}.pairs[{i}]", pair, {"low": NUMBER, "high": NUMBER, "level": NUMBER})
        self.blocks = blocks

    @property
    def profile(self):
        return str(self.verdicts.get("profile") or self.manifest.get("profile") or "?")

    def footer(self, placement=None):
        m = self.machine
        cpus = f"{m.cpus} CPU{'s' if m.cpus != 1 else ''} allowed" if m.cpus else "number of CPUs unknown"
        second = ([f"placement {placement}"] if placement else []) + [f"grade {m.grade}", f"profile {self.profile}", f"Fiveways {m.version[:20]}"]
        if self.manifest.get("oversubscribed"):
            second.append("oversubscribed")
        if self.manifest.get("instrumented"):
            second.append(f"{', '.join(self.manifest['instrumented'])} instrumented")
        if self.manifest.get("interrupted"):
            second.append("interrupted")
        if self.manifest.get("synthetic"):
            second.append("SYNTHETIC DATA, NOT MEASURED")
        return [f"{m.alias} · {m.cpu[:58]} · {cpus}", " · ".join(second)]

    def values(self, metric="time_per_op", roles=("measure", "axis"), **where):
        """Rows of one metric that were valid. Of a tainted trial and its repetition, the untainted one (else the later)."""
        kept = {}
        for r in self.rows:
            if (r["metric"] == metric and r["role"] in roles and r["status"] == "ok" and r["value"] is not None
                    and all(r[k] == v for k, v in where.items())):
                key = tuple(r[k] for k in ("workload", "runtime", "variant", "workers", "placement", "params", "round", "role"))
                if key not in kept or kept[key]["tainted"] or not r["tainted"]:
                    kept[key] = r
        return list(kept.values())

    def held(self, workload):
        """Its units mostly wait: the time of an operation is how late it came, and no rate's inverse."""
        return any(r["mode"] == "hold" for r in self.rows if r["workload"] == workload)

    def time_name(self, workload, op):
        return f"lateness of a {op}" if self.held(workload) else f"time per {op}"

    def workloads(self):
        names = []
        for name in [b["workload"] for b in self.blocks] + [r["workload"] for r in self.rows]:
            if name not in names:
                names.append(name)
        return names


def need(where, value, fields):
    if not isinstance(value, dict):
        raise Damaged(f"{where}: expected an object")
    for field, kind in fields.items():
        if not isinstance(value.get(field), kind) or isinstance(value.get(field), bool):
            what = {str: "text", int: "a whole number", list: "an array", dict: "an object"}.get(kind, "a number")
            raise Damaged(f"{where}: {field}: expected {what}, found {json.dumps(value.get(field))[:40]}")


def may(where, value, fields):
    """Like need, but a field may be left out or null; then it isn't there for the reader either."""
    for field in fields:
        if field in value and value[field] is None:
            del value[field]
    need(where, value, {f: kind for f, kind in fields.items() if f in value})


def entries(block, headline=None):
    return [e for e in block["entries"] if headline is None or bool(e.get("headline", True)) == headline]


def name_of(entry):
    return entry["runtime"] if entry.get("headline", True) else entry_name(entry["runtime"], entry.get("variant", ""))


def rounds_of(block):
    n = block.get("rounds", "?")
    return f"{n} round{'' if n == 1 else 's'}"


def pair_of(block, base, other):
    """The verdict on two entries as 'time of other / time of base', or None."""
    for pair in block["pairs"]:
        if (pair["a"], pair["b"]) == (base, other):
            return dict(pair)
        if (pair["a"], pair["b"]) == (other, base) and pair["ratio"] > 0:
            turned = dict(pair, a=base, b=other, ratio=1 / pair["ratio"])
            low, high = pair.get("low"), pair.get("high")
            turned["low"], turned["high"] = (1 / high if high else None), (1 / low if low else None)
            turned["verdict"] = {"faster": "slower", "slower": "faster"}.get(pair["verdict"], pair["verdict"])
            return turned
    return None

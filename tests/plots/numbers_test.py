"""The report's numbers, worked out again from tidy.csv by pandas and scipy, without any code of plots/. FW_RESULTS names a
result folder with a report to read instead of synthetic ones."""
import html
import json
import os
import pathlib
import re
import unittest

import page
import support

WHERE = ["workload", "workers", "placement", "params"]
ENTRY = ["runtime", "variant"]


class Tidy:
    """The valid measured trials of a folder: of a tainted one and its repetition the untainted, else the later."""

    def __init__(self, folder):
        import pandas

        rows = pandas.read_csv(folder / "tidy.csv", keep_default_na=False, dtype={"params": str, "variant": str, "value": str})
        rows = rows[(rows.status == "ok") & (rows.value != "")].copy()
        rows["value"] = rows.value.astype(float)
        rows = rows.sort_values(["tainted", "trial_id"], ascending=[False, True])  # the best comes last
        self.all = rows.drop_duplicates(WHERE + ENTRY + ["round", "role", "metric"], keep="last")

    def figures(self, metric="time_per_op", roles=("measure",), **where):
        rows = self.all[(self.all.metric == metric) & self.all.role.isin(roles)]
        for column, wanted in where.items():
            rows = rows[rows[column] == wanted]
        return rows

    def rounds(self, block, runtime, variant, clean=False):
        rows = self.figures(**{c: block.get(c, "") for c in WHERE}, runtime=runtime, variant=variant)
        return (rows[rows.tainted == 0] if clean else rows).set_index("round").value.sort_index()


def median_interval(values, level=0.95):
    """The tightest pair of order statistics around the median that reaches the level, else the extremes."""
    from scipy.stats import binom

    values, n = sorted(values), len(values)
    outside = max([k for k in range(n // 2 + 1) if k and 1 - 2 * binom.cdf(k - 1, n, 0.5) >= level], default=1)
    return values[outside - 1], values[n - outside]


def read(folder):
    text = html.unescape((folder / "report.html").read_text())
    verdicts = json.loads((folder / "verdicts.json").read_text())
    return page.Tables((folder / "report.html").read_text()).tables, {b["id"]: b for b in verdicts["blocks"]}, verdicts, text


class Numbers(support.Folder):
    def folders(self):
        if os.environ.get("FW_RESULTS"):
            return [pathlib.Path(os.environ["FW_RESULTS"])]
        made = [self.make("whole", rounds=12), self.make("odd", refused=("green",), failed=("threads",), axis=False, hgrm=False),
                self.make("once", rounds=1, axis=False, hgrm=False)]
        for folder in made:
            self.assertEqual(support.run("report.py", self.drawn(folder)).returncode, 0)
        return made

    def test_every_number_can_be_worked_out_again(self):
        for folder in self.folders():
            tables, blocks, verdicts, _ = read(folder)
            tidy = Tidy(folder)
            with self.subTest(folder=folder.name):
                self.overview(next(t for t in tables if "overview" in t["class"]), tidy, blocks, verdicts)
                self.entries([t for t in tables if t["chart"].endswith("-trials")], tidy, blocks)
                self.axes(tables, tidy, folder)

    def overview(self, table, tidy, blocks, verdicts):
        head, checked = table["rows"][0], 0
        for row, link in zip(table["rows"][1:], table["links"]):
            block = blocks[link.removeprefix("#block-")]
            heads = {e["runtime"]: e for e in block["entries"] if e["headline"]}
            medians = {r: tidy.rounds(block, r, e["variant"]).median() for r, e in heads.items() if e["status"] == "ok"}
            models = [r for r in medians if heads[r].get("kind", "model") == "model"] or list(medians)
            base = min(models, key=medians.get, default=None)
            for runtime, cell in zip(head[1:], row[1:]):
                checked += 1
                if runtime not in heads:
                    self.assertEqual(cell, "no cell")
                elif heads[runtime]["status"] != "ok":
                    self.assertEqual(cell, heads[runtime]["status"])
                elif runtime == base:
                    self.assertTrue(page.rounds_to(page.nanoseconds(cell.rsplit(" ", 1)[0]), medians[base]), cell)
                else:
                    self.factor(cell, tidy, block, heads[base], heads[runtime], medians, max(0.02, (verdicts["aa"].get("percent") or 0) / 100))
        self.assertGreater(checked, 0)

    def factor(self, cell, tidy, block, base, other, medians, least):
        """'41.8× 40.7–44.6 slower': the medians' ratio, two order statistics of the rounds' ratios, and the word that follows from them."""
        found = re.fullmatch(r"([\d,.]+)×(?: ([\d,.]+)–([\d,.]+))? (slower|faster|not separated|one round|no verdict)", cell)
        self.assertTrue(found, cell)
        told, low, high = (float(g.replace(",", "")) if g else None for g in found.groups()[:3])
        self.assertTrue(page.rounds_to(told, medians[other["runtime"]] / medians[base["runtime"]]), cell)
        one, two = (tidy.rounds(block, e["runtime"], e["variant"], clean=True) for e in (base, other))
        ratios = sorted((two / one).dropna())
        if found.group(4) in ("one round", "no verdict"):
            return
        ends = [(a, b) for a, b in zip(ratios, reversed(ratios)) if a <= b and page.rounds_to(low, a) and page.rounds_to(high, b)]
        self.assertTrue(ends, f"{cell}: not two of {ratios}")
        if len(ratios) >= 4:
            beyond = "slower" if ends[0][0] > 1 + least else "faster" if ends[0][1] < 1 / (1 + least) else "not separated"
            self.assertIn(found.group(4), (beyond, "not separated") if abs(min(abs(ends[0][0] - 1 - least), abs(ends[0][1] * (1 + least) - 1))) < 0.01 else (beyond,))
        else:
            self.assertEqual(found.group(4), "not separated")

    def entries(self, tables, tidy, blocks):
        checked = 0
        for table in tables:
            block = blocks[table["block"].removeprefix("block-")]
            names = {(e["runtime"] if e["headline"] else f"{e['runtime']}-{e['variant']}"): e for e in block["entries"]}
            self.assertEqual(sorted(r[0] for r in table["rows"][1:]), sorted(names))
            for name, median, interval, _, throughput, cpu, entered, idle, rounds, doubts in table["rows"][1:]:
                entry = names[name]
                tainted, outliers, drifting = doubts.split(", ")
                if entry["status"] != "ok":
                    self.assertEqual(median, entry["status"])
                    continue
                values = tidy.rounds(block, entry["runtime"], entry["variant"])
                self.assertEqual(interval == "one round", len(values) == 1)
                low, high = (page.nanoseconds(part) for part in re.sub(" at .*", "", interval).split(" – ")) if len(values) > 1 else 2 * [values.median()]
                ends = median_interval(values)
                for shown, exact in ((page.nanoseconds(median), values.median()), (low, ends[0]), (high, ends[1]), (float(rounds), len(values))):
                    self.assertTrue(page.rounds_to(shown, exact), (block["id"], name, shown, exact))
                spent = tidy.figures("cpu_per_op", **{c: block.get(c, "") for c in WHERE}, runtime=entry["runtime"], variant=entry["variant"]).value
                self.assertEqual(cpu == "", spent.empty)
                if cpu:
                    self.assertTrue(page.rounds_to(page.nanoseconds(cpu), spent.median()), (block["id"], name, cpu))
                self.per_operation(tidy, block, entry, ["futex", "syscalls"], entered, lambda text: float(text.replace(",", "")))
                self.per_operation(tidy, block, entry, ["idle_while_runnable"], idle, page.nanoseconds)
                self.assertEqual((int(tainted), int(drifting)), (entry["tainted"], entry["drifting"]), (block["id"], name))
                if len(values) >= 4: # Tukey's fences
                    low, high = values.quantile(0.25), values.quantile(0.75)
                    far = (values < low - 1.5 * (high - low)) | (values > high + 1.5 * (high - low))
                    self.assertEqual(int(outliers), far.sum(), (block["id"], name))
                if throughput:
                    self.assertTrue(page.rounds_to(page.per_second(throughput), 1e9 / values.median()), (name, throughput))
                checked += 1
        self.assertGreater(checked, 0)

    def per_operation(self, tidy, block, entry, metrics, shown, value_of):
        where = {c: block.get(c, "") for c in WHERE} | {c: entry[c] for c in ENTRY}
        told = [tidy.figures(metric, **where).set_index("trial_id").value for metric in [*metrics, "ops"]]
        exact = (sum(told[:-1]) / told[-1]).dropna()
        self.assertEqual(shown == "", exact.empty)
        if shown == "under 0.001":
            self.assertTrue(0 < exact.median() < 0.001)
        elif shown:
            self.assertTrue(page.rounds_to(value_of(shown), exact.median()), (block["id"], entry["runtime"], shown))

    def axes(self, tables, tidy, folder):
        """A cell '1.2 µs (1.1–1.3) n=4' is the median, the interval and the number of one point of that runtime and workload."""
        kinds = {f"chart-{c['name']}": c for c in json.loads((folder / "charts" / "index.json").read_text())["charts"]}
        shape = re.compile(r"([\d,.]+ \S+) \(([\d,.]+ \S+)–([\d,.]+ \S+)\) n=(\d+)")
        for table in tables:
            chart = kinds.get(table["chart"], {})
            if chart.get("kind") not in ("size", "workers", "axis"):
                continue
            rows = tidy.figures(roles=("measure", "axis"), workload=chart["workload"])
            points = {}
            for key, group in rows.groupby(ENTRY + WHERE[1:]):
                values = list(group.value)
                points.setdefault(key[0], []).append((group.value.median(), *median_interval(values), len(values)))
            for row in table["rows"][1:]:
                for cell in filter(None, row[1:]):
                    found = shape.fullmatch(cell.replace("\u00a0", " "))
                    self.assertTrue(found, (chart["name"], cell))
                    shown = [page.nanoseconds(g) for g in found.groups()[:3]] + [float(found.group(4))]
                    runtime = max((r for r in points if row[0] == r or row[0].startswith(r + "-")), key=len)
                    self.assertTrue(any(all(map(page.rounds_to, shown, exact)) for exact in points[runtime]), (chart["name"], row[0], cell))


if __name__ == "__main__":
    support.main()

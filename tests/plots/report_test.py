"""The report: one offline page, the same bytes twice, nothing hidden, true of odd runs too."""
import html
import html.parser
import json
import pathlib
import re
import tempfile
import unittest

import support


class Page(html.parser.HTMLParser):
    """Ids, references, headings and open elements of a page."""

    VOID = {"meta", "br", "hr", "img", "link", "input", "use", "path", "rect", "circle", "polygon", "stop"}

    def __init__(self, text):
        super().__init__()
        self.ids, self.refs, self.heads, self.stack, self.tags = [], [], [], [], set()
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        self.tags.add(tag)
        if "id" in given:
            self.ids.append(given["id"])
        for name in ("href", "xlink:href", "src"):
            if given.get(name):
                self.refs.append(given[name])
        self.refs += [f"#{r}" for value in given.values() for r in re.findall(r"url\(#([^)]+)\)", value or "")]
        if re.fullmatch(r"h[1-6]", tag):
            self.heads.append(int(tag[1]))


class Report(support.Folder):
    @classmethod
    def setUpClass(cls):
        """A run with everything, drawn once for the tests that only read it."""
        temporary = tempfile.TemporaryDirectory()
        cls.addClassCleanup(temporary.cleanup)
        cls.whole = support.make_results.make(pathlib.Path(temporary.name) / "run")
        for program in ("charts.py", "report.py"):
            done = support.run(program, cls.whole)
            assert done.returncode == 0, done.stderr

    def report(self, name="run", **choices):
        if not choices:
            return (self.whole / "report.html").read_text()
        folder = self.drawn(self.make(name, **{"axis": False, **choices}))
        done = support.run("report.py", folder)
        self.assertEqual(done.returncode, 0, done.stderr)
        return (folder / "report.html").read_text()

    def test_a_generator_at_its_limit_is_told_of(self):
        folder = self.make("limited", axis=False)
        verdicts = json.loads((folder / "verdicts.json").read_text())
        next(e for e in verdicts["blocks"][0]["entries"] if e["runtime"] == "green")["limited"] = 2
        (folder / "verdicts.json").write_text(json.dumps(verdicts))
        self.assertEqual(support.run("report.py", self.drawn(folder)).returncode, 0)
        told = re.findall(r"The load generator was at its limit under [^.]*\.", (folder / "report.html").read_text())
        self.assertEqual(told, ["The load generator was at its limit under green threads (2 of 6 trials): what is shown is the least that they can do."])

    def test_the_same_bytes_twice(self):
        text = self.report("one", axis=True)
        self.assertEqual(text, self.report())
        self.assertEqual(support.run("report.py", self.base / "one").returncode, 0)
        self.assertEqual(text, (self.base / "one" / "report.html").read_text())
        self.assertLess(len(text), 6 << 20)

    def test_it_loads_nothing(self):
        text = self.report()
        page = Page(text)
        self.assertNotIn("link", page.tags)
        self.assertEqual([r for r in page.refs if not r.startswith("#")], [])
        self.assertNotRegex(text, r"@import|url\((?!#)|fetch\(|XMLHttpRequest|import\(")
        self.assertEqual(re.findall(r"<script[^>]*>", text), ['<script type="application/json" id="data">', "<script>"])

    def test_without_scripts_nothing_is_missing(self):
        """Whatever the page hides at first needs its script; every drawn chart is there, and a table after it."""
        folder, text = self.whole, self.report()
        self.assertEqual([re.search(r'id="([\w-]+)"', tag).group(1) for tag in re.findall(r"<[^>]* hidden>", text)], ["bar", "state", "pick-connections", "pick-work", "pick-deadline", "pick-isolation"])
        for chart in json.loads((folder / "charts" / "index.json").read_text())["charts"]:
            after = text[text.index(f'id="chart-{chart["name"]}"'):]
            self.assertLess(after.index("<svg"), after.index("</figure>"))
            self.assertLess(after.index("<table"), after.index("<figure") if "<figure" in after else len(after), chart["name"])

    def test_every_mark_of_a_model_can_be_hidden(self):
        import look
        import svg

        for path in (self.whole / "charts").glob("*.svg"):
            page = svg.Page(list(look.MODELS) + ["shell", "awk"])
            text = page.inline(path)
            for model in look.MODELS[1:]:
                colour = look.color(model)
                rgb = r"rgb\(\s*%d,\s*%d,\s*%d\)" % tuple(int(colour[i:i + 2], 16) for i in (1, 3, 5))
                marks = re.findall(rf"<[^>]*(?:{colour}|{rgb})[^>]*>", text)
                self.assertTrue(all(f'class="m-{model}"' in m for m in marks), (path.name, model, [m[:200] for m in marks if "class" not in m]))
                named = [t for t in re.findall(r"<!-- (.*?) -->|<text>(.*?)</text>", path.read_text()) if "".join(t) == model]
                self.assertLessEqual(len(named), text.count(f'class="m-{model}"'))

    def test_another_reference_keeps_its_words(self):
        import compared
        import results

        run = results.Run(self.make(refused=("channels",)))
        self.assertEqual(compared.references(run), ["best", "seq", "processes", "threads", "green", "stackless", "awk", "shell"])
        for reference, blocks in compared.data(run).items():
            for block in run.blocks:
                cells = blocks[block["id"]]
                self.assertEqual(set(cells), {results.name_of(e) for e in block["entries"]})
                for name, (kind, lines, value, shade, less) in cells.items():
                    pair = results.pair_of(block, reference, name)
                    if name.startswith("channels"):
                        self.assertEqual((kind, lines, value), ("refused", ["refused"], None))
                    elif reference == name:
                        self.assertEqual((kind, lines[1], value), ("best", "reference", 1))
                    elif reference != "best" and pair:
                        word = {"faster": "slower", "slower": "faster"}.get(pair["verdict"], pair["verdict"])
                        self.assertEqual((kind, lines[2]), ("same" if word == "not separated" else "separated", word))
                        self.assertEqual((shade > 0, bool(less)), (word != "not separated", word == "faster"))
                    elif reference != "best":
                        self.assertEqual((kind, lines[1], value), ("unknown", f"no {reference} here", None))

    def test_ids_are_unique_and_links_lead_somewhere(self):
        page = Page(self.report())
        self.assertEqual(len(page.ids), len(set(page.ids)))
        self.assertEqual([r for r in page.refs if r[1:] not in set(page.ids)], [])
        self.assertEqual(page.heads.count(1), 1)
        self.assertTrue(all(b - a <= 1 for a, b in zip(page.heads, page.heads[1:])))

    def test_it_answers_first_and_gives_tables_and_commands(self):
        text = html.unescape(self.report())
        self.assertLess(text.index('aria-label="The answer"'), text.index("The machine: grade C"))
        for words in ("The choice of model matters most in pingpong", "It matters least in wordcount", "not separated", "exploratory: level 96.9 %",
                      "fiveways run --profile quick --seed 42 --workload pingpong", "Pipe and ring cross between", "virtual machine: no hardware counters",
                      "Valid for", "Not valid for", "What to notice", "Try changing", "Nothing here was measured"):
            self.assertIn(words, text)
        self.assertGreater(text.count("<table"), 6)

    def test_failures_and_refusals_stand_open(self):
        text = html.unescape(self.report(failed=("threads",), refused=("green",)))
        listed = text[text.index('id="problems"'):text.index('id="workload-pingpong"')]
        self.assertNotIn("<details", listed)
        for words in ("failed", "receipt: units: expected exactly 2, got 1", "refused", "vm.max_map_count is 65530"):
            self.assertIn(words, listed)

    def test_odd_runs_are_told_truly(self):
        one = self.report("single", models=("green",))
        self.assertIn("no two models that can be compared", one)
        once = self.report("once", rounds=1, axis=False)
        self.assertIn("no verdict from so few rounds", once)
        self.assertIn("Nothing was separated from anything: 1 round can't", once.replace("&#39;", "'"))
        self.assertNotRegex(once, r"× faster than")
        none = self.report("none", failed=tuple(support.make_results.MODELS))
        self.assertIn("no two models that can be compared", none)

    def test_disturbed_trials_are_counted_under_their_block(self):
        run = support.importlib.import_module("results").Run(self.whole)
        said = support.importlib.import_module("words").small_print
        block = run.blocks[0]
        self.assertNotIn("tainted", said(block))
        block["entries"][0].update(tainted=1)
        self.assertIn("1 trial tainted", said(block))
        block["entries"][1].update(tainted=2)
        self.assertIn("3 trials tainted", said(block))

    def test_a_bad_name_cannot_break_the_page(self):
        text = self.report(manifest={"alias": "<b>&\"x", "grade_reasons": ["<script>alert(1)</script>"]})
        self.assertNotIn("<script>alert", text)
        self.assertNotIn("<b>&", text)

    def test_without_charts_it_says_what_to_do(self):
        self.one_line(support.run("report.py", self.make()), "index.json", "charts.py")

    def test_missing_jinja2_is_named_with_the_command(self):
        self.one_line(support.run("report.py", self.whole, PYTHONPATH=support.without_module(self.base, "jinja2")), "jinja2", "apt-get install python3-jinja2")

    def test_an_interrupted_run_and_what_was_dropped_are_said(self):
        text = self.report(manifest={"interrupted": True, "dropped": ["wordcount: 8 workers"]})
        self.assertIn("This run was interrupted", text)
        self.assertIn("<li>wordcount: 8 workers</li>", text)

    def test_cells_are_cut_at_their_marks_and_shown_as_text(self):
        import cells

        folder = self.base / "workloads" / "pingpong"
        folder.mkdir(parents=True)
        for model in ("threads", "processes-pipe", "processes-ring"):
            (folder / f"{model}.c").write_text(f"/* {model} */\n" + "".join(f"/* -- {r} -- */\nint {r};\n\n" for r in cells.REGIONS) + "/* -- end -- */\nint x;\n")
        (folder / "README.md").write_text("# pingpong\nA *serial* hand-off.\n\n## What to look for\n- one\n  more\n- two\n\n## Try changing\nThe size.\n")
        before, cells.SOURCES = cells.SOURCES, self.base / "workloads"
        self.addCleanup(setattr, cells, "SOURCES", before)
        table = cells.side_by_side("pingpong")
        self.assertEqual([m["name"] for m in table["models"]], ["processes-pipe", "threads"])
        self.assertEqual([r["code"] for r in table["regions"]], [[f"int {r};"] * 2 for r in cells.REGIONS])
        self.assertEqual(cells.readme("pingpong"), ("A serial hand-off.", ["one more", "two"], ["The size."]))
        self.assertIsNone(cells.side_by_side("../pingpong"))
        self.assertIsNone(cells.side_by_side("no-such"))

    def test_which_model_answers_with_rows_of_the_run_alone(self):
        import results
        import which

        asked = {q["id"]: q["answers"] for q in which.ask(results.Run(self.whole))}
        labels = lambda question: [[row["label"].split(" · ")[0] for row in a["rows"]] for a in asked[question]]
        few, hundreds, many = labels("connections")
        self.assertEqual((set(few), set(hundreds), set(many)), (set(), {"spawn"}, {"spawn"}))
        self.assertIn("threads refused: pthread_create: EAGAIN (kernel.pid_max is 32768)", asked["connections"][2]["rows"][-1]["text"])
        self.assertEqual(set(labels("work")[0]), {"pingpong"})
        self.assertRegex(asked["work"][0]["rows"][0]["text"], r"^stackless has the least median, [\d.]+ ns per round trip; slower: green [\d.]+–[\d.]+×, .*\(exploratory: level 96.9 %\)\.$")
        self.assertIn("(no verdict at a point of an axis)", asked["work"][0]["rows"][-1]["text"])
        self.assertEqual(len(asked["isolation"][0]["rows"]), 3)
        text = html.unescape(self.report())
        part = text[text.index('id="which"'):text.index('id="problems"')]
        self.assertEqual(part.count("No evidence here."), sum(not a["rows"] and bool(a["command"]) for answers in asked.values() for a in answers))
        for answers in asked.values():
            for row in (row for a in answers for row in a["rows"]):
                self.assertIn(row["text"], part)
                self.assertIn(f'id="{row["link"][1:]}"', text)

    def test_which_model_of_odd_runs(self):
        import results
        import which

        run = results.Run(self.make("odd", refused=("green",), failed=("stackless", "processes"), axis=False))
        asked = {q["id"]: q["answers"] for q in which.ask(run)}
        said = asked["work"][0]["rows"][0]["text"]
        self.assertIn("green refused: mmap: ENOMEM: vm.max_map_count is 65530", said)
        self.assertIn("stackless failed: receipt", said)
        self.assertTrue(asked["isolation"][0]["rows"][0]["text"].startswith("processes failed: receipt"))
        once = which.block_verdict(results.Run(self.make("once", rounds=1, axis=False)).blocks[0])
        self.assertIn("no verdict: green, channels, threads and processes.", once)
        self.assertNotIn("exploratory", once)
        self.assertTrue(which.ask(results.Run(self.make("none", failed=tuple(support.make_results.MODELS)))))

    def test_light_and_dark_have_contrast(self):
        css = (support.PLOTS / "report.css").read_text()
        for line in re.findall(r":root \{([^}]*)\}", css):
            colours = dict(re.findall(r"--(\w+): (#[0-9a-f]{3,6})", line))
            colours = {k: v if len(v) == 7 else "#" + "".join(2 * c for c in v[1:]) for k, v in colours.items()}
            for name in ("ink", "soft", "link"):
                for ground in ("paper", "tint"):
                    self.assertGreaterEqual(support.contrast(colours[name], colours[ground]), 4.5, (name, ground))

    def test_a_batched_run_says_why_a_chart_is_missing(self):
        self.assertIn("batches of 16", self.report(batch=16))


if __name__ == "__main__":
    support.main()

"""Charts: the same bytes twice, the numbers of tidy.csv, and one clear line for every folder
that can't be drawn."""
import json
import re
import subprocess

import support


class Charts(support.Folder):
    def test_the_same_folder_gives_the_same_bytes(self):
        one, two = self.whole("one"), self.make("two")
        self.assertEqual(support.run("charts.py", two).returncode, 0)  # another process: another seed of Python's hashes
        names = sorted(p.name for p in (one / "charts").iterdir())
        self.assertEqual(names, sorted(p.name for p in (two / "charts").iterdir()))
        self.assertGreater(len(names), 12)
        for name in names:
            self.assertEqual((one / "charts" / name).read_bytes(), (two / "charts" / name).read_bytes(), name)

    def test_drawing_again_changes_nothing(self):
        folder = self.whole()
        before = {p.name: p.read_bytes() for p in (folder / "charts").iterdir()}
        self.drawn(folder)
        self.assertEqual(before, {p.name: p.read_bytes() for p in (folder / "charts").iterdir()})

    def test_every_chart_is_svg_and_png_with_title_and_description(self):
        folder = self.whole()
        index = json.loads((folder / "charts" / "index.json").read_text())
        kinds = {c["kind"] for c in index["charts"] if c["drawn"]}
        self.assertEqual(kinds, {"overview", "percentiles", "trials", "size", "workers", "axis", "price"})
        spawn, = (c for c in index["charts"] if c["kind"] == "axis")
        self.assertIn("threads refused at 100,000: pthread_create: EAGAIN (kernel.pid_max is 32768).", spawn["description"])
        self.assertEqual([row[0] for row in spawn["table"]["rows"]], ["threads", "green", "stackless"])
        self.assertRegex(spawn["description"], r"When all have ended, there is left: threads: [\d.]+ (B|KiB) at 1000 units")
        for chart in index["charts"]:
            svg = (folder / "charts" / f"{chart['name']}.svg").read_text()
            self.assertTrue(svg.rstrip().endswith("</svg>"))
            self.assertEqual(len(re.findall(r"<title>[^<]+</title>\s*<desc>[^<]+</desc>", svg)), 1, chart["name"])
            self.assertEqual((folder / "charts" / f"{chart['name']}.png").read_bytes()[:4], b"\x89PNG")
            self.assertNotRegex(svg, r"20\d\d-\d\d-\d\d|file://|/tmp|/home")

    def test_the_overview_holds_the_medians_of_tidy_csv(self):
        import pandas

        import overview
        import results

        folder = self.make()
        tidy = pandas.read_csv(folder / "tidy.csv", keep_default_na=False, float_precision="round_trip")
        tidy = tidy[(tidy.metric == "time_per_op") & (tidy.role == "measure") & (tidy.status == "ok")]
        checked = 0
        for block, base, cells in overview.grid(results.Run(folder)):
            here = tidy[(tidy.workload == block["workload"]) & (tidy.workers == block["workers"]) & (tidy.params == block["params"])]
            heads = {e["runtime"]: e.get("variant", "") for e in block["entries"] if e["headline"]}
            least = here[(here.runtime == base["runtime"]) & (here.variant == base["variant"])].value.median()
            for runtime, cell in cells.items():
                if runtime in heads:
                    median = here[(here.runtime == runtime) & (here.variant == heads[runtime])].value.median()
                    self.assertAlmostEqual(cell["median"] / median, 1, places=9)
                    self.assertAlmostEqual(cell["factor"] / (median / least), 1, places=9)
                    checked += 1
        self.assertEqual(checked, 5 + 5 + 8)

    def test_interval_is_the_order_statistic_one(self):
        import results

        self.assertEqual(results.interval([1, 2]), (1, 2, 0.5))
        self.assertEqual(results.interval([5, 3, 1, 2, 4, 6]), (1, 6, 0.96875))
        low, high, level = results.interval(range(1, 13))  # 12: ranks 3 and 10, 96.1 %
        self.assertEqual((low, high, round(level, 3)), (3, 10, 0.961))

    def test_a_batched_block_has_no_percentile_curve_and_says_why(self):
        folder = self.drawn(self.make(batch=16, axis=False))
        curves = [c for c in json.loads((folder / "charts" / "index.json").read_text())["charts"] if c["kind"] == "percentiles"]
        self.assertEqual([c["drawn"] for c in curves], [False, False])
        self.assertIn("batches of 16", curves[0]["why"])
        self.assertFalse(list((folder / "charts").glob("*percentiles.svg")))

    def test_a_curve_that_is_no_longer_drawn_is_removed(self):
        self.whole()
        folder = self.drawn(self.make(batch=16, axis=False))
        self.assertFalse(list((folder / "charts").glob("*percentiles*")))

    def test_a_curve_ends_at_the_last_supported_percentile(self):
        import percentiles

        folder = self.make()
        points, total = percentiles.read_hgrm(folder / "hgrm" / "b1-green.hgrm")
        self.assertEqual(total, 30000)
        self.assertTrue(all(total / x >= 9.999 for _, x in points))
        self.assertGreater(points[-1][1], 2000)

    def test_a_student_can_run_the_gnuplot_file_again(self):
        folder = self.whole()
        png = folder / "charts" / "b1-percentiles.png"
        before = png.read_bytes()
        png.unlink()
        subprocess.run(["gnuplot", "b1-percentiles.gp"], cwd=folder / "charts", check=True, capture_output=True)
        self.assertEqual(png.read_bytes(), before)

    def test_one_model_one_round_and_failures_still_draw(self):
        import overview
        import results

        for choices in ({"models": ("green",)}, {"rounds": 1, "axis": False}, {"failed": ("threads",), "refused": ("green",)},
                        {"failed": tuple(support.make_results.MODELS)}, {"models": ("shell", "green")}):
            folder = self.drawn(self.make(str(choices), **choices))
        run = results.Run(self.make("fail", failed=("threads",), refused=("green",)))
        for block, base, cells in overview.grid(run):
            self.assertEqual((cells["threads"]["kind"], cells["green"]["kind"]), ("failed", "refused"))
        self.assertTrue((folder / "charts" / "overview.svg").exists())

    def test_models_differ_without_colour(self):
        import look

        looks = [(look.PALETTE["marker"][m], look.PALETTE["dash"][m]) for m in (*look.MODELS, "other")]
        for part in (0, 1):
            self.assertEqual(len({x[part] for x in looks}), len(looks))
        self.assertEqual([look.color(m) for m in look.MODELS], ["#000000", "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00"])
        self.assertEqual(look.color("never-heard-of"), look.PALETTE["color"]["other"])

    def test_no_text_of_the_overview_leaves_its_cell(self):
        import look
        import overview

        plt = look.setup()
        for low, factor, high in ((32431, 39004, 46568), (2977, 3327, 3698), (0.0078, 0.0097, 0.011), (1.01, 1.44, 1.65)):
            for kind, word in (("separated", "slower"), ("same", "not separated")):
                with self.subTest(factor=factor, kind=kind):
                    fig = plt.figure(figsize=(2, 2))
                    ax = fig.add_axes((0, 0, 1, 1))
                    ax.set_xlim(0, 2)
                    ax.set_ylim(2, 0)
                    overview.draw_cell(plt, ax, 0.5, 0.5, 0.81, 0.65, "green", {"kind": kind, "factor": factor, "low": low, "high": high, "word": word})
                    box, text = ax.patches[0].get_window_extent(), ax.texts[0].get_window_extent(fig.canvas.get_renderer())
                    plt.close(fig)
                    self.assertLessEqual(text.width, box.width)
                    self.assertLessEqual(text.height, box.height)

    def test_the_text_of_every_shade_of_the_overview_is_readable(self):
        import look
        import overview

        for factor in (0.01, 0.5, 1.1, 3, 10, 100, 1e6):
            for kind in ("separated", "same", "best", "unknown"):
                self.assertGreaterEqual(support.contrast(look.INK, overview.shade({"kind": kind, "factor": factor})), 4.5)

    def test_labels_move_apart_and_keep_their_order(self):
        import look

        placed = look.spread([10, 10.5, 11, 50], 12)
        self.assertTrue(all(b - a >= 11.999 for a, b in zip(placed, placed[1:])))
        self.assertEqual(look.spread([1, 100], 12), [1, 100])


class Channels(support.Folder):
    def chart(self, *trials, name="run", **choices):
        folder = self.drawn(self.make(name, channels=trials, axis=False, **choices))
        return folder, next(c for c in json.loads((folder / "charts" / "index.json").read_text())["charts"] if c["kind"] == "channels")

    def test_the_slow_stage_is_named_and_trials_add_up(self):
        told, flow = support.make_results.told, support.make_results.PIPELINE
        folder, chart = self.chart(told(flow), told(flow))
        self.assertEqual((chart["name"], chart["block"], chart["drawn"]), ("b3-channels", "b3", True))
        self.assertIn("normalise is longest on a CPU: 90 % of its life", chart["description"])
        self.assertEqual(chart["table"]["rows"][1], ["channel 2", "1.00 k/s", "8–15", "split 80 %", "normalise 1 %"])
        self.assertEqual(chart["table"]["rows"][2][2:], ["0", "normalise 1 %", "count 80 %"])
        svg = (folder / "charts" / "b3-channels.svg").read_text()
        self.assertEqual(len(re.findall(r"<title>[^<]+</title>\s*<desc>[^<]+</desc>", svg)), 1)
        again, _ = self.chart(told(flow), told(flow), name="again")
        self.assertEqual(svg, (again / "charts" / "b3-channels.svg").read_text())
        self.assertEqual(support.run("report.py", folder).returncode, 0)
        self.assertIn("compare its times with nothing", (folder / "report.html").read_text())

    def test_a_run_without_instruments_has_no_such_chart(self):
        folder = self.whole()
        self.assertFalse(list((folder / "charts").glob("*channels*")))

    def test_every_shape_of_a_graph_is_drawn(self):
        import channels

        told = support.make_results.told
        ring = [(f"channel {i}", [f"process {i}"], [f"process {i % 9 + 1}"]) for i in range(1, 10)]
        crowd = [("all", [f"process {i}" for i in range(1, 41)], ["main"])]
        back = [("request", ["client"], ["server"]), ("answer", ["server"], ["client"])]
        alone = [("self", ["main"], ["main"])]
        for number, flow in enumerate((ring, crowd, back, alone)):
            self.chart(told(flow), name=str(number), blocks=("b3",))
        sums = {}
        channels.add(sums, told(crowd, messages=4000))
        few = channels.fewest(sums)["all"]["threads"]
        self.assertEqual(len(few), channels.MOST_THREADS + 1)
        self.assertEqual((sum(f["sent"] for f in few.values()), few["other processes"]["sent"]), (4000, 3100))
        sums = {}
        channels.add(sums, told(ring))
        self.assertEqual(len(channels.fewest(sums)), channels.MOST_CHANNELS)
        sums = {}
        channels.add(sums, told(support.make_results.PIPELINE))
        self.assertEqual(channels.levels(sums), [["read"], ["split"], ["normalise"], ["count"]])

    def test_text_on_the_busiest_thread_is_readable(self):
        import channels
        import look

        for busy in (0, 0.5, 1):
            self.assertGreaterEqual(support.contrast(look.INK, channels.blend(busy)), 4.5)

    def test_a_damaged_line_is_named(self):
        folder = self.make(channels=(support.make_results.told(support.make_results.PIPELINE),))
        path = folder / "trials.ndjson"
        path.write_text(path.read_text()[:-30])
        self.one_line(support.run("charts.py", folder), "trials.ndjson", "line 1", "cut short")


class Damage(support.Folder):
    def damaged(self, name, change, *words):
        folder = self.make(name.replace(".", "-") + str(len(words)) + words[-1][:8].replace("/", ""))
        path = folder / name
        text = change(path.read_text()) if path.exists() else None
        path.unlink() if text is None else path.write_text(text)
        for program in ("charts.py", "report.py", "console.py"):
            self.one_line(support.run(program, folder), name, *words)

    def test_damage_is_named_by_file_and_line(self):
        self.damaged("manifest.json", lambda t: t[:len(t) // 2], "line ", "cut short")
        self.damaged("manifest.json", lambda t: "", "line 1", "empty")
        self.damaged("manifest.json", lambda t: None, "missing")
        self.damaged("verdicts.json", lambda t: t.replace('"schema": 1', '"schema": 2'), "schema 2 is newer")
        self.damaged("verdicts.json", lambda t: t.replace('"median": ', '"median": "x", "m": ', 2), "entries[0]", "median", "expected a number")
        self.damaged("verdicts.json", lambda t: "[]", "expected a JSON object")
        self.damaged("tidy.csv", lambda t: t[:-9], "line ", "cut short")
        self.damaged("tidy.csv", lambda t: t.replace(",runtime,", ",rt,"), "line 1", "no column runtime")
        self.damaged("tidy.csv", lambda t: "", "line 1", "expected the columns")
        rows = len((self.make("counted") / "tidy.csv").read_text().splitlines())
        self.damaged("tidy.csv", lambda t: t + "1,2,3\n", f"line {rows + 1}:", "3 fields")
        self.damaged("tidy.csv", lambda t: t.replace(",ns,100000000,", ",ns,nan,", 1), "line 4", "finite")

    def test_a_damaged_histogram_is_named(self):
        folder = self.make()
        path = folder / "hgrm" / "b1-green.hgrm"
        path.write_text(path.read_text()[:3000])
        self.one_line(support.run("charts.py", folder), "b1-green.hgrm", "line ", "expected")

    def test_no_folder_and_an_empty_folder(self):
        (self.base / "empty").mkdir()
        for program in ("charts.py", "report.py", "console.py"):
            self.one_line(support.run(program, self.base / "none"), "no such folder")
            self.one_line(support.run(program, self.base / "empty"), "empty")

    def test_sanitizer_and_chaos_builds_are_refused(self):
        for number, (extra, word) in enumerate((({"build": {"sanitizers": "thread"}}, "thread sanitizer"), ({"chaos": True}, "chaos build"))):
            folder = self.make(str(number), manifest=extra)
            for program in ("charts.py", "report.py", "console.py"):
                self.one_line(support.run(program, folder), word)

    def test_a_missing_tool_is_named_with_the_command(self):
        folder = self.make()
        self.one_line(support.run("charts.py", folder, PYTHONPATH=support.without_module(self.base, "matplotlib")), "matplotlib", "apt-get install python3-matplotlib")
        done = support.run("charts.py", folder, PATH=support.without_gnuplot(self.base))
        self.one_line(done, "gnuplot is missing", "apt-get install gnuplot-nox")
        self.assertTrue((folder / "charts" / "overview.svg").exists())  # the rest is drawn all the same


if __name__ == "__main__":
    support.main()

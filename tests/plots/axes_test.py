"""Charts over an axis (parameters, workers, load, length of a task): the medians of tidy.csv, and nothing that misleads."""
import json
from unittest import mock

import support


class Axes(support.Folder):
    def test_axis_points_are_the_medians_of_tidy_csv(self):
        import pandas

        import results
        import sweeps

        folder = self.make()
        tidy = pandas.read_csv(folder / "tidy.csv", keep_default_na=False, float_precision="round_trip")
        run = results.Run(folder)
        (workload, workers, placement, rest, rows), = sweeps.size_groups(run)
        lines = sweeps.series(rows, lambda r: int(results.params_of(r["params"])["size"]))
        self.assertEqual({k[0] for k in lines}, {"processes", "threads", "channels", "green", "stackless"})
        for (runtime, variant), points in lines.items():
            self.assertEqual([p[0] for p in points], [8, 64, 512, 4096, 16384, 65536])
            for size, median, low, high, n in points:
                here = tidy[(tidy.metric == "time_per_op") & (tidy.runtime == runtime) & (tidy.variant == variant) & (tidy.workers == 1)
                            & (tidy.params == f"size={size}") & (tidy.role != "twin")].value.astype(float)
                self.assertEqual(n, len(here))
                self.assertAlmostEqual(median / here.median(), 1, places=9)
                self.assertTrue(here.min() <= low <= median <= high <= here.max())

    def test_a_load_sweep_is_drawn_with_its_overload(self):
        import loads
        import results
        import sweeps

        folder = self.make(axis=False)
        with (folder / "tidy.csv").open("a", encoding="utf-8") as tidy:
            for runtime, capacity in (("threads", 40000.0), ("green", 80000.0)):
                for load in (0, 50, 95, 200):
                    for number in range(3):
                        offered = capacity * load / 100
                        figures = {"time_per_op": 1e9 / capacity, "p50": 1e5 + load, "p99": 1e6 * (1 + load) + number} | ({
                            "offered": offered, "achieved": min(offered, capacity), "goodput": offered if load < 100 else 5000.0 + number,
                            "saturated": float(load > 100), "memory_slope": 1024.0 * load, "client_limited": float(runtime == "threads" and load > 100)} if load else {}) | ({"recover": 4e8 + number} if load > 100 else {})
                        for metric, value in figures.items():
                            tidy.write(f"{load * 10 + number},c10k,{runtime},{runtime},,steady,1,1,compact,connections=100;load={load},{number},measure,ok,,"
                                       f"{metric},1,{value},0\n")
        run = results.Run(folder)
        sweeps.note_headlines(run)
        where, = loads.groups(run)
        self.assertEqual(where, ("c10k", 1, "compact", "load", "connections=100"))
        told = loads.series(run, *where)[("green", "")]
        self.assertEqual([told["p99"][load][0] for load in (50, 95, 200)], [51e6 + 1, 96e6 + 1, 201e6 + 1])
        self.assertEqual([loads.saturated(told, load) for load in (50, 95, 200)], [False, False, True])
        self.assertEqual([loads.void(loads.series(run, *where)[("threads", "")], load) for load in (50, 95, 200)], [False, False, True])
        self.drawn(folder)
        charts = json.loads((folder / "charts" / "index.json").read_text())["charts"]
        self.assertFalse([c for c in charts if c["kind"] == "axis" and c["workload"] == "c10k"])
        chart, = (c for c in charts if c["kind"] == "load")
        self.assertIn("load 200: 160 k/s offered, 80.0 k/s achieved, p99 201 ms, saturated, 5.00 k/s in time, recovered after 400 ms.", chart["description"])
        self.assertEqual([row[0] for row in chart["table"]["rows"]], ["threads", "green"])
        self.assertEqual(chart["table"]["rows"][1][3].replace("\u00a0", " "), "201 ms, saturated, recovers in 400 ms")
        self.assertEqual(chart["table"]["rows"][0][3].replace("\u00a0", " "), "201 ms, saturated, recovers in 400 ms, void (generator)")
        self.assertEqual(chart["description"].count("void: the load generator was at its limit"), 1)

    def test_the_smallest_useful_task_is_where_half_the_machine_works(self):
        import metg

        rising = [(100.0, 0.2), (1000.0, 0.4), (10000.0, 0.6), (100000.0, 0.9)]
        length, exactly = metg.smallest(rising)
        self.assertTrue(exactly)
        self.assertAlmostEqual(length, 10 ** 3.5, places=6)  # half way between on the log axis
        self.assertEqual(metg.smallest([(50.0, 0.8), (500.0, 0.9)]), (50.0, False))
        self.assertIsNone(metg.smallest([(50.0, 0.1), (500.0, 0.3)]))
        dips = [(10.0, 0.7), (100.0, 0.3), (1000.0, 0.8), (10000.0, 0.45)]  # the last rise counts, not the coarse end's fall
        self.assertTrue(100 < metg.smallest(dips)[0] < 1000)

    def test_the_serial_fraction_is_karp_and_flatts(self):
        import sweeps

        point = lambda workers, ns: (workers, ns, ns, ns, 2)
        lines = {("threads", ""): [point(1, 100.0), point(2, 50.0), point(4, 40.0)], ("green", ""): [point(1, 90.0), point(2, 100.0)],
                 ("threads", "static"): [point(2, 75.0)]}
        sweeps.HEADLINES.update([("threads", ""), ("green", "")])
        most, found = sweeps.serial_fractions(lines, 100.0, 2)
        self.assertEqual((most, sorted(found)), (2, [("green", ""), ("threads", "")]))
        self.assertAlmostEqual(found["threads", ""], 0.0)
        self.assertAlmostEqual(found["green", ""], 1.0)
        self.assertAlmostEqual(sweeps.serial_fractions(lines, 100.0, 4)[1]["threads", ""], 0.2)
        self.assertEqual(sweeps.serial_fractions(lines, 0, 2), (0, {}))
        self.assertEqual(sweeps.serial_fractions({("green", ""): [point(1, 90.0)]}, 100.0, 2), (0, {}))
        said = sweeps.serial_text(2, {("threads", ""): 0.25, ("green", ""): 1.5, ("stackless", ""): -0.4}).replace("\u00a0", " ")
        self.assertTrue(said.startswith("Serial fraction at 2 workers, against seq: threads 25.0 %; slower than seq: green; more than 2 times as fast as seq: stackless"), said)

    def test_the_ideal_line_goes_as_far_as_there_are_workers(self):
        """Where seq is far faster than all models, its line makes the panel taller, and the ideal one has room."""
        import look
        import results
        import sweeps

        run = results.Run(self.make())
        sweeps.note_headlines(run)
        workload, placement, params, rows = sweeps.worker_groups(run)[0]
        fast = [{**r, "value": r["value"] / 50} if r["runtime"] == "seq" else r for r in rows]
        self.assertTrue(any(r["runtime"] == "seq" for r in rows))
        with mock.patch.object(look, "save") as save:
            sweeps.draw_workers(run, run.folder, workload, placement, params, fast, "x")
        ax = save.call_args.args[0].axes[0]
        ideal, = (line for line in ax.lines if line.get_color() == look.GREY)
        self.assertEqual(ideal.get_xdata()[-1], max(r["workers"] for r in rows))
        self.assertLess(ideal.get_ydata()[-1], ax.get_ylim()[1])

    def test_a_logarithmic_axis_has_two_named_ticks_or_more(self):
        import look

        for low, high, given in ((230, 320, ()), (110, 190, ()), (1, 9.5, ()), (3, 3e6, ()), (4200, 4400, (16, 4)), (70, 1e7, (16, 4)), (250, 250.1, ())):
            _, ax = look.setup().subplots()
            ax.set_yscale("log")
            ax.set_ylim(low, high)
            look.log_ticks(ax, look.duration, *given)
            bottom, top = ax.get_ylim()
            self.assertLessEqual(bottom, low)
            self.assertGreaterEqual(top, high)
            named = [v for v in ax.yaxis.get_majorticklocs() if bottom <= v <= top]
            self.assertGreaterEqual(len(named), 2, (low, high))
            self.assertLessEqual(len(named), 12, (low, high))

    def test_an_axis_names_round_figures_shortly_and_others_as_they_are(self):
        import look

        self.assertEqual([look.tick(t) for t in ("10.0 µs", "1.00 M", "1.05 M", "2.50 k", "100 ns", "20.0 ", "1.02 KiB", "0", "1,000 s")],
                         ["10 µs", "1 M", "1.05 M", "2.50 k", "100 ns", "20", "1.02 KiB", "0", "1,000 s"])

    def test_every_refused_value_has_its_cross_and_every_limit_its_line(self):
        import axes
        import look
        import sweeps

        sweeps.HEADLINES.update([("threads", ""), ("processes", "")])
        row = lambda runtime, n, why, role="axis": {"runtime": runtime, "variant": "", "status": "refused", "reason": why, "role": role, "params": f"gate=1;n={n}", **place}
        place = {"workload": "spawn", "workers": 2, "placement": "compact"}
        rows = [row("threads", 5, "pthread_create: EAGAIN (kernel.pid_max is 32768)"), row("threads", 10, "pthread_create: EAGAIN (kernel.pid_max is 32768)", "pilot"),
                row("processes", 10, "fork: EAGAIN (kernel.pid_max is 32768)"), row("processes", 0, "least capacity is 1")]
        refused = axes.refusals(rows, (*place.values(), "n", "gate=1"), lambda r: int(r["params"].rsplit("=")[-1]))
        self.assertEqual({name: list(at) for name, at in refused.items()}, {"processes": [0, 10], "threads": [5, 10]})
        self.assertEqual(axes.refused_text(refused), ["× processes refused: least capacity is 1.", "× processes, threads refused: kernel.pid_max is 32768."])
        figure, ax = look.setup().subplots()
        ax.set_xlim(-1, 10.5)
        axes.mark_refusals(ax, refused)
        self.assertEqual([list(line.get_xdata()) for line in ax.lines], [[0, 10], [5, 10]])
        left = ax.get_window_extent().x0
        for name in ax.texts:  # it does not stand on the axis's own figures
            self.assertGreater(name.get_window_extent(figure.canvas.get_renderer()).x0, left)

    def test_the_values_of_an_axis_keep_their_distance(self):
        import axes
        import look

        for xs, evenly in (([0, 50, 90, 100], True), ([0, 250, 500, 1000, 4000], False), ([0, 1, 16, 128, 1024], False), ([1, 5, 10, 15, 20, 25], False),
                           ([8, 10, 11, 12], False), ([1, 2, 3, 200], False), ([0, 1000], False), ([0], False), ([7], False)):
            _, ax = look.setup().subplots()
            self.assertEqual(axes.scale_steps(ax, xs), evenly, xs)
            ax.plot(xs, xs)
            places = [ax.transAxes.inverted().transform(ax.transData.transform((x, 0)))[0] for x in xs]
            for a, b in zip(places, places[1:]):
                self.assertGreater(b - a, 0.9 * axes.CLOSE, xs)

    def test_the_lengths_of_tasks_come_from_receipts_and_seq(self):
        import metg
        import results

        folder = self.make(axis=False)
        head = (folder / "tidy.csv").read_text().splitlines()[0].split(",")
        base = dict(trial_id="", workload="nqueens", model="m", variant="", mode="complete", batch="1", workers="2", placement="none", round="0",
                    role="axis", status="ok", reason="", tainted="0")
        rows, number = [], 9000
        for grain, units, seq in ((8, 1000, 1e6), (9, 100, 1e6), (10, 10, 1e6)):
            for runtime, time in (("seq", seq), ("green", seq / 2 + 500 * units)):
                number += 1
                for metric, unit, value in (("time_per_op", "ns", time), ("units", "1", units * 3 if runtime == "green" else 0), ("ops", "1", 3)):
                    row = dict(base, trial_id=str(number), runtime=runtime, params=f"grain={grain}", metric=metric, unit=unit, value=str(value))
                    rows.append(",".join(row[c] for c in head))
        with open(folder / "tidy.csv", "a", encoding="utf-8") as file:
            file.write("\n".join(rows) + "\n")
        run = results.Run(folder)
        where, = metg.groups(run)
        self.assertEqual(metg.lengths(run, where), {8: (1e6, 1e3), 9: (1e6, 1e4), 10: (1e6, 1e5)})
        folder = self.drawn(folder)
        chart, = (c for c in json.loads((folder / "charts" / "index.json").read_text())["charts"] if c["kind"] == "metg")
        self.assertIn(["green", "10.0 µs", "90.9 %"], chart["table"]["rows"])


if __name__ == "__main__":
    support.main()

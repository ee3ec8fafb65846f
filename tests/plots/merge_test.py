"""What a class hands in, in one page: packs that tell nothing of their owners, thirty machines of which some stand apart for
a planted reason, copies, strangers, predictions."""
import csv
import html
import json
import os
import pathlib
import re
import subprocess
import sys
import unittest
import zipfile

import support

import make_class


def text_of(page):
    return html.unescape(re.sub(r"<[^>]+>", " ", page))


class Pack(support.Folder):
    def pack(self, folder, name="pack.zip", *more):
        done = support.inside("pack", folder, "--out", self.base / name, *more)
        self.assertEqual(done.returncode, 0, done.stderr)
        return self.base / name

    def members(self, path):
        with zipfile.ZipFile(path) as archive:
            return {name: archive.read(name).decode() for name in archive.namelist()}

    def test_it_tells_the_work_and_not_whose_it_was(self):
        home, host = os.path.expanduser("~"), os.uname().nodename
        secret = "/srv/class/ann-lovelace/book.txt"
        run = self.make(manifest={"alias": "old-name", "argv": ["fiveways", "run", "--alias", "old-name", "--out", f"{home}/results", "--set", f"input={secret}"],
                                  "build": {"compiler": "gcc 12", "flags": "-O3 -ffile-prefix-map=/srv/class/ann-lovelace=."},
                                  "dropped": [f"on {host}: {secret} is gone"]}, settings={"b3": {"input": secret}}, failed=("threads",))
        tidy = run / "tidy.csv"
        tidy.write_text(tidy.read_text().replace("input_bytes=4194304", f"input={secret}").replace("receipt: units", f"{secret}: units"))
        verdicts = run / "verdicts.json"
        verdicts.write_text(verdicts.read_text().replace("input_bytes=4194304", f"input={secret}").replace("receipt: units", f"{secret}: units"))
        make_class.predict(run, "Ann Lovelace", make_class.THOUGHT)
        files = self.members(self.pack(run, "kiwi.zip", "--alias", "kiwi"))
        self.assertEqual(sorted(files), ["manifest.json", "predictions.csv", "tidy.csv", "verdicts.json"])
        everything = "".join(files.values())
        for word in ["lovelace", "Lovelace", "/srv", "old-name"] + [w for w in (home, host) if len(w) > 3 and w != "/root"]:
            self.assertNotIn(word, everything)
        self.assertIn("input=book.txt", files["tidy.csv"])
        self.assertIn("input=book.txt", files["verdicts.json"])
        self.assertEqual(json.loads(files["manifest.json"])["alias"], "kiwi")
        self.assertIn("kiwi,1,1,threads", files["predictions.csv"])

    def test_the_same_folder_gives_the_same_small_file_and_every_figure_is_kept(self):
        import packs

        run = self.make(rounds=24)
        one, two = (self.pack(run, name) for name in ("one.zip", "two.zip"))
        self.assertEqual(one.read_bytes(), two.read_bytes())
        self.assertLess(one.stat().st_size, 300_000)
        whole, packed = (packs.open_run(p).values() for p in (run, one))
        self.assertEqual([r["value"] for r in whole], [r["value"] for r in packed])
        done = support.inside("compare", run, one, "--out", self.base / "same")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("22 not separated", done.stdout)

    def test_a_large_run_gives_up_its_lesser_figures_and_a_huge_one_is_refused(self):
        import pack
        import results

        run = results.Run(self.make(axis=False, hgrm=False))
        before = pack.LIMIT
        self.addCleanup(setattr, pack, "LIMIT", before)
        full, without = pack.pack(run, "kiwi")
        self.assertEqual(without, [])
        pack.LIMIT = len(full) - 1
        less, without = pack.pack(run, "kiwi")
        self.assertLess(len(less), len(full))
        self.assertIn("memory left out", without[0])
        pack.LIMIT = 1000
        with self.assertRaises(results.Refused) as caught:
            pack.pack(run, "kiwi")
        self.assertIn("expected at most 1,000", str(caught.exception))

    def test_several_people_at_one_machine_become_numbers(self):
        run = self.make(axis=False, hgrm=False)
        (run / "predictions.csv").write_text("alias,question,rank,model\nAnn,1,1,green\nBob,1,1,threads\n")
        files = self.members(self.pack(run, "kiwi.zip", "--alias", "kiwi"))
        self.assertEqual(files["predictions.csv"], "alias,question,rank,model\nkiwi-1,1,1,green\nkiwi-2,1,1,threads\n")

    def test_a_wrong_alias_is_one_line(self):
        run = self.make(axis=False, hgrm=False)
        self.one_line(support.inside("pack", run, "--alias", "a/b"), "--alias", "a/b", status=2)
        self.one_line(support.inside("pack", run, "--out", self.base / "no" / "such" / "x.zip"), "cannot write", "x.zip")


class Merge(support.Folder):
    """One class, looked at from all sides."""

    @classmethod
    def setUpClass(cls):
        import tempfile

        cls.temporary_class = tempfile.TemporaryDirectory()
        cls.top = pathlib.Path(cls.temporary_class.name)
        cls.packs = make_class.make(cls.top)
        cls.done = support.run("merge.py", cls.packs, "--out", cls.top / "page")
        cls.page = (cls.top / "page" / "report.html").read_text() if cls.done.returncode == 0 else ""

    @classmethod
    def tearDownClass(cls):
        cls.temporary_class.cleanup()

    def section(self, name):
        start = self.page.index(f'<h2 id="{name}"')
        return self.page[start:self.page.find("<h2", start + 4)]

    def test_the_planted_stand_apart_with_their_reasons_and_nobody_else(self):
        self.assertEqual(self.done.returncode, 0, self.done.stderr)
        section = self.section("apart")
        rows = {alias: text_of(row) for alias, row in re.findall(r'<tr><th scope="row">(\w+)</th>(.*?)</tr>', section, re.S)}
        self.assertEqual(set(rows), {alias for alias, (_, _, _, apart) in make_class.PLANTED.items() if apart})
        for alias, words in {"bat": ["each end on its own CPU: 4.", "virtual machine: KVM guest", "1 other has it and does not stand apart"],
                             "eel": ["2.60× the class's median for the calibration kernel", "governor: powersave"],
                             "fox": ["every entry", "wordcount: 2.3", "CPU quota: 0.50 CPUs"],
                             "gnu": ["wordcount: 2.4", "CPUs allowed: 1"],
                             "hen": ["every entry", "power: on battery", "load before the run: 7.5 on 4 CPUs"],
                             "yak": ["green, stackless", "Nothing in its machine card explains it"]}.items():
            for word in words:
                self.assertIn(word, rows[alias].replace("\n", " "))

    def test_the_reasons_stand_before_everything_else(self):
        first = text_of(self.page[self.page.index('class="answer"'):self.page.index("</section>")])
        self.assertIn("30 machines: 24 lie together, 6 stand apart", first)
        for words in ("bat (virtual machine: KVM guest)", "eel (governor: powersave)", "yak (nothing in its card explains it)", "zebu holds the figures of cat", "5 left out"):
            self.assertIn(words, first)
        heads = re.findall(r'<h2 id="(\w+)"', self.page)
        self.assertEqual(heads[:4], ["apart", "copies", "refused", "grid"])

    def test_what_does_not_belong_is_named_with_the_reason(self):
        copies, refused = text_of(self.section("copies")), text_of(self.section("refused"))
        self.assertRegex(copies, r"zebu\s+and\s+cat\s+share 135 of 135 figures, digit for digit")
        for words in ("lamb (lamb.zip): pingpong: both ends on one CPU: size is 128, in 30 other runs it is 64", "newer.zip/manifest.json: line 1: schema 99 is newer",
                      "short.zip: no whole zip file", "foreign.zip: no manifest.json", "notes.txt: no whole zip file"):
            self.assertIn(words, refused)
        self.assertNotIn(str(self.top), self.page)
        self.assertEqual(len(self.done.stderr.strip().splitlines()), 5)

    def test_every_figure_is_found_in_the_packs(self):
        with open(self.top / "page" / "merged.csv", newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        self.assertEqual(len(rows), 30 * 22)
        eel = [r for r in rows if r["machine"] == "eel"]
        verdicts = json.loads((self.top / "runs" / "eel" / "verdicts.json").read_text())
        medians = sorted(f"{e['median']:.6g}" for b in verdicts["blocks"] for e in b["entries"])
        self.assertEqual(sorted(r["median_ns"] for r in eel), medians)
        for row in eel:  # its CPU is slow, and nothing but its CPU
            self.assertAlmostEqual(float(row["calibration_factor"]), 2.6, places=1)
            self.assertAlmostEqual(float(row["median_ns"]) / float(row["normalised_ns"]), float(row["calibration_factor"]), places=3)
            self.assertAlmostEqual(float(row["factor_to_class"]), 1, delta=0.1)

    def test_predictions_and_exit_answers_are_scored_per_model(self):
        section = self.section("predictions")
        rows = {m: re.findall(r"<td>([^<]*)</td>", row) for m, row in re.findall(r'<tr><th scope="row">([\w ]+)</th>(.*?)</tr>', section, re.S)}
        before, fast, slow, after = rows["stackless"][:4]
        right, of = map(int, re.match(r"(\d+) of (\d+)", before).groups())
        self.assertLess(right, 0.6 * of)
        self.assertGreater(int(slow), int(fast))  # it was believed to be the slowest
        right, of = map(int, re.match(r"(\d+) of (\d+)", after).groups())
        self.assertGreater(right, 0.9 * of)
        self.assertIn("question 1", rows)

    def test_the_page_is_one_offline_file_the_same_twice(self):
        self.assertNotRegex(self.page, r"<script|<link|@import|src=|url\((?!#)")
        ids = re.findall(r'\bid="([^"]+)"', self.page)
        self.assertEqual(len(ids), len(set(ids)))
        done = support.run("merge.py", self.packs, "--out", self.base / "again")
        self.assertEqual(done.returncode, 0, done.stderr)
        for name in ("report.html", "merged.csv", "ranking.svg", "ranking.png"):
            self.assertEqual((self.base / "again" / name).read_bytes(), (self.top / "page" / name).read_bytes(), name)

    def test_a_zip_of_packs_and_result_folders_are_the_same_to_it(self):
        import merge

        with zipfile.ZipFile(self.base / "class.zip", "w") as archive:
            for name in ("ant", "ape", "bat"):
                archive.write(self.packs / f"{name}.zip", f"hand-in/{name}/{name}.zip")
            archive.writestr("__MACOSX/._x.zip", "x")
        zipped = merge.Merged([self.base / "class.zip"])
        folders = merge.Merged([self.top / "runs" / name for name in ("ant", "ape", "bat")])
        self.assertEqual(zipped.refused + folders.refused, [])
        for one, two in zip(zipped.hosts, folders.hosts):
            self.assertEqual((one.alias, {k: e["median"] for k, e in one.cells.items()}), (two.alias, {k: e["median"] for k, e in two.cells.items()}))
        self.assertIn("too few to say", merge.answer(zipped)[0])

    def test_odd_runs_are_told_truly(self):
        import merge

        runs = [self.make("single", models=("green",), axis=False, hgrm=False), self.make("once", rounds=1, axis=False, hgrm=False, seed=8),
                self.make("failed", failed=("threads",), refused=("green",), axis=False, hgrm=False, seed=9),
                self.make("none", failed=tuple(support.make_results.MODELS), axis=False, hgrm=False, seed=10)]
        done = support.inside("merge", *runs, "--out", self.base / "odd")
        self.assertEqual(done.returncode, 0, done.stderr)
        page = text_of((self.base / "odd" / "report.html").read_text())
        self.assertIn("4 machines: too few to say", page)
        self.assertIn("Times are not normalised", page)
        self.assertIn("failed: pingpong: both ends on one CPU, threads: receipt: units: expected exactly 2, got 1: on 2 of 4", page)
        self.assertIn("refused: wordcount, green: mmap", page)
        told = {"calibration": {"kernel": "mix64-chain", "steps": 131072, "ns": 5e5}}
        mixed = [self.make(f"m{i}", axis=False, hgrm=False, seed=i, manifest=dict(told, alias=f"m{i}") if i else {"alias": "old"}) for i in range(6)]
        said = merge.answer(merge.Merged(mixed))
        self.assertIn("none stands apart", said[0])
        self.assertIn("Not judged, since it tells no calibration kernel that the others have: old", said[1])
        watched = self.make("watched", channels=(support.make_results.told(support.make_results.PIPELINE),), axis=False, hgrm=False)
        self.assertIn("instrumented (channels)", merge.Merged([watched, runs[1]]).refused[0])
        other = self.make("other", blocks=("b3",), axis=False, hgrm=False, seed=3)
        alone = merge.Merged([self.make("b1", blocks=("b1",), axis=False, hgrm=False), other])
        self.assertTrue(all("no block in common" in line for line in alone.refused))

    def test_a_wrong_command_is_one_line(self):
        self.one_line(support.inside("merge", self.packs), "--out", status=2)
        self.one_line(support.inside("merge", "--out", self.base), "DIR", status=2)


class Score(support.Folder):
    def test_predict_score_tells_each_question_and_each_model(self):
        run = self.make(axis=False, hgrm=False)
        make_class.predict(run, "ann", make_class.THOUGHT)
        make_class.predict(run, "ann", ["stackless", "green", "channels", "threads", "processes"], "exit.csv")
        done = subprocess.run([sys.executable, support.PLOTS.parent / "scripts" / "predict-score", run], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stdout, r"ann, question 1 \(pingpong, both ends on one CPU\): \d+ of \d+ separated pairs predicted")
        self.assertRegex(done.stdout, r"stackless: 0 of \d+ predicted; thought too fast 0 times, too slow \d+ times")
        self.assertRegex(done.stdout, r"stackless: (\d+) of \1 answered")


if __name__ == "__main__":
    support.main()

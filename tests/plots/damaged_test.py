"""Every command that reads a result folder × every way in which one can be broken: one line that says what and where,
a status that isn't 0, and nothing written. `damaged_test.py [FIVEWAYS]`: with the driver, through it as well."""
import contextlib
import io
import json
import os
import pathlib
import runpy
import shutil
import subprocess
import sys
import unittest

DRIVER = sys.argv.pop(1) if len(sys.argv) > 1 and os.access(sys.argv[1], os.X_OK) else None

import support  # noqa: E402

SCORE = support.PLOTS.parent / "scripts" / "predict-score"


def text(name, change):
    def damage(folder):
        (folder / name).write_bytes(change((folder / name).read_bytes()))
    return damage


def fields(name, **values):
    return text(name, lambda old: json.dumps({k: v for k, v in dict(json.loads(old), **values).items() if v is not ...}).encode())


def gone(name):
    return lambda folder: (folder / name).unlink()


def emptied(folder):
    shutil.rmtree(folder)
    folder.mkdir()


def foreign(folder):
    emptied(folder)
    (folder / "essay.txt").write_text("Five ways to begin.\n")


def a_file(folder):
    shutil.rmtree(folder)
    folder.write_text("not a folder\n")


def first_block(**values):
    return text("verdicts.json", lambda old: json.dumps((lambda v: dict(v, blocks=[dict(v["blocks"][0], **values)]))(json.loads(old))).encode())


# what is done to the folder, and what the line must name
DAMAGES = {
    "no folder": (shutil.rmtree, ["run"]),
    "a file": (a_file, ["run"]),
    "empty": (emptied, ["run"]),
    "foreign": (foreign, ["run"]),
    "no manifest": (gone("manifest.json"), ["manifest.json"]),
    "empty manifest": (text("manifest.json", lambda old: b""), ["manifest.json", "line 1"]),
    "cut manifest": (text("manifest.json", lambda old: old[:len(old) // 2]), ["manifest.json", "line", "cut short"]),
    "binary manifest": (text("manifest.json", lambda old: b"\xff\xfe\0\1" + old), ["manifest.json"]),
    "a list for a manifest": (text("manifest.json", lambda old: b"[1, 2]\n"), ["manifest.json", "object"]),
    "newer manifest": (fields("manifest.json", schema=99), ["manifest.json", "99", "newer"]),
    "manifest of something else": (fields("manifest.json", schema=...), ["manifest.json", "schema"]),
    "sanitizer": (fields("manifest.json", build={"sanitizers": "thread"}), ["manifest.json", "thread sanitizer"]),
    "no verdicts": (gone("verdicts.json"), ["verdicts.json"]),
    "cut verdicts": (text("verdicts.json", lambda old: old[:len(old) // 2]), ["verdicts.json", "line", "cut short"]),
    "newer verdicts": (fields("verdicts.json", schema=2), ["verdicts.json", "newer"]),
    "verdicts without blocks": (fields("verdicts.json", blocks=5), ["verdicts.json", "blocks"]),
    "an entry of no kind": (first_block(entries=[{"runtime": "green"}]), ["verdicts.json", "entries[0]", "status"]),
    "settings of no kind": (first_block(settings="size=64"), ["verdicts.json", "settings"]),
    "no tidy.csv": (gone("tidy.csv"), ["tidy.csv"]),
    "empty tidy.csv": (text("tidy.csv", lambda old: b""), ["tidy.csv", "line 1"]),
    "cut tidy.csv": (text("tidy.csv", lambda old: old[:-20]), ["tidy.csv", "line", "cut short"]),
    "a column less": (text("tidy.csv", lambda old: old.replace(b",tainted\n", b"\n", 1)), ["tidy.csv", "line 1", "tainted"]),
    "a field less": (text("tidy.csv", lambda old: old.replace(b",ns,", b",", 1)), ["tidy.csv", "line 2", "fields"]),
    "no number": (text("tidy.csv", lambda old: old.replace(b",time_per_op,ns,", b",time_per_op,ns,x", 1)), ["tidy.csv", "line 2", "number"]),
    "zeros": (text("tidy.csv", lambda old: old[:1000] + bytes(50) + old[1000:]), ["tidy.csv", "line", "NUL"]),
    "binary tidy.csv": (text("tidy.csv", lambda old: old[:1000] + b"\xff\xfe" + old[1000:]), ["tidy.csv"]),
}
THROUGH = ("no folder", "a file", "empty", "foreign", "no manifest", "newer manifest", "cut tidy.csv")  # through the driver too
ANSWERS = {
    "empty predictions": (text("predictions.csv", lambda old: b""), ["predictions.csv", "line 1"]),
    "predictions of something else": (text("predictions.csv", lambda old: b"name,mark\nann,5\n"), ["predictions.csv", "line 1", "alias"]),
    "a rank that is none": (text("predictions.csv", lambda old: old.replace(b",1,2,", b",1,second,", 1)), ["predictions.csv", "line 3", "rank"]),
    "cut predictions": (text("predictions.csv", lambda old: old[:-12]), ["predictions.csv", "line"]),
    "binary predictions": (text("predictions.csv", lambda old: b"\xff" + old), ["predictions.csv"]),
}


BOUND = {"block": "b1", "role": "measure", "status": "ok", "runtime": "green", "variant": "", "placement": "compact", "workers": 1,
         "result": {"placement": [{"asked": [0], "got": [0]}]}}
PU = '<topology><object type="PU" os_index="0"/></topology>'
# files that charts alone read: what they hold, and what the line must name
FOR_CHARTS = {
    "cut core-to-core.json": ({"core-to-core.json": '{"schema": 1, "unit":'}, ["core-to-core.json", "line 1", "cut short"]),
    "newer core-to-core.json": ({"core-to-core.json": '{"schema": 9}'}, ["core-to-core.json", "newer"]),
    "cpus of no kind": ({"core-to-core.json": '{"schema": 1, "unit": "ns", "batches": 1, "trips": 1, "doubts": "", "cpus": [0, 1], "pairs": []}'}, ["core-to-core.json", "cpus[0]"]),
    "cut topology.xml": ({"topology.xml": PU[:40], "trials.ndjson": json.dumps(BOUND) + "\n"}, ["topology.xml", "XML"]),
    "cut trials.ndjson": ({"topology.xml": PU, "trials.ndjson": json.dumps(BOUND) + "\n" + json.dumps(BOUND)[:60]}, ["trials.ndjson", "line 2", "cut short"]),
    "trials of no kind": ({"topology.xml": PU, "trials.ndjson": "5\n"}, ["trials.ndjson", "line 1"]),
}


class Damaged(support.Folder):
    @classmethod
    def setUpClass(cls):
        import tempfile

        cls.kept = tempfile.TemporaryDirectory()
        cls.whole = support.make_results.make(pathlib.Path(cls.kept.name) / "whole", rounds=4, axis=False, hgrm=False)
        rows = [f"ann,{q},{rank},{model}" for q in (1, 2) for rank, model in enumerate(("green", "stackless", "threads"), 1)]
        (cls.whole / "predictions.csv").write_text("\n".join(["alias,question,rank,model"] + rows) + "\n")

    @classmethod
    def tearDownClass(cls):
        cls.kept.cleanup()

    def python(self, module, *arguments):
        done = support.inside(module, *arguments)
        return done.returncode, done.stderr

    def script(self, path, *arguments):
        err, before = io.StringIO(), sys.argv
        sys.argv = [str(path), *map(str, arguments)]
        with contextlib.redirect_stderr(err), contextlib.redirect_stdout(io.StringIO()):
            try:
                runpy.run_path(str(path), run_name="__main__")
                status = 0
            except SystemExit as error:  # text: the interpreter would print it and end with 1
                status = 1 if isinstance(error.code, str) else error.code or 0
                print(error.code if isinstance(error.code, str) else "", end="", file=err)
            finally:
                sys.argv = before
        return status, err.getvalue()

    def commands(self, folder, damage=None):
        """(name, function that runs it) of every command that reads a result folder."""
        out = self.base / "out"
        for module in ("charts", "report", "project", "console", "pack"):
            more = ["--out", self.base / "out.zip"] if module == "pack" else []
            yield module, lambda m=module, o=more: self.python(m, folder, *o)
        yield "compare A", lambda: self.python("compare", folder, self.whole, "--out", out)
        yield "compare B", lambda: self.python("compare", self.whole, folder, "--out", out)
        yield "merge", lambda: self.python("merge", folder, "--out", out)
        yield "predict-score", lambda: self.script(SCORE, folder)
        if DRIVER and (damage is None or damage in THROUGH):
            yield "fiveways report", lambda: self.program(DRIVER, "report", folder)

    def program(self, *words):
        done = subprocess.run(list(map(str, words)), capture_output=True, text=True)
        return done.returncode, done.stderr

    def one_clear_line(self, told, words):
        status, err = told
        self.assertIn(status, (1, 2), err)
        lines = err.strip().splitlines()
        self.assertEqual(len(lines), 1, err)
        self.assertNotIn("Traceback", err)
        for word in words:
            self.assertIn(word, lines[0])

    def damage(self, name, how):
        folder = self.base / "run"
        shutil.rmtree(folder, ignore_errors=True)
        if folder.exists():
            folder.unlink()
        shutil.copytree(self.whole, folder)
        how(folder)
        return folder

    def test_every_command_names_every_damage(self):
        for name, (how, words) in DAMAGES.items():
            folder = self.damage(name, how)
            for command, run in self.commands(folder, name):
                with self.subTest(command=command, damage=name):
                    self.one_clear_line(run(), words)
                    self.assertFalse((self.base / "out").exists() or (self.base / "out.zip").exists())

    def test_charts_name_the_damage_of_the_files_that_they_alone_read(self):
        for name, (files, words) in FOR_CHARTS.items():
            folder = self.damage(name, lambda folder: [(folder / f).write_text(content) for f, content in files.items()])
            with self.subTest(damage=name):
                self.one_clear_line(self.python("charts", folder), words)

    def test_who_reads_predictions_names_their_damages(self):
        for name, (how, words) in ANSWERS.items():
            folder = self.damage(name, how)
            for command, run in self.commands(folder, name):
                if command in ("pack", "predict-score"):
                    with self.subTest(command=command, damage=name):
                        self.one_clear_line(run(), words)
            status, err = self.python("merge", folder, "--out", self.base / "merged")  # the run itself is whole
            self.assertEqual(status, 0, err)
            self.assertEqual(len(err.strip().splitlines()), 1, err)
            self.assertIn(words[0], (self.base / "merged" / "report.html").read_text())

    def test_a_pack_is_as_fragile_as_a_folder_and_no_more(self):
        out = self.base / "out"
        self.assertEqual(self.python("pack", self.whole, "--out", self.base / "good.zip")[0], 0)
        good = (self.base / "good.zip").read_bytes()
        pieces = {"empty": b"", "cut": good[:len(good) // 2], "cut at the end": good[:-1], "text": b"a,b\n1,2\n", "zeros": bytes(5000),
                  "a byte turned": good[:200] + bytes([good[200] ^ 255]) + good[201:]}
        for name, data in pieces.items():
            (self.base / "bad.zip").write_bytes(data)
            for words in (("compare", self.base / "bad.zip", self.whole), ("compare", self.whole, self.base / "bad.zip"), ("merge", self.base / "bad.zip")):
                with self.subTest(piece=name, words=words[0]):
                    self.one_clear_line(self.python(*words, "--out", out), ["bad.zip"])
        import pack

        bomb = pack.zipped({"manifest.json": "0" * (65 << 20)})
        (self.base / "bomb.zip").write_bytes(bomb)
        self.one_clear_line(self.python("merge", self.base / "bomb.zip", "--out", out), ["bomb.zip", "manifest.json", "expected at most"])
        self.assertFalse(out.exists())

    def test_the_whole_folder_passes_everywhere(self):
        """Else the table would prove nothing."""
        folder = self.damage("none", lambda folder: None)
        for command, run in self.commands(folder):
            if command != "console":  # needs gnuplot
                with self.subTest(command=command):
                    status, err = run()
                    self.assertEqual((status, err), (0, ""))
        after = self.damage("drawn, then damaged", lambda folder: None)
        self.assertEqual(self.python("charts", after)[0], 0)
        (after / "tidy.csv").write_bytes((after / "tidy.csv").read_bytes()[:-20])
        if DRIVER:
            self.one_clear_line(self.program(DRIVER, "report", after), ["tidy.csv", "cut short"])


if __name__ == "__main__":
    support.main()

"""What the plot tests share: where the programs are, how they are run, a folder for each test."""
import contextlib
import importlib
import io
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
PLOTS = HERE.parents[1] / "plots"
sys.dont_write_bytecode = True
sys.path[:0] = [str(HERE), str(PLOTS)]
import make_results  # noqa: E402


def run(program, *arguments, **environment):
    """Runs plots/PROGRAM; the finished process with its text."""
    return subprocess.run([sys.executable, "-B", str(PLOTS / program), *map(str, arguments)], capture_output=True, text=True,
                          env={**os.environ, **environment})


def inside(module, *arguments):
    """What run() would give of plots/MODULE.py, without a process of its own: matplotlib is loaded once."""
    program, out, err = importlib.import_module(module), io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            status = program.main([str(a) for a in arguments])
        except SystemExit as error:
            status = error.code
    return subprocess.CompletedProcess([module, *arguments], status, out.getvalue(), err.getvalue())


def without_gnuplot(folder):
    """A PATH in which there is no gnuplot."""
    empty = pathlib.Path(folder) / "no-tools"
    empty.mkdir(exist_ok=True)
    return str(empty)


def without_module(folder, name):
    """A PYTHONPATH under which this module can't be imported."""
    shadow = pathlib.Path(folder) / "no-modules"
    shadow.mkdir(exist_ok=True)
    (shadow / f"{name}.py").write_text("raise ImportError('taken away')\n")
    return str(shadow)


def contrast(one, two):
    """WCAG 2 contrast of two #rrggbb."""
    def luminance(text):
        parts = [int(text[i:i + 2], 16) / 255 for i in (1, 3, 5)]
        red, green, blue = [p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue
    low, high = sorted((luminance(one), luminance(two)))
    return (high + 0.05) / (low + 0.05)


class Folder(unittest.TestCase):
    whole_once = None

    def setUp(self):
        self.temporary = tempfile.TemporaryDirectory()
        self.addCleanup(self.temporary.cleanup)
        self.base = pathlib.Path(self.temporary.name)

    def make(self, name="run", **choices):
        return make_results.make(self.base / name, **choices)

    def one_line(self, done, *words, status=1):
        """The program ended with this status and exactly one line that holds every word."""
        self.assertEqual(done.returncode, status, done.stderr)
        lines = done.stderr.strip().splitlines()
        self.assertEqual(len(lines), 1, done.stderr)
        for word in words:
            self.assertIn(word, lines[0])

    def whole(self, name="run"):
        """A copy of the default folder as charts.py, in a process of its own, drew it: once for the whole file."""
        if not Folder.whole_once:
            Folder.whole_once = tempfile.TemporaryDirectory()
            folder = make_results.make(pathlib.Path(Folder.whole_once.name) / "run")
            done = run("charts.py", folder)
            self.assertEqual(done.returncode, 0, done.stderr)
        return pathlib.Path(shutil.copytree(pathlib.Path(Folder.whole_once.name) / "run", self.base / name))

    def drawn(self, folder):
        done = inside("charts", folder)
        self.assertEqual(done.returncode, 0, done.stderr)
        return folder


def main():
    """unittest, or 77 where there is nothing that could draw."""
    try:
        import jinja2  # noqa: F401
        import matplotlib  # noqa: F401
        import pandas  # noqa: F401
    except ImportError as error:
        print(f"skipped: {error}")
        sys.exit(77)
    unittest.main(verbosity=1)

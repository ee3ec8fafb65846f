"""Console charts fit their width, hold every entry, and --plain says all of it in sentences."""
import unittest

import support


class Console(support.Folder):
    def test_charts_fit_the_width_and_name_every_entry(self):
        folder = self.make()
        for width in (60, 80, 120):
            done = support.run("console.py", folder, "--width", width)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertLessEqual(max(len(line) for line in done.stdout.splitlines()), width + 2)
            for name in ("processes-ring", "threads", "stackless", "shell", "##"):
                self.assertIn(name, done.stdout)
            self.assertNotIn("\f", done.stdout)
            self.assertNotIn("\x1b", done.stdout)

    def test_plain_says_it_without_gnuplot(self):
        folder = self.make(failed=("threads",))
        done = support.run("console.py", folder, "--plain", PATH=support.without_gnuplot(self.base))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("green takes ", done.stdout)
        self.assertIn("99% of round trips", done.stdout)
        self.assertIn("threads failed: receipt: units", done.stdout)
        self.assertNotIn("##", done.stdout)

    def test_a_batched_block_says_why_there_is_no_curve(self):
        self.assertIn("batches of 16", support.run("console.py", self.make(batch=16)).stdout)

    def test_missing_gnuplot_is_one_line(self):
        done = support.run("console.py", self.make(), PATH=support.without_gnuplot(self.base))
        self.one_line(done, "gnuplot is missing", "apt-get install gnuplot-nox")

    def test_a_wrong_width_is_a_wrong_command(self):
        done = support.run("console.py", self.make(), "--width", 5)
        self.assertEqual(done.returncode, 2)
        self.assertIn("50 to 200", done.stderr)

    def test_one_model_one_round(self):
        done = support.run("console.py", self.make(models=("green",), rounds=1, axis=False))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("green", done.stdout)


if __name__ == "__main__":
    support.main()

"""The page for the wall: every chart is on a screen, text is large enough, a cut picture is whole, nothing is loaded."""
import json
import pathlib
import re
import tempfile
import unittest
import xml.etree.ElementTree as ET

import support


class Project(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        temporary = tempfile.TemporaryDirectory()
        cls.addClassCleanup(temporary.cleanup)
        cls.folder = support.make_results.make(pathlib.Path(temporary.name) / "run")
        for program in ("charts.py", "project.py"):
            done = support.run(program, cls.folder)
            assert done.returncode == 0, done.stderr
        cls.text = (cls.folder / "project.html").read_text()

    def screens(self):
        return re.findall(r'<section class="screen".*?</section>', self.text, re.S)

    def test_every_chart_has_a_screen_that_asks_first(self):
        screens = self.screens()
        for chart in json.loads((self.folder / "charts" / "index.json").read_text())["charts"]:
            shown = [s for s in screens if s.count("<svg") and f'aria-label="{chart["title"]}' in s]
            self.assertTrue(shown or chart["kind"] == "overview" or not chart["drawn"], chart["name"])
            for screen in shown:
                self.assertRegex(screen, r'<span class="question">[^<]+\?')
        self.assertIn("<td class=\"answer same\">", self.text)

    def test_no_text_is_below_24_pixels(self):
        """Of a picture at the size that the page leaves for it; the browser test measures what a browser makes of it."""
        import project

        for screen in self.screens():
            svgs = re.findall(r'viewBox="([\d. -]+)".*?</svg>', screen, re.S)
            boxes = [tuple(map(float, b.split())) for b in svgs]
            if boxes:
                scale = min(project.WIDTH / max(b[2] for b in boxes), project.HEIGHT / sum(b[3] for b in boxes))
                self.assertGreaterEqual(project.smallest_text(screen) * scale, 24, screen[:120])
        for size in re.findall(r"font(?:-size)?: ([\d.]+)rem", (support.PLOTS / "project.css").read_text()):
            self.assertGreaterEqual(float(size), 1)

    def test_a_cut_picture_lacks_nothing_that_it_refers_to(self):
        ids = re.findall(r'\bid="([^"]+)"', self.text)
        self.assertEqual(len(ids), len(set(ids)))
        wanted = set(re.findall(r'href="#([^"]+)"', self.text)) | set(re.findall(r"url\(#([^)]+)\)", self.text))
        self.assertEqual(wanted - set(ids), set())
        self.assertGreater(len(wanted), 20)

    def test_panels_of_a_chart(self):
        import project
        import svg

        path = self.folder / "charts" / "pingpong-size-1w.svg"
        root = svg.parsed(path)
        width, height = (float(v) for v in root.get("viewBox").split()[2:])
        panels = project.panels_of(root, width, height)
        self.assertEqual([names for names, _ in panels], [["axes_1"], ["axes_2"]])
        frame = project.box_of(next(g for g in root.iter(f"{{{svg.SVG}}}g") if g.get("id") == "axes_2"))
        self.assertLessEqual(panels[0][1][3], frame[1])
        self.assertLess(panels[1][1][1], frame[1])
        self.assertGreater(panels[1][1][3], frame[3] + 30)
        kept = ET.tostring(project.cut(root, ["axes_2"], panels[1][1]), encoding="unicode")
        self.assertNotIn("axes_1", kept)
        self.assertIn("axes_2", kept)

    def test_it_loads_nothing_and_is_the_same_twice(self):
        self.assertNotRegex(self.text, r"<link|@import|url\((?!#)|\bsrc=|fetch\(")
        self.assertEqual(support.run("project.py", self.folder).returncode, 0)
        self.assertEqual(self.text, (self.folder / "project.html").read_text())
        self.assertLess(len(self.text), 6 << 20)

    def test_a_folder_without_charts_is_named(self):
        with tempfile.TemporaryDirectory() as folder:
            done = support.run("project.py", support.make_results.make(pathlib.Path(folder) / "run", axis=False, hgrm=False))
        self.assertEqual((done.returncode, len(done.stderr.splitlines())), (1, 1))
        self.assertIn("index.json", done.stderr)


if __name__ == "__main__":
    support.main()

"""The report in a real browser (a deep test): with scripts off nothing is missing; with scripts on tables sort, models
hide, factors are set beside another reference, by mouse and by keyboard, at 1280 and 400 pixels; axe-core finds no serious
fault; nothing is cut off in print. Usage: browser_test.py [DRIVER]; FW_AXE names axe.min.js (npm's axe-core)."""
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

import browser
import support

DRIVER = sys.argv.pop(1) if len(sys.argv) > 1 and not sys.argv[1].startswith("-") and os.access(sys.argv[1], os.X_OK) else ""
WIDTHS = (1280, 400)
A4_PIXELS = round((210 - 2 * 14) / 25.4 * 96)  # between the margins that report.css sets
VISIBLE = "const seen = e => e.getClientRects().length > 0 && getComputedStyle(e).visibility === 'visible';"


def measured(folder):
    """A short real run, so that real labels and refusals are looked at too."""
    done = subprocess.run([DRIVER, "run", "--profile", "smoke", "--workload", "pingpong,wordcount,c10k", "--budget", "20", "--no-charts",
                           "--out", str(folder)], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return pathlib.Path(done.stdout.strip().splitlines()[-1])


class InBrowser(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        temporary = tempfile.TemporaryDirectory()
        cls.addClassCleanup(temporary.cleanup)
        cls.base = pathlib.Path(temporary.name)
        make = support.make_results.make
        cls.folders = [make(cls.base / "whole", rounds=12), make(cls.base / "odd", refused=("green",), failed=("threads",), axis=False)]
        if DRIVER:
            cls.folders.append(measured(cls.base))
        for folder in cls.folders:
            for program in ("charts.py", "report.py", "project.py"):
                done = support.run(program, folder)
                assert done.returncode == 0, done.stderr
        cls.browser = browser.Browser()
        cls.addClassCleanup(cls.browser.close)

    def on_each(self, body, **how):
        """body(folder) with every report open, at every width."""
        for folder in self.folders:
            for width in WIDTHS:
                with self.subTest(folder=folder.name, width=width, **how):
                    self.browser.open(folder / "report.html", width, **how)
                    body(folder)
                    self.assertEqual(self.browser.complaints(), [])

    def js(self, text, *arguments):
        return self.browser.js(VISIBLE + text, *arguments)

    def becomes(self, ask, wanted):
        """A key's effect may come after the key was taken: asks until the answer is the wanted one, at most a minute."""
        from selenium.common.exceptions import TimeoutException
        from selenium.webdriver.support.ui import WebDriverWait

        try:
            WebDriverWait(self.browser.driver, 60, poll_frequency=0.05).until(lambda _: ask() == wanted)
        except TimeoutException:
            self.assertEqual(ask(), wanted)

    def test_with_scripts_off_every_chart_and_table_is_there(self):
        def body(folder):
            counts = self.js("""const all = [...document.querySelectorAll('main figure, main table')].filter(e => !e.closest('details'));
                return [all.length, all.filter(seen).length, document.querySelectorAll('figure svg').length,
                        [...document.querySelectorAll('figure svg')].filter(e => e.getBoundingClientRect().height > 50).length, seen(document.getElementById('bar'))]""")
            self.assertGreater(counts[0], 6)
            self.assertEqual(counts[0], counts[1])
            self.assertEqual(counts[2], counts[3])
            self.assertFalse(counts[4])

        self.on_each(body, scripts=False)

    def test_the_page_is_as_wide_as_the_window(self):
        def body(_):
            wide = self.js("return [document.documentElement.scrollWidth, innerWidth]")
            self.assertLessEqual(*wide)

        self.on_each(body)

    def test_a_table_sorts_by_click_and_by_key(self):
        from selenium.webdriver.common.keys import Keys

        values = """const table = document.querySelector('table.overview'), at = arguments[0];
            return [...table.tBodies[0].rows].map(r => r.cells[at].dataset.value === undefined ? null : Number(r.cells[at].dataset.value))"""

        def body(_):
            heads = self.js("return [...document.querySelectorAll('table.overview thead th')].map(t => t.textContent)")
            column = heads.index("processes")
            state = lambda: self.js("return [...document.querySelectorAll('table.overview thead th')].map(t => t.getAttribute('aria-sort'))")
            self.assertEqual(set(state()), {"none"})
            for act, word in (("click", "ascending"), ("key", "descending"), ("key", "ascending")):
                button = self.js("return document.querySelector('table.overview').tHead.rows[0].cells[arguments[0]].querySelector('button')", column)
                if act == "click":
                    self.js("arguments[0].scrollIntoView({block: 'center', inline: 'center'})", button)
                    button.click()
                else:
                    self.js("arguments[0].focus()", button)
                    self.browser.press(Keys.ENTER if word == "descending" else Keys.SPACE)
                self.becomes(lambda: state()[column], word)
                shown = self.js(values, column)
                numbers = [v for v in shown if v is not None]
                self.assertEqual(shown, sorted(numbers, reverse=word == "descending") + [None] * (len(shown) - len(numbers)))
                self.assertEqual([s for s in state() if s != "none"], [word])
                self.assertEqual(state()[column], word)

        self.on_each(body)

    def test_every_table_sorts_numbers_as_numbers(self):
        """A table of times with units: 980 ns before 1.2 µs; what has none comes last."""
        import page

        self.browser.open(self.folders[0] / "report.html")
        tables = self.js("return [...document.querySelectorAll('table.sortable')].filter(t => t.querySelector('thead th').textContent === 'runtime').length")
        self.assertGreater(tables, 2)
        for at in range(tables):
            column = self.js("""const t = [...document.querySelectorAll('table.sortable')].filter(t => t.querySelector('thead th').textContent === 'runtime')[arguments[0]];
                t.tHead.rows[0].cells[1].querySelector('button').click();
                return [...t.tBodies[0].rows].map(r => r.cells[1].textContent.trim())""", at)
            times = [page.nanoseconds(text) for text in column]
            numbers = [t for t in times if t is not None]
            self.assertEqual(times, sorted(numbers) + [None] * (len(times) - len(numbers)))

    def test_a_model_hides_everywhere(self):
        from selenium.webdriver.common.keys import Keys

        import look

        shown = """const all = [...document.querySelectorAll('main .m-' + arguments[0])].filter(e => !e.closest('defs, clipPath'));
            return [all.length, all.filter(seen).length]"""
        coloured = """const [r, g, b] = arguments[0], near = c => { const n = c.match(/[\\d.]+/g); return n && n.length === 3 && +n[0] === r && +n[1] === g && +n[2] === b; };
            return [...document.querySelectorAll('figure svg *')].filter(e => !e.closest('defs, clipPath') && seen(e) && (near(getComputedStyle(e).stroke)
                || near(getComputedStyle(e).fill))).length"""

        def body(_):
            model, rgb = "stackless", [int(look.color("stackless")[i:i + 2], 16) for i in (1, 3, 5)]
            others = self.js("return document.querySelectorAll('main .m-channels').length")
            self.assertGreater(self.js(coloured, rgb), 3)
            self.js("document.querySelector(`#bar input[name=${arguments[0]}]`).focus()", model)
            self.browser.press(Keys.SPACE)
            self.becomes(lambda: self.js("return document.documentElement.classList.contains('hide-stackless')"), True)
            everything, left = self.js(shown, model)
            self.assertGreater(everything, 10)
            self.assertEqual((left, self.js(coloured, rgb)), (0, 0))
            self.assertIn("stackless", self.js("return document.getElementById('state').textContent"))
            self.assertEqual(self.js("return document.querySelectorAll('main .m-channels').length"), others)
            self.browser.press(Keys.SPACE)
            self.becomes(lambda: self.js("return document.documentElement.classList.contains('hide-stackless')"), False)
            self.assertGreater(self.js(shown, model)[1], 10)
            self.assertFalse(self.js("return seen(document.getElementById('state'))"))

        self.on_each(body)

    def test_another_reference(self):
        import compared
        import results

        texts = """return Object.fromEntries([...document.querySelectorAll('table.overview td.factor[data-entry]')].filter(c => c.dataset.entry)
            .map(c => [c.dataset.block + ' ' + c.dataset.entry, [...c.querySelectorAll('span')].map(s => s.textContent)]))"""
        pick = "const s = document.getElementById('reference'); s.value = arguments[0]; s.dispatchEvent(new Event('change'))"
        def body(folder):
            run = results.Run(folder)
            looks = "return [...document.querySelectorAll('td.factor, .reference')].map(c => [c.className, c.textContent])"
            before = self.js(looks)
            for reference in compared.references(run):
                self.js(pick, reference)
                expected = {f"{b['id']} {results.name_of(e)}": compared.block_cells(b, reference)[results.name_of(e)]["lines"]
                            for b in run.blocks for e in results.entries(b, headline=True)}
                self.assertEqual(self.js(texts), expected)
                self.assertEqual(self.js("return seen(document.querySelector('figure.overview'))"), reference == "best")
            self.js(pick, "best")
            self.assertEqual(self.js(looks), before)

        self.on_each(body)

    def test_an_answer_is_picked(self):
        shown = "return [...document.querySelectorAll('.reply[data-question=work]')].filter(seen).map(r => r.dataset.answer)"

        def body(_):
            self.assertEqual(self.js(shown), ["1", "2", "3", "4"])
            for value, left in (("2", ["2"]), ("", ["1", "2", "3", "4"])):
                self.js("const s = document.querySelector('#pick-work select'); s.value = arguments[0]; s.dispatchEvent(new Event('change'))", value)
                self.assertEqual(self.js(shown), left)

        self.on_each(body)

    def test_the_keyboard_reaches_everything(self):
        from selenium.webdriver.common.keys import Keys

        def body(_):
            self.js("document.activeElement.blur(); scrollTo(0, 0)")
            met = []
            for _ in range(60):
                self.browser.press(Keys.TAB)
                met.append(self.js("""const e = document.activeElement, s = getComputedStyle(e), r = e.getBoundingClientRect();
                    return [e.tagName + (e.id || e.name || ''), seen(e) && s.outlineStyle !== 'none', r.bottom > 0 && r.top < innerHeight]"""))
            self.assertEqual([m for m in met if not (m[1] and m[2])], [])
            names = [m[0] for m in met]
            for wanted in ("INPUTthreads", "SELECTreference", "DIV", "BUTTON", "A"):
                self.assertIn(wanted, names)

        self.on_each(body)

    def serious(self, axe):
        self.browser.js(axe.read_text())
        found = self.browser.driver.execute_async_script(
            "const done = arguments[0]; axe.run(document, {resultTypes: ['violations']}).then(r => done(r.violations.map("
            "v => [v.id, v.impact, v.nodes.length, v.nodes[0].html.slice(0, 200)])), e => done([['failed', 'critical', 1, String(e)]]))")
        return [v for v in found if v[1] in ("serious", "critical")]

    def test_axe_finds_nothing_serious(self):
        axe = pathlib.Path(os.environ.get("FW_AXE", ""))
        if not axe.is_file():
            self.skipTest("FW_AXE names no axe.min.js (npm install axe-core)")
        for dark in (False, True):
            def body(_):
                self.js("document.querySelectorAll('details').forEach(d => { d.open = true; })")
                self.assertEqual(self.serious(axe), [])

            self.on_each(body, dark=dark)
        self.browser.open(self.folders[-1] / "project.html", 1920, 1080)
        self.browser.press(" ")
        self.assertEqual(self.serious(axe), [])

    def test_the_page_for_the_wall(self):
        """A key shows what was asked, the next goes on; all text is 24 pixels or more; nothing leaves the screen."""
        from selenium.webdriver.common.keys import Keys

        state = "return [document.querySelector('.now').id, document.querySelector('.now').classList.contains('ask'), [...document.querySelectorAll('.screen')].filter(seen).length]"
        small = """const scale = e => { const m = e.getScreenCTM(); return Math.hypot(m.a, m.b); }, now = document.querySelector('.now'), found = [];
            for (const use of now.querySelectorAll('svg g > use')) if (use.getAttribute('href').startsWith('#DejaVu') && seen(use)) found.push(100 * scale(use.parentElement));
            for (const text of now.querySelectorAll('svg text')) if (seen(text)) found.push(parseFloat(getComputedStyle(text).fontSize) * scale(text));
            for (const e of [...now.querySelectorAll('p, span, td, th, h1, h2'), ...document.querySelectorAll('nav *')]) if (seen(e)) found.push(parseFloat(getComputedStyle(e).fontSize));
            return Math.min(...found)"""
        marks = "return [...document.querySelectorAll('.now svg [class^=m-]')].filter(e => !e.closest('defs, clipPath') && seen(e)).length"
        over = "const now = document.querySelector('.now'); return [now.scrollWidth - now.clientWidth, now.scrollHeight - now.clientHeight]"
        for folder in self.folders:
            self.browser.open(folder / "project.html", 1920, 1080)
            count = self.js("return document.querySelectorAll('.screen').length")
            self.assertGreater(count, 3)
            for at in range(count):
                with self.subTest(folder=folder.name, screen=at):
                    self.becomes(lambda: self.js(state), [f"s{at}", True, 1])
                    self.assertEqual(self.js(marks), 0)
                    self.browser.press(" ")
                    self.becomes(lambda: self.js(state), [f"s{at}", False, 1])
                    self.assertGreaterEqual(self.js(small), 23.9)
                    self.assertTrue(all(v <= 1 for v in self.js(over)), self.js(over))
                    self.assertEqual(self.js(marks) > 0, self.js("return !!document.querySelector('.now svg [class^=m-]')"))
                    self.browser.press(Keys.ARROW_RIGHT)
            self.browser.press(Keys.HOME)
            self.becomes(lambda: self.js(state), ["s0", True, 1])
            self.assertEqual(self.browser.complaints(), [])
            self.browser.open(folder / "project.html", 1920, 1080, scripts=False)
            self.assertEqual(self.js("return [...document.querySelectorAll('.screen')].filter(seen).length"), count)
            self.assertGreater(self.js("return [...document.querySelectorAll('svg [class^=m-]')].filter(seen).length"), 20)

    def test_nothing_is_cut_off_in_print(self):
        for folder in self.folders:
            with self.subTest(folder=folder.name):
                self.browser.open(folder / "report.html", A4_PIXELS, media="print")
                over = self.js("""return [...document.querySelectorAll('main *')].filter(e => !e.closest('defs, clipPath, svg *') && seen(e)
                    && (e.getBoundingClientRect().right > innerWidth + 1 || e.getBoundingClientRect().left < -1)).map(e => e.outerHTML.slice(0, 120)).slice(0, 3)""")
                self.assertEqual(over, [])
                cells = self.js("return [...document.querySelectorAll('main td, main th')].filter(seen).map(e => e.innerText)")
                self.browser.open(folder / "report.html")
                self.browser.pdf(self.base / "printed.pdf")
                boxes = subprocess.run(["pdftotext", "-bbox", self.base / "printed.pdf", "-"], capture_output=True, text=True, check=True).stdout
                width = float(re.search(r'<page width="([\d.]+)"', boxes).group(1))
                self.assertAlmostEqual(width, 595, delta=1)
                words = re.findall(r'<word xMin="([\d.-]+)" yMin="[\d.-]+" xMax="([\d.-]+)" yMax="[\d.-]+">([^<]*)', boxes)
                self.assertEqual([w for w in words if float(w[0]) < 14 or float(w[1]) > width - 14], [])
                printed = re.sub(r"\s", "", "".join(w[2] for w in words))
                for text in cells:
                    for word in text.split():
                        self.assertIn(word.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"), printed)


if __name__ == "__main__":
    missing = [what for what, there in (("chromium", browser.CHROMIUM), ("chromium-driver", browser.DRIVER)) if not there]
    try:
        import selenium  # noqa: F401
    except ImportError:
        missing.append("python3-selenium")
    if missing:
        print(f"skipped: missing: {', '.join(missing)} (scripts/install-deps --deep)")
        sys.exit(77)
    support.main()

"""The charts that gnuplot draws: each leaves charts/NAME.gp with its data in it, which a student can change and run
again in that folder, and NAME.svg and NAME.png, the same bytes for the same data."""
import re
import shutil
import subprocess

import look


class NoGnuplot(Exception):
    """gnuplot is missing or failed: one line for the user."""


def quote(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("\n", "\\n") + '"'


def gnuplot(program):
    """Runs gnuplot on a program; raises NoGnuplot with one line."""
    tool = shutil.which("gnuplot")
    if not tool:
        raise NoGnuplot("gnuplot is missing: the percentile curves and console charts need it: apt-get install gnuplot-nox")
    done = subprocess.run([tool], input=program, capture_output=True, text=True)
    if done.returncode or "line 0:" in done.stderr:
        said = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise NoGnuplot(f"gnuplot failed: {said}")
    return done.stdout


def frame(run, placement, title, subtitle, height=480):
    """Lines that write title, subtitle and footer; labels 1 to 4 are theirs. For a chart `height` high (of SVG units)."""
    at = lambda pixels: f"{pixels / height:.4f}"
    lines = [f'set label 1 {quote(title)} at screen 0.02,{at(height - 17)} font ",15"', f"set label 2 {quote(subtitle)} at screen 0.02,{at(height - 46)}"]
    for i, line in enumerate(run.footer(placement)):
        lines.append(f'set label {3 + i} {quote(line)} at screen 0.02,{at(36 - 20.6 * i)} textcolor rgb "#666666"')
    return lines


def draw(folder, name, body, title, said, width=740, height=480, multiplot=False):
    """NAME.gp, NAME.svg, NAME.png of the program `body`, which sets no terminal and no output. said: what a screen reader speaks."""
    ident = re.sub(r"\W", "_", name)
    head_svg = f'set terminal svg size {width},{height} dynamic noenhanced font "DejaVu Sans,13" name "{ident}" background rgb "white"\n'
    head_png = (f'set terminal pngcairo noenhanced size {width * 8 // 5},{height * 8 // 5} font "DejaVu Sans,12" fontscale 1.3 linewidth 1.5 '
                "pointscale 1.5\n")
    (folder / f"{name}.gp").write_text(f'{head_png}set output "{name}.png"\n{body}', encoding="utf-8")
    path = str(folder / name).replace('"', '\\"')
    again = f"reset\n{head_png}" if multiplot else head_png  # a multiplot can't be replotted
    gnuplot(f'{head_svg}set output "{path}.svg"\n{body}set output\n{again}set output "{path}.png"\n{body if multiplot else "replot" + chr(10)}set output\n')
    look.caption_svg(folder / f"{name}.svg", title, said)

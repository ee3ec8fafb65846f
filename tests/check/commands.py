"""Runs every command that a page of the project shows, as its reader would.

usage: commands.py SOURCE BUILD [PAGE-PREFIX...]
Commands stand in ```sh blocks, one a line. They run as written, a page after another or, with more CPUs, beside it, from
the top of the tree, but for these: build/ means BUILD; `fiveways run` is given the smoke profile, one round, a window of 2 ms if it
names none, no charts and a scratch folder for its results; `make TARGET` with a target that would run
this test again or build is only checked to exist (make -n).
"""
import concurrent.futures
import glob
import os
import re
import shlex
import subprocess
import sys
import tempfile
import time

source, build = sys.argv[1:3]
prefixes = sys.argv[3:]
NOT_HERE = {"bench", "test", "test-deep", "clean", "charts", "report", "format", "build"}


def pages():
    patterns = ["README.md", "lessons/*/*.md", "lessons/bugs/*/*.md", "runtimes/*/README.md", "workloads/*/README.md",
                "docs/*.md", "harness/PROTOCOL.md", "results/SCHEMA.md", "results/*/*/README.md"]
    found = sorted({p for pattern in patterns for p in glob.glob(os.path.join(source, pattern))})
    return [p for p in found if not prefixes or any(os.path.relpath(p, source).startswith(x) for x in prefixes)]


def commands(page):
    with open(page, encoding="utf-8") as file:
        text = file.read()
    for block in re.findall(r"^```sh\n(.*?)^```", text, re.M | re.S):
        for line in block.splitlines():
            line = re.sub(r"\s+#.*", "", line).strip()
            if line and not line.startswith("#"):
                yield line


def as_run(line, scratch):
    smoke = f"--profile smoke --no-charts --out {shlex.quote(scratch)}"
    words = shlex.split(line)
    if words[0] == "make":
        targets = [w for w in words[1:] if "=" not in w]
        if targets and targets[0] == "lesson":
            number = dict(w.split("=", 1) for w in words[1:] if "=" in w).get("N", "00")
            return f"scripts/lesson {number} --yes --build {shlex.quote(build)} -- {smoke}"
        if set(targets) <= NOT_HERE:
            return "make -n " + " ".join(words[1:])
    if words[0] == "scripts/bug":
        line += f" --build {shlex.quote(build)}"
    if "input=FILE" in line:
        line = line.replace("input=FILE", "input=README.md")
    line = re.sub(r"\bbuild/", build + "/", line)
    if re.search(r"\bfiveways run\b", line):
        line += " --rounds 1 " + ("" if "--window" in line else "--window 0.002 ") + smoke
    return line


def run(page, line, scratch):
    """What to print, and whether it was good."""
    command, start = as_run(line, scratch), time.monotonic()
    done = subprocess.run(["sh", "-c", command], cwd=source, stdin=subprocess.DEVNULL, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    good = done.returncode == 0
    told = f"{'ok  ' if good else 'FAIL'} {time.monotonic() - start:4.0f} s {os.path.relpath(page, source)}: {line}"
    return good, told if good else f"{told}\n     ran: {command}\n     exit {done.returncode}\n{done.stdout[-2000:]}"


def run_page(page):
    with tempfile.TemporaryDirectory() as scratch:
        return [run(page, line, scratch) for line in commands(page)]


def main():
    failed = ran = 0
    with concurrent.futures.ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        for results in pool.map(run_page, pages()):
            for good, told in results:
                ran += 1
                failed += not good
                print(told, flush=True)
    print(f"{ran} commands, {failed} failed")
    sys.exit(1 if failed or not ran else 0)


main()

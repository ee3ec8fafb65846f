"""scripts/check-async: every async function of the tree passes, and each sample's marked line is found.
usage: async.py SOURCE"""
import glob
import os
import subprocess

from tree import TOP, files, finish, lines

SCRIPT = os.path.join(TOP, "scripts", "check-async")


def check(*paths):
    done = subprocess.run([SCRIPT, *paths], text=True, capture_output=True)
    return done.returncode, done.stdout + done.stderr


def main():
    faults = []
    real = [os.path.join(TOP, p) for p in files() if p.endswith((".c", ".h")) and p.split("/")[0] in ("workloads", "runtimes", "lessons")
            and any(line.lstrip().startswith(("static async_fn(", "async_fn(")) for line in lines(p))]
    status, said = check(*real)
    if status:
        faults.append("the tree: " + said)
    samples = sorted(glob.glob(os.path.join(TOP, "tests", "check", "async", "*.c")))
    for path in samples:
        name = os.path.relpath(path, TOP)
        wrong = [n for n, line in enumerate(lines(name), 1) if "/* wrong */" in line]
        status, said = check(path)
        found = [int(line.split(":")[1]) for line in said.splitlines()]
        if found != wrong or status != bool(wrong):
            faults.append(f"{name}: found lines {found} (status {status}), expected {wrong}: {said}")
    if check(os.path.join(TOP, "nothing.c"))[0] != 2:
        faults.append("a file that is not there: expected status 2")
    finish("async", len(real) + len(samples), faults if len(samples) > 5 and real else faults + ["samples are missing"])


main()

"""Every C and C++ file is as clang-format leaves it (`make format`). Versions differ, so only Debian 12's is asked.
usage: format.py SOURCE"""
import os
import shutil
import subprocess
import sys

from tree import TOP, files, finish

VERSION = "version 14."


def main():
    tool = shutil.which("clang-format-14") or shutil.which("clang-format")
    said = subprocess.run([tool, "--version"], text=True, capture_output=True).stdout if tool else ""
    if VERSION not in said:
        print(f"format: skipped: clang-format {VERSION.split()[1]}x is not here ({said.strip() or 'none'})")
        sys.exit(77)
    paths = [path for path in files() if path.endswith((".c", ".h", ".cc"))]
    done = subprocess.run([tool, "--dry-run", "-Werror", *paths], cwd=TOP, text=True, capture_output=True)
    faults = sorted({line.split(": error")[0] for line in done.stderr.splitlines() if ": error" in line})
    finish("format", len(paths), faults or ([done.stderr] if done.returncode else []))


main()

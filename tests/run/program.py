"""The program under test; its folder is the first word of the command line."""
import pathlib
import subprocess
import sys

BIN = pathlib.Path(sys.argv.pop(1))
FIVEWAYS = BIN / "fiveways"
MODELS = {"processes", "threads", "channels", "green", "stackless"}


def call(*args, **more):
    return subprocess.run([FIVEWAYS, *map(str, args)], text=True, capture_output=True, timeout=280, **more)

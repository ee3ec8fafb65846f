"""What the checks of the tree share: its text files, and how a check ends."""
import os
import subprocess
import sys

TOP = os.path.abspath(sys.argv[1])
BINARY = (".png", ".svg", ".pdf", ".gz")


def files():
    """Paths below TOP, of the files that git knows or would add; of all files when this is no git tree."""
    try:
        listed = subprocess.run(["git", "-C", TOP, "ls-files", "-co", "--exclude-standard"], text=True, check=True,
                                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout.splitlines()
    except (OSError, subprocess.CalledProcessError):
        listed = [os.path.relpath(os.path.join(folder, name), TOP) for folder, _, names in os.walk(TOP) for name in names]
        listed = [path for path in listed if not path.startswith((".git/", "build"))]
    return sorted(path for path in set(listed) if not path.endswith(BINARY) and os.path.isfile(os.path.join(TOP, path)))


def lines(path):
    with open(os.path.join(TOP, path), encoding="utf-8", errors="replace") as file:
        return file.read().splitlines()


def finish(what, checked, faults):
    for fault in faults:
        print(fault)
    print(f"{what}: {checked} checked, {len(faults)} wrong")
    sys.exit(1 if faults or not checked else 0)

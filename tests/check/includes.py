"""Who may include whom: the direct quoted includes of every C and C++ file of the harness, runtimes and workloads.
usage: includes.py SOURCE"""
import os
import re

from tree import TOP, files, finish, lines

INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"')
RUNTIMES = ("processes", "threads", "channels", "green", "stackless")


def resolved(path, name):
    """The included file as a path below the top: beside the includer, else in the include folders."""
    for folder in (os.path.dirname(path), "harness", "runtimes", ""):
        candidate = os.path.normpath(os.path.join(folder, name))
        if os.path.exists(os.path.join(TOP, candidate)):
            return candidate
    return name  # generated


def allowed(path, target):
    """None, or what the file may include."""
    parts, to = path.split("/"), target.split("/")
    if target == "harness/fw.h":
        return None
    if parts[0] == "harness":
        return None if to[0] == "harness" else "only harness/"
    if parts[0] == "runtimes" and len(parts) > 2:
        own = parts[1]
        if to[:2] in (["runtimes", own], ["runtimes", "core"]) or (parts[2] == "micro.c" and target == "harness/gbench.h"):
            return None
        return f"only runtimes/{own}/, runtimes/core/ and fw.h"
    if parts[0] == "workloads" and len(parts) > 2:
        own = f"workloads/{parts[1]}/spec.h"
        if parts[2].startswith("spec"):
            return None if target == own else "only its spec.h and fw.h"
        model = re.match(r"[a-z]+", parts[2]).group(0)
        if target == own or (model in RUNTIMES and target == f"runtimes/{model}/{model}.h"):
            return None
        return f"only spec.h, fw.h and {model}/{model}.h"
    return None


def main():
    faults, checked = [], 0
    for path in files():
        if not path.endswith((".c", ".h", ".cc", ".S")) or path.split("/")[0] not in ("harness", "runtimes", "workloads"):
            continue
        for number, line in enumerate(lines(path), 1):
            match = INCLUDE.match(line)
            if not match:
                continue
            checked += 1
            rule = allowed(path, resolved(path, match.group(1)))
            if rule:
                faults.append(f'{path}:{number}: includes "{match.group(1)}"; it may include {rule}')
    finish("includes", checked, faults)


main()

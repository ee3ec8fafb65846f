"""Every cell has its four regions, in order and closed, and at most 150 lines; every workload has its five models;
no cell takes another model's means: the units of channels meet in channels alone.
usage: cells.py SOURCE"""
import os
import re

from tree import TOP, files, finish, lines

MODELS = ("processes", "threads", "channels", "green", "stackless")
ORDER = ["unit", "launch", "coordinate", "finish", "end"]
MARK = re.compile(r"^\s*/\* -- (.*?) -- \*/$")
OTHER = re.compile(r"the cell is (\S+\.c)", re.I)  # a variant that only calls another file's cell
MOST = 150
THREADS = r"\b(pthread_|sem_|mtx_|cnd_|thrd_)\w+"
FOREIGN = {"channels": re.compile(THREADS + r"|\b(_Atomic\b|atomic_\w+|volatile\b)|^static (?!const\b|void\b|inline\b|int \w+\(|bool \w+\()[^(]*[;=]"),
           "processes": re.compile(THREADS), "green": re.compile(THREADS), "stackless": re.compile(THREADS)}


def fault_of(path, text):
    marks = [m.group(1) for m in map(MARK.match, text) if m]
    borrowed = OTHER.search("\n".join(text))
    if len(text) > MOST:
        return f"{len(text)} lines; at most {MOST}"
    if borrowed and not marks:
        there = os.path.join(TOP, os.path.dirname(path), borrowed.group(1))
        return None if os.path.exists(there) else f"its cell {borrowed.group(1)} is not there"
    return None if marks == ORDER else f"regions {marks}; expected {ORDER}"


def main():
    faults, checked, models = [], 0, {}
    for path in files():
        match = re.fullmatch(r"workloads/(\w+)/([a-z]+)(-[a-z0-9-]+)?\.c", path)
        if not match or match.group(2) not in MODELS + ("seq",):
            continue
        models.setdefault(match.group(1), set()).add(match.group(2))
        checked += 1
        fault = fault_of(path, lines(path))
        foreign = FOREIGN.get(match.group(2))
        faults += [f"{path}:{n}: {line.strip()}: not the means of {match.group(2)}" for n, line in enumerate(lines(path), 1) if foreign and foreign.search(re.sub(r'"[^"]*"', '', line))]
        if fault:
            faults.append(f"{path}: {fault}")
    for workload, has in models.items():
        faults += [f"workloads/{workload}: no cell for {model}" for model in MODELS if model not in has]
    finish("cells", checked, faults)


main()

"""`refcount` with its bugs on purpose: a version read after it was freed, or freed twice, fails the trial and is told so in
every cell that has references; a cycle leaks under reference counts and nowhere else.
usage: refcount_test.py BIN"""
import json
import os
import subprocess
import sys
import tempfile

BIN = sys.argv[1]
REFERENCES = {"", "epoch"}  # variants in which a reader has a reference; channels' and seq's headline has an owner


def run(*settings):
    """(exit status, trials) of a smoke run of one round."""
    with tempfile.TemporaryDirectory() as out:
        command = [os.path.join(BIN, "fiveways"), "run", "--workload", "refcount", "--profile", "smoke", "--rounds", "1", "--no-charts", "--plain", "--out", out]
        done = subprocess.run(command + [word for s in settings for word in ("--set", s)], text=True, capture_output=True)
        folder, = (os.path.join(out, name) for name in os.listdir(out) if name != "latest")
        with open(os.path.join(folder, "trials.ndjson"), encoding="utf-8") as file:
            return done.returncode, [json.loads(line) for line in file]


def has_references(t):
    return t["variant"] in REFERENCES and t["runtime"] not in ("channels", "seq")


def told(trials, words):
    for t in trials:
        good = t["status"] == "failed" and words in t["reason"] if has_references(t) else t["status"] == "refused"
        yield good, f"{t['runtime']} {t['variant']}: {t['status']}: {t['reason']}"


def leaked(trials):
    for t in trials:
        bytes_left = {m["name"]: m["value"] for m in t["result"]["metrics"]}.get("leaked")
        counts = has_references(t) and t["variant"] == ""
        yield t["status"] == "ok" and (bytes_left > 0) == counts, f"{t['runtime']} {t['variant']}: {t['status']}, {bytes_left} bytes leaked"


def main():
    early, twice, cycle = run("readers=1", "fault=early"), run("readers=1", "fault=twice"), run("readers=1", "cycle=yes")
    found = [*told(early[1], "read a version that was freed"), *told(twice[1], "freed twice"), *leaked(cycle[1])]
    for good, line in found:
        print(f"{'ok  ' if good else 'FAIL'} {line}")
    cells = sum(has_references(t) for t in early[1])
    print(f"exit status {early[0]}, {twice[0]} and {cycle[0]}; {cells} trials with references")
    sys.exit(not all(good for good, _ in found) or (early[0], twice[0], cycle[0]) != (1, 1, 0) or cells < 5)


main()

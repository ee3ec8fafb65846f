"""The auditor of `bank` finds a torn transfer while the run goes on, in every cell: the trial fails and says so.
usage: bank_test.py BIN"""
import json
import os
import subprocess
import sys
import tempfile

BIN = sys.argv[1]


def main():
    wrong = 0
    with tempfile.TemporaryDirectory() as out:
        done = subprocess.run([os.path.join(BIN, "fiveways"), "run", "--workload", "bank", "--profile", "smoke", "--set", "fault=tear", "--set", "audit=1", "--set", "skew=0",
                               "--rounds", "1", "--no-charts", "--plain", "--out", out], text=True, capture_output=True)
        folder, = (os.path.join(out, name) for name in os.listdir(out) if name != "latest")
        with open(os.path.join(folder, "trials.ndjson"), encoding="utf-8") as file:
            trials = [json.loads(line) for line in file]
    seen = {(t["runtime"], t["variant"]) for t in trials}
    for t in trials:
        found = t["status"] == "failed" and "an audit found" in t["reason"]
        wrong += not found
        print(f"{'ok  ' if found else 'FAIL'} {t['runtime']} {t['variant']}: {t['status']}: {t['reason']}")
    print(f"{len(seen)} cells, {wrong} trials in which the auditor found nothing, exit status {done.returncode}")
    sys.exit(wrong != 0 or len(seen) < 10 or done.returncode != 1)


main()

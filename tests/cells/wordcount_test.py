"""The models count what the shell pipeline counts, as (word, count) sets, on awkward texts; the
reference runners' receipts satisfy the oracle on the same texts; bad input is one clear line.
usage: wordcount_test.py BIN"""
import json
import os
import random
import subprocess
import sys
import tempfile

BIN = sys.argv[1]
PIPELINE = r"tr -cs A-Za-z '\n' | tr A-Z a-z | sed '/^$/d' | sort | uniq -c"
MODELS = [m for m in ("seq", "processes", "threads", "channels", "green", "stackless") if os.path.exists(f"{BIN}/fiveways-{m}")]
REFERENCES = [m for m in ("shell", "awk") if os.path.exists(f"{BIN}/fiveways-{m}")]
SEED = "16045690984503098046"
TEXTS = {
    "one letter": b"a",
    "no final newline": b"The cat, the CAT\nthe end",
    "no word at all": b" 123 \n\n...\n",
    "NUL bytes and UTF-8": b"na\xc3\xafve\0caf\xc3\xa9 \xe2\x80\x94 na\0na \xff\xfe",
    "binary junk": bytes(random.Random(2).choices(range(256), k=300_000)),
    "words over the edges of batches": b"abcdefghijklmnopqrstuvwxyz " * 5000,
    "one word of 5 MB": b"xY" * 2_500_000,
    "carriage returns and long gaps": b"one\r\ntwo" + b" " * 10_000 + b"Two\tthree\r\n",
}
failed = checked = 0


def verdict(good, what, detail=""):
    global failed, checked
    checked += 1
    failed += not good
    print(f"{'ok  ' if good else 'FAIL'} {what} {detail if not good else ''}", flush=True)


def ask(runner, call, question):
    done = subprocess.run([f"{BIN}/fiveways-{runner}", call], input=json.dumps(question), text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=120)
    try:
        return json.loads(done.stdout)
    except ValueError:
        return {"status": f"exit {done.returncode}, no JSON", "reason": done.stdout[:200] + done.stderr[:200]}


def trial(path, batch=4096, counts="", **params):
    return {"protocol": 1, "trial_id": 7, "block": "b1", "round": 0, "role": "measure", "workload": "wordcount", "variant": "",
            "params": {"input": path, "input_bytes": "65536", "text_seed": "1", "batch": str(batch), "stages": "4",
                       "slow_stage": "0", "counts": counts, **params},
            "mode": "complete", "workers": [{"cpus": [], "l3": -1, "numa": -1}] * 2, "pin_units": False, "warmup_ns": 0,
            "window_ns": 1, "batch": 1, "seed": SEED, "input": path, "progress_fd": -1, "hist_dir": "", "hist_stem": ""}


def shell_counts(path):
    with open(path, "rb") as text:
        out = subprocess.run(["sh", "-c", PIPELINE], stdin=text, stdout=subprocess.PIPE, env={**os.environ, "LC_ALL": "C"}).stdout
    return {(word, int(count)) for count, word in (line.split() for line in out.splitlines())}


def read_counts(path):
    with open(path, "rb") as file:
        lines = [line.split() for line in file.read().splitlines()]
    return {(word, int(count)) for count, word in lines}, [word for _, word in lines]


def texts(folder):
    for name, text in TEXTS.items():
        path = os.path.join(folder, "text")
        with open(path, "wb") as file:
            file.write(text)
        want = shell_counts(path)
        for model in MODELS:
            for batch in (1024, 65536) if len(text) < 1_000_000 else (65536,):
                counts = os.path.join(folder, "counts")
                question = trial(path, batch, counts)
                result = ask(model, "--trial", question)
                got, order = read_counts(counts) if os.path.exists(counts) else (None, [])
                verdict(result["status"] == "ok" and got == want and order == sorted(order), f"{model}, {name}, batch {batch}",
                        f"{result['status']}: {result.get('reason')}; {len(want)} words wanted, {len(got or [])} got")
                if os.path.exists(counts):
                    os.remove(counts)
        expect = ask("seq", "--oracle", {"trial": trial(path), "repeats": 1, "ops": 1})["expect"]
        for peer in REFERENCES:
            result = ask(peer, "--trial", trial(path))
            receipt = result.get("receipt", {})
            verdict(receipt.get("checksum") == str(expect["checksum"]["value"]) and receipt.get("ops") == 1,
                    f"{peer}, {name}", f"{result} against {expect}")


def generated():
    for model in MODELS[:1] + REFERENCES:
        result = ask(model, "--trial", {**trial(""), "warmup_ns": 1, "window_ns": 1})
        repeats = result.get("repeats_total", 0)
        expect = ask("seq", "--oracle", {"trial": trial(""), "repeats": repeats, "ops": repeats})["expect"]
        got = result.get("receipt", {})
        verdict(repeats == 2 and got.get("checksum") == str(expect["checksum"]["value"]) and result["metrics"][0]["value"] == 65536,
                f"{model}, generated text, two passes", f"{result} against {expect}")


def bad_input(folder):
    os.mkdir(os.path.join(folder, "folder"))
    open(os.path.join(folder, "empty"), "w").close()
    for name, say in (("absent", "No such file"), ("empty", "is empty"), ("folder", "not a regular file")):
        for model in MODELS:
            result = ask(model, "--trial", trial(os.path.join(folder, name)))
            verdict(result["status"] == "failed" and say in result["reason"] and "\n" not in result["reason"], f"{model}, {name} input", result)
    for model in MODELS:
        with open(os.path.join(folder, "text"), "w") as file:
            file.write("a")
        result = ask(model, "--trial", trial(os.path.join(folder, "text"), counts=folder))
        verdict(result["status"] == "failed" and "counts=" in result["reason"], f"{model}, counts cannot be written", result)


with tempfile.TemporaryDirectory() as scratch:
    texts(scratch)
    generated()
    bad_input(scratch)
print(f"{checked} checked, {failed} failed; models: {' '.join(MODELS + REFERENCES)}")
sys.exit(1 if failed else 0)

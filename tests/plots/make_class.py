"""Makes a synthetic class: packs of 30 machines, some with a planted reason to stand apart, and what a class hands in besides:
copies, runs with other parameters, damaged files. `make_class.py DIR` makes one; nothing in it was measured."""
import json
import pathlib
import random
import sys
import zipfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "plots"))
import pack  # noqa: E402
import results  # noqa: E402

import make_results  # noqa: E402

CARD = {"cpu": "Synthetic CPU @ 3.00GHz", "cpus_allowed": 4, "smt": "on", "virtualisation": "none", "container": "none seen", "quota": "none",
        "governor": "performance", "turbo": "on", "clocksource": "tsc", "battery": "not available", "load1": 0.2}
# alias: (what its machine card says, how much slower {block or (block, runtime): factor}, how fast its CPU is, does it stand apart)
PLANTED = {
    "bat": ({"virtualisation": "KVM guest"}, {("b2", "processes"): 4.5, ("b2", "threads"): 4.2, ("b2", "channels"): 3.0}, 1.0, True),
    "eel": ({"governor": "powersave"}, {}, 2.6, True),
    "fox": ({"quota": "0.50 CPUs"}, {"b2": 2.6, "b3": 2.3}, 1.0, True),
    "gnu": ({"cpus_allowed": 1}, {("b3", m): 2.4 for m in ("processes", "threads", "channels", "green", "stackless")}, 1.0, True),
    "hen": ({"battery": "Discharging", "load1": 7.5}, {"b1": 1.9, "b2": 2.1, "b3": 1.8}, 1.0, True),
    "yak": ({}, {("b1", "green"): 3.0, ("b1", "stackless"): 2.8, ("b2", "green"): 3.0, ("b2", "stackless"): 2.9}, 1.0, True),  # nothing explains it
    "owl": ({"virtualisation": "KVM guest"}, {}, 1.0, False),  # a virtual machine as well, and among the others
    "ram": ({"governor": "schedutil"}, {}, 1.02, False),
}
NAMES = ["ant", "ape", "bat", "bee", "cat", "cow", "dog", "eel", "elk", "emu", "fox", "gnu", "hen", "jay", "kid", "koi", "lynx", "mole", "newt", "orca", "owl", "puma",
         "ram", "rook", "seal", "swan", "toad", "vole", "wasp", "yak"]
THOUGHT = ["threads", "channels", "processes", "green", "stackless"]  # what many believe: threads first, stackless tasks last


def machine(folder, alias, number, **choices):
    """A result folder of one machine; returns its path."""
    card, slower, speed, _ = PLANTED.get(alias, ({}, {}, random.Random(number).uniform(0.9, 1.15), False))
    scale = {block: speed * slower.get(block, 1) for block in ("b1", "b2", "b3")} | {k: v for k, v in slower.items() if not isinstance(k, str)}
    ns = 500e3 * speed
    told = {"kernel": "mix64-chain", "steps": 131072, "n": 31, "ns": ns, "low": 0.99 * ns, "high": 1.01 * ns}
    manifest = {"alias": alias, "machine": dict(CARD, **card), "calibration": told, "calibration_end": told, "utc": f"2026-03-{number % 28 + 1:02d}T10:00:00Z",
                "allowed_cpus": f"0-{card.get('cpus_allowed', 4) - 1}", "topology_hash": f"{number:08x}", **choices.pop("manifest", {})}
    return make_results.make(folder / alias, seed=number, scale=scale, axis=False, hgrm=False, sigma=0.03, manifest=manifest, **choices)


def predict(folder, alias, order, name="predictions.csv"):
    lines = ["alias,question,rank,model"] + [f"{alias},{q},{rank},{model}" for q in (1, 2, 3) for rank, model in enumerate(order, 1)]
    (folder / name).write_text("\n".join(lines) + "\n")


def packed(path, folder, alias):
    path.write_bytes(pack.pack(results.Run(folder), alias)[0])


def make(folder):
    """The packs in folder/packs; returns that. folder/runs holds what they were made of."""
    folder = pathlib.Path(folder)
    packs, runs = folder / "packs", folder / "runs"
    packs.mkdir(parents=True)
    for number, alias in enumerate(NAMES):
        run = machine(runs, alias, number)
        predict(run, alias, THOUGHT if number % 3 else ["stackless", "green", "channels", "threads", "processes"])
        predict(run, alias, ["stackless", "green", "channels", "threads", "processes"], "exit.csv")
        packed(packs / f"{alias}.zip", run, alias)
    packed(packs / "zebu.zip", runs / "cat", "zebu")  # the cat's run again, under another alias
    larger = machine(runs, "lamb", 90, settings={"b1": {"size": "128"}})
    packed(packs / "lamb.zip", larger, "lamb")
    packed(packs / "newer.zip", machine(runs, "newer", 91), "newer")
    with zipfile.ZipFile(packs / "newer.zip") as old:
        files = {m: old.read(m).decode() for m in old.namelist()}
    files["manifest.json"] = json.dumps(dict(json.loads(files["manifest.json"]), schema=99))
    (packs / "newer.zip").write_bytes(pack.zipped(files))
    (packs / "short.zip").write_bytes((packs / "ant.zip").read_bytes()[:4000])
    with zipfile.ZipFile(packs / "foreign.zip", "w") as other:
        other.writestr("essay.txt", "Five ways to begin.\n")
    (packs / "notes.txt").write_text("not a pack\n")
    return packs


if __name__ == "__main__":
    make(sys.argv[1])

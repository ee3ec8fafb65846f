"""The sentences of the report, made from verdicts.json: nothing here measures or decides,
it says what was decided. Every function is pure."""
import look
import overview
import results


def people(entry):
    """'green threads', or 'processes-ring' for a variant."""
    return entry.get("model") or entry["runtime"] if entry.get("headline", True) else results.name_of(entry)


def bounds(pair):
    low, high = pair.get("low"), pair.get("high")
    return f"{overview.short(low)}–{overview.short(high)}×" if low and high else look.factor(pair["ratio"])


def level(pair):
    if not pair.get("exploratory"):
        return ""
    return f" (exploratory: level {100 * pair['level']:.1f} %)" if isinstance(pair.get("level"), (int, float)) else " (exploratory)"


def verdict_sentences(block):
    """One sentence for each entry, against the row's best model; what failed comes last."""
    heads = [e for e in block["entries"] if e["status"] == "ok"]
    models = [e for e in heads if e.get("kind", "model") == "model" and e.get("headline", True)] or heads
    said = []
    if models:
        base = min(models, key=lambda e: e["median"])
        within = f" ({look.duration(base['low'])}–{look.duration(base['high'])})" if base.get("n", 2) > 1 else " in one round"
        said.append(f"{people(base)}: {look.duration(base['median'])} per {block.get('op', 'operation')}{within}, the least median of the models.")
        for other in sorted((e for e in heads if e is not base), key=lambda e: e["median"]):
            said.append(compare(block, base, other))
    said += [f"{people(e)}: {e['status']}: {e.get('reason') or 'no reason given'}." for e in block["entries"] if e["status"] != "ok"]
    return said


def compare(block, base, other):
    pair = results.pair_of(block, results.name_of(base), results.name_of(other))
    one, two = people(base), people(other)
    if not pair or min(base.get("n", 0), other.get("n", 0)) < results.LEAST_ROUNDS:
        return f"{two}: {look.duration(other['median'])}, {look.factor(other['median'] / base['median'])} the time of {one}; no verdict from so few rounds."
    if pair["verdict"] == "not separated":
        return f"{one} and {two}: not separated ({bounds(pair)}){level(pair)}."
    if pair["verdict"] == "faster":
        return f"{one}: {bounds(pair)} faster than {two}{level(pair)}."
    turned = results.pair_of({"pairs": [pair]}, results.name_of(other), results.name_of(base))
    return f"{two}: {bounds(turned)} faster than {one}{level(pair)}."


def answer(run):
    """Three sentences for somebody in a hurry: the widest gap, the narrowest, and what it's worth."""
    gaps = []
    for block in run.blocks:
        models = [e for e in results.entries(block, headline=True) if e["status"] == "ok" and e.get("kind", "model") == "model"]
        if len(models) >= 2:
            models.sort(key=lambda e: e["median"])
            gaps.append((models[-1]["median"] / models[0]["median"], block, models))
    gaps.sort(key=lambda g: g[0])
    said = []
    if gaps and not any(p["verdict"] != "not separated" for _, block, _ in gaps for p in block["pairs"]):
        said.append(f"Nothing was separated from anything: {rounds(run)} can't tell these models apart.")
    elif gaps:
        said.append(gap_sentence(*gaps[-1], "The choice of model matters most in"))
        if len(gaps) > 1:
            said.append(gap_sentence(*gaps[0], "It matters least in"))
    else:
        said.append("This run holds no two models that can be compared.")
    said.append(worth(run))
    return said


def gap_sentence(ratio, block, models, opening):
    best, worst = models[0], models[-1]
    same = [e for e in models[1:] if (results.pair_of(block, results.name_of(best), results.name_of(e)) or {}).get("verdict") == "not separated"]
    where = block["workload"] + (f" ({block['label']})" if block.get("label") else "")
    pair = results.pair_of(block, results.name_of(best), results.name_of(worst))
    if worst in same:
        return f"{opening} {where}: none of the models was separated from {people(best)} ({look.duration(best['median'])} per {block.get('op', 'operation')})."
    text = f"{opening} {where}: {people(best)} took {look.duration(best['median'])} per {block.get('op', 'operation')}, "
    text += f"{people(worst)} {bounds(pair) if pair else look.factor(ratio)} that"
    return text + (f"; not separated from {people(best)}: {joined([people(e) for e in same])}." if same else ".")


def joined(names):
    return names[0] if len(names) == 1 else ", ".join(names[:-1]) + " and " + names[-1]


def worth(run):
    weak = any(p.get("exploratory") for b in run.blocks for p in b["pairs"])
    aa = noise(run)
    text = f"This holds for {run.machine.alias}, grade {run.machine.grade}"
    text += f", where the same runner against itself differed by up to {aa}" if aa else ", where no A/A pair measured the noise"
    if any(e["status"] == "failed" for b in run.blocks for e in b["entries"]):
        text += "; some cells failed, see below"
    return text + (f"; with {rounds(run)} the verdicts are exploratory." if weak else ".")


def rounds(run):
    counts = sorted({b.get("rounds", 0) for b in run.blocks})
    return " or ".join(str(c) for c in counts) + (" round" if counts == [1] else " rounds")


def noise(run):
    aa = run.verdicts.get("aa")
    percent = aa.get("percent") if isinstance(aa, dict) and aa.get("pairs") else None
    return f"{percent:.1f} %" if isinstance(percent, (int, float)) else ""


def limited(block):
    """In a list, for the block's entries whose load generator was at its limit; [] if none was."""
    said = [f"{people(e)} ({e['limited']} of {e['n']} trials)" for e in block["entries"] if e.get("limited")]
    return [f"The load generator was at its limit under {joined(said)}: what is shown is the least that they can do."] if said else []


def small_print(block):
    parts = [results.rounds_of(block), f"placement {block['placement']}"]
    if isinstance(block.get("smallest_ratio"), (int, float)) and block["smallest_ratio"] > 1:
        parts.append(f"smallest ratio that this block tells nine times in ten: {block['smallest_ratio']:.3g}")
    tainted = sum(e.get("tainted", 0) for e in block["entries"])
    if tainted:
        parts.append(f"{tainted} trial{'s' if tainted != 1 else ''} tainted")
    return "; ".join(parts) + "."

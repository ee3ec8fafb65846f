"""Which blocks of two runs are the same work, and why runs don't belong together. A block is found again by its
workload, label and placement; then every parameter that both runs tell must be equal. Pure functions."""
import results


def place(block):
    return block["workload"], block.get("label", ""), block["placement"]


def settings(run, block):
    """{parameter: text}: all of them where the run tells them, else those of `params`. Of a file only the name counts
    (its folder differs between machines), and how long it is."""
    told = {k: str(v) for k, v in (block.get("settings") or results.params_of(block.get("params", ""))).items()}
    told = {k: v.rstrip("/").rpartition("/")[2] for k, v in told.items()}
    sizes = {r["value"] for r in values_of(run, block, metric="input_bytes")}
    return dict(told, **{"bytes of input": f"{min(sizes):,.0f}"}) if len(sizes) == 1 else told


def unequal(one, two):
    """[(parameter, its value in one, in two)] of the parameters that both tell."""
    return [(k, one[k], two[k]) for k in sorted(one) if k in two and one[k] != two[k]]


def values_of(run, block, metric="time_per_op"):
    """Rows of the block's measured trials that were valid."""
    return run.values(metric, roles=("measure",), workload=block["workload"], workers=block["workers"],
                      placement=block["placement"], params=block.get("params", ""))


def undisturbed(run, block, entry):
    """Times of an entry's valid trials, the tainted left out, as in a verdict."""
    return [r["value"] for r in values_of(run, block) if (r["runtime"], r["variant"]) == (entry["runtime"], entry.get("variant", ""))
            and not r["tainted"] and r["value"] > 0]


def pair_blocks(one, two):
    """[(block of one, block of two)], [blocks of one alone], [blocks of two alone]; Refused where a block has the same
    name in both and other parameters."""
    pairs, alone, rest = [], [], list(two.blocks)
    for block in one.blocks:
        wanted = settings(one, block)
        same = [b for b in rest if place(b) == place(block)]
        other = min(same, key=lambda b: len(unequal(wanted, settings(two, b))), default=None)
        if other is None:
            alone.append(block)
        elif unequal(wanted, settings(two, other)):
            alone.append((block, other))
        else:
            pairs.append((block, other))
            rest.remove(other)
    for entry in [a for a in alone if isinstance(a, tuple)]:
        block, other = entry
        if other in rest:
            key, a, b = unequal(settings(one, block), settings(two, other))[0]
            raise results.Refused(f"{two.folder}: {block['workload']} ({block.get('label', '')}): {key} is {b}, in {one.folder} it is {a}: "
                                  "runs with other parameters don't belong together")
        alone[alone.index(entry)] = block
    return pairs, alone, rest


def incomparable(run):
    """Why a run's times compare with no other run's, or ""."""
    instrumented = run.manifest.get("instrumented")
    if instrumented:
        return f"{run.folder}: instrumented ({', '.join(map(str, instrumented))}): its times compare with no other run's"
    return ""

"""Every trial of a block as a tick (an outlier as a cross), with each entry's median and interval: the distribution
behind one row of the overview. Where operations were timed in batches (an operation too
short for a time stamp of its own) it is the amortised cost, which a percentile curve is not."""
import look
import results


def draw(run, folder, block):
    entries = [e for e in block["entries"] if e["status"] == "ok"]
    name, title = f"{block['id']}-trials", f"{block['workload']}: every trial, {block.get('label') or str(block['workers']) + ' workers'}"
    info = {"name": name, "kind": "trials", "workload": block["workload"], "block": block["id"], "title": title}
    if not entries:
        return dict(info, drawn=False, why="no valid trial in this block")
    plt = look.setup()
    entries.sort(key=lambda e: e["median"])
    fig, ax = plt.subplots(figsize=(7.4, 1.75 + 0.33 * len(entries)))
    height = fig.get_size_inches()[1]
    fig.subplots_adjust(left=0.22, right=0.83, top=1 - 0.84 / height, bottom=1.0 / height)
    batches = sorted({r["batch"] for r in rows_of(run, block)})
    amortised = f" Amortised over batches of {batches[-1]}." if batches and batches[-1] > 1 else ""
    look.heading(fig, title, f"Time per {block.get('op', 'operation')}; ticks: trials; mark and bar: median and its interval.{amortised}\n"
                             "Smaller is better; the axis is logarithmic. ×: outlier (beyond Tukey's fences), kept.")
    spoken = []
    for y, entry in enumerate(entries):
        runtime, variant = entry["runtime"], entry.get("variant", "")
        values = [r["value"] for r in rows_of(run, block) if (r["runtime"], r["variant"]) == (runtime, variant)]
        far = results.outliers(values)
        ticks = [line for marker, which in (("|", False), ("x", True)) for line in ax.plot(
            [v for v, out in zip(values, far) if out == which], [y + 0.16] * far.count(which), linestyle="none", marker=marker, markersize=6, color=look.GREY)]
        ax.plot([entry["low"], entry["high"]], [y - 0.1] * 2, color=look.color(runtime), linewidth=5, alpha=0.45, solid_capstyle="butt")
        ax.plot([entry["median"]], [y - 0.1], marker=look.marker(runtime), color=look.color(runtime), markersize=7,
                markerfacecolor=look.color(runtime) if entry.get("headline", True) else "#ffffff")
        said = ax.annotate(look.duration(entry["median"]), xy=(1, y), xycoords=("axes fraction", "data"), xytext=(8, 0),
                    textcoords="offset points", va="center", fontsize=9.5, annotation_clip=False)
        look.tag(runtime, *ticks, said)
        spoken.append(f"{results.name_of(entry)}: {look.duration(entry['median'])} "
                      f"({look.duration(entry['low'])} to {look.duration(entry['high'])}), {entry.get('n', len(values))} trials"
                      + (f", {sum(far)} far off" if any(far) else ""))
    seen = [r["value"] for r in rows_of(run, block)] + [e[k] for e in entries for k in ("low", "high")]
    low, high = min(seen), max(seen)
    look.time_axis(ax, low / 1.5, high * 1.5)
    ax.set_yticks(range(len(entries)), [results.name_of(e) for e in entries])
    ax.set_ylim(-0.6, len(entries) - 0.4)
    ax.invert_yaxis()
    ax.set_xlabel(run.time_name(block["workload"], block.get("op", "operation")))
    look.footer(fig, run.footer(block["placement"]))
    said = "; ".join(spoken) + "." + amortised
    look.save(fig, folder, name, title, said)
    return dict(info, description=said, drawn=True)


def rows_of(run, block):
    return run.values(roles=("measure",), workload=block["workload"], workers=block["workers"], placement=block["placement"],
                      params=block.get("params", ""))

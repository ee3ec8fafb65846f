"""pack.py DIR: one small zip file of a result folder, to hand in: manifest, verdicts, the figures that merge and compare
read, predictions and exit answers. The host goes by an alias; paths, the host's and the user's name are taken out. The
same folder gives the same bytes."""
import csv
import io
import json
import os
import pathlib
import pwd
import re
import sys
import zipfile

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import packs  # noqa: E402
import predictions  # noqa: E402
import results  # noqa: E402

LIMIT = 300_000  # bytes
FIGURES = ("time_per_op", "p50", "p99", "cpu_per_op", "max_rss", "input_bytes", "")  # "": a trial that gave none, and why
FEWEST = ("time_per_op", "input_bytes", "")
ALIAS = re.compile(r"[A-Za-z0-9._-]{1,40}")
PATH = re.compile(r"(?<![\w.)\]])[~.]{0,2}/(?!(?:proc|sys|dev)/)[\w.+@~-]+(?:/[\w.+@~-]*)*")


class Scrub:
    """Takes out of every text what says whose machine it was."""

    def __init__(self, manifest, alias):
        self.old, self.alias = str(manifest.get("alias") or ""), alias
        try:
            user = pwd.getpwuid(os.getuid()).pw_name
        except KeyError:
            user = ""
        host = os.uname().nodename
        self.names = [n for n in {os.path.expanduser("~"), host, host.partition(".")[0], user} if len(n) > 3 and n != "/root"]

    def text(self, text):
        for name in sorted(self.names, key=len, reverse=True):
            text = re.sub(rf"(?<![\w-]){re.escape(name)}(?![\w-])", "…", text)
        return PATH.sub("…", text)

    def argument(self, word):
        """An argument or a parameter's value: of a path the file's name stays, since it tells which input it was."""
        key, equals, value = word.partition("=") if "=" in word else ("", "", word)
        return self.text(key) + equals + self.text(value.rstrip("/").rpartition("/")[2] if "/" in value else value)

    def value(self, value, key=""):
        if isinstance(value, dict):
            return {k: self.value(v, k) for k, v in value.items()}
        if isinstance(value, list):
            return [self.argument(v) if key == "argv" and isinstance(v, str) else self.value(v) for v in value]
        if not isinstance(value, str):
            return value
        if key == "params":
            return self.params(value)
        return self.argument(value) if key in ("settings", "input") or "/" in value and os.path.isabs(value) else self.text(value)

    def params(self, text):
        return ";".join(self.argument(part) for part in text.split(";"))

    def manifest(self, manifest):
        told = self.value(dict(manifest, alias=self.alias))
        words = told.get("argv") if isinstance(told.get("argv"), list) else []
        for i, word in enumerate(words):
            if isinstance(word, str) and word.startswith("--alias="):
                words[i] = f"--alias={self.alias}"
            elif word == "--alias" and i + 1 < len(words):
                words[i + 1] = self.alias
        return told

    def verdicts(self, verdicts):
        told = self.value(verdicts)
        for block in told["blocks"]:
            if isinstance(block.get("settings"), dict):
                block["settings"] = {k: self.argument(str(v)) for k, v in block["settings"].items()}
        return told


def tidy(run, scrub, figures):
    out = io.StringIO()
    rows = csv.writer(out, lineterminator="\n")
    rows.writerow(results.COLUMNS)
    for row in run.rows:
        if row["metric"] in figures and (row["role"] != "pilot" or row["status"] != "ok"):
            cells = dict(row, params=scrub.params(row["params"]), reason=scrub.text(row["reason"]), value="" if row["value"] is None else f"{row['value']:.17g}")
            rows.writerow([cells[c] for c in results.COLUMNS])
    return out.getvalue()


def answers(path, alias):
    """A file of predictions or exit answers under the pack's alias; several people become alias-1, alias-2."""
    ranks = predictions.read(path)
    people = sorted({who for who, _ in ranks})
    names = {who: alias if len(people) == 1 else f"{alias}-{i}" for i, who in enumerate(people, 1)}
    out = io.StringIO()
    rows = csv.writer(out, lineterminator="\n")
    rows.writerow(predictions.COLUMNS)
    for (who, question), rank in sorted(ranks.items()):
        rows.writerows([names[who], question, place, model] for model, place in sorted(rank.items(), key=lambda r: (r[1], r[0])))
    return out.getvalue()


def zipped(files):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, text in sorted(files.items()):
            member = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            member.compress_type, member.external_attr, member.create_system = zipfile.ZIP_DEFLATED, 0o644 << 16, 3
            archive.writestr(member, text)
    return data.getvalue()


def pack(run, alias):
    """(bytes, [what was left out])."""
    scrub = Scrub(run.manifest, alias)
    text = lambda value: json.dumps(value, indent=1, ensure_ascii=False) + "\n"
    files = {"manifest.json": text(scrub.manifest(run.manifest)), "verdicts.json": text(scrub.verdicts(run.verdicts))}
    files.update({name: answers(run.folder / name, alias) for name in predictions.FILES if (run.folder / name).exists()})
    for figures, without in ((FIGURES, []), (FEWEST, ["percentiles, CPU time and memory left out: too many trials for one pack"])):
        data = zipped(dict(files, **{"tidy.csv": tidy(run, scrub, figures)}))
        if len(data) <= LIMIT:
            return data, without
    raise results.Refused(f"{run.folder}: its pack would be {len(data):,} bytes: expected at most {LIMIT:,}: run fewer workloads or rounds for what is handed in")


def main(arguments):
    parser = packs.Parser(prog="fiveways pack", description="Makes one file (at most 300 kB) of a result folder, to hand in: machine card, figures, verdicts, "
                          "predictions and exit answers; no path and no name of the host or its user.")
    parser.add_argument("folder", metavar="DIR", help="a result folder such as results/latest")
    parser.add_argument("--alias", metavar="NAME", help="what the host is called in it (default: the run's alias)")
    parser.add_argument("--out", metavar="FILE", help="default: ALIAS-UTC.zip, here")
    given = parser.parse_args(arguments)
    if given.alias is not None and not ALIAS.fullmatch(given.alias):
        parser.error(f"--alias takes up to 40 letters, digits, '-', '_' and '.', not '{given.alias}'")
    try:
        run = results.Run(given.folder)
        alias = given.alias or run.machine.alias
        if not ALIAS.fullmatch(alias):
            raise results.Damaged(f"{run.folder / 'manifest.json'}: alias is '{alias[:60]}': expected up to 40 letters, digits, '-', '_' and '.': give one with --alias")
        data, without = pack(run, alias)
        stamp = re.sub(r"[^0-9TZ]", "", str(run.manifest.get("utc") or "")) or "undated"
        path = pathlib.Path(given.out or f"{alias}-{stamp}.zip")
        path.write_bytes(data)
    except (results.Damaged, results.Refused) as error:
        return packs.fail("pack", error)
    except OSError as error:
        return packs.fail("pack", f"cannot write {error.filename}: {error.strerror}")
    for line in without:
        print(line)
    print(f"{path}: {len(data):,} bytes, alias {alias}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""The cells of a workload, cut at their four marked regions, for the report's columns.
Reads the sources beside this folder; where they aren't there, there are no columns."""
import re

import look

SOURCES = look.HERE.parent / "workloads"
REGIONS = ("unit", "launch", "coordinate", "finish")
MARK = re.compile(r"\s*/\* -- (\w+) -- \*/\s*$")


def regions_of(path):
    """{region: code} of one cell, each without the marks and blank edges."""
    found, name = {}, None
    for line in path.read_text(encoding="utf-8").splitlines():
        mark = MARK.match(line)
        if mark:
            name = mark.group(1) if mark.group(1) in REGIONS else None
        elif name:
            found.setdefault(name, []).append(line.expandtabs(4))
    return {region: "\n".join(lines).strip("\n") for region, lines in found.items()}


def side_by_side(workload):
    """{'models': [...], 'regions': [...]} or None when the tree holds no such cells."""
    if not re.fullmatch(r"[A-Za-z0-9_-]+", workload) or not (SOURCES / workload).is_dir():
        return None
    models = []
    for model in look.MODELS[1:]:
        paths = [p for p in [SOURCES / workload / f"{model}.c", *sorted((SOURCES / workload).glob(f"{model}-*.c"))] if p.exists()]
        if paths:
            models.append({"name": paths[0].stem, "lines": len(paths[0].read_text(encoding="utf-8").splitlines()), "code": regions_of(paths[0])})
    if not any(m["code"] for m in models):
        return None
    return {"models": models, "regions": [{"name": r, "code": [m["code"].get(r, "") for m in models]} for r in REGIONS]}


def readme(workload):
    """(first paragraph, bullets on what to notice, bullets on what to try) from the workload's README.md."""
    path = SOURCES / workload / "README.md"
    if not re.fullmatch(r"[A-Za-z0-9_-]+", workload) or not path.exists():
        return "", [], []
    about, notice, change, where = "", [], [], "top"
    for paragraph in re.split(r"\n\s*\n", path.read_text(encoding="utf-8")):
        head = re.match(r"#+\s*(.+)", paragraph.strip())
        if head:
            title = head.group(1).splitlines()[0].lower()
            where = "notice" if re.search(r"look for|notice", title) else "change" if re.search(r"\btry", title) else "top" if paragraph.startswith("# ") else ""
            paragraph = "\n".join(paragraph.strip().splitlines()[1:])
        if where == "top" and not about and paragraph.strip():
            about = plain(paragraph)
        elif where in ("notice", "change") and paragraph.strip():
            (notice if where == "notice" else change).extend(bullets(paragraph))
            where = ""  # one list or paragraph; what follows it is about something else
    return about, notice, change


def bullets(paragraph):
    """The items of a list, the lines of a block of code, or the paragraph itself."""
    code = re.match(r"\s*```\w*\n(.*?)\n```", paragraph, re.S)
    if code:
        return [re.sub(r"\s{2,}#", " #", line) for line in code.group(1).splitlines() if line.strip()]
    parts = re.split(r"(?m)^\s*[-*] ", paragraph)
    return [plain(p) for p in parts if p.strip()]


def plain(text):
    return " ".join(re.sub(r"[`*]", "", text).split())

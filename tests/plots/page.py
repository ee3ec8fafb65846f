"""Reads a report's tables as a reader would: text by row and column, nothing else of the page."""
import html.parser
import re

UNITS = {"ns": 1, "µs": 1e3, "ms": 1e6, "s": 1e9}
SCALES = {"": 1, "k": 1e3, "M": 1e6, "G": 1e9}


class Tables(html.parser.HTMLParser):
    """tables: [{"chart": the chart that it stands under, "block": its heading's block, "class", "rows": [[text]], "links": [href]}]."""

    def __init__(self, text):
        super().__init__()
        self.tables, self.cell, self.chart, self.block = [], None, "", ""
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        if tag == "figure":
            self.chart = given.get("id", "")
        elif tag == "h3":
            self.block = given.get("id", "")
        elif tag == "table":
            self.tables.append({"chart": self.chart, "block": self.block, "class": given.get("class", ""), "rows": [], "links": []})
            self.chart = ""  # the next table stands under another chart, or none
        elif tag == "tr" and self.tables:
            self.tables[-1]["rows"].append([])
        elif tag in ("th", "td"):
            self.cell = []
        elif tag == "a" and self.cell is not None:
            self.tables[-1]["links"].append(given.get("href", ""))

    def handle_endtag(self, tag):
        if tag in ("th", "td") and self.cell is not None:
            self.tables[-1]["rows"][-1].append(" ".join("".join(self.cell).split()))
            self.cell = None

    def handle_data(self, data):
        if self.cell is not None:
            self.cell.append(data)


def nanoseconds(text):
    """'1.23 µs' -> 1230.0; None where no time stands."""
    found = re.fullmatch(r"([\d,.]+) (ns|µs|ms|s)", text.replace("\u00a0", " ").strip())
    return float(found.group(1).replace(",", "")) * UNITS[found.group(2)] if found else None


def per_second(text):
    found = re.fullmatch(r"([\d,.]+) ?([kMG]?)/s", text.strip())
    return float(found.group(1).replace(",", "")) * SCALES[found.group(2)] if found else None


def rounds_to(shown, exact):
    """Is what is shown, with three figures or two, the exact value rounded?"""
    return abs(shown - exact) <= max(0.0051 * abs(exact), 0.0051)

"""An SVG of charts/ made fit to stand in a page beside others: ids made unique, nothing that runs or loads, glyphs that
charts share kept once, and each mark of a model given the class m-MODEL, so that a page can hide the model.
A mark belongs to a model by its gid (look.tag), as text that begins with the model's name, or by the model's colour
(palette.gp), which is nobody else's. Runtimes without a colour of their own are one class, m-other."""
import re
import xml.etree.ElementTree as ET

import look
import results

SVG, XLINK = "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"
GLYPH = re.compile(r"DejaVu[A-Za-z]*(?:-[A-Za-z]+)*-[0-9a-f]+$")
COLOUR = re.compile(r"#[0-9a-fA-F]{6}|rgb\(\s*([\d.]+%?),\s*([\d.]+%?),\s*([\d.]+%?)\s*\)")
MODEL_BLACK = look.color("seq").lower()
MODELS = {colour.lower(): model for model, colour in look.PALETTE["color"].items()}


class Page:
    """The SVGs of one page: what they share is kept once, in defs()."""

    def __init__(self, runtimes):
        self.glyphs, self.count = {}, 0
        names = "|".join(re.escape(n) for n in sorted(runtimes, key=lambda n: (-len(n), n)))
        self.label = re.compile(rf"({names})(?:-[\w-]+)?(?: refused.*|: .*|:| \(.*)?$", re.S) if names else re.compile(r"(?!)")

    def inline(self, path):
        """The text of one SVG file for this page. Damaged says what is wrong with it."""
        return self.put(parsed(path))

    def put(self, root):
        """The same of an element that parsed() gave; it is changed."""
        prefix = f"c{self.count}-"
        self.count += 1
        if root.find(f".//{{{SVG}}}style") is not None:  # matplotlib's rule, which would bind the whole page
            root.set("style", "stroke-linejoin:round;stroke-linecap:butt")
        self.clean(root, prefix)
        return ET.tostring(bare(root), encoding="unicode")

    def clean(self, node, prefix):
        named = None
        for child in list(node):
            if child.tag is ET.Comment:
                named = named or self.label.match((child.text or "").strip())
                node.remove(child)
            elif local(child.tag) in ("script", "style", "metadata", "foreignObject") or not child.tag.startswith(f"{{{SVG}}}"):
                node.remove(child)
            elif local(child.tag) in ("path", "g") and GLYPH.match(child.get("id", "")):
                self.glyphs[child.get("id")] = ET.tostring(bare(child), encoding="unicode")
                node.remove(child)
            else:
                self.clean(child, prefix)
                if local(child.tag) == "defs" and not len(child):
                    node.remove(child)
        if local(node.tag) == "text":
            named = self.label.match("".join(node.itertext()).strip())
        self.mark(node, named)
        for name, value in list(node.attrib.items()):
            self.attribute(node, name, value, prefix)

    def mark(self, node, named):
        """The class of a mark, from its gid, its text or its colour."""
        tagged = re.fullmatch(r"model-(.+)--\d+", node.get("id", ""))
        model = tagged.group(1) if tagged else named.group(1) if named else None
        if not model:
            for key in ("style", "stroke", "fill", "color"):
                model = next((MODELS[c] for c in colours(node.get(key, "")) if c in MODELS), None)
                if model:
                    break
        if model and local(node.tag) != "svg":
            node.set("class", f"m-{look.known(model)}")

    def attribute(self, node, name, value, prefix):
        bare = local(name)
        if bare.startswith("on"):
            del node.attrib[name]
        elif bare == "id":
            node.set("id", prefix + value)
        elif bare == "href":
            del node.attrib[name]
            if value.startswith("#"):
                node.set("href", value if GLYPH.match(value[1:]) else f"#{prefix}{value[1:]}")
        elif "url(" in value:
            node.set(name, re.sub(r"url\(#", f"url(#{prefix}", value) if not re.search(r"url\((?!#)", value) else "")
        elif bare == "version" or name.startswith("{") and bare != "space":
            del node.attrib[name]

    def defs(self):
        """One hidden SVG with every glyph that the charts use; it stands before them."""
        paths = "".join(self.glyphs[name] for name in sorted(self.glyphs))
        return f'<svg class="glyphs" width="0" height="0" aria-hidden="true" focusable="false"><defs>{paths}</defs></svg>' if paths else ""


def parsed(path):
    """The root of an SVG file, with its comments; it has a viewBox and no size. Damaged says what is wrong with it."""
    try:
        root = ET.fromstring(path.read_text(encoding="utf-8"), ET.XMLParser(target=ET.TreeBuilder(insert_comments=True)))
    except (OSError, UnicodeDecodeError) as error:
        raise results.Damaged(f"{path}: cannot be read: {error}")
    except ET.ParseError as error:
        raise results.Damaged(f"{path}: line {error.position[0]}: not a whole SVG: run charts.py again")
    scalable(root)
    return root


def local(tag):
    return tag.rsplit("}", 1)[-1] if isinstance(tag, str) else ""


def bare(node):
    """An element without namespaces, and without white space that only indents."""
    for part in node.iter():
        part.tag = local(part.tag)
        if part.tag not in ("text", "tspan", "title", "desc"):
            part.text = (part.text or "").strip() or None
        part.tail = (part.tail or "").strip() or None
        for name, value in list(part.attrib.items()):
            del part.attrib[name]
            part.set(local(name), " ".join(value.split()))
    return node


def colours(text):
    """The colours of a style as #rrggbb, whoever wrote it: matplotlib, gnuplot, or lstopo's cairo, whose black is nobody's."""
    for found in COLOUR.finditer(text):
        if found.group(0).startswith("#"):
            yield found.group(0).lower()
        else:
            colour = "#" + "".join(f"{round(float(n[:-1]) * 2.55) if n.endswith('%') else int(float(n)):02x}" for n in found.groups())
            if "%" not in found.group(0) or colour != MODEL_BLACK:
                yield colour


def scalable(root):
    """The outer element scales with the page: its size stays as the viewBox alone."""
    size = [re.match(r"[\d.]+", root.get(side, "")) for side in ("width", "height")]
    if "viewBox" not in root.attrib and all(size):
        root.set("viewBox", f"0 0 {size[0].group(0)} {size[1].group(0)}")
    for side in ("width", "height"):
        root.attrib.pop(side, None)

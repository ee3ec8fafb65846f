/* report.js - what the report can do with scripts on: sort a table by a column, hide models, and set every factor beside
 * another reference. All figures are in the page: the cells of each reference stand in #data, worked out by compared.py. */
(() => {
  "use strict";
  const data = JSON.parse(document.getElementById("data").textContent);
  const root = document.documentElement, bar = document.getElementById("bar");
  const reference = document.getElementById("reference"), state = document.getElementById("state");
  const boxes = [...bar.querySelectorAll("input[type=checkbox]")];
  const UNIT = { ns: 1, "µs": 1e3, ms: 1e6, s: 1e9, k: 1e3, M: 1e6, G: 1e9, B: 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 };

  /* ---- sorting ---- */

  /* What a cell sorts by: its data-value, the number that it begins with in its unit, or its text. */
  function key(cell) {
    if (cell.dataset.value !== undefined) return Number(cell.dataset.value);
    const text = cell.textContent.trim();
    const found = /^(-?[\d,]+(?:\.\d+)?)\s*(ns|µs|ms|s|k|M|G|B|KiB|MiB|GiB)?(?![A-Za-z])/.exec(text);
    if (found) return Number(found[1].replaceAll(",", "")) * (UNIT[found[2]] ?? 1);
    return cell.tagName === "TH" ? text : null;
  }

  /* Ascending; what has no number comes last, whichever way. */
  function order(a, b, sign) {
    if (a === null || b === null) return (a === null) - (b === null);
    if (typeof a === "string" || typeof b === "string")
      return sign * String(a).localeCompare(String(b), "en", { numeric: true });
    return sign * (a - b);
  }

  function sort(table, column, sign) {
    const body = table.tBodies[0];
    const rows = [...body.rows].map((row, at) => ({ row, at, key: key(row.cells[column]) }));
    rows.sort((a, b) => order(a.key, b.key, sign) || a.at - b.at);
    body.append(...rows.map((r) => r.row));
    [...table.tHead.rows[0].cells].forEach((head, at) => {
      head.setAttribute("aria-sort", at !== column ? "none" : sign > 0 ? "ascending" : "descending");
    });
  }

  function makeSortable(table) {
    [...table.tHead.rows[0].cells].forEach((head, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      head.setAttribute("aria-sort", "none");
      button.addEventListener("click", () => sort(table, column, head.getAttribute("aria-sort") === "ascending" ? -1 : 1));
    });
  }

  /* ---- hiding, and another reference ---- */

  function fill(cell, [kind, lines, value, shade, less]) {
    cell.className = cell.className.replace(/^factor \S+( less)?/, `factor ${kind}${less ? " less" : ""}`);
    cell.replaceChildren(...lines.flatMap((line) => {
      const span = document.createElement("span");
      span.textContent = line;
      return [span, " "];
    }));
    if (value === null) delete cell.dataset.value;
    else cell.dataset.value = value;
    if (shade) cell.style.setProperty("--shade", shade);
    else cell.removeAttribute("style");
  }

  function compare() {
    const cells = data[reference.value], best = reference.value === "best";
    for (const cell of document.querySelectorAll("td.factor[data-entry]:not([data-entry=''])"))
      fill(cell, cells[cell.dataset.block][cell.dataset.entry]);
    for (const said of document.querySelectorAll(".reference")) said.textContent = best ? "the row's best model" : reference.value;
    for (const head of document.querySelectorAll("[aria-sort]")) head.setAttribute("aria-sort", "none");
    root.classList.toggle("rebased", !best);
    say();
  }

  function toggle() {
    for (const box of boxes) root.classList.toggle(`hide-${box.name}`, !box.checked);
    say();
  }

  function say() {
    const hidden = boxes.filter((box) => !box.checked).map((box) => box.parentElement.textContent.trim());
    const said = [];
    if (hidden.length) said.push(`Hidden in charts and tables: ${hidden.join(", ")}.`);
    if (reference.value !== "best")
      said.push(`Factors are to ${reference.value}. The overview's picture is put away: it shows factors to the best model, of which the sections' sentences speak too.`);
    state.textContent = said.join(" ");
    state.hidden = !said.length;
  }

  /* ---- which model: one answer of each question ---- */

  function pick(select) {
    for (const reply of document.querySelectorAll(`.reply[data-question="${select.name}"]`))
      reply.hidden = select.value !== "" && reply.dataset.answer !== select.value;
  }

  for (const label of document.querySelectorAll(".pick")) {
    const select = label.querySelector("select");
    label.hidden = false;
    select.value = "";
    select.addEventListener("change", () => pick(select));
  }
  document.querySelectorAll("table.sortable").forEach(makeSortable);
  boxes.forEach((box) => box.addEventListener("change", toggle));
  reference.addEventListener("change", compare);
  bar.addEventListener("submit", (event) => event.preventDefault());
  bar.hidden = false;
  bar.reset(); /* a browser that comes back to the page may keep what was picked */
})();

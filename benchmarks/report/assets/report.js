// Sorting and filtering of the leaderboards, and the slider between two images. No library, no request.
"use strict";

function cellValue(row, column) {
  const cell = row.cells[column];
  const number = cell.dataset.value;
  return number === undefined ? cell.textContent.trim().toLowerCase() : number === "" ? null : Number(number);
}

function sortTable(table, column, direction) {
  const body = table.tBodies[0];
  const sign = direction === "ascending" ? 1 : -1;
  const rows = Array.from(body.rows);
  rows.sort((a, b) => {
    const [left, right] = [cellValue(a, column), cellValue(b, column)];
    // What is not known comes last, whatever the direction.
    if (left === null || right === null) return (left === null) - (right === null);
    return sign * (left < right ? -1 : left > right ? 1 : 0);
  });
  body.append(...rows);
  for (const header of table.tHead.rows[0].cells) header.removeAttribute("aria-sort");
  table.tHead.rows[0].cells[column].setAttribute("aria-sort", direction);
}

function enableSorting(table) {
  Array.from(table.tHead.rows[0].cells).forEach((header, column) => {
    const button = header.querySelector("button");
    if (!button) return;
    button.addEventListener("click", () => {
      const now = header.getAttribute("aria-sort");
      const first = button.dataset.first || "ascending";
      const other = first === "ascending" ? "descending" : "ascending";
      sortTable(table, column, now === first ? other : first);
    });
  });
}

function enableFilters(form) {
  const sections = Array.from(document.querySelectorAll("section.ranking"));
  const count = document.getElementById("shown");
  const apply = () => {
    const wanted = Object.fromEntries(new FormData(form));
    const words = (wanted.text || "").toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const section of sections) {
      const fits = ["dataset", "protocol", "fingerprint"].every((name) => !wanted[name] || section.dataset[name] === wanted[name]);
      let rows = 0;
      for (const row of section.querySelectorAll("tbody tr")) {
        const text = row.textContent.toLowerCase();
        row.hidden = !words.every((word) => text.includes(word));
        rows += row.hidden ? 0 : 1;
      }
      section.hidden = !fits || rows === 0;
      shown += section.hidden ? 0 : rows;
    }
    count.textContent = `${shown} run${shown === 1 ? "" : "s"} shown`;
  };
  for (const kind of ["input", "change"]) form.addEventListener(kind, apply);
  form.addEventListener("reset", () => setTimeout(apply));
  form.addEventListener("submit", (event) => event.preventDefault());
  apply();
}

function enableSlider(figure) {
  const range = figure.querySelector("input[type=range]");
  const show = () => figure.style.setProperty("--cut", `${range.value}%`);
  range.addEventListener("input", show);
  for (const choice of figure.querySelectorAll("input[type=radio]")) {
    choice.addEventListener("change", () => figure.style.setProperty("--panel", choice.value));
  }
  show();
}

document.querySelectorAll("table.sortable").forEach(enableSorting);
document.querySelectorAll("form.filters").forEach(enableFilters);
document.querySelectorAll("figure.slider").forEach(enableSlider);


"use strict";
(() => {
  const PAGE_SIZE = 50;
  const data = document.getElementById("rows");
  if (!data) return;
  const rows = JSON.parse(data.textContent);
  const byId = (id) => document.getElementById(id);
  const table = byId("table");
  const body = table.tBodies[0];
  const search = byId("search");
  const filters = ["class", "type", "day", "cause"].map((key) => ({ key, select: byId(`filter-${key}`) }));
  const numbers = new Intl.NumberFormat("en");
  let found = rows;
  let page = 0;
  let order = { key: "at", sign: 1 };

  const element = (name, text, className) => {
    const made = document.createElement(name);
    if (text !== undefined) made.textContent = text;
    if (className) made.className = className;
    return made;
  };

  // On a narrow screen rows are no boxes of a table any more: that they are rows is said.
  const rowOf = (className) => {
    const row = element("tr", undefined, className);
    row.setAttribute("role", "row");
    return row;
  };
  const cellOf = (text, className) => {
    const cell = element("td", text, className);
    cell.setAttribute("role", "cell");
    return cell;
  };

  const collator = new Intl.Collator("en", { numeric: true });
  const compare = (one, other) => {
    const [left, right] = [one[order.key] ?? "", other[order.key] ?? ""];
    // Times are written so that their order is that of their characters.
    if (order.key === "at") return left < right ? -1 : left > right ? 1 : 0;
    return collator.compare(left, right);
  };

  // What is searched, made when it is first asked for.
  const texts = new Map();
  const text = (row) => {
    let known = texts.get(row);
    if (known === undefined) {
      const parts = [row.at, row.class, row.type, row.aggregate, row.cause];
      for (const field of row.fields ?? []) parts.push(field.path, field.control, field.candidate);
      for (const side of [row.control, row.candidate]) if (side) parts.push(side.place, side.record);
      known = parts.filter((part) => part).join("\n").toLowerCase();
      texts.set(row, known);
    }
    return known;
  };

  const select = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter((word) => word);
    const wanted = filters.filter(({ select }) => select.value !== "");
    found = rows.filter((row) =>
      wanted.every(({ key, select }) => row[key] === select.value)
      && words.every((word) => text(row).includes(word)));
    found.sort((one, other) => order.sign * compare(one, other));
    page = 0;
    show();
  };

  const fieldTable = (row) => {
    const shown = element("table");
    const head = shown.createTHead().insertRow();
    for (const name of ["Field", "Control", "Candidate", "Cause"]) {
      const cell = element("th", name);
      cell.scope = "col";
      head.append(cell);
    }
    const rest = shown.createTBody();
    for (const field of row.fields) {
      const line = rest.insertRow();
      const name = element("th", field.path);
      name.scope = "row";
      const token = (value) => {
        const cell = element("td");
        cell.append(value === null ? element("small", "nothing") : element("code", value));
        return cell;
      };
      line.append(name, token(field.control), token(field.candidate), element("td", field.cause));
    }
    return shown;
  };

  const details = (row) => {
    const line = rowOf("more");
    const cell = cellOf();
    cell.colSpan = 6;
    line.append(cell);
    if (row.ambiguous) cell.append(element("p", "One of several possible partners."));
    if (row.fields) cell.append(fieldTable(row));
    if (row.more_fields) cell.append(element("p", `and ${row.more_fields} more fields`));
    if (row.clock) cell.append(element("p", row.clock));
    for (const side of ["control", "candidate"]) {
      if (!row[side]) {
        cell.append(element("p", `${side}: no event`, "place"));
        continue;
      }
      cell.append(element("p", `${side}: ${row[side].place}`, "place"));
      if (row[side].record) cell.append(element("pre", row[side].record));
    }
    return line;
  };

  const summary = (row) => {
    const cell = cellOf();
    const first = row.fields?.[0];
    if (first) {
      const token = (value) => (value === null ? document.createTextNode("nothing") : element("code", shortened(value, 60)));
      cell.append(element("b", first.path), ": ", token(first.control), " \u2192 ", token(first.candidate), " ");
      const more = row.fields.length - 1 + (row.more_fields ?? 0);
      if (more > 0) cell.append(element("small", `and ${more} more `));
    } else if (row.says) {
      cell.append(element("code", row.says), " ");
    }
    const button = element("button", "Details", "toggle");
    button.type = "button";
    button.setAttribute("aria-expanded", "false");
    button.setAttribute("aria-label", `Details: ${row.class}, ${row.type} of ${row.aggregate ?? "no aggregate"}, ${row.at}`);
    button.addEventListener("click", () => {
      const line = button.closest("tr");
      const isOpen = button.getAttribute("aria-expanded") === "true";
      if (isOpen) line.nextElementSibling.remove();
      else line.after(details(row));
      button.setAttribute("aria-expanded", String(!isOpen));
    });
    cell.append(button);
    return cell;
  };

  const shortened = (value, longest) => {
    const characters = Array.from(value.slice(0, 2 * longest + 2));
    return characters.length > longest ? `${characters.slice(0, longest).join("")}\u2026` : value;
  };

  const show = () => {
    const pages = Math.max(1, Math.ceil(found.length / PAGE_SIZE));
    page = Math.min(Math.max(page, 0), pages - 1);
    const from = page * PAGE_SIZE;
    const lines = found.slice(from, from + PAGE_SIZE).map((row) => {
      const line = rowOf();
      const aggregate = cellOf(row.aggregate);
      if (row.aggregate === undefined) aggregate.append(element("small", "none"));
      line.append(
        cellOf(row.at, "time"),
        cellOf(row.class, "word"),
        cellOf(row.type, "word"),
        aggregate,
        cellOf(row.cause, "word"),
        summary(row));
      return line;
    });
    body.replaceChildren(...lines);
    const until = from + lines.length;
    const of = found.length === rows.length
      ? `${numbers.format(rows.length)}`
      : `${numbers.format(found.length)} found, of ${numbers.format(rows.length)}`;
    byId("status").textContent = found.length === 0
      ? "No difference is like that."
      : `Rows ${numbers.format(from + 1)} to ${numbers.format(until)} of ${of}.`;
    byId("page").textContent = `Page ${numbers.format(page + 1)} of ${numbers.format(pages)}`;
    byId("first").disabled = byId("previous").disabled = page === 0;
    byId("last").disabled = byId("next").disabled = page === pages - 1;
  };

  const fill = ({ key, select }) => {
    const counts = new Map();
    for (const row of rows) counts.set(row[key], (counts.get(row[key]) ?? 0) + 1);
    const all = element("option", "all");
    all.value = "";
    select.append(all);
    for (const value of Array.from(counts.keys()).sort(collator.compare)) {
      const option = element("option", `${value} (${numbers.format(counts.get(value))})`);
      option.value = value;
      select.append(option);
    }
    select.addEventListener("change", update);
  };

  const update = () => select();

  filters.forEach(fill);
  search.addEventListener("input", update);
  byId("filters").addEventListener("submit", (event) => event.preventDefault());
  // The fields have their first values only after the event.
  byId("filters").addEventListener("reset", () => setTimeout(update));
  const turn = (id, to) => byId(id).addEventListener("click", () => {
    page = to();
    show();
  });
  turn("first", () => 0);
  turn("previous", () => page - 1);
  turn("next", () => page + 1);
  turn("last", () => Infinity);

  for (const button of table.tHead.querySelectorAll("button")) {
    button.addEventListener("click", () => {
      const key = button.dataset.key;
      order = { key, sign: order.key === key ? -order.sign : 1 };
      for (const head of table.tHead.querySelectorAll("[aria-sort]")) head.removeAttribute("aria-sort");
      button.closest("th").setAttribute("aria-sort", order.sign > 0 ? "ascending" : "descending");
      select();
    });
  }

  for (const cell of document.querySelectorAll("td[data-day]")) {
    const { day, type } = cell.dataset;
    const button = element("button", cell.textContent);
    button.type = "button";
    button.setAttribute("aria-label", `${cell.textContent}: show the differences of ${type} on ${day}`);
    button.addEventListener("click", () => {
      byId("filters").reset();
      for (const { key, select } of filters) {
        if (key === "day") select.value = day;
        if (key === "type") select.value = type;
      }
      update();
      const heading = byId("differences-heading");
      heading.scrollIntoView();
      heading.focus({ preventScroll: true });
    });
    cell.replaceChildren(button);
  }

  document.documentElement.classList.add("js");
  byId("explorer").hidden = false;
  select();
})();

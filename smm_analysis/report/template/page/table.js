"use strict";
/* Tables sort by a heading, and download as CSV or as an Excel file made here. Without script a page only lacks these. */
(() => {
  const words = document.querySelector("main").dataset;
  const bytes = (text) => new TextEncoder().encode(text);
  const number = (text) => {
    const plain = text.trim().replace(/,/g, "").replace(/\u2212/g, "-");
    return /^-?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(plain) ? Number(plain) : NaN;
  };
  const texts = (row) => [...row.cells].map((cell) => (cell.dataset.label ?? cell.textContent).trim());
  const rows = (table) => [...table.rows].map(texts);

  function sort(table, column, heading) {
    const body = table.tBodies[0], state = heading.getAttribute("aria-sort");
    const next = { none: "ascending", ascending: "descending", descending: "none" }[state ?? "none"];
    for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
    if (next !== "none") heading.setAttribute("aria-sort", next);
    const key = (row) => texts(row)[column];
    const compare = (a, b) => {
      const [x, y] = [number(key(a)), number(key(b))];
      if (Number.isNaN(x) !== Number.isNaN(y)) return Number.isNaN(x) ? 1 : -1;
      const order = Number.isNaN(x) ? key(a).localeCompare(key(b)) : x - y;
      return next === "descending" ? -order : order;
    };
    const all = [...body.rows];
    all.forEach((row, i) => (row.dataset.order ??= i));
    all.sort(next === "none" ? (a, b) => a.dataset.order - b.dataset.order : compare);
    body.append(...all);
  }

  /* What a spreadsheet would compute gets an apostrophe in front; numbers stay numbers. */
  const harmless = (text) => (Number.isNaN(number(text)) && /^[\s'"]*[=+\-@\uFF1D\uFF0B\uFF0D\uFF20\t]/.test(text) ? "'" + text : text);
  const csvCell = (text) => {
    const value = Number.isNaN(number(text)) ? harmless(text) : String(number(text));
    return /[",\n\r;]/.test(value) ? `"${value.replace(/"/g, '""')}"` : value;
  };
  const csv = (table) => "\uFEFF" + rows(table).map((row) => row.map(csvCell).join(",")).join("\r\n") + "\r\n";

  const crcs = Uint32Array.from({ length: 256 }, (_, n) => {
    for (let k = 0; k < 8; k++) n = n & 1 ? (n >>> 1) ^ 0xedb88320 : n >>> 1;
    return n >>> 0;
  });
  const crc = (data) => ~data.reduce((sum, byte) => (sum >>> 8) ^ crcs[(sum ^ byte) & 255], ~0) >>> 0;
  const little = (value, length) => Array.from({ length }, (_, i) => (value >>> (8 * i)) & 255);

  /* A ZIP archive without compression (PKWARE APPNOTE 6.3): local headers, then the central directory. */
  function zip(files) {
    const parts = [], directory = [];
    let offset = 0;
    for (const [name, text] of Object.entries(files)) {
      const path = bytes(name), data = bytes(text);
      const about = [...little(20, 2), ...little(0x800, 2), 0, 0, 0, 0, ...little(0x5821, 2), ...little(crc(data), 4),
        ...little(data.length, 4), ...little(data.length, 4), ...little(path.length, 2), 0, 0];
      const head = Uint8Array.from([0x50, 0x4b, 3, 4, ...about]);
      parts.push(head, path, data);
      directory.push(Uint8Array.from([0x50, 0x4b, 1, 2, ...little(20, 2), ...about, ...Array(10).fill(0), ...little(offset, 4)]), path);
      offset += head.length + path.length + data.length;
    }
    const size = directory.reduce((sum, part) => sum + part.length, 0), count = directory.length / 2;
    const end = Uint8Array.from([0x50, 0x4b, 5, 6, 0, 0, 0, 0, ...little(count, 2), ...little(count, 2), ...little(size, 4), ...little(offset, 4), 0, 0]);
    return new Blob([...parts, ...directory, end], { type: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet" });
  }

  function excel(table) {
    const escaped = (text) => text.replace(/[\u0000-\u0008\u000B\u000C\u000E-\u001F]/g, "").replace(/[&<>]/g, (c) => `&#${c.charCodeAt(0)};`);
    const cell = (text) => Number.isNaN(number(text))
      ? `<c t="inlineStr"><is><t xml:space="preserve">${escaped(text)}</t></is></c>` : `<c><v>${number(text)}</v></c>`;
    const data = rows(table).map((row) => `<row>${row.map(cell).join("")}</row>`).join("");
    const xml = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>', open = "http://schemas.openxmlformats.org/";
    const type = (part, kind) => `<Override PartName="${part}" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.${kind}+xml"/>`;
    const link = (kind, target) => `${xml}<Relationships xmlns="${open}package/2006/relationships"><Relationship Id="r1" Type="${open}officeDocument/2006/relationships/${kind}" Target="${target}"/></Relationships>`;
    return zip({
      "[Content_Types].xml": `${xml}<Types xmlns="${open}package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>${type("/xl/workbook.xml", "sheet.main")}${type("/xl/worksheets/sheet1.xml", "worksheet")}</Types>`,
      "_rels/.rels": link("officeDocument", "xl/workbook.xml"),
      "xl/workbook.xml": `${xml}<workbook xmlns="${open}spreadsheetml/2006/main" xmlns:r="${open}officeDocument/2006/relationships"><sheets><sheet name="${escaped(words.table)}" sheetId="1" r:id="r1"/></sheets></workbook>`,
      "xl/_rels/workbook.xml.rels": link("worksheet", "worksheets/sheet1.xml"),
      "xl/worksheets/sheet1.xml": `${xml}<worksheet xmlns="${open}spreadsheetml/2006/main"><sheetData>${data}</sheetData></worksheet>`,
    });
  }

  function save(blob, name) {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  }

  function button(text, title, act) {
    const made = document.createElement("button");
    made.type = "button";
    made.textContent = text;
    made.title = title;
    made.addEventListener("click", act);
    return made;
  }

  document.querySelectorAll(".table > table, .table > div > table").forEach((table, i) => {
    if (!table.tHead || !table.tBodies[0]) return;
    const name = `${words.file}-${i + 1}`, tools = document.createElement("p");
    tools.className = "tools";
    tools.append(
      button("CSV", words.csv, () => save(new Blob([csv(table)], { type: "text/csv" }), `${name}.csv`)),
      button("Excel", words.excel, () => save(excel(table), `${name}.xlsx`)),
    );
    table.closest(".table").after(tools);
    if (table.tHead.rows.length !== 1) return;
    [...table.tHead.rows[0].cells].forEach((heading, column) => {
      const label = heading.textContent.trim();
      if (!label) return;
      heading.dataset.label = label;
      heading.replaceChildren(button(label, words.sort, () => sort(table, column, heading)));
    });
  });
})();

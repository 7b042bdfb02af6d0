"use strict";
// The evidence is rendered from the page's own data, a screenful at a time; text is only ever set as text.
(() => {
  const $ = (id) => document.getElementById(id);
  const data = JSON.parse($("data").textContent), w = data.words;
  const form = $("filters"), results = $("results"), summary = $("summary"), dialog = $("keys");
  const plural = new Intl.PluralRules(document.documentElement.lang);
  const twoDigits = { minimumFractionDigits: 2, maximumFractionDigits: 2 };
  const share = new Intl.NumberFormat(document.documentElement.lang, twoDigits);
  const key = (theme, country) => theme + " " + country;
  const cells = new Map(data.cells.map((cell) => [key(cell.theme, cell.j), cell]));
  const links = new Map([...document.querySelectorAll(".heat td a")].map((a) => [key(a.dataset.theme, a.dataset.j), a]));
  const BATCH = 25;
  const SELECTS = ["theme", "j", "j2", "force", "status", "lang", "type", "standing", "review", "unsure"];
  const PLACES = ["#table", "#evidence"];
  const FIELDS = ["q", ...SELECTS, "from", "to"];
  let only = "";  // a single provision's address: #…p=…
  let opened = null;  // the table's link whose evidence is shown, to return to
  let drawn = null;
  const picture = (number) => (drawn ??= JSON.parse($("pictures").textContent))[number];

  const PLAIN = { "ς": "σ", "œ": "oe", "æ": "ae", "ß": "ss", "’": "'", "‘": "'" };
  const fold = (text) => text.normalize("NFD").replace(/\p{M}+/gu, "").toLowerCase()
    .replace(/[ςœæß’‘]/g, (character) => PLAIN[character]);
  const folded = (provision) => provision.folded ??= fold([provision.text, provision.cite, provision.context,
    provision.translation, data.documents[provision.doc].title].join(" "));

  // Folding every text takes a fifth of a second: done while nobody types, so that the first search is quick too.
  function foldAhead(from = 0) {
    const later = window.requestIdleCallback ?? ((work) => setTimeout(() => work({ timeRemaining: () => 8 }), 50));
    later((deadline) => {
      let at = from;
      while (at < data.provisions.length && deadline.timeRemaining() > 2) folded(data.provisions[at++]);
      if (at < data.provisions.length) foldAhead(at);
    });
  }

  const make = (tag, className, text) => {
    const node = document.createElement(tag);
    if (className) node.className = className;
    if (text !== undefined) node.textContent = text;
    return node;
  };
  const anchor = (href, text, className) => {
    const node = make("a", className, text);
    node.href = href;
    return node;
  };
  const spoken = (node, language) => {
    node.lang = language;
    return node;
  };
  const value = (name) => form.elements[name].value;
  const address = (state) => "#" + new URLSearchParams(Object.entries(state).filter(([, v]) => v));
  const state = () => ({ ...Object.fromEntries(FIELDS.map((name) => [name, value(name)])), p: only });
  const fill = (text, parts) => text.replace(/\{(\w+)\}/g, (whole, name) => parts[name] ?? whole);
  const counted = (forms, n) => fill(forms[plural.select(n)] ?? forms.other, { n: n });

  // The rows that every chosen value fits, as lists by theme and country.
  function matching() {
    const wanted = fold(value("q")).split(/\s+/).filter(Boolean);
    const [theme, first, second, force, status, lang, type, standing, review, unsure] =
      ["theme", "j", "j2", "force", "status", "lang", "type", "standing", "review", "unsure"].map(value);
    const from = Number(value("from")) || 0, to = Number(value("to")) || Infinity, dated = from || to < Infinity;
    return data.rows.filter((row) => {
      if ((theme && row.theme !== theme) || (first && row.j !== first && row.j !== second)) return false;
      if ((force && row.force !== force) || (status && row.status !== status)) return false;
      if ((standing && row.standing !== standing) || (review && row.review !== review)) return false;
      if (unsure && row.unsure !== (unsure === "yes")) return false;
      const provision = data.provisions[row.p];
      if ((only && provision.id !== only) || (lang && provision.lang !== lang) || (type && provision.type !== type))
        return false;
      if (dated && (!provision.year || provision.year < from || provision.year > to)) return false;
      return wanted.every((word) => folded(provision).includes(word));
    });
  }

  const chip = (status) => {
    const node = make("span", "chip s-" + status), symbol = make("span", "", data.symbols[status]);
    symbol.setAttribute("aria-hidden", "true");
    node.append(symbol, " " + data.statuses[status]);
    return node;
  };

  // The provision's words: one mark per stretch of evidence; the lexicon's terms stand bold inside it.
  function quotation(row, provision) {
    const quote = spoken(make("blockquote"), provision.lang);
    quote.dir = "ltr";
    let mark = null, at = 0;
    row.cuts.forEach((length, index) => {
      const piece = provision.text.slice(at, at += length), kind = row.kinds[index];  // p plain, e evidence, t term
      if (kind === "p") { mark = null; quote.append(piece); return; }
      if (!mark) quote.append(mark = make("mark"));
      mark.append(kind === "t" ? make("b", "", piece) : piece);
    });
    return quote;
  }

  function figure(row) {
    if (typeof row.picture === "string") return make("p", "context", w["no_picture_" + row.picture]);
    const crop = picture(row.picture), node = make("figure"), image = make("img");
    const said = fill(crop.exact ? w.picture_exact : w.picture_whole, { page: crop.page });
    image.width = crop.width;
    image.height = crop.height;
    image.alt = said;
    image.src = "data:image/png;base64," + crop.image;
    node.append(image);
    return node;
  }

  function passage(row, level) {
    const provision = data.provisions[row.p], doc = data.documents[provision.doc], node = make("article", "passage");
    const title = spoken(make("h" + level, "title", provision.cite), provision.lang);
    title.id = "h-" + row.theme + "-" + row.j + "-" + provision.id;
    node.tabIndex = -1;
    node.setAttribute("aria-labelledby", title.id);
    const facts = make("p", "facts");
    if (row.status) facts.append(chip(row.status));
    const said = [data.countries[row.j], data.themes[row.theme], data.forces[row.force], data.types[provision.type],
      data.languages[provision.lang], w.probability + " " + share.format(row.prob)];
    if (row.standing !== "evidence") said.push(w["standing_" + row.standing]);
    if (row.review !== "none" && row.standing !== "rejected") said.push(w["review_" + row.review]);
    if (provision.source !== "text") said.push(w[provision.source]);
    if (row.unsure) said.push(w.unsure);
    if (row.method === "lexicon") said.push(w.by_lexicon);
    for (const text of said) if (text) facts.append(make("span", "", text));
    node.append(title, facts);
    if (provision.context) node.append(spoken(make("p", "context", provision.context), provision.lang));
    const words = make("div", row.picture === undefined ? "words" : "words pictured");
    words.append(quotation(row, provision));
    if (row.picture !== undefined) words.append(figure(row));
    node.append(words);
    if (provision.translation) node.append(make("p", "context", w.translation + ": " + provision.translation));
    const ways = make("p", "facts ways");
    ways.append(
      anchor(doc.href + "#page=" + provision.page, fill(w.open_pdf, { page: provision.page })),
      anchor(address({ theme: row.theme, j: row.j, p: provision.id }), w.permalink, "permalink"));
    node.append(ways);
    return node;
  }

  function list(rows, level, beside) {
    const node = make("div", "list");
    if (beside && !rows.length) node.append(make("p", "context", w.nothing_here));
    let shown = 0;
    const more = make("button", "more", w.more);
    more.type = "button";
    const grow = () => {
      const first = shown;
      for (const row of rows.slice(shown, shown + BATCH)) node.insertBefore(passage(row, level), more);
      shown = Math.min(shown + BATCH, rows.length);
      more.hidden = shown >= rows.length;
      return node.children[first];
    };
    more.addEventListener("click", () => grow().focus());
    node.append(more);
    grow();
    return node;
  }

  // What the table says of a cell: title, status, what supports it and what was searched.
  function describe(theme, country, level, title) {
    const cell = cells.get(key(theme, country)), node = make("div", "summary");
    const head = make("h" + level, "", title);
    head.tabIndex = -1;
    node.append(head);
    if (cell) {
      const said = make("p");
      said.append(chip(cell.status), " " + [cell.support, cell.review].filter(Boolean).join(", "));
      node.append(said, make("p", "context", cell.searched));
      if (cell.more) node.append(make("p", "context", cell.more));
    }
    return node;
  }

  // Two countries without a theme: theme by theme, what the table says of each and the best passage that fits.
  function compare(countries, rows) {
    const found = new Map();
    for (const row of rows) {
      const place = key(row.theme, row.j);
      if (!found.has(place)) found.set(place, []);
      found.get(place).push(row);
    }
    const narrowed = FIELDS.some((name) => name !== "j" && name !== "j2" && value(name));
    return Object.entries(data.themes).flatMap(([theme, name]) => {
      const lists = countries.map((country) => found.get(key(theme, country)) ?? []);
      if (narrowed && !lists.some((one) => one.length)) return [];
      const node = make("section", "pair"), head = make("h3", "", name), columns = make("div", "columns");
      countries.forEach((country, index) => {
        const column = describe(theme, country, 4, data.countries[country]), [best] = lists[index];
        column.classList.add("list");
        column.append(best ? passage(best, 5) : make("p", "context", w.nothing_here));
        if (lists[index].length > 1) {
          const all = anchor(address({ ...state(), theme: theme, j: country, j2: "" }), w.all_of_cell, "button");
          all.append(" (" + counted(data.counts.results, lists[index].length) + ")");
          column.append(all);
        }
        columns.append(column);
      });
      node.append(head, columns);
      return [node];
    });
  }

  function sayChosen() {
    const said = FIELDS.filter((name) => value(name)).map((name) => {
      const field = form.elements[name], label = field.closest("label").firstChild.textContent.trim();
      return label + ": " + (field.selectedOptions ? field.selectedOptions[0].textContent : field.value);
    });
    $("chosen").textContent = said.length ? fill(w.chosen, { filters: said.join("; ") }) : "";
  }

  function render() {
    const second = value("j2");
    if (second && (!value("j") || value("j") === second))  // a comparison needs two
      form.elements.j.value = Object.keys(data.countries).find((country) => country !== second) ?? "";
    const theme = value("theme"), first = value("j"), countries = second && first ? [first, second] : [first];
    const rows = matching(), pair = countries.length === 2, overview = pair && !theme && !only;
    $("count").textContent = rows.length ? counted(data.counts.results, rows.length) : w.no_result;
    sayChosen();
    summary.className = results.className = pair && !overview ? "columns" : "";
    const titled = theme || first;
    const title = (country) => [data.themes[theme], data.countries[country]].filter(Boolean).join(" – ");
    if (overview) {
      const head = make("h3", "", fill(w.to_compare, { first: data.countries[first], second: data.countries[second] }));
      head.tabIndex = -1;
      summary.replaceChildren(head);
      results.replaceChildren(...compare(countries, rows));
    } else {
      summary.replaceChildren(...(titled ? countries.map((one) => describe(theme, one, 3, title(one))) : []));
      const level = titled ? 4 : 3;
      results.replaceChildren(...(pair
        ? countries.map((country) => list(rows.filter((row) => row.j === country), level, true)) : [list(rows, level)]));
    }
    const ways = make("p", "facts ways");
    if (only) ways.append(anchor(address({ ...state(), p: "" }), theme && first ? w.all_of_cell : w.all_of_theme, "button"));
    if (theme && first) ways.append(anchor("#table", w.back_to_table, "button back"));
    if (ways.children.length) summary.append(ways);
    for (const link of links.values()) {
      const current = link.dataset.theme === theme && countries.includes(link.dataset.j);
      if (current) link.setAttribute("aria-current", "true"); else link.removeAttribute("aria-current");
    }
    const link = links.get(key(theme, first));
    if (link) opened = link;
    return Boolean(titled || only);
  }

  function restore() {
    const wanted = new URLSearchParams(location.hash.slice(1));
    for (const name of FIELDS) {
      const field = form.elements[name];
      field.value = wanted.get(name) ?? "";
      if (field.selectedIndex === -1) field.value = "";
    }
    only = wanted.get("p") ?? "";
    return render();
  }

  const show = (node) => {
    node.focus({ preventScroll: true });
    node.scrollIntoView({ block: "start" });
  };

  // An address shows and focuses what it names: a provision, a cell, or the page as it was before.
  function go() {
    if (PLACES.includes(location.hash)) {
      show($(location.hash.slice(1)));
      return;
    }
    if (restore()) show((only && results.querySelector(".passage")) || summary.querySelector("[tabindex]") || $("evidence"));
    else if (opened) back();
  }

  function back() {
    const link = opened;
    opened = null;
    link.focus({ preventScroll: true });
    link.scrollIntoView({ block: "center" });
  }

  function close() {
    history.pushState(null, "", address({ ...state(), theme: "", j: "", j2: "", p: "" }));
    restore();
    back();
  }

  function changed(event) {
    only = "";
    const typed = event?.target.tagName === "INPUT";  // what is typed letter by letter is one step back
    render();
    history[typed ? "replaceState" : "pushState"](null, "", address(state()));
  }

  // The arrows move in the table as they do in a spreadsheet; the Tab key still reaches every cell.
  function move(event, link) {
    const cell = link.closest("td, th"), row = cell.parentElement, at = cell.cellIndex;
    const inRow = [...row.querySelectorAll("td a")];
    const vertical = (step) => link.closest("table").rows[row.rowIndex + step]?.cells[at]?.querySelector("a");
    const beside = (step) => row.cells[at + step]?.querySelector("a");
    const target = { ArrowUp: () => vertical(-1), ArrowDown: () => vertical(1), ArrowLeft: () => beside(-1),
      ArrowRight: () => beside(1), Home: () => inRow[0], End: () => inRow.at(-1) }[event.key]?.();
    if (!target) return;
    event.preventDefault();
    target.focus();
  }

  function showKeys() {
    dialog.showModal();
    dialog.querySelector("button").focus();
  }

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || dialog.open) return;
    const link = event.target.closest(".heat a");
    if (event.key === "Escape") {
      if (opened && !(event.target.name === "q" && event.target.value)) close();
      return;
    }
    if (link) move(event, link);
    if (!$("single-keys").checked || event.target.matches("input, select, textarea")) return;
    if (event.key === "?") { event.preventDefault(); showKeys(); }
    if (event.key === "/") { event.preventDefault(); form.elements.q.focus(); }
  });
  summary.addEventListener("click", (event) => {
    if (!event.target.closest(".back")) return;
    event.preventDefault();
    close();
  });
  form.addEventListener("input", changed);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(changed));
  $("keys-open").addEventListener("click", showKeys);
  addEventListener("hashchange", go);
  form.hidden = $("keys-open").hidden = false;
  if (PLACES.includes(location.hash)) render(); else go();
  foldAhead();
})();

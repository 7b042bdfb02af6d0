"use strict";
// The evidence is rendered from the page's own data, a screenful at a time; text is only ever set as text.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const w = data.words, form = document.getElementById("filters"), results = document.getElementById("results");
  const summary = document.getElementById("summary"), count = document.getElementById("count");
  const cells = new Map(data.cells.map((cell) => [cell.theme + " " + cell.j, cell]));
  const BATCH = 25;
  const FIELDS = ["q", "theme", "j", "j2", "force", "lang", "type", "standing"];
  let only = "";  // a single provision's address: #p=…

  const fold = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase()
    .replace(/ς/g, "σ").replace(/œ/g, "oe").replace(/æ/g, "ae").replace(/ß/g, "ss").replace(/[’‘]/g, "'");
  const folded = (row) => row.folded ??= fold(row.text.join("") + " " + row.cite + " " + data.documents[row.doc].title);

  // Folding every text takes a fifth of a second: done while nobody types, so that the first search is quick too.
  function foldAhead(from = 0) {
    const later = window.requestIdleCallback ?? ((work) => setTimeout(() => work({ timeRemaining: () => 8 }), 50));
    later((deadline) => {
      let at = from;
      while (at < data.rows.length && deadline.timeRemaining() > 2) folded(data.rows[at++]);
      if (at < data.rows.length) foldAhead(at);
    });
  }

  const make = (tag, className, text) => {
    const node = document.createElement(tag);
    if (className) node.className = className;
    if (text !== undefined) node.textContent = text;
    return node;
  };
  const value = (name) => form.elements[name].value;
  const address = (state) => "#" + new URLSearchParams(Object.entries(state).filter(([, v]) => v));
  const state = () => ({ ...Object.fromEntries(FIELDS.map((name) => [name, value(name)])), p: only });

  function matching(country) {
    const wanted = fold(value("q")).split(/\s+/).filter(Boolean);
    const [theme, force, lang, type, standing] = ["theme", "force", "lang", "type", "standing"].map(value);
    return data.rows.filter((row) =>
      (!only || row.id === only) && (!theme || row.theme === theme) && (!country || row.j === country) &&
      (!force || row.force === force) && (!lang || row.lang === lang) && (!type || row.type === type) &&
      (!standing || row.standing === standing) && wanted.every((word) => folded(row).includes(word)));
  }

  function passage(row) {
    const doc = data.documents[row.doc], node = make("article", "passage");
    node.append(make("h3", "", row.cite));
    const facts = make("p", "facts");
    const status = make("span", "chip s-" + row.status);
    const symbol = make("span", "", data.symbols[row.status]);
    symbol.setAttribute("aria-hidden", "true");
    status.append(symbol, " " + data.statuses[row.status]);
    facts.append(status);
    const said = [data.countries[row.j], data.themes[row.theme], data.forces[row.force], data.types[row.type],
      row.lang, w.probability + " " + row.prob.toFixed(2)];
    if (row.standing !== "evidence") said.push(w["standing_" + row.standing]);
    if (row.source !== "text") said.push(w[row.source]);
    if (row.unsure) said.push(w.unsure);
    if (row.method === "lexicon") said.push(w.by_lexicon);
    for (const text of said) if (text) facts.append(make("span", "", text));
    node.append(facts);
    if (row.context) node.append(make("p", "context", row.context));
    const quote = make("blockquote");
    quote.lang = row.lang === "und" ? "" : row.lang;
    quote.dir = "ltr";
    let mark = null;  // one mark per stretch of evidence; the lexicon's terms stand bold inside it
    row.text.forEach((piece, index) => {
      const kind = row.kinds[index];  // p plain, e evidence, t term
      if (kind === "p") { mark = null; quote.append(piece); return; }
      if (!mark) quote.append(mark = make("mark"));
      mark.append(kind === "t" ? make("b", "", piece) : piece);
    });
    node.append(quote);
    const links = make("p", "facts");
    const pdf = make("a", "", w.open_pdf.replace("{page}", row.page));
    pdf.href = doc.href + "#page=" + row.page;
    const self = make("a", "permalink", w.permalink);
    self.href = address({ theme: row.theme, j: row.j, p: row.id });
    links.append(pdf, self);
    node.append(links);
    return node;
  }

  function list(rows) {
    const node = make("div");
    let shown = 0;
    const more = make("button", "", w.more);
    more.type = "button";
    const grow = () => {
      const first = shown;
      for (const row of rows.slice(shown, shown + BATCH)) node.insertBefore(passage(row), more);
      shown = Math.min(shown + BATCH, rows.length);
      more.hidden = shown >= rows.length;
      return node.children[first];
    };
    more.addEventListener("click", () => {
      const next = grow();
      next.tabIndex = -1;
      next.focus();
    });
    node.append(more);
    grow();
    return node;
  }

  function describe(country) {
    const cell = cells.get(value("theme") + " " + country);
    const node = make("div", "summary");
    node.append(make("h3", "", [data.themes[value("theme")], data.countries[country]].filter(Boolean).join(" – ")));
    if (cell) {
      node.append(make("p", "", data.symbols[cell.status] + " " + data.statuses[cell.status] + (cell.support ? ": " + cell.support : "")));
      node.append(make("p", "context", cell.searched));
    }
    return node;
  }

  function render() {
    const first = value("j"), second = value("j2");
    const countries = second ? [first, second] : [first];
    const found = countries.map(matching);
    const total = found.reduce((sum, rows) => sum + rows.length, 0);
    count.textContent = total === 0 ? w.no_result : total === 1 ? w.one_result : w.results.replace("{n}", total);
    const asked = value("theme") || first || second;
    summary.className = results.className = second ? "columns" : "";
    summary.replaceChildren(...(asked ? countries.map(describe) : []));
    results.replaceChildren(...found.map(list));
    for (const link of document.querySelectorAll(".heat a")) {
      const current = link.dataset.theme === value("theme") && countries.includes(link.dataset.j);
      if (current) link.setAttribute("aria-current", "true"); else link.removeAttribute("aria-current");
    }
  }

  function restore() {
    const wanted = new URLSearchParams(location.hash.slice(1));
    for (const name of FIELDS) {
      form.elements[name].value = wanted.get(name) ?? "";
      if (form.elements[name].selectedIndex === -1) form.elements[name].value = "";
    }
    only = wanted.get("p") ?? "";
    render();
    return wanted.has("theme") || wanted.has("p") || location.hash === "#evidence";
  }

  function changed() {
    only = "";
    history.replaceState(null, "", address(state()));
    render();
  }

  const go = () => {
    if (!restore()) return;
    const section = document.getElementById("evidence");
    section.focus({ preventScroll: true });
    section.scrollIntoView();
  };
  form.addEventListener("input", changed);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(changed));
  addEventListener("hashchange", go);
  go();
  foldAhead();
})();

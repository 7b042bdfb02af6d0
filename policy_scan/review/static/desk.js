"use strict";
// The desk by keyboard and without waiting. Pieces of pages come from the server, escaped there; what this script adds
// itself is only ever set as text. A decision stays in the outbox until the server has acknowledged it.
(() => {
  const $ = (id) => document.getElementById(id);
  const script = JSON.parse($("desk-data").textContent), w = script.words;
  const root = $("item"), status = $("status"), trouble = $("trouble"), keys = $("keys"), conflict = $("conflict");
  const SEARCH = new URLSearchParams(script.query).get("queue") === "search";
  const ORIGIN = new URLSearchParams(script.query).get("queue") || "uncertain";
  const WAITS = [1000, 2000, 4000, 8000, 15000];
  const ZOOMS = 4, CLOSE_FROM = 2;
  let token = document.querySelector("input[name=csrf]").value;
  let queue = script.queue, left = script.left;
  let path = [], at = -1;  // what was shown here, in order, and where we are in it
  let now = null;  // the item that is shown: its data, its form, what was changed
  let zoom = 0;
  const ready = new Map();  // provision -> promise of its piece of page
  const places = new Map();  // address -> promise of the outlines
  const why = new Map();  // provision -> promise of what spoke for its themes
  const drafts = new Map();  // provision -> what was changed there and not saved yet
  const outbox = [];

  const fill = (text, parts) => text.replace(/\{(\w+)\}/g, (whole, name) => parts[name] ?? whole);
  const say = (text) => { status.textContent = text; };
  const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);
  const pause = (ms) => new Promise((done) => {
    const timer = setTimeout(done, ms);
    for (const name of ["online", "focus"]) window.addEventListener(name, () => { clearTimeout(timer); done(); }, { once: true });
  });
  function uuid() {  // crypto.randomUUID() is missing where a server on a local network has no certificate
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
  }
  async function ask(address, options = {}) {
    const stop = new AbortController(), timer = setTimeout(() => stop.abort(), 20000);
    try {
      return await fetch(address, { credentials: "same-origin", signal: stop.signal, ...options });
    } finally {
      clearTimeout(timer);
    }
  }

  // Items: the piece of page, what it says, what the reviewer changed

  async function fetchItem(entry) {
    const more = new URLSearchParams(script.query);
    if (entry.why) more.set("why", entry.why);
    if (entry.theme) more.set("about", entry.theme);
    const answer = await ask("/desk/api/item/" + encodeURIComponent(entry.id) + "?" + more);
    if (!answer.ok) throw new Error(String(answer.status));
    return answer.text();
  }
  function load(entry) {
    if (!ready.has(entry.id)) {
      const coming = fetchItem(entry);
      coming.catch(() => ready.delete(entry.id));
      ready.set(entry.id, coming);
    }
    return ready.get(entry.id);
  }
  const parsed = (html) => new DOMParser().parseFromString(html, "text/html").querySelector("form.desk");

  function read(form) {
    const data = JSON.parse(form.querySelector(".item-data").textContent);
    return {
      data, form, letters: Array.from(data.text), page: data.page, shown: data.shown,
      evidence: structuredClone(data.evidence), choosing: null,
    };
  }
  const ticked = () => [...now.form.querySelectorAll("input[name=themes]:checked")].map((box) => box.value);
  const state = () => ({
    themes: ticked(), force: now.form.elements.force.value, note: now.form.elements.note.value,
    translation: now.form.elements.translation.value, evidence: now.evidence,
  });
  const sorted = (one) => ({ ...one, themes: [...one.themes].sort() });
  const isChanged = () => now !== null && !same(sorted(state()), now.initial);
  const nameOf = (theme) => now.form.querySelector(`[data-theme="${CSS.escape(theme)}"] .name`)?.textContent ?? theme;

  function restore(draft) {
    for (const box of now.form.querySelectorAll("input[name=themes]")) box.checked = draft.themes.includes(box.value);
    for (const name of ["force", "note", "translation"]) now.form.elements[name].value = draft[name];
    now.evidence = draft.evidence;
  }
  function keepDraft() {
    if (now === null) return;
    if (isChanged()) drafts.set(now.data.provision, state());
    else drafts.delete(now.data.provision);
  }

  function take(form, entry) {
    now = read(form);
    now.entry = entry;
    now.initial = sorted(state());
    if (drafts.has(entry.id)) restore(drafts.get(entry.id));
    for (const button of form.querySelectorAll(".scripted")) button.hidden = button.classList.contains("look");
    const terms = form.querySelector(".others");
    if (terms && [...terms.querySelectorAll("input")].some((box) => box.checked)) terms.open = true;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      decide(event.submitter?.value || "accept");
    });
    form.addEventListener("click", clicked);
    form.addEventListener("change", (event) => { if (event.target.name === "themes") tick(event.target, true); });
    const narrow = form.querySelector("[data-do=narrow]");
    narrow.addEventListener("mousedown", (event) => event.preventDefault());  // keeps the selected text selected
    const image = form.querySelector(".scaled img");
    image.addEventListener("error", () => noPicture("picture_lost"));
    marks();
    drawPage();
    explain();
  }
  // What spoke for each proposed theme, in place of the lexicon's terms alone; without an answer those stay.
  function reasons(provision) {
    if (!why.has(provision)) {
      if (why.size > 200) why.clear();
      const coming = ask("/desk/api/reasons/" + encodeURIComponent(provision)).then((answer) => answer.ok ? answer.json() : {});
      why.set(provision, coming.catch(() => ({})));
    }
    return why.get(provision);
  }
  async function explain() {
    const here = now, told = await reasons(here.data.provision);
    for (const [theme, spoke] of Object.entries(told)) {
      const row = here.form.querySelector(`[data-theme="${CSS.escape(theme)}"] .terms`), said = row?.querySelector(".said-for");
      if (!said || !spoke.length) continue;
      said.textContent = spoke.join(" · ");
      if (document.documentElement.lang === "en") said.lang = "en";
      row.hidden = false;
    }
  }

  async function show(entry, said = "") {
    let html;
    say(said);
    try {
      html = await load(entry);
    } catch {
      say(w.failed);
      return false;
    }
    const form = parsed(html);
    if (!form) { location.reload(); return false; }
    ready.delete(entry.id);
    root.replaceChildren(document.adoptNode(form));
    take(form, entry);
    history.replaceState(null, "", "/desk?" + new URLSearchParams([...new URLSearchParams(script.query), ["item", entry.id]]));
    window.scrollTo(0, 0);
    form.querySelector(".excerpt").focus({ preventScroll: true });
    document.title = form.querySelector("h2").textContent + " – policy_scan";
    ahead();
    return true;
  }

  // Fetches what comes next, its picture and its outlines too.
  async function ahead() {
    const next = path[at + 1] ?? unseen();
    if (!next) { if (!outbox.length) refill(); return; }
    try {
      const form = parsed(await load(next));
      if (!form) return;
      const data = JSON.parse(form.querySelector(".item-data").textContent);
      const image = new Image();
      image.src = form.querySelector(".scaled img").getAttribute("src");
      outlines(data.provision, data.page, data.evidence[data.shown] ?? []);
      reasons(data.provision);
    } catch { /* it is asked for again when it is shown, and said then */ }
  }
  const unseen = () => queue.find((one) => !path.some((seen) => seen.id === one.id));

  async function refill() {
    try {
      const answer = await ask("/desk/api/queue?" + script.query);
      if (!answer.ok) return;
      const told = await answer.json();
      queue = told.items;
      left = told.left;
      $("left").textContent = left;
      if (unseen()) ahead();
    } catch { /* asked again at the next step */ }
  }

  async function move(step, said = "") {
    keepDraft();
    if (step < 0) {
      if (at <= 0) { say(w.start); return; }
      at = Math.min(at, path.length) - 1;
      await show(path[at], said);
      return;
    }
    if (at < path.length - 1) {
      at += 1;
      await show(path[at], said);
      return;
    }
    let next = unseen();
    if (!next) {
      await settled();
      await refill();
      next = unseen() ?? queue.find((one) => one.id !== now?.data.provision);
      if (next && path.some((one) => one.id === next.id)) said = w.end;
    }
    if (!next) { finish(said); return; }
    path.push(next);
    at = path.length - 1;
    if (!await show(next, said)) { path.pop(); at = path.length - 1; }
  }
  function finish(said) {
    now = null;
    at = path.length;
    root.replaceChildren($("ended").content.cloneNode(true));
    root.querySelector("h2").focus();
    say(said || w.end);
  }

  // Decisions: put into the outbox at once, sent one after the other, repeated until the server has answered

  function decide(kind) {
    if (now === null) return;
    const { data, entry } = now, chosen = state();
    const evidence = Object.fromEntries(Object.entries(chosen.evidence).map(([theme, spans]) => [theme, JSON.stringify(spans)]));
    const names = chosen.themes.map(nameOf).join(", ");
    const said = kind === "skip" ? w.skipped : kind === "reject" || !names ? w.rejected : fill(w.accepted, { themes: names });
    if (kind === "skip" && data.decided && !isChanged()) { move(1); return; }
    const job = {
      address: "/desk/api/decide", said, entry, state: chosen,
      body: {
        action_id: uuid(), provision_id: data.provision, kind, themes: chosen.themes, force: chosen.force, evidence,
        note: chosen.note, translation: chosen.translation, origin: ORIGIN, expected: data.expected,
      },
    };
    drafts.delete(data.provision);
    now.initial = sorted(chosen);
    send(job);
    if (SEARCH) settled().then(() => again(entry, status.textContent));
    else move(1, said + " " + w.saving);
  }
  async function again(entry, said) {
    ready.delete(entry.id);
    if (now?.data.provision === entry.id) await show(entry, said);
  }
  function undo() {
    keepDraft();
    send({ address: "/desk/api/undo", body: { action_id: uuid() }, said: w.undone });
  }
  function send(job) {
    outbox.push(job);
    say(w.saving);
    pump();
  }
  let pumping = null;
  const settled = () => pumping ?? Promise.resolve();
  function pump() {
    pumping ??= deliver().finally(() => { pumping = null; if (outbox.length) pump(); });
  }
  function bad(text) {
    trouble.textContent = fill(text, { n: outbox.length });
    trouble.hidden = false;
  }
  async function deliver() {
    let tries = 0;
    while (outbox.length) {
      const job = outbox[0];
      let answer, told = {};
      try {
        answer = await ask(job.address, {
          method: "POST", body: JSON.stringify(job.body),
          headers: { "content-type": "application/json", accept: "application/json", "x-csrf-token": token },
        });
        if (answer.ok || answer.status === 409) told = await answer.json();
      } catch {
        answer = null;
      }
      if (answer?.ok) {
        outbox.shift();
        tries = 0;
        trouble.hidden = true;
        await done(job, told);
      } else if (answer?.status === 409 && !job.entry) {  // an undo that met a decision made just then: once more
        job.body.action_id = uuid();
        await pause(WAITS[Math.min(tries, WAITS.length - 1)]);
        tries += 1;
      } else if (answer?.status === 409) {
        outbox.shift();
        await disagree(job, told);
      } else if (answer && (answer.status === 401 || answer.status === 403)) {
        const renewed = await renew();
        if (renewed !== "renewed" || tries > 0) {
          bad(renewed === "other" ? w.other_user : w.signed_out);
          await pause(WAITS[Math.min(tries, WAITS.length - 1)]);
        }
        tries += 1;
      } else if (answer && answer.status < 500 && answer.status !== 408 && answer.status !== 429) {
        outbox.shift();
        const reason = await answer.json().catch(() => ({}));
        if (job.state) drafts.set(job.entry.id, job.state);
        bad(fill(w.refused, { message: reason.message ?? answer.status, next_step: reason.next_step ?? "" }));
      } else {
        bad(w.waiting);
        await pause(WAITS[Math.min(tries, WAITS.length - 1)]);
        tries += 1;
      }
    }
  }
  // The session may have ended and begun anew in another window: its token is taken, if it is the same reviewer's.
  async function renew() {
    try {
      const answer = await ask("/desk/api/token", { headers: { accept: "application/json" } });
      if (!answer.ok) return "signed out";
      const told = await answer.json();
      if (told.reviewer !== script.reviewer) return "other";
      token = told.csrf;
      for (const field of document.querySelectorAll("input[name=csrf]")) field.value = token;
      return "renewed";
    } catch {
      return "signed out";
    }
  }
  async function done(job, told) {
    if (job.address === "/desk/api/undo") {
      const id = told.provision_id;
      if (!id) { say(w.nothing_to_undo); return; }
      ready.delete(id);
      drafts.delete(id);
      left += 1;
      const seen = path.findLastIndex((one) => one.id === id);
      if (seen >= 0) at = seen;
      else { at = Math.min(at + 1, path.length); path.splice(at, 0, { id, theme: "", why: "" }); }
      await show(path[at], w.undone);
    } else {
      if (told.rows && queue.some((one) => one.id === job.entry.id)) left = Math.max(0, left - 1);
      queue = queue.filter((one) => one.id !== job.entry.id);
      if (!outbox.length) say(job.said + " " + (told.rows ? w.saved : w.nothing_new));
    }
    $("left").textContent = left;
  }
  function disagree(job, told) {
    const list = $("conflict-now");
    list.replaceChildren(...(told.now ?? []).map((text) => {
      const row = document.createElement("li");
      row.textContent = text;
      return row;
    }));
    $("conflict-here").textContent = job.said;
    return new Promise((finished) => {
      const end = async (mine) => {
        conflict.close();
        ready.delete(job.entry.id);
        if (mine) {
          try {
            const form = parsed(await fetchItem(job.entry));
            job.body.expected = JSON.parse(form.querySelector(".item-data").textContent).expected;
            job.body.action_id = uuid();
            outbox.unshift(job);
          } catch {
            drafts.set(job.entry.id, job.state);
            bad(w.failed);
          }
        } else if (now?.data.provision === job.entry.id) {
          now.initial = sorted(state());
          await show(job.entry, w.kept_there);
        }
        finished();
      };
      $("conflict-keep").onclick = () => end(false);
      $("conflict-save").onclick = () => end(true);
      conflict.oncancel = (event) => {  // Escape decides nothing: what was chosen stays as a draft
        event.preventDefault();
        drafts.set(job.entry.id, job.state);
        end(false);
      };
      conflict.showModal();
    });
  }
  window.addEventListener("beforeunload", (event) => {
    if (outbox.length || drafts.size || isChanged()) event.preventDefault();
  });

  // The words: marks, other themes' quotations, narrowing

  function marks() {
    const { form, data, letters, evidence, choosing } = now;
    for (const row of form.querySelectorAll(".theme")) {
      const theme = row.dataset.theme, look = row.querySelector(".look");
      look.hidden = !(row.querySelector("input").checked || evidence[theme]);
      look.setAttribute("aria-pressed", String(theme === now.shown));
    }
    const spans = choosing ? [[choosing.start, choosing.end]] : evidence[now.shown] ?? [];
    const kinds = new Uint8Array(letters.length);
    for (const [start, end] of spans) kinds.fill(1, start, end);
    for (const [start, end] of data.terms[now.shown] ?? [])
      for (let i = start; i < end; i++) if (kinds[i]) kinds[i] = 2;
    const quote = form.querySelector(".words");
    quote.replaceChildren();
    for (let from = 0, mark = null; from < letters.length;) {
      let to = from;
      while (to < letters.length && kinds[to] === kinds[from]) to += 1;
      const piece = letters.slice(from, to).join("");
      if (!kinds[from]) { mark = null; quote.append(piece); } else {
        if (!mark) quote.append(mark = document.createElement("mark"));
        if (kinds[from] === 2) mark.append(Object.assign(document.createElement("b"), { textContent: piece }));
        else mark.append(piece);
      }
      from = to;
    }
    if (now.choosing) quote.querySelector("mark")?.scrollIntoView({ block: "nearest" });
  }
  // The page where the marked quotation begins.
  function toEvidence() {
    const spans = now.evidence[now.shown];
    if (spans) now.page = now.data.slices.find(([, , end]) => spans[0][0] < end)?.[0] ?? now.page;
  }
  function look(theme) {
    now.shown = theme;
    toEvidence();
    marks();
    drawPage();
    say(fill(w.evidence_of, { theme: nameOf(theme) }));
  }
  function tick(box, quiet) {
    const theme = box.value;
    if (box.checked && !now.shown) now.shown = theme;
    if (!box.checked && now.shown === theme) now.shown = ticked()[0] ?? "";
    marks();
    drawPage();
    if (!quiet) say(fill(box.checked ? w.ticked : w.unticked, { theme: nameOf(theme) }));
  }
  function subject() {
    const theme = now.shown || ticked()[0] || "";
    if (!theme) say(w.no_theme);
    return theme;
  }
  function selected() {
    const chosen = getSelection(), quote = now.form.querySelector(".words");
    if (!chosen.rangeCount || chosen.isCollapsed) return null;
    const range = chosen.getRangeAt(0);
    if (!quote.contains(range.startContainer) || !quote.contains(range.endContainer)) return null;
    const before = document.createRange();
    before.selectNodeContents(quote);
    before.setEnd(range.startContainer, range.startOffset);
    let start = Array.from(before.toString()).length, end = start + Array.from(range.toString()).length;
    while (start < end && !now.letters[start].trim()) start += 1;
    while (start < end && !now.letters[end - 1].trim()) end -= 1;
    return start < end ? [start, end] : null;
  }
  function quoted(theme, spans, said) {
    now.evidence = { ...now.evidence };
    if (spans.length) now.evidence[theme] = spans;
    else delete now.evidence[theme];
    now.shown = theme;
    const box = now.form.querySelector(`[data-theme="${CSS.escape(theme)}"] input`);
    box.checked = true;
    toEvidence();
    marks();
    drawPage();
    say(said);
  }
  const MOST_SAID = 160;
  const textOf = (start, end) => now.letters.slice(start, Math.min(end, start + MOST_SAID)).join("") + (end - start > MOST_SAID ? " …" : "");
  function narrow() {
    const theme = subject();
    if (!theme) return;
    const span = selected();
    if (span) {
      getSelection().removeAllRanges();
      quoted(theme, [span], fill(w.narrowed, { theme: nameOf(theme), text: textOf(...span) }));
      return;
    }
    const [start] = (now.evidence[theme] ?? [[0]])[0];
    const first = Math.max(0, now.data.sentences.findIndex(([, end]) => start < end));
    now.choosing = { theme, first, last: first, start: 0, end: 0 };
    bySentence();
    now.form.classList.add("choosing");
    now.form.querySelector(".words").focus();
    say(fill(w.narrowing, { theme: nameOf(theme) }));
  }
  function bySentence() {
    const one = now.choosing, sentences = now.data.sentences;
    [one.start, one.end] = [sentences[one.first][0], sentences[one.last][1]];
    marks();
  }
  // Word boundaries around a place: the next blank after it, the one before it.
  function step(place, by) {
    const blank = (i) => !now.letters[i]?.trim();
    let i = place;
    if (by > 0) { while (i < now.letters.length && blank(i)) i++; while (i < now.letters.length && !blank(i)) i++; }
    else { while (i > 0 && blank(i - 1)) i--; while (i > 0 && !blank(i - 1)) i--; }
    return i;
  }
  function choose(event) {
    const one = now.choosing, last = now.data.sentences.length - 1;
    const bound = (i) => Math.max(0, Math.min(last, i));
    const name = event.key;
    if (name === "Enter") {
      stopChoosing();
      const span = [one.start, one.end];
      quoted(one.theme, [span], fill(w.narrowed, { theme: nameOf(one.theme), text: textOf(...span) }));
    } else if (name === "Escape") {
      stopChoosing();
      marks();
      say(w.kept);
    } else if (name === "ArrowRight" || name === "ArrowLeft") {
      const by = name === "ArrowRight" ? 1 : -1;
      if (event.shiftKey) one.last = Math.max(one.first, bound(one.last + by));
      else one.first = one.last = bound(one.first + by);
      bySentence();
      say(textOf(one.start, one.end));
    } else if (["ArrowUp", "ArrowDown", ",", "."].includes(name)) {
      let { start, end } = one;
      if (name === "ArrowDown") {
        start = step(start, 1);
        while (start < end && !now.letters[start].trim()) start += 1;
      }
      if (name === "ArrowUp") start = step(start, -1);
      if (name === ".") end = step(end, 1);
      if (name === ",") {
        end = step(end, -1);
        while (end > start && !now.letters[end - 1].trim()) end -= 1;
      }
      if (start < end) Object.assign(one, { start, end });
      marks();
      say(textOf(one.start, one.end));
    } else if (name === "Tab" || name.length > 1) return;
    event.preventDefault();
  }
  function stopChoosing() {
    now.choosing = null;
    now.form.classList.remove("choosing");
  }

  // The page's picture and the outlines over it

  function outlines(provision, page, spans) {
    const address = "/desk/api/place/" + encodeURIComponent(provision) + "/" + page +
      "?evidence=" + encodeURIComponent(JSON.stringify(spans));
    if (!places.has(address)) {
      if (places.size > 200) places.clear();
      const coming = ask(address).then((answer) => answer.ok ? answer.json() : { reason: "lost" });
      coming.catch(() => places.delete(address));
      places.set(address, coming);
    }
    return places.get(address);
  }
  function noPicture(reason) {
    const note = now?.form.querySelector(".no-picture");
    if (!note || (!note.hidden && reason === "picture_lost")) return;
    note.textContent = w[reason] ?? w.picture_lost;
    note.hidden = false;
    now.form.querySelector(".paper").hidden = true;
  }
  function rectangle([x0, y0, x1, y1], pad) {
    const node = document.createElementNS("http://www.w3.org/2000/svg", "rect");
    for (const [name, value] of [["x", x0 - pad], ["y", y0 - pad], ["width", x1 - x0 + 2 * pad], ["height", y1 - y0 + 2 * pad]])
      node.setAttribute(name, value.toFixed(1));
    return node;
  }
  async function drawPage() {
    const here = now, { form, data, page } = here;
    const image = form.querySelector(".scaled img"), said = fill(w.page_of, { page, n: data.n_pages });
    const source = "/desk/page/" + data.document + "/" + page + (zoom >= CLOSE_FROM ? "?close=true" : "");
    form.querySelector(".page-said").textContent = said;
    form.querySelector(".scaled").className = "scaled zoom-" + zoom;
    if (image.getAttribute("src") !== source) {
      image.setAttribute("src", source);
      image.alt = said;
      form.querySelector(".paper").hidden = false;
    }
    let told;
    try {
      told = await outlines(data.provision, page, here.evidence[here.shown] ?? []);
    } catch {
      told = { reason: "lost" };
    }
    if (now !== here || here.page !== page) return;
    if (told.reason) { noPicture(told.reason === "lost" ? "picture_lost" : "no_picture_" + told.reason); return; }
    const drawing = form.querySelector("svg");
    if (!drawing) return;
    drawing.setAttribute("viewBox", `0 0 ${told.width} ${told.height}`);
    drawing.querySelector(".provision").replaceChildren(...told.provision.map((box) => rectangle(box, 3)));
    drawing.querySelector(".evidence").replaceChildren(...told.evidence.map((box) => rectangle(box, 1)));
    const note = form.querySelector(".no-picture");
    note.textContent = told.exact ? "" : w.not_found_there;
    note.hidden = told.exact;
    const [target] = told.evidence.length ? told.evidence : told.provision;
    const to = () => {
      if (!target || now !== here) return;
      const paper = form.querySelector(".paper"), scale = image.clientHeight / told.height;
      paper.scrollTop = Math.max(0, target[1] * scale - paper.clientHeight / 4);
      paper.scrollLeft = Math.max(0, target[0] * image.clientWidth / told.width - 40);
    };
    if (image.complete) to();
    else image.addEventListener("load", to, { once: true });
  }
  function turn(by) {
    const page = Math.max(1, Math.min(now.data.n_pages, now.page + by));
    if (page === now.page) return;
    now.page = page;
    drawPage();
    say(fill(w.page_of, { page, n: now.data.n_pages }));
  }
  function enlarge(by) {
    zoom = Math.max(0, Math.min(ZOOMS - 1, zoom + by));
    drawPage();
  }

  // Mouse and keyboard

  const deeds = {
    narrow, back: () => move(-1), on: () => move(1), "page-back": () => turn(-1), "page-on": () => turn(1),
    smaller: () => enlarge(-1), larger: () => enlarge(1),
    whole: () => {
      const theme = subject();
      if (theme) quoted(theme, now.data.machine[theme] ?? [], w.machine_again);
    },
  };
  function clicked(event) {
    const button = event.target.closest("button[type=button]");
    if (!button) return;
    if (button.dataset.look) look(button.dataset.look);
    else deeds[button.dataset.do]?.();
  }
  function nextLook() {
    const themes = ticked();
    if (themes.length) look(themes[(themes.indexOf(now.shown) + 1) % themes.length]);
    else say(w.no_theme);
  }
  function tickBy(letter) {
    const key = [...now.form.querySelectorAll(".theme kbd")].find((one) => one.textContent === letter);
    if (!key) return false;
    const box = key.closest(".theme").querySelector("input");
    box.checked = !box.checked;
    tick(box, false);
    return true;
  }
  const onItem = {
    a: () => decide("accept"), Enter: () => decide("accept"), r: () => decide("reject"), s: () => decide("skip"),
    e: nextLook, n: narrow, f: () => now.form.elements.force.focus(), m: () => now.form.elements.note.focus(),
    t: () => now.form.elements.translation.focus(), "[": () => turn(-1), "]": () => turn(1),
    "+": () => enlarge(1), "=": () => enlarge(1), "-": () => enlarge(-1),
  };
  const anywhere = {
    u: undo, j: () => move(1), k: () => move(-1), "/": () => $("find").focus(), "?": () => openKeys(),
  };
  const single = $("single-keys");
  try { single.checked = localStorage.getItem("policy-scan-keys") !== "off"; } catch { /* no storage: keys are on */ }
  single.addEventListener("change", () => {
    try { localStorage.setItem("policy-scan-keys", single.checked ? "on" : "off"); } catch { /* for this page only */ }
  });
  function openKeys() { if (!keys.open) keys.showModal(); }
  $("keys-open").hidden = false;
  $("keys-open").addEventListener("click", openKeys);
  // What a key means, whatever the keyboard: digits without Shift on a French one, Latin letters on a Greek one.
  function meaning(event) {
    if (event.key.length > 1) return event.key;
    if (/^Digit[1-9]$/.test(event.code) && !event.shiftKey && !event.altKey) return event.code.slice(5);
    if (event.key > "~" && /^Key[A-Z]$/.test(event.code)) return event.code[3].toLowerCase();
    return event.key.toLowerCase();
  }
  document.addEventListener("keydown", (event) => {
    const typed = event.getModifierState("AltGraph");  // it reports Ctrl and Alt too where it makes a bracket
    if (!typed && (event.ctrlKey || event.altKey || event.metaKey)) return;
    if (event.isComposing || keys.open || conflict.open) return;
    if (now?.choosing) { choose(event); return; }
    const target = event.target, field = target instanceof Element && target.matches("textarea, select, input:not([type=checkbox])");
    if (event.key === "Escape" && field) {
      (now?.form.querySelector(".excerpt") ?? $("main")).focus({ preventScroll: true });
      return;
    }
    if (field || !single.checked || event.repeat) return;
    if (event.key === "Enter" && target instanceof Element && target.matches("button, a, summary, input")) return;
    const key = meaning(event), deed = anywhere[key] ?? (now ? onItem[key] : undefined);
    if (deed) { event.preventDefault(); deed(); } else if (now && key.length === 1 && tickBy(key)) event.preventDefault();
  });
  $("undo").addEventListener("submit", (event) => { event.preventDefault(); undo(); });

  const first = root.querySelector("form.desk");
  if (first) {
    const id = first.dataset.provision;
    const entry = queue.find((one) => one.id === id) ?? { id, theme: "", why: "" };
    path = [entry];
    at = 0;
    take(first, entry);
    first.querySelector(".excerpt").focus({ preventScroll: true });
    ahead();
  }
})();

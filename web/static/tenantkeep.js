// Everything here makes a page pleasanter; nothing needs it. No request leaves this installation.
"use strict";
(function () {
  const all = (selector, root) => Array.from((root || document).querySelectorAll(selector));
  const one = (selector, root) => (root || document).querySelector(selector);
  const later = (act, seconds) => setTimeout(act, seconds * 1000);

  // --- Times, in the reader's zone. ---------------------------------------------------------------------------
  const SHORT = { year: "numeric", month: "short", day: "numeric", hour: "2-digit", minute: "2-digit" };
  const EXACT = { ...SHORT, second: "2-digit", timeZoneName: "short" };

  function localTimes(root) {
    all("time[datetime]", root).forEach((time) => {
      const at = new Date(time.dateTime);
      time.title = `${at.toLocaleString(pageLocale(), EXACT)} = ${time.title}`;
      if (!time.classList.contains("ago")) time.textContent = at.toLocaleString(pageLocale(), SHORT);
    });
  }

  function span(seconds) {
    const parts = [[86400, "days"], [3600, "h"], [60, "min"], [1, "s"]];
    const first = parts.findIndex(([size]) => seconds >= size);
    if (first < 0) return "0 s";
    let rest = Math.floor(seconds);
    return parts.map(([size, unit]) => {
      const count = Math.floor(rest / size);
      rest -= count * size;
      return count ? `${count} ${unit === "days" && count === 1 ? "day" : unit}` : "";
    }).slice(first, first + 2).filter(Boolean).join(" ");
  }

  function tick() {
    all("[data-elapsed-since]").forEach((part) => {
      part.textContent = span((Date.now() - new Date(part.dataset.elapsedSince)) / 1000);
    });
  }

  // What a screen reader should hear; what is shown says it already. The same words twice are a change only so.
  function say(words) {
    const said = document.getElementById("said");
    if (!said || !words) return;
    said.textContent = "";
    later(() => { said.textContent = words; }, 0.1);
  }

  // --- Buttons. -----------------------------------------------------------------------------------------------
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-copy], [data-menu], [data-theme-toggle], [data-chooser], [data-close]");
    closeDrops(event.target);
    if (!button) return;
    if ("copy" in button.dataset) copy(button);
    else if ("menu" in button.dataset) openMenu(button);
    else if ("themeToggle" in button.dataset) changeTheme();
    else if ("close" in button.dataset) button.closest("dialog").close();
    else if (!(event.ctrlKey || event.metaKey || event.shiftKey)) {
      event.preventDefault();
      openChooser(button.href);
    }
  });

  document.addEventListener("keydown", (event) => {
    const open = event.key === "Escape" && one("details[data-drop][open]");
    if (!open) return;
    open.open = false;
    one("summary", open).focus();
  });

  function closeDrops(target) {
    all("details[data-drop][open]").forEach((drop) => { if (!drop.contains(target)) drop.open = false; });
  }

  // Browsers give the clipboard to pages over TLS only; elsewhere it is asked for in the old way.
  function toClipboard(text) {
    if (navigator.clipboard) return navigator.clipboard.writeText(text);
    const field = document.createElement("textarea");
    field.value = text;
    document.body.append(field);
    field.select();
    const isCopied = document.execCommand("copy");
    field.remove();
    return isCopied ? Promise.resolve() : Promise.reject();
  }

  function copy(button) {
    toClipboard(button.dataset.copy).then(() => {
      button.classList.add("copied");
      say(inLanguage("Copied"));
      later(() => button.classList.remove("copied"), 1.5);
    }, () => say(inLanguage("The browser did not copy it."))).finally(() => button.focus());
  }

  function openMenu(button) {
    const open = document.getElementById("menu").classList.toggle("open");
    button.setAttribute("aria-expanded", String(open));
  }

  function changeTheme() {
    const root = document.documentElement;
    const isDark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = isDark ? "light" : "dark";
    localStorage.setItem("theme", root.dataset.theme);
  }

  // --- The search, and the choice of a tenant, over the page. --------------------------------------------------
  async function openChooser(address) {
    const dialog = document.getElementById("chooser");
    if (dialog.open) dialog.close();
    dialog.innerHTML = `<p class="loading">${inLanguage("Loading")} …</p>`;
    dialog.showModal();
    const fresh = await fragment(`${address}${address.includes("?") ? "&" : "?"}part=1`);
    if (fresh === null) { location.href = address; return; }
    dialog.innerHTML = fresh;
    prepareFinder(dialog);
    one("input[type=search]", dialog).focus();
  }

  // A field and what it finds: arrows mark a hit, Enter takes it; the first is marked as soon as something is typed.
  function prepareFinder(root) {
    const field = one("input[type=search]", root);
    let waiting;
    let looking = Promise.resolve();
    let isStale = false;
    field.setAttribute("role", "combobox");
    field.setAttribute("aria-autocomplete", "list");
    field.setAttribute("aria-expanded", "true");
    field.setAttribute("aria-controls", "hits");
    nameHits(root);
    field.addEventListener("input", () => {
      isStale = true;
      clearTimeout(waiting);
      waiting = later(look, 0.12);
    });
    field.addEventListener("keydown", (event) => {
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (!step) return;
      event.preventDefault();
      const hits = all("[data-hit]", root);
      const now = hits.findIndex((hit) => hit.id === field.getAttribute("aria-activedescendant"));
      if (hits.length) mark(root, field, hits[now < 0 && step < 0 ? hits.length - 1 : (now + step + hits.length) % hits.length]);
    });
    field.form.addEventListener("submit", async (event) => {
      event.preventDefault();
      if (isStale) look();
      await looking;
      const marked = document.getElementById(field.getAttribute("aria-activedescendant"));
      const hits = all("[data-hit]", root);
      if (marked) marked.click();
      else if (hits.length === 1) hits[0].click();
    });

    function look() {
      clearTimeout(waiting);
      isStale = false;
      looking = find(root, field);
    }
  }

  async function find(root, field) {
    const asked = field.value;
    const query = new URLSearchParams(new FormData(field.form));
    const fresh = await fragment(`${field.form.getAttribute("action")}?part=1&${query}`);
    if (fresh === null || field.value !== asked) return;
    const made = document.createElement("template");
    made.innerHTML = fresh;
    localTimes(made.content);
    one("[data-found]", root).replaceWith(one("[data-found]", made.content));
    nameHits(root);
    const count = one("[data-found]", root).dataset.found;
    one("[role=status]", root).textContent = inLanguage("{} found").replace(/\{\d*\}/, count);
    const first = one("[data-hit]", root);
    if (asked && first) mark(root, field, first);
    else field.removeAttribute("aria-activedescendant");
  }

  function nameHits(root) {
    const list = one(".chooser-list", root);
    list.setAttribute("role", "listbox");
    list.setAttribute("aria-label", inLanguage("Found"));
    list.id = "hits";
    all("[data-hit]", root).forEach((hit, number) => {
      hit.id = `hit-${number}`;
      hit.setAttribute("role", "option");
      hit.setAttribute("aria-selected", "false");
    });
    all("[data-hit-group]", root).forEach((group) => {
      group.setAttribute("role", "group");
      group.setAttribute("aria-label", group.dataset.hitGroup);
    });
    all(".chooser-list li, .chooser-list form", root).forEach((row) => row.setAttribute("role", "presentation"));
    all(".chooser-list button:not([data-hit])", root).forEach((button) => button.setAttribute("role", "option"));
    all(".hit-group h2", root).forEach((title) => title.setAttribute("aria-hidden", "true"));
  }

  function mark(root, field, hit) {
    all("[data-hit]", root).forEach((other) => other.setAttribute("aria-selected", String(other === hit)));
    field.setAttribute("aria-activedescendant", hit.id);
    hit.scrollIntoView({ block: "nearest" });
  }

  document.addEventListener("keydown", (event) => {
    const field = event.target.closest("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]");
    // The field of a search that was closed keeps the focus until the browser draws next.
    const isTyping = field && field.checkVisibility();
    const isAsked = (event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey) && !event.altKey)
      || (event.key === "/" && !isTyping && !event.ctrlKey && !event.metaKey && !event.altKey);
    const opener = one(".search-open");
    if (!isAsked || !opener) return;
    event.preventDefault();
    openChooser(opener.href);
  });

  document.addEventListener("click", (event) => {
    if (event.target.matches("dialog")) event.target.close();  // beside it
  });

  // --- Lists. -------------------------------------------------------------------------------------------------
  document.addEventListener("change", (event) => {
    const box = event.target;
    if ("tickAll" in box.dataset) all('input[name="rowid"]').forEach((row) => { row.checked = box.checked; });
    if ("tickAll" in box.dataset || box.name === "rowid") countTicks();
    // Who ticks something does not mean everything.
    const some = one('input[name="what"][value="some"]');
    if (some && box.checked && ["item", "type"].includes(box.name)) some.checked = true;
    all("[data-chosen]").filter((words) => words.dataset.chosen === box.name).forEach(countChosen);
  });

  // What is ticked here, and what the form keeps of other parts of the list.
  function countChosen(words) {
    const elsewhere = Number(words.dataset.elsewhere);
    const count = all(`input[name="${words.dataset.chosen}"]:checked`).length + elsewhere;
    const said = elsewhere ? inLanguage("{} chosen, {} of them not on this page")
      : count ? inLanguage("{} chosen") : inLanguage("Nothing chosen yet");
    words.textContent = said.replace(/\{\d*\}/, count).replace(/\{\d*\}/, elsewhere);
  }

  function countTicks() {
    const count = all('input[name="rowid"]:checked').length;
    one("[data-ticked]").textContent = count ? inLanguage("{} selected:").replace(/\{\d*\}/, count) : inLanguage("Tick rows to");
  }

  function prepareLists() {
    all("[data-zone]").forEach((field) => { field.value = Intl.DateTimeFormat().resolvedOptions().timeZone; });
    all("[data-utc]").forEach((field) => { field.value = localTime(new Date(field.dataset.utc)); });
    const phone = matchMedia("(max-width: 800px)");
    const fit = () => all('[data-fold="phone"]').forEach((fold) => { fold.open = !phone.matches; });
    phone.addEventListener("change", fit);
    fit();
  }

  // A time as a field for the reader's own date and time takes it.
  function localTime(at) {
    return new Date(at.getTime() - at.getTimezoneOffset() * 60000).toISOString().slice(0, 16);
  }

  // A table that scrolls sideways can be scrolled by keyboard too.
  function reachWideTables() {
    all(".table-wrap").filter((wrap) => wrap.scrollWidth > wrap.clientWidth).forEach((wrap) => {
      wrap.tabIndex = 0;
      wrap.setAttribute("role", "region");
      wrap.setAttribute("aria-label", inLanguage("Table that scrolls sideways"));
    });
  }

  // --- What moves. --------------------------------------------------------------------------------------------
  // The text of a part of a page; null when it cannot be had just now.
  async function fragment(address) {
    try {
      const answer = await fetch(address, { headers: { Accept: "text/html" } });
      // Signed out, or no longer allowed: asking again cannot help, and loading the page says what it is.
      if (answer.redirected || [401, 403, 404].includes(answer.status)) { isOver = true; return null; }
      return answer.ok ? await answer.text() : null;
    } catch (error) {
      return null;  // the server may be restarting: whoever asked tries again
    }
  }

  let isOver = false;
  const shown = new WeakMap();

  // What the clock of this page keeps by itself is no change.
  const still = (text) => text.replace(/(data-elapsed-since="[^"]*">)[^<]*/g, "$1");
  const isTouched = (field) => "kept" in field.dataset || field.type === "radio" || field.type === "checkbox"
    ? field.checked !== field.defaultChecked : "defaultValue" in field && field.value !== field.defaultValue;

  // Puts a fresh part in place, unless nothing changed: what is selected, open or focused stays so.
  function put(part, text) {
    if (shown.get(part) === still(text) || all("input, textarea", part).some(isTouched)) return part;
    const made = document.createElement("template");
    made.innerHTML = text.trim();
    localTimes(made.content);
    const fresh = made.content.firstElementChild;
    const focused = part.contains(document.activeElement) ? keyOf(document.activeElement) : null;
    const open = all("details[open]", part).map(keyOf);
    part.replaceWith(fresh);
    shown.set(fresh, still(text));
    reachWideTables();
    all("details", fresh).forEach((drop) => { if (open.includes(keyOf(drop))) drop.open = true; });
    if (focused) {
      const again = all("a, button, summary, input, select, [tabindex]", fresh).find((one) => keyOf(one) === focused);
      (again || document.getElementById("main")).focus({ preventScroll: true });
    }
    return fresh;
  }

  function keyOf(element) {
    const named = ["id", "href", "name", "value", "data-copy", "aria-label"].map((name) => element.getAttribute(name));
    // Without the numbers that move: “all 5” is “all 6” a moment later.
    return [element.tagName, ...named, element.children.length ? "" : element.textContent.replace(/\d+/g, "")].join(" ");
  }

  // A running run: its moving part is fetched and put in place until it ends; slower by and by, and in a hidden tab.
  let rounds = 0;
  let failures = 0;
  let nextLook;
  let followed = "";
  async function follow() {
    const part = one("[data-progress]");
    if (!part) return;
    const text = await fragment(part.dataset.progress);
    if (isOver) return location.reload();
    all("[data-offline]").forEach((note) => { note.hidden = text !== null; });
    if (text !== null) {
      const fresh = put(part, text);
      if (!fresh.dataset.progress) {
        say(fresh.dataset.ended);
        followed = fresh.dataset.run;
        // A page around the run that says more than the run: it is another one by now.
        if (one("[data-reload]")) return location.reload();
        all("[data-while-active]").forEach((acts) => { acts.hidden = true; });
        pulse();
      }
    }
    rounds += 1;
    failures = text === null ? failures + 1 : 0;
    clearTimeout(nextLook);
    nextLook = later(follow, (document.hidden ? 15 : rounds < 30 ? 1 : 3) * Math.min(2 ** failures, 16));
  }

  // My running runs and the bell: one request for both. Seldom when nothing runs, more seldom where nobody looks.
  let next;
  let misses = 0;
  async function pulse() {
    clearTimeout(next);
    const part = document.getElementById("pulse");
    if (!part || isOver) return;
    const going = part.dataset.going.split(",").filter(Boolean);
    const text = await fragment(part.dataset.pulse + (going.length ? `?also=${going.join(",")}` : ""));
    if (isOver) return sayIsOver();
    misses = text === null ? misses + 1 : 0;
    if (text !== null) {
      const fresh = put(part, text);
      const ended = all("[data-run]", fresh).filter((row) => going.includes(row.dataset.run))
        .filter((row) => !["queued", "running"].includes(row.dataset.state));
      say(ended.filter((row) => row.dataset.run !== followed)
        .map((row) => `${one("a", row).textContent}: ${row.dataset.state}`).join(". "));
      ended.forEach(tellStarted);
      if (ended.length) refresh();
    }
    plan();
  }

  // “… started” says how it ended, once it has.
  function tellStarted(row) {
    const badge = one(".badge", row);
    all(`[data-started="${row.dataset.run}"]`).forEach((words) => {
      words.textContent = `${one("a", row).textContent}: ${badge ? badge.textContent.trim() : row.dataset.state}.`;
      words.closest(".alert").className = `alert alert-${badge && badge.matches(".badge-good") ? "success" : "warning"}`;
    });
  }

  // Parts of this page that a run may have changed: what one reads after "Capture snapshot" is what was captured.
  async function refresh() {
    const text = one("[data-fresh]") ? await fragment(location.href) : null;
    if (text === null) return;
    const page = new DOMParser().parseFromString(text, "text/html");
    all("[data-fresh]", page).forEach((fresh) => {
      const part = document.getElementById(fresh.id) || placeFor(fresh);
      if (part) put(part, fresh.outerHTML);
    });
  }

  // A place for a part that was not there when the page was loaded: below the nearest one that was.
  function placeFor(fresh) {
    let above = fresh.previousElementSibling;
    while (above && !(above.id && document.getElementById(above.id))) above = above.previousElementSibling;
    if (!above) return null;
    const place = document.createElement("div");
    document.getElementById(above.id).after(place);
    return place;
  }

  // Nothing is loaded anew by itself here: somebody may be typing.
  function sayIsOver() {
    const note = document.createElement("p");
    note.className = "alert alert-warning";
    note.textContent = inLanguage(
      "You are signed out. What you typed is not lost: send it, sign in, and the form is there again.");
    one("main [role=status]").append(note);
  }

  function plan() {
    const busy = Number(document.getElementById("pulse").dataset.busy) > 0;
    const seconds = document.hidden ? (busy ? 30 : 120) : (busy ? 2 : 20);
    clearTimeout(next);
    next = later(pulse, seconds * Math.min(2 ** misses, 16));
  }

  document.addEventListener("visibilitychange", () => {
    if (document.hidden) return;
    if (document.getElementById("pulse")) pulse();
    if (one("[data-progress]")) { clearTimeout(nextLook); follow(); }
  });

  // A link to a part that is folded opens it.
  const meant = location.hash && document.getElementById(location.hash.slice(1));
  if (meant && "anchor" in meant.dataset) meant.open = true;

  localTimes();
  prepareLists();
  all(".chooser-page").forEach(prepareFinder);
  reachWideTables();
  addEventListener("resize", reachWideTables);
  tick();
  setInterval(tick, 1000);
  // What a page says as it loads is not read out by itself.
  later(() => say(all(".alert", one("main [role=status]")).map((note) => note.textContent.trim()).join(" ")), 0.5);
  if (one("[data-progress]")) nextLook = later(follow, 0.5);
  if (document.getElementById("pulse")) plan();
})();

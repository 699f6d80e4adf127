"use strict";
(function () {
  const all = (selector, root) => Array.from((root || document).querySelectorAll(selector));

  // Times in the reader's zone; the exact UTC time stays as the title.
  function localTimes(root) {
    const shape = { year: "numeric", month: "short", day: "numeric", hour: "2-digit", minute: "2-digit" };
    all("time[datetime]", root).forEach((one) => {
      one.textContent = new Date(one.dateTime).toLocaleString([], shape);
    });
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-copy], [data-menu], [data-theme-toggle]");
    if (!button) return;
    if ("copy" in button.dataset) {
      navigator.clipboard.writeText(button.dataset.copy).then(() => {
        button.classList.add("copied");
        setTimeout(() => button.classList.remove("copied"), 1200);
      });
    } else if ("menu" in button.dataset) {
      const open = document.getElementById("menu").classList.toggle("open");
      button.setAttribute("aria-expanded", String(open));
    } else {
      const dark = document.documentElement.dataset.theme
        ? document.documentElement.dataset.theme === "dark"
        : matchMedia("(prefers-color-scheme: dark)").matches;
      document.documentElement.dataset.theme = dark ? "light" : "dark";
      localStorage.setItem("theme", dark ? "light" : "dark");
    }
  });

  // Who ticks something does not mean everything.
  document.addEventListener("change", (event) => {
    const some = document.querySelector('input[name="what"][value="some"]');
    if (some && event.target.checked && ["item", "type"].includes(event.target.name)) some.checked = true;
  });

  document.addEventListener("change", (event) => {
    if (!("tickAll" in event.target.dataset)) return;
    all('input[name="rowid"]').forEach((box) => { box.checked = event.target.checked; });
  });

  // A running run: its moving part is fetched and put in place, slower while the tab is hidden, until it ends.
  async function follow() {
    const part = document.querySelector("[data-progress]");
    if (!part) {
      all("[data-while-active]").forEach((one) => { one.hidden = true; });
      return;
    }
    try {
      const answer = await fetch(part.dataset.progress, { headers: { Accept: "text/html" } });
      if (answer.ok) {
        const fresh = document.createElement("template");
        fresh.innerHTML = await answer.text();
        localTimes(fresh.content);
        part.replaceWith(fresh.content);
        if (!document.querySelector("[data-progress]")) {
          // A page around the run that says more than the run: it is another one by now.
          if (document.querySelector("[data-reload]")) return location.reload();
          unread();
        }
      }
    } catch (error) {
      // The next round tries again: the server may be restarting.
    }
    setTimeout(follow, document.hidden ? 10000 : 1000);
  }

  async function unread() {
    const count = document.querySelector("[data-unread]");
    if (!count) return;
    try {
      const answer = await fetch(count.dataset.unread, { headers: { Accept: "application/json" } });
      if (!answer.ok) return;
      const number = (await answer.json()).unread;
      count.hidden = !number;
      count.firstChild.textContent = number;
    } catch (error) {
      // A missing count is not worth a message.
    }
  }

  localTimes();
  if (document.querySelector("[data-progress]")) setTimeout(follow, 600);
  setInterval(() => { if (!document.hidden) unread(); }, 30000);
})();

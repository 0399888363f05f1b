// What is live. An element with data-live="<address of a stream>" gets the event "live:news" (bubbling not) at most once a second when
// the stream says something; with htmx: hx-get="..." hx-trigger="live:news". An element with data-poll="<seconds>" gets it that often,
// while the page is seen and nobody is at work in it, until there is what data-until="<selector>" means; with data-here it asks for the
// address at which the page is by then, with its filters. [data-follow] within stays at its end while its reader is there. [data-live-mark] says when the server was last heard; a lost connection is shown, and heals.
"use strict";
(() => {
  const words = document.getElementById("words").dataset, line = document.getElementById("connection");
  const RETRY_MS = 3000, LONGEST_RETRY_MS = 60000, FALLBACK_MS = 5000, SILENT_MS = 30000;
  let lost = false, heard = Date.now();

  const mark = () => {
    for (const each of document.querySelectorAll("[data-live-mark]")) {
      each.classList.toggle("on", !lost);
      each.classList.toggle("lost", lost);
      each.textContent = words.heard.replace("%s", window.uiTimes.tell(heard, Date.now()));
    }
  };
  const setLost = (is) => {
    if (!is) heard = Date.now();
    if (is !== lost) {
      lost = is;
      line.hidden = false;
      line.classList.toggle("back", !is);
      line.textContent = is ? line.dataset.lost : line.dataset.back;
      if (!is) setTimeout(() => { if (!lost) line.hidden = true; }, 3000);
    }
    mark();
  };
  const news = (element) => element.dispatchEvent(new CustomEvent("live:news"));

  const follow = (element) => {
    let owed = false, last = 0;
    const tell = () => {
      heard = Date.now();
      mark();
      if (owed) return;
      owed = true;
      setTimeout(() => { owed = false; last = Date.now(); if (element.isConnected) news(element); }, Math.max(0, 1000 - (Date.now() - last)));
    };
    let source, over = false, pause = RETRY_MS;
    const connect = () => {
      source = new EventSource(element.dataset.live);
      source.onopen = () => {
        setLost(false);
        pause = RETRY_MS;
      };
      source.addEventListener("ready", tell);  // what happened between the page's making and now
      for (const kind of ["event", "progress", "log"]) source.addEventListener(kind, (event) => {
        element.dispatchEvent(new CustomEvent(`live:${kind}`, { detail: JSON.parse(event.data) }));
        tell();
      });
      source.addEventListener("end", () => { over = true; source.close(); tell(); });
      source.onerror = () => {
        // The browser comes again by itself, unless it was refused: then we do. An answer that ends is no loss.
        if (source.readyState === EventSource.CLOSED && !over && element.isConnected) {
          setTimeout(() => { if (element.isConnected && !over) connect(); }, pause);
          pause = Math.min(pause * 2, LONGEST_RETRY_MS);
        }
        setTimeout(() => { if (source.readyState !== EventSource.OPEN && !over && Date.now() - heard > 8000) setLost(true); }, 8000);
      };
    };
    connect();
    // What the stream does not say is asked for: where no stream is to be had, and where one has fallen silent.
    const watch = setInterval(() => {
      if (!element.isConnected || over) { source.close(); clearInterval(watch); return; }
      const silent = source.readyState === EventSource.OPEN ? SILENT_MS : FALLBACK_MS;
      if (!document.hidden && Date.now() - heard > silent && Date.now() - last > silent) { last = Date.now(); news(element); }
    }, 1000);
    addEventListener("pagehide", () => source.close());
  };
  const isBusy = (element) => document.hidden || element.contains(document.activeElement) || document.querySelector("dialog[open]") ||
    element.querySelector("details.menu[open], input[type=checkbox]:checked") || String(getSelection()).length > 0;
  const poll = (element) => {
    const timer = setInterval(() => {
      if (!element.isConnected) { clearInterval(timer); return; }
      if (isBusy(element)) return;
      if (element.dataset.until && document.querySelector(element.dataset.until)) clearInterval(timer);  // once more: the last news
      news(element);
    }, Number(element.dataset.poll) * 1000);
  };
  const begin = (root) => {
    for (const element of root.querySelectorAll("[data-live]:not([data-begun]), [data-poll]:not([data-begun])")) {
      element.dataset.begun = "";
      if (element.dataset.live) follow(element);
      if (element.dataset.poll) poll(element);
    }
  };
  document.addEventListener("htmx:configRequest", (event) => {
    const { elt, triggeringEvent } = event.detail;
    if (elt.matches("[data-here]") && triggeringEvent?.type === "live:news") event.detail.path = location.pathname + location.search;
  });
  const toEnd = (root) => { for (const each of root.querySelectorAll("[data-follow]")) each.scrollTop = each.scrollHeight; };
  let read = null;
  document.addEventListener("htmx:beforeSwap", (event) => {
    const shown = event.detail.target.querySelector?.("[data-follow]");
    read = shown && { target: event.detail.target, at: shown.scrollTop, end: shown.scrollHeight - shown.scrollTop - shown.clientHeight < 30 };
  });
  document.addEventListener("htmx:afterSwap", (event) => {
    if (!read || event.detail.target !== read.target) return;
    if (read.end) toEnd(read.target);
    else for (const each of read.target.querySelectorAll("[data-follow]")) each.scrollTop = read.at;
    read = null;
  });
  // A part that is put in anew keeps the focus that was in it, and waits while a menu of it is open.
  const reachable = (root) => [...root.querySelectorAll("a[href], button, summary, input, select, textarea, [tabindex]")];
  let kept = null;
  document.addEventListener("htmx:beforeSwap", (event) => {
    const target = event.detail.target;
    kept = null;
    if (!target.matches?.("[data-live], [data-poll]")) return;
    if (target.querySelector("details.menu[open]")) event.detail.shouldSwap = false;
    const at = reachable(target).indexOf(document.activeElement);
    if (at >= 0) kept = { target, at, address: document.activeElement.getAttribute("href") };
  });
  document.addEventListener("htmx:afterSwap", () => {
    if (!kept || document.activeElement !== document.body) return;
    const now = reachable(kept.target);
    (now.find((each) => kept.address && each.getAttribute("href") === kept.address) || now[kept.at])?.focus({ preventScroll: true });
    kept = null;
  });
  document.addEventListener("htmx:afterSettle", () => begin(document));
  document.addEventListener("htmx:afterRequest", (event) => { if (event.detail.xhr?.status) setLost(false); });
  document.addEventListener("htmx:sendError", () => setLost(true));
  addEventListener("offline", () => setLost(true));
  addEventListener("online", () => setLost(false));
  setInterval(mark, 5000);
  begin(document);
  toEnd(document);
  mark();
})();

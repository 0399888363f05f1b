// What is live. An element with data-live="<address of a stream>" gets the event "live:news" (bubbling not) at most once a second when
// the stream says something; with htmx: hx-get="..." hx-trigger="live:news". An element with data-poll="<seconds>" gets it that often,
// while the page is seen. [data-live-mark] says when the server was last heard; a lost connection is shown, and heals.
"use strict";
(() => {
  const words = document.getElementById("words").dataset, line = document.getElementById("connection");
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
    const source = new EventSource(element.dataset.live);
    let opened = false;
    source.onopen = () => {
      setLost(false);
      if (!opened) tell();  // what happened between the page's making and now
      opened = true;
    };
    for (const kind of ["event", "progress", "log"]) source.addEventListener(kind, (event) => {
      element.dispatchEvent(new CustomEvent(`live:${kind}`, { detail: JSON.parse(event.data) }));
      tell();
    });
    source.addEventListener("end", () => { source.close(); tell(); });
    // The browser comes again by itself, and an answer that ends is no loss: only what does not come back within seconds is.
    source.onerror = () => setTimeout(() => { if (source.readyState !== EventSource.OPEN && Date.now() - heard > 8000) setLost(true); }, 8000);
    const watch = setInterval(() => { if (!element.isConnected) { source.close(); clearInterval(watch); } }, 1000);
    addEventListener("pagehide", () => source.close());
  };
  const poll = (element) => {
    const timer = setInterval(() => {
      if (!element.isConnected) clearInterval(timer);
      // Not while somebody is within: what has the focus would lose it.
      else if (!document.hidden && !element.contains(document.activeElement) && !element.contains(document.querySelector("details.menu[open]"))) news(element);
    }, Number(element.dataset.poll) * 1000);
  };
  const begin = (root) => {
    for (const element of root.querySelectorAll("[data-live]:not([data-begun]), [data-poll]:not([data-begun])")) {
      element.dataset.begun = "";
      if (element.dataset.live) follow(element);
      if (element.dataset.poll) poll(element);
    }
  };
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
  mark();
})();

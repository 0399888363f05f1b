// The frame: dialogs, menus, the drawer, the command palette, keys, toasts, and what is typed but not saved.
"use strict";
(() => {
  const words = document.getElementById("words").dataset, byId = (id) => document.getElementById(id);
  const dialog = byId("dialog"), content = byId("dialog-content"), palette = byId("palette"), help = byId("help"), toasts = byId("toasts");

  // --- What is typed and not saved is not lost without a question: forms with data-guard; with data-unsaved what it begins with is not saved.
  const written = (form) => new URLSearchParams([...new FormData(form)].filter(([, value]) => typeof value === "string")).toString();
  const remember = (root) => { for (const form of root.querySelectorAll("form[data-guard]")) form._first ??= written(form); };
  const changed = (root) => [...root.querySelectorAll("form[data-guard]")].some((form) => !form._sent && form._first !== undefined && (form.dataset.unsaved !== undefined || form._first !== written(form)));
  addEventListener("beforeunload", (event) => { if (changed(document)) event.preventDefault(); });
  document.addEventListener("submit", (event) => { event.target._sent = true; }, true);
  document.addEventListener("htmx:afterRequest", (event) => {
    const form = event.detail.elt;
    if (form?.matches?.("form[data-guard]") && !event.detail.successful) form._sent = false;
  });

  // --- Dialogs: a link with data-dialog brings its content by htmx.
  let opener = null;
  const close = (one) => { if (!changed(one) || confirm(words.unsaved)) { one.close(); return true; } return false; };
  document.addEventListener("click", (event) => {
    const link = event.target.closest("[data-dialog]");
    if (link) opener = link.closest("details.menu")?.querySelector("summary") || link;
    const closes = event.target.closest("[data-close]"), own = closes?.closest("dialog");
    if (own) { event.preventDefault(); close(own); }
  });
  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target !== content) return;
    closeMenus();
    if (!dialog.open) dialog.showModal();
    (content.querySelector("[aria-invalid=true], [autofocus]") || content.querySelector("input:not([type=hidden]), select, textarea, .dialog-buttons .button"))?.focus();
  });
  document.addEventListener("htmx:afterSettle", () => remember(document));
  for (const one of [dialog, palette, help]) {
    one.addEventListener("cancel", (event) => { event.preventDefault(); close(one); });
    one.addEventListener("click", (event) => { if (event.target === one) { const box = one.getBoundingClientRect(); if (event.clientX < box.left || event.clientX > box.right || event.clientY < box.top || event.clientY > box.bottom) close(one); } });
  }
  dialog.addEventListener("close", () => { content.replaceChildren(); opener?.focus(); });

  // --- Menus
  const closeMenus = (but) => { for (const menu of document.querySelectorAll("details.menu[open]")) if (menu !== but) menu.open = false; };
  document.addEventListener("click", (event) => closeMenus(event.target.closest("details.menu")));
  document.addEventListener("toggle", (event) => {
    const menu = event.target;
    if (!menu.matches?.("details.menu") || !menu.open) return;
    // In a table that scrolls the items would be cut: there they stand over the page.
    const items = menu.querySelector(".menu-items"), place = menu.getBoundingClientRect();
    if (menu.closest(".table")) {
      items.classList.add("fixed");
      const own = items.getBoundingClientRect();
      items.style.setProperty("left", `${Math.max(4, place.right - own.width)}px`);
      items.style.setProperty("top", `${place.bottom + own.height + 8 < innerHeight ? place.bottom + 4 : Math.max(4, place.top - own.height - 4)}px`);
    }
  }, true);
  addEventListener("scroll", (event) => { if (event.target?.matches?.(".table") || event.target === document) for (const menu of document.querySelectorAll(".table details.menu[open]")) menu.open = false; }, true);
  document.addEventListener("keydown", (event) => {
    const menu = event.target.closest?.("details.menu");
    if (!menu?.open || !["ArrowDown", "ArrowUp", "Escape"].includes(event.key)) return;
    event.preventDefault();
    if (event.key === "Escape") { menu.open = false; menu.querySelector("summary").focus(); return; }
    const items = [...menu.querySelectorAll(".menu-items :is(a, button)")], at = items.indexOf(document.activeElement);
    items.at((at + (event.key === "ArrowDown" ? 1 : -1) + (at < 0 && event.key === "ArrowUp" ? 1 : 0)) % items.length)?.focus();
  });

  // --- The drawer of narrow screens
  const drawer = document.querySelector("[data-drawer]");
  const setDrawer = (open) => { document.body.classList.toggle("drawer", open); drawer.setAttribute("aria-expanded", open); if (open) byId("side").querySelector("a")?.focus(); };
  drawer?.addEventListener("click", () => setDrawer(!document.body.classList.contains("drawer")));
  document.querySelector("[data-drawer-close]")?.addEventListener("click", () => setDrawer(false));

  // --- Toasts
  const toast = (text, tone = "green") => {
    const one = document.createElement("div"), span = document.createElement("span");
    one.className = `toast tone-${tone}`;
    span.textContent = text;
    one.append(span);
    toasts.append(one);
    setTimeout(() => one.remove(), 8000);
  };
  document.addEventListener("click", (event) => event.target.closest("[data-dismiss]")?.closest(".toast")?.remove());
  for (const one of toasts.querySelectorAll(".toast.tone-green")) setTimeout(() => one.remove(), 8000);
  document.addEventListener("htmx:responseError", (event) => toast(`${words.failed} ${event.detail.xhr.status} ${event.detail.xhr.statusText}`, "red"));
  document.addEventListener("htmx:sendError", (event) => { if (!event.detail.elt?.closest?.("[data-live], [data-poll]")) toast(words.unreachable, "red"); });
  window.uiToast = toast;

  // --- The command palette
  const field = palette.querySelector("input"), list = byId("palette-found");
  let asked = 0, timer = 0;
  const choose = (at) => {
    const items = [...list.children].filter((each) => each.dataset.address);
    items.forEach((each, n) => each.setAttribute("aria-selected", n === at));
    field.setAttribute("aria-activedescendant", items[at]?.id || "");
    items[at]?.scrollIntoView({ block: "nearest" });
  };
  const chosen = () => [...list.children].findIndex((each) => each.getAttribute("aria-selected") === "true");
  const find = async () => {
    const own = ++asked, address = new URL(palette.dataset.source, location.href);
    address.searchParams.set("q", field.value.trim());
    const answer = await fetch(address, { headers: { Accept: "application/json" } }).catch(() => null);
    if (own !== asked || !answer?.ok) return;
    const { found } = await answer.json();
    list.replaceChildren(...found.map((each, n) => {
      const item = document.createElement("li"), word = document.createElement("span"), kind = document.createElement("small");
      item.id = `palette-${n}`; item.role = "option"; item.dataset.address = each.address; word.textContent = each.word; kind.textContent = each.kind;
      item.append(word, kind);
      item.addEventListener("click", () => { location.href = each.address; });
      return item;
    }));
    if (!found.length) { const none = document.createElement("li"); none.role = "option"; none.setAttribute("aria-disabled", "true"); none.textContent = words.nothing; list.append(none); }
    choose(0);
  };
  const openPalette = () => { if (!palette.open) { closeMenus(); palette.showModal(); field.select(); find(); } };
  document.querySelector("[data-palette]")?.addEventListener("click", openPalette);
  field.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(find, 120); });
  field.addEventListener("keydown", (event) => {
    const items = [...list.children].filter((each) => each.dataset.address);
    if (event.key === "Enter" && items[chosen()]) location.href = items[chosen()].dataset.address;
    if (!["ArrowDown", "ArrowUp"].includes(event.key) || !items.length) return;
    event.preventDefault();
    choose((chosen() + (event.key === "ArrowDown" ? 1 : items.length - 1)) % items.length);
  });

  // --- Keys
  const goes = { d: "ui:dashboard", j: "ui:jobs", s: "ui:schedules", r: "ui:runs", w: "ui:workers" };
  let after = "";
  document.querySelector("[data-help]")?.addEventListener("click", () => help.showModal());
  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") { event.preventDefault(); openPalette(); return; }
    if (event.key === "Escape") { closeMenus(); setDrawer(false); }
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea, select, dialog, [contenteditable]")) return;
    if (event.key === "?") { event.preventDefault(); help.showModal(); }
    if (event.key === "/") { const search = document.querySelector("[data-search]"); if (search) { event.preventDefault(); search.focus(); } }
    if (after === "g" && goes[event.key]) document.querySelector(`.side a[data-name="${goes[event.key]}"]`)?.click();
    after = event.key;
  });

  remember(document);
})();

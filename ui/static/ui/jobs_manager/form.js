// The form of a job: payloads are added and removed, and the key is shown as it is typed.
"use strict";
(() => {
  const list = document.getElementById("payloads"), count = document.querySelector("[data-payload-count]"), next = document.querySelector("[data-next-index]");
  const tell = () => { if (count && list) count.textContent = list.querySelectorAll("fieldset.payload").length; };
  document.addEventListener("click", (event) => {
    const fieldset = event.target.closest("[data-remove-payload]")?.closest("fieldset.payload");
    if (!fieldset) return;
    const neighbour = fieldset.nextElementSibling || fieldset.previousElementSibling;
    fieldset.remove();
    tell();
    (neighbour?.querySelector("input:not([type=hidden])") || document.querySelector("[data-add-payload]"))?.focus();
  });
  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target !== list) return;
    next.value = Number(next.value) + 1;
    tell();
    list.lastElementChild?.querySelector("input:not([type=hidden])")?.focus();
  });
  const name = document.getElementById("id_name"), key = document.querySelector("[data-key-name]");
  const show = () => { key.textContent = name.value || "…"; };
  if (name && key) { name.addEventListener("input", show); show(); }
})();

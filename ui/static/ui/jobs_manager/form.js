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
  // The types that were inferred become those of the source, which stands in a field of its own or within the payload's JSON.
  const takeTypes = (types) => {
    const own = document.querySelector("textarea[name$='-source']"), area = own || document.getElementById("id_payload");
    const document_ = JSON.parse(area.value), source = own ? document_ : document_[0].parameters.source;
    source.types = types;
    area.value = JSON.stringify(document_, null, 2);
    area.dispatchEvent(new Event("input", { bubbles: true }));
  };
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-take-types]");
    if (!button) return;
    let taken = true;
    try { takeTypes(JSON.parse(button.dataset.takeTypes)); } catch { taken = false; }
    button.parentElement.querySelector("[data-types-taken]").hidden = !taken;
    button.parentElement.querySelector("[data-types-refused]").hidden = taken;
  });
  const name = document.getElementById("id_name"), key = document.querySelector("[data-key-name]");
  const show = () => { key.textContent = name.value || "…"; };
  if (name && key) { name.addEventListener("input", show); show(); }
})();

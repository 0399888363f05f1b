// Rows of a list are ticked for what is done to many at once: boxes of the form "bulk".
"use strict";
(() => {
  const boxes = () => [...document.querySelectorAll("tbody input[type=checkbox][form=bulk]")];
  const tell = () => {
    const count = document.querySelector("[data-ticked]"), all = document.querySelector("[data-tick-all]"), ticked = boxes().filter((box) => box.checked).length;
    if (count) count.textContent = ticked;
    if (all) { all.checked = ticked > 0 && ticked === boxes().length; all.indeterminate = ticked > 0 && !all.checked; }
  };
  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-tick-all]")) for (const box of boxes()) box.checked = event.target.checked;
    if (event.target.matches("[data-tick-all], input[form=bulk]")) tell();
  });
  document.addEventListener("htmx:afterSwap", tell);
  tell();
})();

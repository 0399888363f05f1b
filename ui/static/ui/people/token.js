// The page of a new token: it is copied by a button, and a reload leads to the list instead of making another one.
"use strict";
(() => {
  const list = document.querySelector("[data-token-list]"), button = document.querySelector("[data-copy]");
  if (list) history.replaceState(null, "", list.dataset.tokenList);
  button?.addEventListener("click", async () => {
    const field = document.getElementById(button.dataset.copy);
    field.select();
    try {
      await navigator.clipboard.writeText(field.value);
      window.uiToast(button.dataset.copied);
    } catch { // Browsers let pages do it over HTTPS alone, and with the person's leave.
      window.uiToast(button.dataset.select, "amber");
    }
  });
})();

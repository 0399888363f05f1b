// A new token. Asking for it: the day is asked for where it counts alone. Showing it: it is copied by a button, and a reload leads to the
// list instead of making another one.
"use strict";
(() => {
  const chosen = document.getElementById("id_expires_at"), day = document.getElementById("id_day");
  const ask = () => { day.closest(".field").hidden = chosen.value !== "day"; };
  if (chosen && day) { ask(); chosen.addEventListener("change", ask); }

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

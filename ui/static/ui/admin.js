// What Unfold's pages lack for who listens to them: where the main part is, and what its boxes that scroll are.
"use strict";
document.addEventListener("DOMContentLoaded", () => {
  document.getElementById("main")?.setAttribute("role", "main");
  requestAnimationFrame(() => {
    document.querySelectorAll(".simplebar-content-wrapper").forEach((box, number) => box.setAttribute("aria-label", `scrolls ${number + 1}`));
  });
});

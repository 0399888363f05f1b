// What Unfold's pages lack for who listens to them: where the main part is, and what its boxes that scroll are.
"use strict";
document.addEventListener("DOMContentLoaded", () => {
  document.getElementById("main")?.setAttribute("role", "main");
  const reach = new ResizeObserver((seen) => {
    for (const { target } of seen) {
      if (target.scrollWidth > target.clientWidth) target.tabIndex = 0;
      else target.removeAttribute("tabindex");
    }
  });
  for (const box of document.querySelectorAll("#content fieldset.module")) reach.observe(box);
  requestAnimationFrame(() => {
    document.querySelectorAll(".simplebar-content-wrapper").forEach((box, number) => box.setAttribute("aria-label", `scrolls ${number + 1}`));
  });
});

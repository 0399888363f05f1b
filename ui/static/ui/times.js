// Times told from now stay true while a page is open, and say on hover and focus which instant it is: in the schedule's zone, the
// reader's and UTC. The words are those of ui/words.py, which the page brings along.
"use strict";
(() => {
  const words = document.getElementById("words").dataset;
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (zone) document.cookie = `ui_zone=${zone};path=/;max-age=31536000;samesite=lax`;

  const tell = (at, now) => {
    const seconds = (at - now) / 1000, size = Math.abs(seconds);
    if (size < 5) return words.now;
    const [unit, length] = size < 60 ? ["s", 1] : size < 3600 ? ["min", 60] : size < 86400 ? ["h", 3600] : ["d", 86400];
    const span = words[unit].replace("%d", Math.floor(size / length));
    return (seconds > 0 ? words.in : words.ago).replace("%s", span);
  };
  const retell = () => {
    const now = Date.now();
    for (const time of document.querySelectorAll("time.when")) {
      const told = tell(Date.parse(time.dateTime), now);
      if (time.textContent !== told) time.textContent = told;
    }
  };
  setInterval(retell, 5000);
  document.addEventListener("htmx:afterSettle", retell);
  retell();

  const tip = document.getElementById("tip");
  const clock = (at, timeZone) => new Intl.DateTimeFormat("sv-SE", { dateStyle: "short", timeStyle: "medium", timeZone }).format(at);
  const lines = (time) => {
    const at = new Date(time.dateTime), found = [];
    if (time.dataset.zone && time.dataset.zone !== "UTC") found.push(`${clock(at, time.dataset.zone)}  ${time.dataset.zone}`);
    if (zone && zone !== "UTC" && zone !== time.dataset.zone) found.push(`${clock(at, zone)}  ${zone} (${words.here})`);
    return [...found, `${clock(at, "UTC")}  UTC`].join("\n");
  };
  const show = (event) => {
    const time = event.target.closest?.("time.when") || (event.type === "focusin" && event.target.matches?.("a, button, summary") && event.target.querySelector("time.when"));
    if (!time) return;
    tip.textContent = lines(time);
    tip.hidden = false;
    const place = time.getBoundingClientRect(), own = tip.getBoundingClientRect();
    const below = place.bottom + own.height + 8 < innerHeight;
    tip.style.setProperty("left", `${Math.max(4, Math.min(place.left, innerWidth - own.width - 4))}px`);
    tip.style.setProperty("top", `${below ? place.bottom + 6 : place.top - own.height - 6}px`);
  };
  const hide = () => { tip.hidden = true; };
  document.addEventListener("mouseover", show);
  document.addEventListener("focusin", show);
  document.addEventListener("mouseout", hide);
  document.addEventListener("focusout", hide);
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") hide(); });
  window.uiTimes = { tell, retell };
})();

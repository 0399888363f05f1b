// Beside the definition of a schedule, while it is typed: what it says, and when it would fire.
"use strict";

const panel = document.getElementById("typed");
const text = document.getElementById("id_text");
let timer;
let asked = 0;

async function show() {
  const turn = ++asked;
  const body = new FormData();
  body.append("text", text.value);
  body.append("csrfmiddlewaretoken", document.querySelector("[name=csrfmiddlewaretoken]").value);
  let answer;
  try {
    const response = await fetch(panel.dataset.address, { method: "POST", body });
    answer = response.ok ? await response.text() : "The server could not say.";
  } catch {
    answer = "The server cannot be reached.";
  }
  if (turn !== asked) return; // Somebody typed on: a later answer counts.
  panel.querySelector("div").innerHTML = answer;
  panel.hidden = false;
}

if (panel && text) {
  text.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(show, 300);
  });
  // A new schedule begins with what it says. One that there is shows that above, and one that was refused says why.
  if (!document.getElementById("next") && !text.closest(".errors")) show();
}

// Findings and cases by keyboard: j k through the list, a acknowledges and e escalates after five seconds that can be taken
// back (u or Esc), n begins a note, Enter settles.
import { onChange } from "./live.js";

const keysOn = () => document.body.dataset.keys !== "off";
const typing = (target) => target.matches("input:not([type=radio]), textarea, select");
const WAIT_MS = 5000;
let waiting = null;
let goingUntil = 0;

function step(by) {
  const links = [...document.querySelectorAll("#list a[data-number]")];
  const at = links.findIndex((link) => link.hasAttribute("aria-current"));
  links[Math.min(links.length - 1, Math.max(0, at + by))]?.click();
}

function cancel() {
  if (!waiting) return;
  clearTimeout(waiting.timer);
  waiting.note.remove();
  waiting = null;
}

function later(letter) {
  const button = document.querySelector(`[data-do=${letter}]`);
  if (!button || waiting) return;
  const note = document.createElement("span");
  note.className = "waiting";
  note.setAttribute("role", "status");
  note.textContent = button.dataset.wait;
  const stop = document.createElement("button");
  stop.type = "button";
  stop.className = "b b-sm";
  stop.textContent = `${button.dataset.cancel} (u)`;
  stop.addEventListener("click", cancel);
  note.append(stop);
  button.after(note);
  const address = button.formAction;
  waiting = { note, timer: setTimeout(() => { cancel(); enter(letter, address); }, WAIT_MS) };
}

// The page may have drawn itself anew meanwhile: with another finding, or without the button, as somebody else did it.
function enter(letter, address) {
  [...document.querySelectorAll(`[data-do=${letter}]`)].find((one) => one.formAction === address)?.click();
}

const keys = {
  j: () => step(1),
  k: () => step(-1),
  a: () => later("a"),
  e: () => later("e"),
  u: cancel,
  n: () => document.getElementById("note")?.focus(),
};

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") { cancel(); return; }
  if (!keysOn() || typing(event.target) || event.ctrlKey || event.metaKey || event.altKey) return;
  // After g a letter names a place to go: that is the shell's.
  if (event.key === "g") { goingUntil = Date.now() + 1500; return; }
  if (goingUntil > Date.now()) { goingUntil = 0; return; }
  if (event.key === "Enter" && event.target === document.body) {
    document.querySelector("#settle button[type=submit]")?.click();
    return;
  }
  const act = keys[event.key];
  if (act) { event.preventDefault(); act(); }
});

// An alarm that came while the page was open is read out by its role; the window's name shows it too.
onChange((told) => {
  const n = told.counts?.at_once ?? 0;
  document.title = document.title.replace(/^\(\d+\) /, "");
  if (n) document.title = `(${n}) ${document.title}`;
});

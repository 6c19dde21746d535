// Findings by keyboard: j k through the list, a acknowledges after five seconds that can be taken back, e, n, Enter.
import { onChange } from "./live.js";

const keysOn = () => document.body.dataset.keys !== "off";
const typing = (target) => target.matches("input:not([type=radio]), textarea, select");
const WAIT_MS = 5000;
let waiting = null;

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

function acknowledge() {
  const button = document.querySelector("[data-do=a]");
  if (!button || waiting) return;
  const note = document.createElement("span");
  note.className = "waiting";
  note.setAttribute("role", "status");
  note.textContent = button.dataset.wait;
  const stop = document.createElement("button");
  stop.type = "button";
  stop.className = "b b-sm";
  stop.textContent = `${button.dataset.cancel} (Esc)`;
  stop.addEventListener("click", cancel);
  note.append(stop);
  button.after(note);
  waiting = { note, timer: setTimeout(() => { cancel(); button.click(); }, WAIT_MS) };
}

const keys = {
  j: () => step(1),
  k: () => step(-1),
  a: acknowledge,
  e: () => document.querySelector("[data-do=e]")?.focus(),
  n: () => document.getElementById("note")?.focus(),
};

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") { cancel(); return; }
  if (!keysOn() || typing(event.target) || event.ctrlKey || event.metaKey || event.altKey) return;
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

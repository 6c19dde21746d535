// The manager's page by keyboard, and acts in place. j k choose; a acknowledges or approves, e escalates, x opens the
// return: a key waits five seconds, in which u or Esc takes it back, and nothing was entered. What is done here by
// `data-here` is sent without leaving the page. Without this script every button is an ordinary form.
import { refresh } from "./live.js";

const WAIT_MS = 5000;
const keysOn = () => document.body.dataset.keys !== "off";
const typing = (target) => target.matches("input:not([type=radio]), textarea, select") || target.isContentEditable;
const said = document.getElementById("acting");
let waiting = null;
let goingUntil = 0;

const items = () => [...document.querySelectorAll("[data-item]")];
const chosen = () => document.querySelector("[data-item].chosen") ?? items()[0];

function choose(item) {
  for (const one of items()) one.classList.toggle("chosen", one === item);
  item?.querySelector("a[href]")?.focus({ preventScroll: true });
  item?.scrollIntoView({ block: "nearest" });
}

function move(step) {
  const all = items();
  if (!all.length) return;
  const at = all.findIndex((one) => one.classList.contains("chosen"));
  choose(all[Math.min(all.length - 1, Math.max(0, at + step))]);
}

function tell(text, button, failed = false) {
  said.replaceChildren(text, ...(button ? [button] : []));
  said.classList.toggle("failed", failed);
  said.hidden = false;
}

function takeBack() {
  if (!waiting) return;
  clearTimeout(waiting);
  waiting = null;
  said.hidden = true;
}

async function send(button) {
  const form = button.form;
  try {
    const answer = await fetch(form.action, { method: "POST", body: new URLSearchParams(new FormData(form, button)) });
    if (!answer.ok) throw new Error(String(answer.status));
    if (new URL(answer.url).pathname !== location.pathname) { location.assign(answer.url); return; }
    said.hidden = true;
    await refresh();
  } catch {
    tell(said.dataset.failed, null, true);
  }
}

function enter(button) {
  if (button.hasAttribute("data-here")) send(button);
  else button.form.requestSubmit(button);
}

function later(button) {
  if (waiting) return;
  const stop = document.createElement("button");
  stop.type = "button";
  stop.className = "b b-sm";
  stop.textContent = `${said.dataset.stop} (u)`;
  stop.addEventListener("click", takeBack);
  tell(button.dataset.said, stop);
  waiting = setTimeout(() => {
    takeBack();
    // The page may have drawn the row anew meanwhile, or it is gone: done by somebody else.
    const now = [...document.querySelectorAll("form button[data-do]")].find(
      (one) => one.dataset.do === button.dataset.do && one.form.getAttribute("action") === button.form.getAttribute("action"),
    );
    if (now) enter(now);
  }, WAIT_MS);
}

function act(letter) {
  const item = chosen();
  const button = item?.querySelector(`[data-do=${letter}]`);
  if (!button) { item?.querySelector(".answers a.b, .answers input[type=password]")?.focus(); return; }
  choose(item);
  if (button.tagName === "SUMMARY") { button.click(); button.parentElement.querySelector("textarea")?.focus(); return; }
  later(button);
}

const keys = {
  j: () => move(1),
  k: () => move(-1),
  a: () => act("a"),
  e: () => act("e"),
  x: () => act("x"),
  u: takeBack,
};

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") takeBack();
  if (!keysOn() || typing(event.target) || event.ctrlKey || event.metaKey || event.altKey) return;
  // After g a letter names a place to go: that is the shell's.
  if (event.key === "g") { goingUntil = Date.now() + 1500; return; }
  const key = keys[event.key];
  if (!key || goingUntil > Date.now()) return;
  // Before the shell's own: here j and k go through what waits, not through the rows of tables.
  event.preventDefault();
  event.stopImmediatePropagation();
  key();
}, { capture: true });

document.addEventListener("submit", (event) => {
  const button = event.submitter;
  if (!button?.hasAttribute("data-here")) return;
  event.preventDefault();
  send(button);
});

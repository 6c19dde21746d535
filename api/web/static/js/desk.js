// The scan desk: codes are taken on Enter, Tab, a blank, or when a whole tag number is followed by silence, and none
// is lost while the server answers. The server draws the lines; this only sends what was scanned.

import { whole } from "./scanning.js";

const QUIET_MS = 60;
const SCANNER_MS = 400;
const form = document.getElementById("desk");
const box = document.getElementById("scan");
const waiting = [];
let sending = false;
let burst = 0;
let lastKey = 0;

const busyElsewhere = () => ["INPUT", "SELECT", "TEXTAREA", "A"].includes(document.activeElement?.tagName);

function take() {
  const code = box.value.trim();
  box.value = "";
  if (code) waiting.push(code);
  send();
}

async function send() {
  if (sending || !waiting.length) return;
  sending = true;
  const batch = waiting.splice(0);
  const body = new FormData(form);
  body.set("scan", batch.join(" "));
  body.set("do", "scan");
  body.delete("holder_password"); // a signature is sent with what it signs, not with every scan
  let sent = false;
  try {
    const answer = await fetch(form.action, { method: "POST", body, redirect: "error" });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const lines = page.getElementById("lines");
    if (lines) {
      const old = document.getElementById("lines");
      // What was counted while the server answered is kept.
      for (const count of old.querySelectorAll("input[inputmode=numeric]")) {
        const same = lines.querySelector(`[id="${count.id}"]`);
        if (same) same.value = count.value;
      }
      old.replaceWith(document.adoptNode(lines));
      countedAll();
      sent = true;
    }
  } catch { /* the server is away: handled below, what was scanned is kept */ }
  sending = false;
  if (sent) { send(); return; }
  // What was scanned goes back into the box: nothing is dropped, and a press of Enter tries again.
  box.value = [...batch, ...waiting.splice(0), box.value].join(" ").trim();
}

box.addEventListener("keydown", (event) => {
  const now = performance.now();
  const scanning = now - lastKey < SCANNER_MS;
  burst = now - lastKey < QUIET_MS ? burst + 1 : 0;
  lastKey = now;
  const full = box.value.trim() !== "";
  // A scanner's Tab after a code that was taken already must not carry the focus away.
  if (event.key === "Enter" || (event.key === "Tab" && (full || scanning)) || (event.key === " " && full)) {
    event.preventDefault();
    take();
  }
});

// A scanner that ends a code with nothing: only whole tag numbers are taken by silence, never a part of one.
box.addEventListener("input", () => {
  const value = box.value;
  setTimeout(() => {
    if (whole(value) && box.value === value && burst > 12) take();
  }, QUIET_MS + 10);
});

// Where nothing but the pages was wanting, the button is free as soon as they are counted; the server counts again.
form.addEventListener("input", (event) => {
  if (!event.target.matches("[data-due]")) return;
  event.target.closest("td").querySelector(".to-count").hidden = event.target.value.trim() !== "";
  countedAll();
});

function countedAll() {
  const enter = form.querySelector("button[data-counts]");
  if (!enter) return;
  const left = [...form.querySelectorAll("[data-due]")].some((count) => !count.value.trim());
  if (left) enter.setAttribute("aria-disabled", "true");
  else enter.removeAttribute("aria-disabled");
}

document.addEventListener("visibilitychange", () => { if (!document.hidden && !busyElsewhere()) box.focus(); });
document.addEventListener("click", () => setTimeout(() => { if (!busyElsewhere()) box.focus(); }, 0));

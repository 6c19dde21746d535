// The live desk. The server says that something was tapped somewhere; the page sends its list with the last tap that it
// took, and gets it back with what came since. What is typed, and where, is kept. Nothing is dropped while the server
// is away: the list, and the last tap, stand in the page.
import { follow } from "./live.js";
import { byId, codesOf, soundButton, sounds } from "./scanning.js";

const RETRY_MS = 3000;
const form = byId("desk");
const box = byId("scan");
const waiting = [];
let sending = false;
let asked = false;

const busyElsewhere = () => ["INPUT", "SELECT", "TEXTAREA", "A"].includes(document.activeElement?.tagName);

function play() {
  const heard = new Set([...document.querySelectorAll("#said [data-sound]")].map((one) => one.dataset.sound));
  if (heard.has("wrong")) sounds.wrong();
  else if (heard.has("done")) sounds.done();
  else if (heard.has("new")) sounds.counted();
  else if (heard.has("repeated")) sounds.repeated();
}

const standing = (part) => ["since", "codes", "holder", "waiting"].map((name) => part.querySelector(`input[name=${name}]`)?.value).join("|");

// The fresh part comes in, with what was typed in the old one; where nothing came, what was said stays to be read.
function put(fresh) {
  const old = byId("drawn");
  if (standing(old) === standing(fresh) && !fresh.querySelector("[data-sound]")) return;
  const at = old.contains(document.activeElement) ? document.activeElement.id : "";
  for (const field of old.querySelectorAll("input:not([type=hidden])")) {
    const same = fresh.querySelector(`[id="${field.id}"]`);
    if (same && field.value !== field.defaultValue) same.value = field.value;
  }
  old.replaceWith(document.adoptNode(fresh));
  if (at) byId(at)?.focus();
  counted();
  play();
}

// The highest level on this page stands in its head.
function highest(mark) {
  const old = document.querySelector(".hi");
  if (!mark) old?.remove();
  else if (old) old.replaceWith(document.adoptNode(mark));
  else byId("live")?.after(document.adoptNode(mark));
}

async function send() {
  if (sending || (!waiting.length && !asked)) return;
  sending = true;
  asked = false;
  const batch = waiting.splice(0);
  const body = new FormData(form);
  body.set("scan", batch.join(" "));
  body.set("do", "scan");
  body.delete("holder_password"); // a signature is sent with what it signs, not with every tap
  let fresh = null;
  try {
    const answer = await fetch(form.action, { method: "POST", body, redirect: "error" });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    fresh = page.getElementById("drawn");
    highest(page.querySelector(".hi"));
  } catch { /* the server is away: handled below */ }
  sending = false;
  if (fresh) {
    asked ||= fresh.hasAttribute("data-more");
    put(fresh);
    send();
    return;
  }
  waiting.unshift(...batch);
  asked = true;
  setTimeout(send, RETRY_MS);
}

function ask() {
  asked = true;
  send();
}

box.addEventListener("keydown", (event) => {
  const full = box.value.trim() !== "";
  if (event.key !== "Enter" && !(full && (event.key === "Tab" || event.key === " "))) return;
  event.preventDefault();
  waiting.push(...codesOf(box.value));
  box.value = "";
  ask();
});

// Where nothing but the pages was wanting, the button is free as soon as they are counted; the server counts again.
form.addEventListener("input", (event) => {
  if (!event.target.matches("[data-due]")) return;
  event.target.closest("td").querySelector(".to-count").hidden = event.target.value.trim() !== "";
  counted();
});

function counted() {
  const enter = form.querySelector("button[data-counts]");
  if (!enter) return;
  const left = [...form.querySelectorAll("[data-due]")].some((count) => !count.value.trim());
  if (left) enter.setAttribute("aria-disabled", "true");
  else enter.removeAttribute("aria-disabled");
}

document.addEventListener("visibilitychange", () => { if (!document.hidden) { ask(); if (!busyElsewhere()) box.focus(); } });
document.addEventListener("click", () => setTimeout(() => { if (!busyElsewhere()) box.focus(); }, 0));
soundButton(byId("sound"));
follow(["taps"], ask);
play();
ask();

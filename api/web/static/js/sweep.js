// The sweep. Scans go into a queue on the device under identifiers of their own, and leave it only when the server
// has them: a cut line loses nothing and a replay doubles nothing. Numbers and codes only, never a title.
import { follow, onChange } from "./live.js";

const { round, csrf } = document.body.dataset;
const byId = (id) => document.getElementById(id);
const box = byId("scan");
const last = byId("last");
const badge = byId("sync");
const KEPT = `sweep:${round}`;
const SILENT = "sweep:silent";
const QUIET_MS = 60;
const RETRY_MS = 3000;
const PACE_MS = 250;
const BATCH = 200;
const EPC_DIGITS = 24;

const read = (key, other) => { try { return JSON.parse(localStorage.getItem(key)) ?? other; } catch { return other; } };
const kept = read(KEPT, { waiting: [], refused: [] });
const keep = () => { try { localStorage.setItem(KEPT, JSON.stringify(kept)); } catch { /* a full store: the queue stays in memory */ } };
const newEvent = () => `dev-${[...crypto.getRandomValues(new Uint8Array(12))].map((b) => b.toString(16).padStart(2, "0")).join("")}`;

// The box: always focused, taken on Enter, Tab, a blank, a control character, or 60 ms of silence after a whole EPC.

function focusBox() {
  const at = document.activeElement;
  if (!at || at === document.body || at.tagName === "BUTTON") box.focus({ preventScroll: true });
}

function codesOf(text) {
  const found = [];
  for (const piece of text.split(/[\s\u0000-\u001f\u007f,;，；、]+/u)) {
    const run = piece.length > EPC_DIGITS && piece.length % EPC_DIGITS === 0 && /^[0-9A-Fa-f]+$/.test(piece);
    if (run) found.push(...piece.match(/.{24}/g));
    else if (piece) found.push(piece);
  }
  return found;
}

function take() {
  const codes = codesOf(box.value);
  box.value = "";
  for (const code of codes) add(code, "scan", "");
}

function add(code, means, reason) {
  kept.waiting.push({ event: newEvent(), code: code.slice(0, 200), at: Date.now() * 1000, means, reason });
  keep();
  showSync();
  send();
}

let lastKey = 0;
const WHOLE_EPCS = /^([0-9A-Fa-f]{24})+$/;
box.addEventListener("keydown", (event) => {
  lastKey = performance.now();
  const filled = box.value.trim() !== "";
  if (event.key === "Enter" || (filled && (event.key === "Tab" || event.key === " "))) {
    event.preventDefault();
    take();
  }
});
box.addEventListener("input", () => {
  // Silence ends a code only where it is whole: a busy machine may pause in the middle of a number.
  const { value } = box;
  if (!WHOLE_EPCS.test(value)) return;
  setTimeout(() => {
    if (box.value === value && performance.now() - lastKey >= QUIET_MS) take();
  }, QUIET_MS + 10);
});
byId("scan-form").addEventListener("submit", (event) => { event.preventDefault(); take(); });
document.addEventListener("visibilitychange", () => { if (!document.hidden) { focusBox(); refresh(); } });
document.addEventListener("click", () => setTimeout(focusBox, 0));

const keys = byId("keys");
keys.hidden = false;
keys.addEventListener("click", () => {
  const on = box.inputMode === "none";
  box.inputMode = on ? "text" : "none";
  keys.setAttribute("aria-pressed", String(on));
  box.blur();
  box.focus();
});

// Sounds: new, counted already, wrong, done. Muted on this device.

const sound = byId("sound");
let silent = read(SILENT, false);
let audio = null;
sound.hidden = false;
const showSound = () => {
  sound.setAttribute("aria-pressed", String(!silent));
  sound.querySelector("use").setAttribute("href", silent ? "#i-mute" : "#i-sound");
};
showSound();
sound.addEventListener("click", () => {
  silent = !silent;
  try { localStorage.setItem(SILENT, JSON.stringify(silent)); } catch { /* not kept: it holds for this page */ }
  showSound();
});

function tone(hertz, milliseconds, after = 0, to = hertz) {
  if (silent) return;
  audio ??= new AudioContext();
  const start = audio.currentTime + after / 1000;
  const one = audio.createOscillator();
  const volume = audio.createGain();
  one.frequency.setValueAtTime(hertz, start);
  one.frequency.linearRampToValueAtTime(to, start + milliseconds / 1000);
  volume.gain.setValueAtTime(0.15, start);
  one.connect(volume).connect(audio.destination);
  one.start(start);
  one.stop(start + milliseconds / 1000);
}

const sounds = {
  present: () => tone(880, 60),
  repeated: () => tone(220, 30),
  wrong: () => { tone(520, 125, 0, 420); tone(420, 125, 130, 320); },
  done: () => { tone(660, 90); tone(830, 120, 100); },
};

// The band of the last scan.

const bands = {
  present: ["ok", "ok"], repeated: ["mute", "ok"], unknown: ["due", "ask"], elsewhere: ["odd", "swap"],
  on_loan: ["odd", "in"], undone: ["mute", "undo"], nothing_to_undo: ["mute", "undo"],
};

function band(kind, what, nth) {
  const [colour, icon] = bands[kind];
  last.className = `last k-${colour} flash`;
  setTimeout(() => last.classList.remove("flash"), 120);
  last.querySelector("use").setAttribute("href", `#i-${icon}`);
  last.querySelector(".word").textContent = last.getAttribute(`data-${kind.replaceAll("_", "-")}`);
  last.querySelector(".what").textContent = what;
  last.querySelector(".nth").textContent = nth;
}

function tell(results) {
  const fresh = results.filter((one) => one.kind === "present").length;
  const wrong = results.find((one) => ["unknown", "elsewhere", "on_loan"].includes(one.kind));
  const shown = results.at(-1);
  if (!shown) return;
  const carrier = shown.carrier;
  const what = carrier ? `${carrier.control_number} ${carrier.copy_number}/${carrier.copies}` : shown.code;
  band(shown.kind, what, fresh ? `+${fresh}` : "");
  if (wrong) sounds.wrong();
  else if (fresh) sounds.present();
  else sounds.repeated();
}

// The queue.

let sending = false;
let offlineSince = 0;
let answeredAt = "";

function showSync() {
  const word = badge.querySelector(".sync-word");
  const small = badge.querySelector("small");
  const n = kept.waiting.length;
  badge.classList.toggle("off", offlineSince > 0 || document.body.classList.contains("stale"));
  badge.classList.toggle("bad", kept.refused.length > 0);
  if (kept.refused.length) word.textContent = `${badge.dataset.refused} ${kept.refused.length}`;
  else if (offlineSince) word.textContent = badge.dataset.offline;
  else if (n) word.textContent = `${badge.dataset.syncing} ${n}`;
  else word.textContent = badge.dataset.synced;
  if (offlineSince) small.textContent = `${n} ${badge.dataset.kept}`;
  else if (answeredAt) small.textContent = document.body.classList.contains("stale") ? `${badge.dataset.stale} ${answeredAt}` : answeredAt;
}

async function post(path, body) {
  return fetch(path, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-CSRF-Token": csrf },
    body: JSON.stringify(body),
    redirect: "error",
  });
}

async function send() {
  if (sending || !kept.waiting.length) return;
  sending = true;
  const batch = kept.waiting.slice(0, BATCH);
  try {
    const answer = await post(`/api/v1/rounds/${round}/scans`, { scans: batch });
    offlineSince = 0;
    answeredAt = new Date().toTimeString().slice(0, 8);
    if (answer.ok) {
      kept.waiting.splice(0, batch.length);
      tell((await answer.json()).results);
    } else if (answer.status >= 400 && answer.status < 500 && answer.status !== 429) {
      // Refused: it stays here and in sight, and the others go on.
      kept.refused.push(...kept.waiting.splice(0, batch.length));
      sounds.wrong();
    } else {
      throw new Error(String(answer.status));
    }
    keep();
    refresh();
  } catch {
    offlineSince ||= Date.now();
    setTimeout(send, RETRY_MS);
    showSync();
    sending = false;
    return;
  }
  sending = false;
  showSync();
  send();
}

badge.addEventListener("click", () => {
  kept.waiting.push(...kept.refused.splice(0));
  keep();
  send();
});

// The figures: whole, from the server, at most four times a second.

let refreshing = false;
let again = false;

async function refresh() {
  if (refreshing) { again = true; return; }
  refreshing = true;
  do {
    again = false;
    try {
      const answer = await fetch(`/rounds/${round}/state`, { cache: "no-store" });
      if (answer.ok) put(new DOMParser().parseFromString(await answer.text(), "text/html"));
      answeredAt = new Date().toTimeString().slice(0, 8);
    } catch { /* the badge tells; the figures stay as they were */ }
    await new Promise((done) => { setTimeout(done, PACE_MS); });
  } while (again);
  refreshing = false;
  showSync();
}

function put(fresh) {
  const figures = fresh.getElementById("figures");
  if (!figures) return;
  if (figures.dataset.state !== "open") { location.reload(); return; }
  const left = byId("figures").querySelector(".rest b")?.textContent;
  const reason = document.querySelector("#eye-form select")?.value;
  for (const id of ["figures", "deviations"]) {
    const now = fresh.getElementById(id);
    if (byId(id).innerHTML !== now.innerHTML) byId(id).replaceChildren(...[...now.childNodes].map((n) => document.adoptNode(n)));
  }
  const select = document.querySelector("#eye-form select");
  if (select && reason) select.value = reason;
  if (left !== "0" && byId("figures").querySelector(".rest b")?.textContent === "0") sounds.done();
}

// Ticks by eye, and undo.

document.addEventListener("submit", async (event) => {
  if (event.target.id === "eye-form" && event.submitter) {
    event.preventDefault();
    const select = event.target.querySelector("select");
    add(event.submitter.value, "eye", select.options[select.selectedIndex].text);
  }
  if (event.target.id === "undo-form") {
    event.preventDefault();
    try {
      const answer = await post(`/api/v1/rounds/${round}/undo`, {});
      if (!answer.ok) throw new Error(String(answer.status));
      const undone = await answer.json();
      band(undone.event ? "undone" : "nothing_to_undo", undone.code ?? "", undone.event ? "−1" : "");
      refresh();
    } catch {
      offlineSince ||= Date.now();
      showSync();
    }
  }
});

// Done only when everything has arrived.
byId("finish").addEventListener("click", (event) => {
  if (!kept.waiting.length && !kept.refused.length) return;
  event.preventDefault();
  badge.classList.add("off");
  showSync();
  send();
});

// What the antennas under the place hear counts too.

let fed = 0;
async function feed() {
  if (Date.now() - fed < 1000) return;
  fed = Date.now();
  try { await post(`/api/v1/rounds/${round}/feed`, {}); } catch { return; }
  refresh();
}

follow(["rounds", "readers"], (told) => {
  if (told?.topics && "readers" in told.topics) feed();
  else refresh();
});
onChange(showSync);
setInterval(showSync, 1000);
keep();
feed();
showSync();
send();
focusBox();

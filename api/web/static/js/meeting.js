// The board. Scans go into a queue on the device and leave it only when the server has answered: none is lost while a
// request runs, and a scan that is sent again finds its paper counted already. Numbers and codes only, never a title.
import { follow, onChange } from "./live.js";

const { meeting, csrf, view, count } = document.body.dataset;
const byId = (id) => document.getElementById(id);
const box = byId("scan");
const pages = byId("pages");
const last = byId("last");
const badge = byId("sync");
const list = byId("refused");
const KEPT = `meeting:${meeting}`;
const SILENT = "sweep:silent";
const QUIET_MS = 60;
const RETRY_MS = 3000;
const PACE_MS = 250;
const BATCH = 100;
const EPC_DIGITS = 24;
const WHOLE_EPCS = /^([0-9A-Fa-f]{24})+$/;

const read = (key, other) => { try { return JSON.parse(localStorage.getItem(key)) ?? other; } catch { return other; } };
const kept = read(KEPT, { waiting: [], refused: [] });
const keep = () => { try { localStorage.setItem(KEPT, JSON.stringify(kept)); } catch { /* a full store: the queue stays in memory */ } };
const newEvent = () => [...crypto.getRandomValues(new Uint8Array(12))].map((b) => b.toString(16).padStart(2, "0")).join("");

// The box: always focused, taken on Enter, Tab, a blank, or 60 ms of silence after a whole EPC.

function focusBox() {
  const at = document.activeElement;
  if (box && (!at || at === document.body || at.tagName === "BUTTON")) box.focus({ preventScroll: true });
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
  const number = pages && /^\d{1,6}$/.test(pages.value.trim()) ? Number(pages.value.trim()) : null;
  if (pages && codes.length && number === null) { pages.focus(); return; }
  box.value = "";
  if (pages) { pages.value = ""; box.focus(); }
  for (const code of codes) kept.waiting.push({ event: newEvent(), code: code.slice(0, 200), pages: number });
  keep();
  showSync();
  send();
}

let lastKey = 0;
if (box) {
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
    setTimeout(() => { if (box.value === value && performance.now() - lastKey >= QUIET_MS) take(); }, QUIET_MS + 10);
  });
  pages?.addEventListener("keydown", (event) => { if (event.key === "Enter") { event.preventDefault(); take(); } });
  byId("scan-form").addEventListener("submit", (event) => { event.preventDefault(); take(); });
  document.addEventListener("click", (event) => { if (event.target !== pages) setTimeout(focusBox, 0); });
  const keys = byId("keys");
  keys.hidden = false;
  keys.addEventListener("click", () => {
    const on = box.inputMode === "none";
    box.inputMode = on ? "text" : "none";
    keys.setAttribute("aria-pressed", String(on));
    box.blur();
    box.focus();
  });
}
document.addEventListener("visibilitychange", () => { if (!document.hidden) { focusBox(); refresh(); } });

// Sounds: new, counted already, wrong, done. Muted on this device, for sweeps and meetings alike.

let silent = read(SILENT, false);
let audio = null;
const sound = byId("sound");
function showSound() {
  sound.setAttribute("aria-pressed", String(!silent));
  sound.querySelector("use").setAttribute("href", silent ? "#i-mute" : "#i-sound");
}
if (sound) {
  sound.hidden = false;
  showSound();
  sound.addEventListener("click", () => {
    silent = !silent;
    try { localStorage.setItem(SILENT, JSON.stringify(silent)); } catch { /* not kept: it holds for this page */ }
    showSound();
  });
}

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
  counted: () => tone(880, 60),
  repeated: () => tone(220, 30),
  wrong: () => { tone(520, 125, 0, 420); tone(420, 125, 130, 320); },
  done: () => { tone(660, 90); tone(830, 120, 100); },
};
const QUIETLY = new Set(["counted", "repeated", "spare"]);

// The band of the last scan, and what was refused: it stays in sight until a person takes it away.

const attr = (name) => last.getAttribute(`data-${name}`) ?? "";
function band(outcome, paper, small) {
  const name = outcome.replaceAll("_", "-");
  const [colour, icon] = attr(`${name}-look`).split(" ");
  last.className = `mlast k-${colour} flash`;
  setTimeout(() => last.classList.remove("flash"), 120);
  last.querySelector("use").setAttribute("href", `#i-${icon}`);
  last.querySelector("b").textContent = `${paper ? `${paper} ` : ""}${attr(name)}`;
  last.querySelector("span").textContent = small;
}

function whose(one) {
  if (one.refusal) return one.refusal;
  if (!one.seat) return one.paper ? "" : one.code;
  const left = one.left ? `${attr("left")} ${one.left}` : attr("all-in");
  return `${attr("seat")} ${one.seat} ${one.attendee} · ${left}`;
}

function showRefused() {
  list.hidden = kept.refused.length === 0;
  list.replaceChildren(...kept.refused.map((one, index) => {
    const item = document.createElement("li");
    const code = document.createElement("b");
    code.textContent = one.paper || one.code;
    const why = document.createElement("span");
    why.textContent = one.why;
    const away = document.createElement("button");
    away.type = "button";
    away.textContent = "×";
    away.setAttribute("aria-label", `${one.code} ×`);
    away.addEventListener("click", () => { kept.refused.splice(index, 1); keep(); showRefused(); showSync(); });
    item.append(code, why, away);
    return item;
  }));
}

function tell(results) {
  const shown = results.findLast((one) => !QUIETLY.has(one.outcome)) ?? results.at(-1);
  if (!shown) return;
  band(shown.outcome, shown.paper, whose(shown));
  for (const one of results) {
    if (!QUIETLY.has(one.outcome)) kept.refused.push({ code: one.code, paper: one.paper, why: `${attr(one.outcome)} ${whose(one)}` });
  }
  if (!QUIETLY.has(shown.outcome)) sounds.wrong();
  else if (results.some((one) => one.outcome === "counted")) sounds.counted();
  else sounds.repeated();
  showRefused();
}

// The queue.

let sending = false;
let offlineSince = 0;
let answeredAt = "";
const timeNow = () => new Date().toTimeString().slice(0, 8);

function showSync() {
  const word = badge.querySelector(".sync-word");
  const small = badge.querySelector("small");
  const n = kept.waiting.length;
  const stale = document.body.classList.contains("stale");
  badge.classList.toggle("off", offlineSince > 0 || stale);
  badge.classList.toggle("bad", kept.refused.length > 0);
  if (kept.refused.length) word.textContent = `${badge.dataset.refused} ${kept.refused.length}`;
  else if (offlineSince) word.textContent = badge.dataset.offline;
  else word.textContent = n ? `${badge.dataset.syncing} ${n}` : badge.dataset.synced;
  if (offlineSince) small.textContent = `${n} ${badge.dataset.kept}`;
  else if (answeredAt) small.textContent = stale ? `${badge.dataset.stale} ${answeredAt}` : answeredAt;
}

const post = (path, body) => fetch(path, {
  method: "POST",
  headers: { "Content-Type": "application/json", "X-CSRF-Token": csrf },
  body: JSON.stringify(body),
  redirect: "error",
});

async function send() {
  if (sending || !kept.waiting.length) return;
  sending = true;
  const batch = kept.waiting.slice(0, BATCH);
  try {
    const answer = await post(`/api/v1/meetings/${meeting}/scans`, { scans: batch });
    offlineSince = 0;
    answeredAt = timeNow();
    if (answer.ok) {
      kept.waiting.splice(0, batch.length);
      tell((await answer.json()).results);
    } else if (answer.status >= 400 && answer.status < 500 && answer.status !== 429) {
      // Refused as a whole: it stays in sight, and the others go on.
      for (const one of kept.waiting.splice(0, batch.length)) kept.refused.push({ code: one.code, why: attr("refused") });
      showRefused();
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

// The figures: whole, from the server, at most four times a second.

let refreshing = false;
let again = false;
const pause = (ms) => new Promise((done) => { setTimeout(done, ms); });
async function refresh() {
  if (refreshing) { again = true; return; }
  refreshing = true;
  do {
    again = false;
    try {
      const answer = await fetch(`/meetings/${meeting}/board/state?view=${view}`, { cache: "no-store", redirect: "error" });
      if (answer.ok) put(new DOMParser().parseFromString(await answer.text(), "text/html"));
      answeredAt = timeNow();
    } catch { /* the badge tells; the figures stay as they were */ }
    await pause(PACE_MS);
  } while (again);
  refreshing = false;
  showSync();
}

const outNow = () => Number(document.querySelector(".remain")?.dataset.out ?? 0);
function put(fresh) {
  const before = outNow();
  for (const id of ["tally", "seats", "end"]) {
    const now = fresh.getElementById(id);
    const old = byId(id);
    if (now && old.innerHTML !== now.innerHTML) old.replaceChildren(...[...now.childNodes].map((node) => document.adoptNode(node)));
  }
  if (before && !outNow()) sounds.done();
}

// Undo: the newest count, by the button or by its key where nobody is typing.

async function undo() {
  try {
    const answer = await post(`/api/v1/meetings/${meeting}/undo`, {});
    if (!answer.ok) throw new Error(String(answer.status));
    const { undone } = await answer.json();
    if (undone) band("undone", undone.paper, `${attr("seat")} ${undone.seat} ${undone.attendee}`);
    else band("nothing_to_undo", "", "");
    refresh();
  } catch {
    band("refused", "", "");
    sounds.wrong();
  }
}
byId("undo-form")?.addEventListener("submit", (event) => { event.preventDefault(); undo(); });

badge.addEventListener("click", () => { send(); refresh(); });
follow(["books", "presence"], refresh);
onChange(showSync);
setInterval(showSync, 1000);
setInterval(refresh, 30_000); // "heard three minutes ago" grows old by itself
showRefused();
showSync();
if (count === "on") send();
focusBox();

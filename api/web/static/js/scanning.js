// What the sweep and the meeting's board share: the scan box, the queue on the device, the sounds, the figures that
// come whole from the server. Numbers and codes only, never a title.

import { set, setting } from "./kept.js";

export const byId = (id) => document.getElementById(id);
export const timeNow = () => new Date().toTimeString().slice(0, 8);
const QUIET_MS = 60;
const RETRY_MS = 3000;
const PACE_MS = 250;
const SCANNER_MS = 400;
const FIGURES_MS = 15000;
// A tag's number with what a scanner puts before and behind it; an EPC of 96 bits, or a UID of the high frequency.
const WORN = /^[^0-9A-Za-z]*(?:(?:EPC|UID|0x)[:=]?)?((?:[0-9A-F]{2}){7,})[^0-9A-Za-z]*$/i;
const RUNS = [/^(?:E0[0-9A-F]{14})+$/i, /^(?:04[0-9A-F]{12})+$/i, /^(?:[0-9A-F]{24})+$/i];
const DIGITS = [16, 14, 24];

function remembered(key, other) {
  try { return JSON.parse(localStorage.getItem(key)) ?? other; } catch { return other; }
}

function remember(key, value) {
  try { localStorage.setItem(key, JSON.stringify(value)); } catch { /* a full store: it holds for this page */ }
}

// The name of this device, made once and kept on it: what the identifiers of its scans begin with.
export function deviceName() {
  const known = remembered("sweep:device", "");
  if (/^d-[0-9a-f]{8}$/.test(known)) return known;
  const made = newEvent("d-").slice(0, 10);
  remember("sweep:device", made);
  return made;
}

// An identifier of its own for a scan: sent again, it is taken once.
export function newEvent(prefix = "") {
  return prefix + [...crypto.getRandomValues(new Uint8Array(12))].map((b) => b.toString(16).padStart(2, "0")).join("");
}

// Whether a text is whole tags' numbers and nothing else: only that is taken by silence, never a part of one.
export const whole = (text) => RUNS.some((run) => run.test(WORN.exec(text)?.[1] ?? ""));

export function codesOf(text) {
  const found = [];
  for (const piece of text.split(/[\s\u0000-\u001f\u007f,;，；、]+/u)) {
    const bare = WORN.exec(piece)?.[1];
    const digits = bare ? DIGITS[RUNS.findIndex((run) => run.test(bare))] : undefined;
    if (digits) found.push(...bare.match(new RegExp(`.{${digits}}`, "g")));
    else if (piece) found.push(bare ?? piece);
  }
  return found;
}

export function focusBox(box) {
  const at = document.activeElement;
  if (box && (!at || at === document.body || at.tagName === "BUTTON")) box.focus({ preventScroll: true });
}

// The box: always focused, taken on Enter, Tab, a blank, or 60 ms of silence after a whole EPC. A click on a field
// in `besides` leaves the focus there.
export function scanBox(box, take, besides = []) {
  let lastKey = 0;
  box.addEventListener("keydown", (event) => {
    const scanning = performance.now() - lastKey < SCANNER_MS;
    lastKey = performance.now();
    const filled = box.value.trim() !== "";
    // A scanner's Tab behind a code that silence has taken already must not carry the focus away.
    if (event.key === "Enter" || (event.key === "Tab" && (filled || scanning)) || (filled && event.key === " ")) {
      event.preventDefault();
      take();
    }
  });
  box.addEventListener("input", () => {
    // Silence ends a code only where it is whole: a busy machine may pause in the middle of a number.
    const { value } = box;
    if (!whole(value)) return;
    setTimeout(() => { if (box.value === value && performance.now() - lastKey >= QUIET_MS) take(); }, QUIET_MS + 10);
  });
  byId("scan-form").addEventListener("submit", (event) => { event.preventDefault(); take(); });
  document.addEventListener("click", (event) => { if (!besides.includes(event.target)) setTimeout(() => focusBox(box), 0); });
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

// Sounds: new, counted already, wrong, done. Muted on this device, for sweeps and meetings alike.

let silent = setting("sound", "on") === "off";
let audio = null;

export function soundButton(button) {
  const show = () => {
    button.setAttribute("aria-pressed", String(!silent));
    button.querySelector("use").setAttribute("href", silent ? "#i-mute" : "#i-sound");
  };
  button.hidden = false;
  show();
  button.addEventListener("click", () => {
    silent = !silent;
    set("sound", silent ? "off" : "on");
    show();
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

export const sounds = {
  counted: () => tone(880, 60),
  repeated: () => tone(220, 30),
  wrong: () => { tone(520, 125, 0, 420); tone(420, 125, 130, 320); },
  done: () => { tone(660, 90); tone(830, 120, 100); },
};

// The band of the last scan takes its colour and icon, and flashes.
export function flash(band, plain, colour, icon) {
  band.className = `${plain} k-${colour} flash`;
  setTimeout(() => band.classList.remove("flash"), 120);
  band.querySelector("use").setAttribute("href", `#i-${icon}`);
}

export function poster(csrf) {
  return (path, body) => fetch(path, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-CSRF-Token": csrf },
    body: JSON.stringify(body),
    redirect: "error",
  });
}

// The queue on the device: a scan leaves it only when the server has answered, so that a cut line loses nothing.
// `send(scans)` gives the answer; `tell(results)` shows it; `refuse(scans)` gives what is kept in sight of scans that
// were refused as a whole; `after()` is called when the server has taken or refused some.
export class Queue {
  constructor({ key, badge, batch, send, tell, refuse, after }) {
    Object.assign(this, { key, badge, batch, post: send, tell, refuse, after });
    this.kept = remembered(key, { waiting: [], refused: [] });
    this.sending = false;
    this.retrying = 0;
    this.offlineSince = 0;
    this.answeredAt = "";
  }

  get empty() { return !this.kept.waiting.length && !this.kept.refused.length; }

  keep() { remember(this.key, this.kept); }

  add(...scans) {
    this.kept.waiting.push(...scans);
    this.keep();
    this.show();
    this.send();
  }

  answered() { this.answeredAt = timeNow(); }

  cut() {
    this.offlineSince ||= Date.now();
    this.show();
  }

  show() {
    const { badge, kept, offlineSince, answeredAt } = this;
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

  async send() {
    if (this.sending || !this.kept.waiting.length) return;
    this.sending = true;
    const batch = this.kept.waiting.slice(0, this.batch);
    try {
      const answer = await this.post(batch);
      this.offlineSince = 0;
      this.answered();
      if (answer.ok) {
        this.kept.waiting.splice(0, batch.length);
        this.tell((await answer.json()).results);
      } else if (answer.status >= 400 && answer.status < 500 && answer.status !== 429) {
        // Refused as a whole: it stays in sight, and the others go on.
        this.kept.refused.push(...this.refuse(this.kept.waiting.splice(0, batch.length)));
        sounds.wrong();
      } else {
        throw new Error(String(answer.status));
      }
      this.keep();
      this.after();
    } catch {
      clearTimeout(this.retrying);
      this.retrying = setTimeout(() => this.send(), RETRY_MS);
      this.cut();
      this.sending = false;
      return;
    }
    this.sending = false;
    this.show();
    this.send();
  }
}

// The figures: whole, from the server, at most four times a second. Gives the function that asks for them.
export function figures(address, put, queue) {
  let refreshing = false;
  let again = false;
  return async function refresh() {
    if (refreshing) { again = true; return; }
    refreshing = true;
    do {
      again = false;
      try {
        const answer = await fetch(address, { cache: "no-store", redirect: "error", signal: AbortSignal.timeout(FIGURES_MS) });
        if (answer.ok) await put(new DOMParser().parseFromString(await answer.text(), "text/html"));
        queue.answered();
      } catch { queue.failed?.(); /* the badge tells; the figures stay as they were */ }
      await new Promise((done) => { setTimeout(done, PACE_MS); });
    } while (again);
    refreshing = false;
    queue.show();
  };
}

// What has changed of these parts is taken over from a fresh page, which stays whole: it is read afterwards.
export function takeOver(fresh, ids) {
  for (const id of ids) {
    const now = fresh.getElementById(id);
    const old = byId(id);
    if (now && old.innerHTML !== now.innerHTML) old.replaceChildren(...document.importNode(now, true).childNodes);
  }
}

// The sweep. What is done at the shelf goes into the device's own database under identifiers made here, and leaves it
// only when the server has it: a cut line loses nothing and a replay doubles nothing. While there is no network the page
// goes on by what this device knows of the sweep, and says so. Numbers and codes only, never a title.
import { setting, set, isDurable, prepare } from "./kept.js";
import { follow, onChange } from "./live.js";
import { Outbox, saveFile } from "./outbox.js";
import { byId, codesOf, figures, deviceName, flash, focusBox, newEvent, scanBox, soundButton, sounds, takeOver, whole } from "./scanning.js";
import { fetchSheet, forgetOthers, keptSheet, reckon } from "./sheet.js";
import { drawFigures, drawList, drawRounds, drawStuck, drawWalk } from "./sheet_drawn.js";
import { t } from "./words.js";

const bare = document.body.dataset.bare === "on";
const round = bare ? decodeURIComponent(location.pathname.split("/").pop()) : document.body.dataset.round;
const device = deviceName();
const box = byId("scan");
const last = byId("last");
const badge = byId("sync");
const SHEET_MS = 15000;
let { csrf } = document.body.dataset;
let person = Number(document.body.dataset.person) || undefined;
let sheet = null;
let outbox = null;
let done = false;

async function post(path, body, milliseconds = 20000) {
  if (!csrf) await renew();
  return fetch(path, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-CSRF-Token": csrf },
    body: JSON.stringify(body),
    redirect: "error",
    signal: AbortSignal.timeout(milliseconds),
  });
}

// The token of the session that there is now, and whose it is.
async function renew() {
  const answer = await fetch("/api/v1/session", { cache: "no-store", redirect: "error", signal: AbortSignal.timeout(10000) });
  if (!answer.ok) {
    if (answer.status === 401 && outbox) { outbox.signedOut = true; stuck(); }
    throw new Error(String(answer.status));
  }
  const who = await answer.json();
  csrf = who.csrf;
  for (const field of document.querySelectorAll("input[name=csrf]")) field.value = csrf;
  if (outbox) {
    outbox.signedOut = false;
    // Somebody else is signed in now: what the other one scanned is not sent in his name.
    if (outbox.person !== who.person) location.reload();
  }
  return who.person;
}

// The band of the last scan.

const bands = {
  present: ["ok", "ok"], counted: ["ok", "ok"], repeated: ["mute", "ok"], unknown: ["due", "ask"], elsewhere: ["odd", "swap"],
  on_loan: ["odd", "in"], noted: ["due", "off"], put_back: ["ok", "ok"], taken_out: ["ok", "ok"], logged: ["ok", "ok"], undealt: ["mute", "undo"], refused: ["bad", "alert"], undone: ["mute", "undo"], nothing_to_undo: ["mute", "undo"],
};
const WRONG = new Set(["unknown", "elsewhere", "on_loan", "refused"]);

function band(kind, what, nth) {
  flash(last, "last", ...bands[kind]);
  last.querySelector(".word").textContent = last.getAttribute(`data-${kind.replaceAll("_", "-")}`);
  last.querySelector(".what").textContent = what;
  last.querySelector(".nth").textContent = nth;
}

function tell(results) {
  const shown = results.filter((one) => one.kind in bands).at(-1);
  if (!shown) return;
  const fresh = results.filter((one) => ["present", "counted"].includes(one.kind)).length;
  const { carrier } = shown;
  const what = carrier ? `${carrier.control_number} ${carrier.copy_number}/${carrier.copies}` : shown.number ?? shown.code ?? "";
  band(shown.kind, what, shown.kind === "undone" ? "−1" : fresh ? `+${fresh}` : "");
  if (results.some((one) => WRONG.has(one.kind))) sounds.wrong();
  else if (fresh || results.some((one) => one.kind === "noted")) sounds.counted();
  else sounds.repeated();
}

// By what this device knows, where the server cannot be asked now.

// The number of what an event speaks of, where this device knows it.
async function shown(one, found) {
  const code = one.about ?? (one.what === "undo" ? sheet.trail.undone.find((taken) => taken.event === one.code)?.code ?? "" : one.code);
  const at = one.what !== "scan" ? await sheet.find(code) : found.which.get(one.event) ?? -1;
  return at >= 0 ? sheet.number(at) : code;
}

let drawing = Promise.resolve();
function local(events = []) {
  drawing = drawing.then(async () => {
    if (!sheet || !outbox) return;
    const found = await reckon(sheet, outbox.here);
    if (events.length) {
      for (const one of events) one.told = one.what === "deal" ? one.reason : one.what === "undo" ? (one.about ? "undealt" : "undone") : found.kinds.get(one.event) ?? "noted";
      const said = events.filter((one) => one.what !== "walk");
      tell(await Promise.all(said.map(async (one) => ({ ...one, kind: one.told, number: await shown(one, found) }))));
    }
    if (!outbox.away) return;
    const before = byId("figures").querySelector(".rest b")?.textContent;
    drawFigures(sheet, found, outbox.here.length);
    drawList(sheet, found, outbox.here);
    drawWalk(sheet, found);
    byId("walk").dataset.place = found.where ?? "";
    if (before && before !== "0" && byId("figures").querySelector(".rest b")?.textContent === "0") sounds.done();
  }).catch((error) => console.error(error));
  return drawing;
}

function stuck() {
  drawStuck(byId("stuck"), { outbox, durable: isDurable(), done });
}

// Sheet, outbox, figures.

async function renewSheet() {
  try {
    const fresh = await fetchSheet(round);
    if (fresh.told.state !== "open") return;
    sheet = sheet ? sheet.renewed(fresh) : fresh;
    await sheet.keep();
    stuck();
  } catch { /* what is known stays */ }
}

let renewedAt = 0;
async function learn(fresh) {
  const now = fresh.getElementById("figures");
  const { met, list } = now.dataset;
  const rows = fresh.querySelectorAll("#deviations li[data-keep]");
  const first = !sheet;
  sheet?.differs(rows);
  if (first || (list !== undefined && sheet.told.list !== list)) {
    if (Date.now() - renewedAt < SHEET_MS && !first) return;
    renewedAt = Date.now();
    await renewSheet();
    if (!first || !sheet) return;
    sheet.differs(rows);
  }
  Object.assign(sheet.trail, { at: Date.now() * 1000, where: Number(byId("walk").dataset.place) || null });
  if (met !== undefined) sheet.trail.met = met;
  else sheet.trail.count = Number(now.querySelector(".huge b")?.textContent.replaceAll(",", "")) || 0;
  await sheet.keepTrail();
}

const refresh = figures(`/rounds/${round}/state?device=${device}`, async (fresh) => {
  const now = fresh.getElementById("figures");
  if (!now) return;
  // Finished meanwhile: its report is shown, unless something of it is still here and must stay in sight.
  if (now.dataset.state !== "open") { if (!outbox.items.some((one) => one.round === round)) location.reload(); return; }
  const left = byId("figures").querySelector(".rest b")?.textContent;
  const reason = document.querySelector("#eye-form select")?.value;
  const number = byId("eye-number")?.value;
  // What the device worked out by itself gives way to what the server says, once the server has everything.
  if (outbox.here.length === 0 || !byId("figures").classList.contains("own")) {
    takeOver(fresh, ["walk", "figures", "deviations"]);
    byId("figures").classList.remove("own");
    byId("walk").dataset.place = fresh.getElementById("walk").dataset.place;
  }
  if (number) byId("eye-number").value = number;
  const select = document.querySelector("#eye-form select");
  if (select && reason) select.value = reason;
  if (left && left !== "0" && byId("figures").querySelector(".rest b")?.textContent === "0") sounds.done();
  await learn(fresh);
}, { answered: () => outbox.answered(), show: () => outbox.show(), failed: () => { outbox.cut(); signedIn(); } });

let asked = 0;
async function signedIn() {
  if (Date.now() - asked < SHEET_MS || !navigator.onLine) return;
  asked = Date.now();
  try { await renew(); } catch { /* the badge tells */ }
}

// What is done.

const placeNow = () => Number(byId("walk").dataset.place) || null;
const scanned = (code, means, reason) => ({ event: newEvent(`${device}-`), code: code.slice(0, 200), at: Date.now() * 1000, means, place: placeNow(), reason });

function add(...events) {
  if (!outbox || !events.length) return;
  done = false;
  outbox.add(...events);
  sheet?.did(events.filter((one) => one.what !== "walk"));
  if (outbox.away) stuck();
}

function take() {
  const codes = codesOf(box.value);
  // Before the database is open nothing is taken out of the box.
  if (!outbox) return;
  box.value = "";
  add(...codes.map((code) => scanned(code, "scan", "")));
}

function undo() {
  if (!outbox) return;
  const trail = sheet?.trail.done ?? [];
  const newest = trail.at(-1);
  const refused = newest && outbox.items.find((one) => one.event === newest.event && one.state === "refused");
  if (newest) sheet.took(newest);
  if (refused) {
    outbox.drop([refused]);
    band("undone", refused.code, "−1");
    stuck();
    outbox.show();
    return;
  }
  outbox.add({ event: newEvent(`${device}-`), what: "undo", code: newest?.event ?? "", about: newest?.what === "deal" ? newest.code : undefined, at: Date.now() * 1000 });
}

// What was done about a row, by one tap; or that it was not done after all. The row is quiet at once, and stays.
function deal(button) {
  const row = button.closest("li");
  const { code } = row.dataset;
  button.disabled = true;
  row.classList.add("dealt");
  if (button.name === "deal") { add({ event: newEvent(`${device}-`), what: "deal", code, reason: row.dataset.act, at: Date.now() * 1000 }); return; }
  sheet?.took({ event: button.value, what: "deal" });
  outbox.add({ event: newEvent(`${device}-`), what: "undo", code: button.value, about: code, at: Date.now() * 1000 });
}

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (form.id === "eye-form" && event.submitter) {
    event.preventDefault();
    const select = form.querySelector("select");
    const typed = byId("eye-number");
    const code = typed ? typed.value.trim() : event.submitter.value;
    if (!code) return;
    add(scanned(code, "eye", select.options[select.selectedIndex].text));
    if (typed) typed.value = "";
  }
  if (form.id === "deal-form" && event.submitter) {
    event.preventDefault();
    if (outbox) deal(event.submitter);
  }
  if (form.id === "walk-form") {
    event.preventDefault();
    const { place, scans } = form.dataset;
    const yes = event.submitter.value === "yes";
    add({ event: newEvent(`${device}-`), what: "walk", at: Date.now() * 1000, device, place: Number(place), yes, scans: scans.split(" ") });
    if (yes) byId("walk").dataset.place = place;
    byId("walk").replaceChildren();
    if (outbox.away) local();
  }
  if (form.id === "undo-form") {
    event.preventDefault();
    undo();
  }
  if (form.id === "pause-form" && outbox?.away) {
    event.preventDefault();
    outbox.show();
  }
});

// 1 and 2 answer while the question stands; a scanner that begins with them goes on within the pause.
const ANSWER_MS = 250;
box.addEventListener("input", () => {
  const key = box.value;
  if ((key !== "1" && key !== "2") || !byId("walk-form")) return;
  setTimeout(() => {
    const form = byId("walk-form");
    if (box.value !== key || !form) return;
    box.value = "";
    form.requestSubmit(form.querySelector(`button[value="${key === "1" ? "yes" : "no"}"]`));
  }, ANSWER_MS);
});

// Done only when everything has arrived: until then it is done here, and so many are still to send.
byId("finish").addEventListener("click", (event) => {
  if (!outbox || (outbox.here.length === 0 && !outbox.away)) return;
  event.preventDefault();
  done = true;
  stuck();
  outbox.show();
  outbox.send();
});

document.addEventListener("click", (event) => {
  if (!event.target.closest("a[href='#eye-form']")) return;
  event.preventDefault();
  byId("eye-form").scrollIntoView({ block: "start" });
  box.focus({ preventScroll: true });
});

document.addEventListener("click", async (event) => {
  const act = event.target.closest("[data-stuck]")?.dataset.stuck;
  if (!act) return;
  if (act === "retry") await outbox.retry();
  if (act === "file") saveFile(device, outbox.items);
  if (act === "hand") {
    try {
      const n = await outbox.handOver(device);
      drawStuck(byId("stuck"), { outbox, durable: isDurable(), done, handed: n });
    } catch { outbox.cut(); stuck(); }
  }
});

// What the antennas under the place hear counts too.

let fed = 0;
async function feed() {
  if (Date.now() - fed < 1000) return;
  fed = Date.now();
  try { await post(`/api/v1/rounds/${round}/feed`, {}); } catch { return; }
  refresh();
}

// How large things are to hit: by hand, in gloves, in thick gloves. And the rest of the page.

const SIZES = ["hand", "glove", "thick"];
const sizes = byId("size");
function size(name) {
  for (const one of SIZES) document.body.classList.toggle(`size-${one}`, one === name);
  sizes.querySelector("span").textContent = t(`size${name[0].toUpperCase()}${name.slice(1)}`);
}
sizes.hidden = false;
sizes.addEventListener("click", () => {
  const name = SIZES[(SIZES.indexOf(setting("hand", "glove")) + 1) % SIZES.length];
  set("hand", name);
  size(name);
});
size(setting("hand", "glove"));

scanBox(box, take);
soundButton(byId("sound"));
document.addEventListener("visibilitychange", () => { if (!document.hidden) { focusBox(box); if (outbox) { outbox.send(); refresh(); } } });
addEventListener("online", () => { outbox?.send(); refresh(); });

// A server that was too slow for the page may yet answer: the sheet is asked for until it is here.
async function sheetComes() {
  while (!sheet) {
    try {
      person = await renew();
      sheet = await fetchSheet(round);
      if (sheet.told.state !== "open") location.reload();
      await sheet.keep();
    } catch { await new Promise((done) => { setTimeout(done, SHEET_MS / 3); }); }
  }
}

async function begin() {
  if (bare && location.pathname === "/rounds") { document.body.classList.add("listing"); badge.classList.add("off"); await drawRounds(byId("deviations")); return; }
  sheet = await keptSheet(round, person);
  if (bare) {
    if (!sheet) { drawStuck(byId("stuck"), { outbox: null, durable: isDurable(), done }); await sheetComes(); }
    person = sheet.told.person;
    byId("place").textContent = sheet.told.place;
    byId("which").textContent = round;
    document.title = `${round} — ${document.title}`;
    byId("finish").href = `/rounds/${round}/finish`;
  } else {
    await forgetOthers(person);
  }
  outbox = new Outbox({
    round, person, badge, post, tell, renew,
    untold: local,
    settled: (results) => sheet?.learnt(results),
    after: () => { if (done) stuck(); if (outbox.here.length === 0) refresh(); },
    changed: () => { stuck(); if (outbox.away) local(); else refresh(); },
  });
  if (bare) outbox.offlineSince = Date.now();
  await outbox.begin();
  follow(["rounds", "readers"], (told) => {
    if (told?.topics && "readers" in told.topics) feed();
    else refresh();
  });
  onChange(() => outbox.show());
  setInterval(() => outbox.show(), 1000);
  // A line that the browser has given up is tried again by us.
  setInterval(() => { if (outbox.away || document.body.classList.contains("stale")) { outbox.send(); refresh(); } }, 5000);
  stuck();
  if (bare) await local();
  else if (!sheet) await renewSheet();
  feed();
  refresh();
  focusBox(box);
  // What stands in the box may still be on its way out of a scanner: only whole codes are taken now.
  if (whole(box.value)) take();
  await prepare();
}
begin();

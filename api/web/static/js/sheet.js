// What this device knows of a sweep without asking: the numbers that it expects, and of each tag a salted hash. So it
// says "in its place" at the shelf while there is no network; the server has the last word when it hears of the scan.
import * as kept from "./kept.js";

const IN_A_ROW = 3;
const HASH_DIGITS = 16;
const coder = new TextEncoder();

async function hashOf(text) {
  const bytes = new Uint8Array(await crypto.subtle.digest("SHA-256", coder.encode(text)));
  return [...bytes.slice(0, HASH_DIGITS / 2)].map((one) => one.toString(16).padStart(2, "0")).join("");
}

// `told`: as the server gave it, never changed. `trail`: what changes, small enough to be kept at every scan: who was
// met (`met`, `at`), where the person says to be (`where`), what was scanned with this device (`done`, the newest last).
export class Sheet {
  constructor(told, trail = null) {
    this.told = told;
    this.index = null;
    const { person, until, met, at } = told;
    this.trail = trail ?? { round: trailOf(told.round), person, until, met, at, where: null, done: [], undone: [], count: 0 };
  }

  get round() { return this.told.round; }

  keep() { return kept.put("sheets", [this.told, this.trail]); }
  keepTrail() { return kept.put("sheets", [this.trail]); }

  // The same sweep's newer list, with what was done here meanwhile.
  renewed(fresh) {
    fresh.trail = { ...this.trail, met: fresh.told.met, at: fresh.told.at, until: fresh.told.until };
    return fresh;
  }

  // Built when it is first asked: a large sweep has twenty thousand.
  known() {
    if (this.index) return this.index;
    const tags = new Map();
    const numbers = new Map();
    const alone = new Map();
    this.told.lines.forEach(([number, copy, , , hashes], at) => {
      numbers.set(`${number}/${Number.parseInt(copy, 10)}`.toUpperCase(), at);
      alone.set(number.toUpperCase(), alone.has(number.toUpperCase()) ? -1 : at);
      for (const one of hashes) tags.set(one, at);
    });
    this.index = { tags, numbers, alone };
    return this.index;
  }

  // Which of its carriers a code names; -1 for none that it knows.
  async find(code) {
    const { tags, numbers, alone } = this.known();
    const bare = code.trim().toUpperCase();
    const named = /^(.+?)\s*[/#\s]\s*(\d{1,6})(?:\s*\/\s*\d{1,6})?$/.exec(bare);
    if (named && numbers.has(`${named[1]}/${Number(named[2])}`)) return numbers.get(`${named[1]}/${Number(named[2])}`);
    if (alone.has(bare)) return alone.get(bare);
    if (!/^[0-9A-F]{8,}$/.test(bare) || !crypto.subtle) return -1;
    return tags.get(await hashOf(this.told.salt + bare)) ?? -1;
  }

  number(at) { const [number, copy] = this.told.lines[at]; return `${number} ${copy}`; }

  here(at) { return at >= 0 && at < this.told.met.length; }

  place(at) { return at < 0 ? null : this.told.lines[at][3]; }

  placeCode(at) { return this.told.places[this.place(at)]?.[0] ?? ""; }

  // What the server said of scans, until its marks come: a line may be cut in between.
  async learnt(results) {
    const marks = [...this.trail.met];
    for (const one of results.filter(({ refused }) => !refused)) {
      if (one.what === "deal" || one.kind === "undealt") { this.settle(one); continue; }
      const at = one.what === "walk" ? -1 : await this.find(one.code);
      if (!this.here(at)) continue;
      if (one.what === "undo") marks[at] = "0";
      else if (marks[at] === "0") marks[at] = "1";
    }
    this.trail.met = marks.join("");
    await this.keepTrail();
  }

  // What does not agree, as the server listed it: kept, so that it can be dealt with where there is no network.
  differs(rows) {
    this.trail.rows = [...rows].map((row) => ({
      ...row.dataset,
      colour: /k-(\w+)/.exec(row.className)[1],
      icon: row.querySelector("use").getAttribute("href").slice(3),
      word: row.querySelector("b").textContent,
      what: row.querySelector(".nr").textContent,
    }));
  }

  settle({ what, code, event, kind }) {
    const row = this.trail.rows?.find((one) => one.code === code);
    if (!row) return;
    if (what === "deal" && kind !== "said") Object.assign(row, { dealt: kind, event });
    else if (what === "undo") Object.assign(row, { dealt: undefined, event: undefined });
  }

  // The newest is taken back: what it was is kept, until the server's marks say so too.
  took(newest) {
    this.trail.done = this.trail.done.filter((one) => one.event !== newest.event);
    if (newest.what !== "deal") this.trail.undone = [...this.trail.undone, newest].slice(-KEPT_DONE);
    return this.keepTrail();
  }

  // What was scanned with this device, so that the newest can be taken back, whether it was sent or not.
  did(events) {
    this.trail.done = [...this.trail.done, ...events.map(({ event, code, what }) => ({ event, code, what }))].slice(-KEPT_DONE);
    return this.keepTrail();
  }
}

const KEPT_DONE = 200;
const trailOf = (round) => `${round}#`;

export async function fetchSheet(round) {
  const answer = await fetch(`/api/v1/rounds/${round}/sheet`, { cache: "no-store", redirect: "error", signal: AbortSignal.timeout(30000) });
  if (!answer.ok) throw new Error(String(answer.status));
  return new Sheet(await answer.json());
}

// The sheet that is kept, unless its time is over or it is somebody else's (`person` undefined: whoever's).
export async function keptSheet(round, person) {
  const told = await kept.get("sheets", round);
  if (!told) return null;
  if (told.until < Date.now() * 1000 || (person !== undefined && told.person !== person)) {
    await kept.remove("sheets", [round, trailOf(round)]);
    return null;
  }
  return new Sheet(told, await kept.get("sheets", trailOf(round)));
}

// Sheets whose time is over, or that are somebody else's, are forgotten.
export async function forgetOthers(person) {
  const over = (await kept.all("sheets")).filter((one) => one.until < Date.now() * 1000 || one.person !== person);
  if (over.length) await kept.remove("sheets", over.map((one) => one.round));
}

// What was done here and is not in the sheet's marks yet, worked out in its order: which were met by it, what it was to
// each scan, where the person says to be, and whether he seems to have walked on (as the server asks it).
export async function reckon(sheet, events) {
  const marks = [...sheet.trail.met];
  const gone = new Set(events.filter((one) => one.what === "undo").map((one) => one.code));
  const pending = new Set(events.map((one) => one.event));
  for (const one of sheet.trail.undone.filter((taken) => gone.has(taken.event) && !pending.has(taken.event))) {
    const at = await sheet.find(one.code);
    if (sheet.here(at)) marks[at] = "0";
  }
  const kinds = new Map();
  const which = new Map();
  const others = new Map();
  const stray = [];
  const refused = new Set();
  let where = sheet.trail.where ?? null;
  let row = [];
  for (const one of events) {
    if (one.what === "walk") {
      if (one.yes) { where = one.place; refused.clear(); } else refused.add(one.place);
      row = [];
    }
    if (one.what !== "scan" || gone.has(one.event)) continue;
    const at = await sheet.find(one.code);
    which.set(one.event, at);
    kinds.set(one.event, kindOf(sheet, at, marks, others, one));
    if (sheet.here(at)) marks[at] = marks[at] === "0" ? (one.means === "eye" ? "2" : "1") : marks[at];
    else if (!others.has(at < 0 ? one.code : at)) {
      others.set(at < 0 ? one.code : at, at);
      stray.push({ at, code: one.code });
    }
    if (one.means === "scan") row = at < 0 || sheet.place(at) === null ? [] : next(row, at, sheet.place(at), one.event);
  }
  return { marks, kinds, which, stray, where, proposal: proposed(sheet, row, where, refused) };
}

function kindOf(sheet, at, marks, others, one) {
  if (sheet.told.blind) return others.has(one.code) ? "repeated" : "counted";
  if (at < 0) return others.has(one.code) ? "repeated" : "noted";
  if (sheet.here(at)) return marks[at] === "0" ? "present" : "repeated";
  if (others.has(at)) return "repeated";
  return sheet.told.lines[at][2] === "unasked" ? "present" : "on_loan";
}

const next = (row, at, place, event) => [...(row.length && row[0].place === place ? row : []), { at, place, event }];

function proposed(sheet, row, where, refused) {
  const seen = new Set(row.map((one) => one.at));
  if (seen.size < IN_A_ROW || refused.has(row[0].place)) return null;
  const path = (place) => sheet.told.places[place]?.[1] ?? "";
  const current = where ? path(where) : sheet.told.shelf;
  if (current && path(row[0].place).startsWith(current)) return null;
  const code = sheet.told.places[row[0].place]?.[0] ?? "";
  return { place: row[0].place, code, events: row.map((one) => one.event), carriers: seen.size };
}

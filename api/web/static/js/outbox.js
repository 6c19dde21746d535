// What was done at the shelf, on its way to the server: each event leaves this device only when the server has answered
// that it has it, in the order in which it was done, and is taken there once however often it is sent. It survives a
// closed page, a killed browser, a device switched off. Numbers and codes only, never a title.
import * as kept from "./kept.js";
import { timeNow } from "./scanning.js";

const RETRY_MS = 3000;
const ANSWER_MS = 20000;
const BATCH = 200;
const SENT = ["event", "what", "code", "at", "means", "place", "reason", "device", "yes", "scans"];
const WHOLE = new Set([404, 403]);
let order = 0;

export const sent = (one) => Object.fromEntries(SENT.filter((name) => one[name] !== undefined).map((name) => [name, one[name]]));
const inOrder = (some) => some.sort((a, b) => a.order - b.order);

// What an earlier version of this page left behind in the browser's plain store.
async function moveOver(person) {
  for (const name of Object.keys(localStorage).filter((one) => /^sweep:[^:]+-\d+$/.test(one))) {
    try {
      const { waiting = [], refused = [] } = JSON.parse(localStorage.getItem(name));
      const round = name.slice("sweep:".length);
      const item = (one, state) => ({ ...one, what: "scan", round, person, state, order: one.at + (order += 1) });
      await kept.put("events", [...waiting.map((one) => item(one, "waiting")), ...refused.map((one) => item(one, "refused"))]);
      localStorage.removeItem(name);
    } catch { /* it stays where it is */ }
  }
}

// How many events wait on this device, of whomever.
export async function left() { return inOrder(await kept.all("events")); }

// `post(path, body)` sends; `tell(results)` shows what became of this sweep's events; `untold(events)` shows those that
// the server cannot be asked about now; `settled(results)` learns from the answers; `after()` is called when the server has taken some; `renew()` gets the token of
// a new session and gives whose it is.
export class Outbox {
  constructor({ round, person, badge, post, tell, untold, settled, after, renew, changed }) {
    Object.assign(this, { round, person, badge, post, tell, untold, settled, after, renew, changed });
    this.items = [];
    this.sending = false;
    this.retrying = 0;
    this.offlineSince = 0;
    this.answeredAt = "";
    this.signedOut = false;
    this.alone = 0;
    this.failed = false;
  }

  async begin() {
    await moveOver(this.person);
    const found = await kept.all("events");
    // What was scanned while the database was read is here already.
    const here = new Set(this.items.map((one) => one.event));
    const before = found.filter((one) => !here.has(one.event));
    for (const one of before) one.told = "before";
    this.items = inOrder([...before, ...this.items]);
    order = Math.max(order, this.items.at(-1)?.order ?? 0);
    this.show();
    this.send();
  }

  get mine() { return this.items.filter((one) => one.person === this.person); }
  get waiting() { return this.mine.filter((one) => one.state === "waiting"); }
  get refused() { return this.items.filter((one) => one.state === "refused" || one.person !== this.person); }
  get here() { return this.waiting.filter((one) => one.round === this.round); }
  get empty() { return this.items.length === 0; }
  get away() { return this.offlineSince > 0; }

  add(...events) {
    const items = events.map((one) => ({
      what: "scan", ...one, round: this.round, person: this.person, state: "waiting", order: (order = Math.max(order + 1, Date.now() * 1000)),
    }));
    this.items.push(...items);
    // The next is not waited for: what is put into the database goes there in the order of asking.
    this.keep(items);
    if (this.away) this.say(items);
    this.show();
    this.send();
  }

  async keep(items) {
    await kept.put("events", items.map(({ told: _told, ...one }) => one));
    if (!kept.isDurable()) this.changed();
  }

  drop(items) {
    const gone = new Set(items.map((one) => one.event));
    this.items = this.items.filter((one) => !gone.has(one.event));
    return kept.remove("events", [...gone]);
  }

  say(items) {
    const untold = items.filter((one) => !one.told && one.round === this.round);
    for (const one of untold) one.told = "noted";
    if (untold.length) this.untold(untold);
  }

  answered() {
    const was = this.offlineSince;
    this.offlineSince = 0;
    this.answeredAt = timeNow();
    if (was) { this.changed(); this.send(); }
  }

  cut() {
    const first = !this.offlineSince;
    this.offlineSince ||= Date.now();
    this.say(this.here);
    if (first) this.changed();
    this.show();
  }

  show() {
    const { badge, offlineSince, answeredAt } = this;
    const word = badge.querySelector(".sync-word");
    const small = badge.querySelector("small");
    const n = this.waiting.length;
    const stuck = this.refused.length;
    const stale = document.body.classList.contains("stale");
    badge.classList.toggle("off", offlineSince > 0 || stale);
    badge.classList.toggle("bad", stuck > 0);
    badge.querySelector("use").setAttribute("href", offlineSince ? "#i-off" : stuck ? "#i-alert" : n ? "#i-sync" : "#i-cloud");
    const seconds = Math.floor((Date.now() - offlineSince) / 1000);
    const since = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
    if (stuck) word.textContent = `${badge.dataset.refused} ${stuck}`;
    else if (offlineSince) word.textContent = `${badge.dataset.offline} ${since}`;
    else word.textContent = n ? `${badge.dataset.syncing} ${n}` : badge.dataset.synced;
    if (offlineSince) small.textContent = `${n} ${badge.dataset.kept}`;
    else if (stuck && n) small.textContent = `${badge.dataset.syncing} ${n}`;
    else if (answeredAt) small.textContent = stale ? `${badge.dataset.stale} ${answeredAt}` : answeredAt;
  }

  // The first run of one sweep's events; where a batch was refused as a whole, each alone.
  batch() {
    const all = this.waiting;
    if (!all.length) return [];
    const run = all.filter((one) => one.round === all[0].round);
    return run.slice(0, this.alone > 0 ? 1 : BATCH);
  }

  async send() {
    if (this.sending) return;
    const batch = this.batch();
    if (!batch.length) return;
    this.sending = true;
    let again = true;
    try {
      const answer = await this.post(`/api/v1/rounds/${batch[0].round}/events`, { events: batch.map(sent) }, ANSWER_MS);
      again = await this.taken(batch, answer);
    } catch {
      // One more try at a time, however often somebody asked in between: a device in a hole of hours stays quiet.
      clearTimeout(this.retrying);
      this.retrying = setTimeout(() => this.send(), RETRY_MS);
      this.cut();
      again = false;
    }
    this.sending = false;
    this.show();
    if (again) this.send();
  }

  // What the answer says of a batch; gives whether to go on at once. Raises where there was none.
  async taken(batch, answer) {
    if (answer.ok) {
      const { results } = await answer.json();
      await this.settle(batch, results);
      this.alone = Math.max(0, this.alone - 1);
      this.failed = false;
      this.answered();
      this.after();
      return true;
    }
    if (answer.status === 401) {
      this.signedOut = true;
      this.answered();
      this.changed();
      return false;
    }
    if (answer.status >= 500 || answer.status === 429 || answer.status === 408) throw new Error(String(answer.status));
    this.answered();
    if (answer.status === 403 && !this.failed) {
      // The page is older than the session: the same once more, with its token.
      this.failed = true;
      await this.renew();
      return true;
    }
    if (batch.length > 1 && !WHOLE.has(answer.status)) {
      this.alone = batch.length;
      return true;
    }
    const problem = await answer.json().catch(() => ({}));
    const why = { code: problem.errors?.[0]?.code ?? String(answer.status), message: problem.title ?? String(answer.status) };
    await this.refuse(batch, why);
    return true;
  }

  async settle(batch, results) {
    const told = new Map(results.map((one) => [one.event, one]));
    const stays = batch.filter((one) => told.get(one.event)?.refused);
    for (const one of stays) Object.assign(one, { state: "refused", why: told.get(one.event).refused });
    if (stays.length) await this.keep(stays);
    await this.drop(batch.filter((one) => one.state !== "refused"));
    const mine = new Set(batch.filter((one) => one.round === this.round && (!one.told || one.told === "noted")).map((one) => one.event));
    const here = results.filter((one) => mine.has(one.event));
    if (here.length) this.tell(here);
    if (batch[0].round === this.round) await this.settled(results);
    if (stays.length) this.changed();
  }

  async refuse(batch, why) {
    for (const one of batch) Object.assign(one, { state: "refused", why });
    await this.keep(batch);
    this.tell(batch.map((one) => ({ ...one, kind: "refused" })));
    this.changed();
  }

  async retry() {
    const again = this.mine.filter((one) => one.state === "refused");
    for (const one of again) Object.assign(one, { state: "waiting", why: undefined });
    await this.keep(again);
    this.signedOut = false;
    this.changed();
    this.show();
    this.send();
  }

  // To a clerk, by the network: what was refused, and what is another person's. Gives how many were taken.
  async handOver(device, items = this.refused) {
    let taken = 0;
    for (const [round, whose] of groups(items)) {
      for (const [person, some] of whose) {
        const body = { device, of: person, why: some[0].why?.code ?? "", events: some.map(sent) };
        const answer = await this.post(`/api/v1/rounds/${round}/handed`, body, ANSWER_MS);
        if (!answer.ok) throw new Error(String(answer.status));
        await this.drop(some);
        taken += some.length;
      }
    }
    this.changed();
    this.show();
    return taken;
  }
}

// Events by sweep and by person.
export function groups(items) {
  const found = new Map();
  for (const one of inOrder([...items])) {
    if (!found.has(one.round)) found.set(one.round, new Map());
    const whose = found.get(one.round);
    if (!whose.has(one.person)) whose.set(one.person, []);
    whose.get(one.person).push(one);
  }
  return found;
}

// A file of what this device could not deliver: what a clerk lays in by hand.
export function saveFile(device, items) {
  const rounds = [];
  for (const [round, whose] of groups(items)) {
    for (const [person, some] of whose) rounds.push({ round, of: person, why: some[0].why?.code ?? "", events: some.map(sent) });
  }
  const text = JSON.stringify({ kind: "custody-sweep", version: 1, device, rounds });
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "application/json" }));
  link.download = `sweep-${device.slice(2)}-${new Date().toISOString().slice(0, 16).replaceAll(/[^0-9]/g, "")}.json`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

// The sweep. Scans go into a queue on the device under identifiers of their own, and leave it only when the server
// has them: a cut line loses nothing and a replay doubles nothing. Numbers and codes only, never a title.
import { follow, onChange } from "./live.js";
import { Queue, byId, codesOf, figures, deviceName, flash, focusBox, newEvent, poster, scanBox, soundButton, sounds, takeOver } from "./scanning.js";

const { round, csrf } = document.body.dataset;
const device = deviceName();
const box = byId("scan");
const last = byId("last");
const badge = byId("sync");
const post = poster(csrf);

function take() {
  const codes = codesOf(box.value);
  box.value = "";
  queue.add(...codes.map((code) => scanned(code, "scan", "")));
}

// Where the person said to be: a scan is of that place, also if it is sent much later.
const placeNow = () => Number(byId("walk").dataset.place) || null;
const scanned = (code, means, reason) => ({ event: newEvent(`${device}-`), code: code.slice(0, 200), at: Date.now() * 1000, means, place: placeNow(), reason });

scanBox(box, take);
soundButton(byId("sound"));
document.addEventListener("visibilitychange", () => { if (!document.hidden) { focusBox(box); refresh(); } });

// The band of the last scan.

const bands = {
  present: ["ok", "ok"], counted: ["ok", "ok"], repeated: ["mute", "ok"], unknown: ["due", "ask"], elsewhere: ["odd", "swap"],
  on_loan: ["odd", "in"], undone: ["mute", "undo"], nothing_to_undo: ["mute", "undo"],
};

function band(kind, what, nth) {
  flash(last, "last", ...bands[kind]);
  last.querySelector(".word").textContent = last.getAttribute(`data-${kind.replaceAll("_", "-")}`);
  last.querySelector(".what").textContent = what;
  last.querySelector(".nth").textContent = nth;
}

function tell(results) {
  const fresh = results.filter((one) => ["present", "counted"].includes(one.kind)).length;
  const wrong = results.find((one) => ["unknown", "elsewhere", "on_loan"].includes(one.kind));
  const shown = results.at(-1);
  if (!shown) return;
  const carrier = shown.carrier;
  const what = carrier ? `${carrier.control_number} ${carrier.copy_number}/${carrier.copies}` : shown.code;
  band(shown.kind, what, fresh ? `+${fresh}` : "");
  if (wrong) sounds.wrong();
  else if (fresh) sounds.counted();
  else sounds.repeated();
}

const queue = new Queue({
  key: `sweep:${round}`,
  badge,
  batch: 200,
  send: (scans) => post(`/api/v1/rounds/${round}/scans`, { scans }),
  tell,
  refuse: (scans) => scans,
  after: () => refresh(),
});

badge.addEventListener("click", () => queue.add(...queue.kept.refused.splice(0)));

const refresh = figures(`/rounds/${round}/state?device=${device}`, (fresh) => {
  const now = fresh.getElementById("figures");
  if (!now) return;
  if (now.dataset.state !== "open") { location.reload(); return; }
  const left = byId("figures").querySelector(".rest b")?.textContent;
  const reason = document.querySelector("#eye-form select")?.value;
  const number = byId("eye-number")?.value;
  takeOver(fresh, ["walk", "figures", "deviations"]);
  byId("walk").dataset.place = fresh.getElementById("walk").dataset.place;
  if (number) byId("eye-number").value = number;
  const select = document.querySelector("#eye-form select");
  if (select && reason) select.value = reason;
  if (left !== "0" && byId("figures").querySelector(".rest b")?.textContent === "0") sounds.done();
}, queue);

// Ticks by eye, and undo.

document.addEventListener("submit", async (event) => {
  if (event.target.id === "eye-form" && event.submitter) {
    event.preventDefault();
    const select = event.target.querySelector("select");
    const typed = byId("eye-number");
    const code = typed ? typed.value.trim() : event.submitter.value;
    if (!code) return;
    queue.add(scanned(code, "eye", select.options[select.selectedIndex].text));
    if (typed) typed.value = "";
  }
  if (event.target.id === "walk-form") {
    event.preventDefault();
    const { place, scans } = event.target.dataset;
    const yes = event.submitter.value === "yes";
    try {
      const body = { event: newEvent(`${device}-`), device, place: Number(place), yes, scans: scans.split(" ") };
      const answer = await post(`/api/v1/rounds/${round}/walk`, body);
      if (!answer.ok) throw new Error(String(answer.status));
      if (yes) byId("walk").dataset.place = place;
      refresh();
    } catch {
      queue.cut();
    }
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
      queue.cut();
    }
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

// Done only when everything has arrived.
byId("finish").addEventListener("click", (event) => {
  if (queue.empty) return;
  event.preventDefault();
  badge.classList.add("off");
  queue.show();
  queue.send();
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
onChange(() => queue.show());
setInterval(() => queue.show(), 1000);
queue.keep();
feed();
queue.show();
queue.send();
focusBox(box);

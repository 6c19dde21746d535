// The sweep. Scans go into a queue on the device under identifiers of their own, and leave it only when the server
// has them: a cut line loses nothing and a replay doubles nothing. Numbers and codes only, never a title.
import { follow, onChange } from "./live.js";
import { Queue, byId, codesOf, figures, flash, focusBox, newEvent, poster, scanBox, soundButton, sounds, takeOver } from "./scanning.js";

const { round, csrf } = document.body.dataset;
const box = byId("scan");
const last = byId("last");
const badge = byId("sync");
const post = poster(csrf);

function take() {
  const codes = codesOf(box.value);
  box.value = "";
  queue.add(...codes.map((code) => scanned(code, "scan", "")));
}

const scanned = (code, means, reason) => ({ event: newEvent("dev-"), code: code.slice(0, 200), at: Date.now() * 1000, means, reason });

scanBox(box, take);
soundButton(byId("sound"));
document.addEventListener("visibilitychange", () => { if (!document.hidden) { focusBox(box); refresh(); } });

// The band of the last scan.

const bands = {
  present: ["ok", "ok"], repeated: ["mute", "ok"], unknown: ["due", "ask"], elsewhere: ["odd", "swap"],
  on_loan: ["odd", "in"], undone: ["mute", "undo"], nothing_to_undo: ["mute", "undo"],
};

function band(kind, what, nth) {
  flash(last, "last", ...bands[kind]);
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

const refresh = figures(`/rounds/${round}/state`, (fresh) => {
  const now = fresh.getElementById("figures");
  if (!now) return;
  if (now.dataset.state !== "open") { location.reload(); return; }
  const left = byId("figures").querySelector(".rest b")?.textContent;
  const reason = document.querySelector("#eye-form select")?.value;
  takeOver(fresh, ["figures", "deviations"]);
  const select = document.querySelector("#eye-form select");
  if (select && reason) select.value = reason;
  if (left !== "0" && byId("figures").querySelector(".rest b")?.textContent === "0") sounds.done();
}, queue);

// Ticks by eye, and undo.

document.addEventListener("submit", async (event) => {
  if (event.target.id === "eye-form" && event.submitter) {
    event.preventDefault();
    const select = event.target.querySelector("select");
    queue.add(scanned(event.submitter.value, "eye", select.options[select.selectedIndex].text));
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

// The board. Scans go into a queue on the device and leave it only when the server has answered: none is lost while a
// request runs, and a scan that is sent again finds its paper counted already. Numbers and codes only, never a title.
import { follow, onChange } from "./live.js";
import { Queue, byId, codesOf, figures, flash, focusBox, newEvent, poster, scanBox, soundButton, sounds, takeOver } from "./scanning.js";

const { meeting, csrf, view, count, leads } = document.body.dataset;
const box = byId("scan");
const pages = byId("pages");
const last = byId("last");
const badge = byId("sync");
const list = byId("refused");
const post = poster(csrf);

function take() {
  const codes = codesOf(box.value);
  const number = pages && /^\d{1,6}$/.test(pages.value.trim()) ? Number(pages.value.trim()) : null;
  if (pages && codes.length && number === null) { pages.focus(); return; }
  box.value = "";
  if (pages) { pages.value = ""; box.focus(); }
  queue.add(...codes.map((code) => ({ event: newEvent(), code: code.slice(0, 200), pages: number })));
}

if (box) {
  scanBox(box, take, [pages]);
  pages?.addEventListener("keydown", (event) => { if (event.key === "Enter") { event.preventDefault(); take(); } });
}
document.addEventListener("visibilitychange", () => { if (!document.hidden) { focusBox(box); refresh(); } });
if (byId("sound")) soundButton(byId("sound"));
const QUIETLY = new Set(["counted", "repeated", "spare"]);

// The band of the last scan, and what was refused: it stays in sight until a person takes it away.

const attr = (name) => last.getAttribute(`data-${name}`) ?? "";
function band(outcome, paper, small) {
  const name = outcome.replaceAll("_", "-");
  flash(last, "mlast", ...attr(`${name}-look`).split(" "));
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
  const { refused } = queue.kept;
  list.hidden = refused.length === 0;
  list.replaceChildren(...refused.map((one, index) => {
    const item = document.createElement("li");
    const code = document.createElement("b");
    code.textContent = one.paper || one.code;
    const why = document.createElement("span");
    why.textContent = one.why;
    const away = document.createElement("button");
    away.type = "button";
    away.textContent = "×";
    away.setAttribute("aria-label", `${one.code} ×`);
    away.addEventListener("click", () => { refused.splice(index, 1); queue.keep(); showRefused(); queue.show(); });
    item.append(code, why, away);
    return item;
  }));
}

function tell(results) {
  const shown = results.findLast((one) => !QUIETLY.has(one.outcome)) ?? results.at(-1);
  if (!shown) return;
  band(shown.outcome, shown.paper, whose(shown));
  for (const one of results) {
    if (!QUIETLY.has(one.outcome)) queue.kept.refused.push({ code: one.code, paper: one.paper, why: `${attr(one.outcome)} ${whose(one)}` });
  }
  if (!QUIETLY.has(shown.outcome)) sounds.wrong();
  else if (results.some((one) => one.outcome === "counted")) sounds.counted();
  else sounds.repeated();
}

const queue = new Queue({
  key: `meeting:${meeting}`,
  badge,
  batch: 100,
  send: (scans) => post(`/api/v1/meetings/${meeting}/scans`, { scans }),
  tell,
  refuse: (scans) => scans.map((one) => ({ code: one.code, why: attr("refused") })),
  after: () => { showRefused(); refresh(); },
});

// Who leads has changed: whoever leads now gets the scan box, and whoever led loses it, once all that was scanned has
// gone out.
function handedOver() {
  const now = document.querySelector("#leads [data-leads]")?.dataset.leads;
  if (now && now !== leads && !queue.kept.waiting.length) location.reload();
}

const outNow = () => Number(document.querySelector(".remain")?.dataset.out ?? 0);
const refresh = figures(`/meetings/${meeting}/board/state?view=${view}`, (fresh) => {
  const before = outNow();
  takeOver(fresh, ["tally", "seats", "end", "leads"]);
  handedOver();
  if (before && !outNow()) sounds.done();
}, queue);

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

// Full screen, on the wall: nothing but the figures. The address says so too, so that it comes back after a reload.
byId("screen")?.addEventListener("click", (event) => {
  event.preventDefault();
  const on = document.body.classList.toggle("wall");
  const to = new URL(event.currentTarget.href);
  if (on) document.documentElement.requestFullscreen?.().catch(() => { /* it stays in its window */ });
  else if (document.fullscreenElement) document.exitFullscreen();
  const back = new URL(location.href);
  history.replaceState(null, "", to);
  event.currentTarget.href = back.href;
  focusBox(box);
});

badge.addEventListener("click", () => { queue.send(); refresh(); });
follow(["books", "presence", "inbox"], refresh); // what leaves by a portal is told to the secretary
onChange(() => queue.show());
setInterval(() => queue.show(), 1000);
setInterval(refresh, 30_000); // "heard three minutes ago" grows old by itself
showRefused();
queue.show();
if (count === "on") queue.send();
focusBox(box);

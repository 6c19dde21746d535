// Signing out of a device that swept: not before everything has arrived, or was handed to a clerk, or saved to a file;
// then the device forgets what it kept.
import { wipe } from "./kept.js";
import { Outbox, groups, left, saveFile } from "./outbox.js";
import { byId, deviceName } from "./scanning.js";
import { icon, make, t } from "./words.js";

const PAGE = "/rounds/leaving";
const LOOK_MS = 1000;

// Boards of meetings keep their scans in the browser's plain store.
function meetings() {
  return Object.keys(localStorage).filter((name) => name.startsWith("meeting:")).flatMap((name) => {
    try {
      const { waiting, refused } = JSON.parse(localStorage.getItem(name));
      const n = waiting.length + refused.length;
      return n ? [[name.slice("meeting:".length), n]] : [];
    } catch { return []; }
  });
}

async function go(form) {
  await wipe();
  form.submit();
}

for (const form of document.querySelectorAll('form[action="/sign-out"]')) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (location.pathname !== PAGE && ((await left()).length || meetings().length)) location.assign(PAGE);
    else await go(form);
  });
}

async function leave(list) {
  const out = document.querySelector('#leave form');
  const { person } = byId("leave").dataset;
  const device = deviceName();
  const post = (path, body, milliseconds) => fetch(path, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-CSRF-Token": out.elements.csrf.value },
    body: JSON.stringify(body),
    redirect: "error",
    signal: AbortSignal.timeout(milliseconds),
  });
  let filed = false;
  const nothing = () => {};
  const outbox = new Outbox({ round: "", person: Number(person), badge: byId("sync"), post, tell: nothing, untold: nothing, settled: nothing, after: draw, renew: nothing, changed: draw });

  function draw() {
    const boards = meetings();
    const rows = [...groups(outbox.items)].map(([round, whose]) => {
      const some = [...whose.values()].flat();
      const why = [...new Set(some.map((one) => one.why?.message).filter(Boolean))].join(" ");
      return make("li", {}, icon(why ? "alert" : "sync"), make("b", {}, `${round} · ${t("items", { n: some.length })}`), ` ${why}`);
    });
    rows.push(...boards.map(([meeting, n]) => make("li", {}, icon("seats"), make("a", { href: `/meetings/${meeting}/board` }, t("meeting", { n })))));
    if (!rows.length) rows.push(make("li", {}, icon("ok"), make("b", {}, t("nothingLeft"))));
    list.replaceChildren(...rows);
    byId("send").hidden = outbox.empty;
    byId("hand").hidden = outbox.empty;
    byId("file").hidden = outbox.empty;
    byId("clear").hidden = outbox.empty || !filed;
    out.hidden = rows.length > 0 && (!outbox.empty || boards.length > 0);
  }

  byId("send").addEventListener("click", () => outbox.retry());
  byId("hand").addEventListener("click", async () => {
    try { await outbox.handOver(device, outbox.items); } catch { outbox.cut(); }
    draw();
  });
  byId("file").addEventListener("click", () => { saveFile(device, outbox.items); filed = true; draw(); });
  byId("clear").addEventListener("click", async () => { await outbox.drop(outbox.items); draw(); outbox.show(); });
  await outbox.begin();
  draw();
  setInterval(() => outbox.show(), LOOK_MS);
}

if (byId("left")) leave(byId("left"));

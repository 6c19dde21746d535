// What the sweep's page shows while there is no network: figures and deviations as this device works them out, marked as
// its own; what could not be delivered; and the sweeps that it has with it. Drawn as the server draws them.
import { all } from "./kept.js";
import { byId } from "./scanning.js";
import { icon, make, t } from "./words.js";

const LISTED_MAX = 60;
const SPINES_MAX = 368;
const SVG = "http://www.w3.org/2000/svg";
const EYES = ["shielded", "stacked", "tagDamaged", "noTag"];

const clock = (micros) => new Date(micros / 1000).toTimeString().slice(0, 8);
const drawn = (name, attributes) => {
  const one = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) one.setAttribute(key, String(value));
  return one;
};

// The shelf: one spine an expected carrier, as `api.web.rounds.shelf_of` draws it.
function spines(marks) {
  const share = Math.max(1, Math.ceil(marks.length / SPINES_MAX));
  const n = Math.ceil(marks.length / share);
  const width = Math.max(4 * n, 60);
  const board = drawn("svg", { class: "spines", viewBox: `0 0 ${width} 44`, preserveAspectRatio: "none", role: "img" });
  for (let at = 0; at < n; at += 1) {
    const group = marks.slice(at * share, (at + 1) * share);
    const kind = group.includes("0") ? "gap" : group.includes("2") ? "eye" : "on";
    const height = 30 + ((at * 7 + Math.floor(at / 5) * 3) % 12);
    const inset = kind === "gap" ? 0.6 : 0.2;
    board.append(drawn("rect", { class: `sp ${kind}`, x: at * 4 + inset, y: 44 - height, width: 4 - 2 * inset - 0.3, height }));
  }
  board.append(drawn("path", { class: "board", d: `M0 43.500H${width}` }));
  return board;
}

const mini = (colour, name, n, word) => make("li", { class: `k-${colour}` }, icon(name), make("b", {}, String(n)), word);

// Figures of four places and more are drawn so that they stand on the narrowest screen.
const size = (n) => (n > 999 ? "count long" : "count");

export function drawFigures(sheet, found, waiting) {
  const figures = byId("figures");
  figures.classList.add("own");
  const asOf = make("p", { class: "as-of" }, icon("off"), make("span", {}, t("asOf", { at: clock(sheet.trail.at), n: waiting })));
  if (sheet.told.blind) {
    const n = sheet.trail.count + [...found.kinds.values()].filter((one) => one === "counted").length;
    figures.replaceChildren(make("section", { class: size(n) }, asOf, make("p", { class: "huge" }, make("b", {}, String(n))), make("p", { class: "rest" }, t("blindCounted"))));
    return;
  }
  const met = found.marks.filter((one) => one !== "0").length;
  const open = found.marks.length - met;
  const rest = make("b", open ? {} : { class: "none" }, String(open));
  const here = found.stray.filter((one) => one.at >= 0 && sheet.told.lines[one.at][2] !== "unasked").length;
  const noted = found.stray.filter((one) => one.at < 0).length;
  figures.replaceChildren(make(
    "section", { class: size(found.marks.length) }, asOf,
    make("p", { class: "huge" }, make("b", {}, String(met)), make("span", {}, `/ ${found.marks.length}`)),
    make("p", { class: "rest" }, t("toFind"), rest),
    spines(found.marks),
    make("ul", { class: "mini" }, mini("odd", "in", here, t("onLoanShort")), mini("due", "off", noted, t("notedShort"))),
  ));
}

function row(colour, name, word, what, soft, act) {
  const text = make("div", {}, make("p", {}, make("b", {}, word), ` ${what}`), make("p", { class: "soft" }, soft));
  return make("li", { class: `k-${colour}` }, icon(name), text, act ?? "");
}

const camel = (name) => name.split("_").map((part) => part[0].toUpperCase() + part.slice(1)).join("");

// What was done about what, in the order in which it was done: code -> the act and its event.
function dealings(rows, events) {
  const found = new Map(rows.filter((one) => one.dealt).map((one) => [one.code, { act: one.dealt, event: one.event }]));
  for (const one of events) {
    if (one.what === "deal") found.set(one.code, { act: one.reason, event: one.event });
    if (one.what === "undo") for (const [code, { event }] of found) if (event === one.code) found.delete(code);
  }
  return found;
}

// A row that differs, with what is done about it by one tap; quiet when it was done.
function differing(one, dealt) {
  const done = dealt.get(one.code);
  const button = (name, value, ...inner) => make("button", { class: "gl gl-s", type: "submit", form: "deal-form", name, value }, ...inner);
  const act = done ? button("undo", done.event, icon("undo"), t("undo")) : one.act ? button("deal", one.act, t(`deal${camel(one.act)}`)) : "";
  const drawn = row(one.colour, one.icon, one.word, one.what, one.soft, act);
  Object.assign(drawn.dataset, { code: one.code, act: one.act ?? "" });
  if (done) {
    drawn.classList.add("dealt");
    drawn.querySelector(".soft").replaceWith(make("p", { class: "done" }, icon("ok"), t(`dealt${camel(done.act)}`)));
  }
  return drawn;
}

function eyeForm(round) {
  const select = make("select", { name: "reason" });
  select.append(...EYES.map((one) => make("option", { value: one }, t(`eye${one[0].toUpperCase()}${one.slice(1)}`))));
  const form = make("form", { method: "post", action: `/rounds/${round}/scan`, id: "eye-form" }, make("label", {}, `${t("eyeWhy")} `, select));
  return form;
}

export function drawList(sheet, found, events) {
  const list = byId("deviations");
  if (sheet.told.blind) return;
  const chosen = document.querySelector("#eye-form select")?.selectedIndex ?? 0;
  const missing = found.marks.flatMap((mark, at) => (mark === "0" ? [at] : []));
  const strays = found.stray.filter((one) => one.at < 0 || sheet.told.lines[one.at][2] !== "unasked");
  const listed = sheet.trail.rows ?? [];
  const known = new Set(listed.map((one) => one.code));
  const dealt = dealings(listed, events);
  const own = strays.slice(-20).reverse().map((one) => {
    if (one.at < 0) return { code: one.code, colour: "due", icon: "off", word: t("notedWord"), what: one.code.length > 12 ? `…${one.code.slice(-6)}` : one.code, soft: t("notedWhat") };
    const [number, copy] = sheet.told.lines[one.at];
    return { code: `${number}/${copy}`, act: "taken_out", colour: "odd", icon: "in", word: t("onLoanHere"), what: sheet.number(one.at), soft: t("onLoanWhat") };
  }).filter((one) => !known.has(one.code));
  const differ = [...own, ...listed];
  const rows = differ.map((one) => differing(one, dealt));
  const open = differ.filter((one) => !dealt.has(one.code)).length;
  if (missing.length) {
    const look = make("a", { class: "gl gl-s", href: "#eye-form" }, icon("eye"), t("byEye"));
    rows.push(row("bad", "lost", t("notHeard", { n: missing.length }), "", t("lookFirst"), look));
    rows.push(make("li", { class: "eye-form" }, eyeForm(sheet.round)));
    for (const at of missing.slice(0, LISTED_MAX)) {
      const [number, copy] = sheet.told.lines[at];
      const tick = make("button", { class: "gl gl-s", type: "submit", form: "eye-form", name: "eye", value: `${number}/${copy}` }, icon("eye"), t("here"));
      const what = make("div", {}, make("p", {}, sheet.number(at)), make("p", { class: "soft" }, sheet.placeCode(at)));
      rows.push(make("li", { class: "k-bad one-missing" }, icon("lost"), what, tick));
    }
    if (missing.length > LISTED_MAX) rows.push(make("li", { class: "k-bad one-missing" }, icon("lost"), make("div", {}, make("p", {}, t("more", { n: missing.length - LISTED_MAX })))));
  } else if (!open) rows.push(row("ok", "ok", t("allThere"), "", ""));
  list.replaceChildren(
    make("h2", { id: "dv" }, `${t("only")} `, make("span", {}, t("items", { n: missing.length + open }))),
    make("form", { method: "post", action: `/rounds/${sheet.round}/deal`, id: "deal-form" }),
    make("ul", {}, ...rows),
  );
  const select = document.querySelector("#eye-form select");
  if (select) select.selectedIndex = chosen;
}

export function drawWalk(sheet, found) {
  const walk = byId("walk");
  const { proposal, where } = found;
  if (!proposal) {
    const code = sheet.told.places[where]?.[0];
    walk.replaceChildren(...(code ? [make("p", { class: "at-place" }, icon("map"), t("atPlace", { place: code }))] : []));
    return;
  }
  const answer = (value, key, text) => make("button", { class: "gl", type: "submit", name: "answer", value }, make("b", {}, key), text);
  const now = sheet.told.places[where]?.[0];
  walk.replaceChildren(make(
    "section", { class: "ask k-odd", role: "group", "aria-labelledby": "walk-word" },
    make("p", { class: "word", id: "walk-word" }, icon("swap"), t("walk", { n: proposal.carriers, place: proposal.code })),
    make(
      "form", { method: "post", action: `/rounds/${sheet.round}/walk`, id: "walk-form", "data-place": String(proposal.place), "data-scans": proposal.events.join(" ") },
      make("div", { class: "two" }, answer("yes", "1", t("walkYes", { place: proposal.code })), answer("no", "2", now ? t("walkNo", { place: now }) : t("walkNoHere"))),
    ),
    make("p", { class: "hint" }, t("walkHint")),
  ));
}

// What stands in the way: nothing of it is a dialog, and scanning goes on.
export function drawStuck(place, { outbox, durable, done, handed = 0 }) {
  const parts = [];
  const act = (name, what, word) => make("button", { class: "gl gl-s", type: "button", "data-stuck": what }, icon(name), word);
  const part = (colour, name, word, what, ...acts) => make(
    "section", { class: `ask k-${colour}`, role: "status" },
    make("p", { class: "word" }, icon(name), word),
    make("p", { class: "what" }, what),
    ...(acts.length ? [make("div", { class: "acts" }, ...acts)] : []),
  );
  if (!outbox) parts.push(part("due", "off", t("notHere"), t("notHereWhat")));
  if (!durable) parts.push(part("bad", "alert", t("unkept"), t("unkeptWhat")));
  if (handed) parts.push(part("ok", "ok", t("handed", { n: handed }), t("handedWhat")));
  if (outbox?.signedOut) {
    const link = make("a", { class: "gl gl-s", href: `/sign-in?back=${encodeURIComponent(location.pathname)}` }, icon("user"), t("signIn"));
    parts.push(part("due", "user", t("signedOut"), t("signedOutWhat", { n: outbox.waiting.length }), link));
  }
  const refused = outbox?.refused ?? [];
  if (refused.length) {
    const others = refused.filter((one) => one.person !== outbox.person).length;
    const whys = [...new Set(refused.map((one) => one.why?.message).filter(Boolean)), ...(others ? [t("others", { n: others })] : [])];
    parts.push(part("bad", "alert", t("stuck", { n: refused.length }), whys.join(" "), act("sync", "retry", t("retry")), act("user", "hand", t("hand")), act("down", "file", t("file"))));
  }
  if (outbox && done) {
    const n = outbox.here.length;
    if (n || outbox.away) parts.push(part("due", "clock", t("doneHere", { n }), t("doneHereWhat"), ...(n && outbox.away ? [act("down", "file", t("file"))] : [])));
    else parts.push(part("ok", "ok", t("allArrived"), "", make("a", { class: "gl gl-main", href: `/rounds/${outbox.round}/finish` }, t("finishNow"))));
  }
  place.replaceChildren(...parts);
}

// The sweeps that this device has with it: what the list of sweeps is without a network.
export async function drawRounds(place) {
  const sheets = (await all("sheets")).filter((one) => one.lines && one.until > Date.now() * 1000);
  const waiting = await all("events");
  const rows = sheets.map((one) => {
    const n = waiting.filter((event) => event.round === one.round).length;
    const open = make("a", { class: "gl gl-s", href: `/rounds/${one.round}` }, icon("next"), t("open"));
    return row("act", "round", one.place, one.round, n ? t("toSend", { n }) : "", open);
  });
  if (!rows.length) rows.push(row("due", "off", t("noneHere"), "", t("notHereWhat")));
  place.replaceChildren(make("h2", { id: "dv" }, t("onThisDevice")), make("ul", {}, ...rows));
}

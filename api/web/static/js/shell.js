// The shell's keyboard and its live mark. Every page works without it.

const fields = new Set(["INPUT", "TEXTAREA", "SELECT"]);
const typing = (event) => fields.has(event.target.tagName) || event.target.isContentEditable;
const keysOn = () => document.body.dataset.keys !== "off" && !document.body.classList.contains("scanning");

let waitingForPlace = 0;

function goTo(letter) {
  const link = document.querySelector(`.side a[data-go="${CSS.escape(letter)}"]`);
  if (link) link.click();
}

function rows() {
  return [...document.querySelectorAll("main table.t tbody tr")].filter((row) => row.querySelector("a[href]"));
}

function move(step) {
  const all = rows();
  if (!all.length) return;
  const now = all.findIndex((row) => row.getAttribute("aria-selected") === "true");
  const next = Math.min(all.length - 1, Math.max(0, now + step));
  all.forEach((row) => row.removeAttribute("aria-selected"));
  all[next].setAttribute("aria-selected", "true");
  all[next].querySelector("a[href]").focus();
  all[next].scrollIntoView({ block: "nearest" });
}

const singles = {
  "/": () => document.getElementById("q")?.focus(),
  t: () => document.getElementById("titles")?.click(),
  g: () => { waitingForPlace = Date.now() + 1500; },
  j: () => move(1),
  k: () => move(-1),
  r: () => document.querySelector("main a[data-key=r]")?.click(),
};

document.addEventListener("keydown", (event) => {
  if (typing(event) || event.ctrlKey || event.metaKey || event.altKey || !keysOn()) return;
  if (waitingForPlace > Date.now()) {
    waitingForPlace = 0;
    goTo(event.key.toLowerCase());
    event.preventDefault();
    return;
  }
  const act = singles[event.key];
  if (act) { event.preventDefault(); act(); }
});

// A role that was taken in an emergency while the page was open, or has ended, is told on it. Which page is open does not
// matter, and it may be none that can be asked for again: the strip is taken from a page that everybody has.
async function strip(running) {
  const old = document.getElementById("emergencies");
  if (!old || old.dataset.running === running) return;
  const answer = await fetch("/me", { cache: "no-store", redirect: "error" });
  const now = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("emergencies");
  if (!now) return;
  old.dataset.running = now.dataset.running;
  old.replaceChildren(...[...now.childNodes].map((node) => document.adoptNode(node)));
}

// The live mark tells whether the server still answers; after ten silent seconds it says so, figures stay.
const live = document.getElementById("live");
if (live) {
  const word = live.querySelector(".st").lastChild;
  const show = (answers) => {
    live.querySelector(".st").className = `st st-bare k-${answers ? "ok" : "due"}`;
    word.textContent = answers ? live.dataset.live : `${live.dataset.stale} ${since}`;
  };
  const timeNow = () => new Date().toTimeString().slice(0, 8);
  let since = timeNow();
  const ask = async () => {
    if (document.hidden) return;
    try {
      const answer = await fetch("/beat", { cache: "no-store", signal: AbortSignal.timeout(8000) });
      const told = answer.ok ? await answer.json() : { ready: false };
      if (told.ready) since = timeNow();
      show(told.ready);
      if (told.ready) await strip(told.emergencies);
    } catch { show(false); }
  };
  setInterval(ask, 10000);
  document.addEventListener("visibilitychange", ask);
}

// An error summary is read first.
document.querySelector(".errs, .refusals")?.focus();

// The other language keeps what was typed: it waits in this tab for the one page that comes next, and is gone with it.
const KEPT = "typed";
const secret = new Set(["hidden", "password", "file", "submit", "button"]);
const typedFields = () => [...document.querySelectorAll("main form")].flatMap((form, at) => {
  const seen = {};
  return [...form.elements].filter((one) => one.name && !secret.has(one.type)).map((one) => {
    seen[one.name] = (seen[one.name] ?? -1) + 1;
    return [`${at}/${one.name}/${seen[one.name]}`, one];
  });
});
const chosen = (one) => (one.type === "checkbox" || one.type === "radio" ? one.checked : null);
const drawn = (one) => {
  if (chosen(one) !== null) return one.defaultChecked === one.checked;
  if (one.tagName === "SELECT") return [...one.options].every((option) => option.defaultSelected === option.selected);
  return one.defaultValue === one.value;
};
document.querySelector("a[data-language]")?.addEventListener("click", () => {
  const typed = typedFields().filter(([, one]) => !drawn(one)).map(([key, one]) => [key, chosen(one) ?? one.value]);
  if (typed.length) sessionStorage.setItem(KEPT, JSON.stringify({ path: location.pathname, typed }));
});
const kept = sessionStorage.getItem(KEPT);
sessionStorage.removeItem(KEPT);
if (kept) {
  const { path, typed } = JSON.parse(kept);
  const known = new Map(path === location.pathname ? typedFields() : []);
  for (const [key, value] of typed) {
    const one = known.get(key);
    if (!one) continue;
    if (chosen(one) !== null) one.checked = value;
    else one.value = value;
    one.dispatchEvent(new Event("input", { bubbles: true }));
    one.dispatchEvent(new Event("change", { bubbles: true }));
  }
}

// Which groups of the navigation are unfolded is remembered on this device; where one is, always is.
const FOLDS = "folds";
const folded = () => JSON.parse(localStorage.getItem(FOLDS) ?? "{}");
for (const fold of document.querySelectorAll(".side-fold")) {
  fold.open ||= folded()[fold.dataset.fold] ?? false;
}
document.querySelector("nav.side")?.addEventListener("click", (event) => {
  const fold = event.target.closest("summary")?.parentElement;
  if (fold) localStorage.setItem(FOLDS, JSON.stringify({ ...folded(), [fold.dataset.fold]: !fold.open }));
});

// Where the navigation is a row, where one is stands in sight.
const bar = document.querySelector("nav.side");
const here = bar?.querySelector("a[aria-current]");
if (here && bar.scrollWidth > bar.clientWidth) {
  const [all, one] = [bar.getBoundingClientRect(), here.getBoundingClientRect()];
  bar.scrollLeft += one.left - all.left - (all.width - one.width) / 2;
}

// What scrolls sideways inside itself is reached by the keyboard too, where nothing in it is.
const reached = "a[href], button, input, select, textarea, [tabindex]";
function reach() {
  for (const one of document.querySelectorAll("main .sheet, main .t-scroll")) {
    if (one.scrollWidth > one.clientWidth && !one.querySelector(reached)) one.tabIndex = 0;
  }
}
addEventListener("resize", reach);
reach();

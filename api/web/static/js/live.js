// What follows live: the server says that something changed, never what; the page is asked for again, and only its
// regions (`data-region`) that differ are put in place. Without EventSource it is asked for every ten seconds.

const QUIET_MS = 10000;
const PACE_MS = 2000;
const listeners = new Set();
let lastSign = Date.now();
let refreshing = false;
let again = false;

export function onChange(listener) { listeners.add(listener); }

const timeNow = () => new Date().toTimeString().slice(0, 8);
let answeredAt = timeNow();

function sign() {
  lastSign = Date.now();
  answeredAt = timeNow();
  mark(true);
}

function mark(answers) {
  const live = document.getElementById("live");
  const shown = live?.querySelector(".st");
  document.body.classList.toggle("stale", !answers);
  if (!shown) return;
  shown.className = `st st-bare k-${answers ? "ok" : "due"}`;
  shown.lastChild.textContent = answers ? live.dataset.live : `${live.dataset.stale} ${answeredAt}`;
}

// A region in which somebody is typing, or has typed, is left alone.
function busy(region) {
  if (region.contains(document.activeElement) && document.activeElement.matches("input, textarea, select")) return true;
  for (const field of region.querySelectorAll("textarea, input:not([type=hidden]):not([type=radio])")) {
    if (field.value !== field.defaultValue) return true;
  }
  for (const radio of region.querySelectorAll("input[type=radio]")) {
    if (radio.checked !== radio.defaultChecked) return true;
  }
  return region.querySelector("details[open]:not(.side-fold)") !== null;
}

function put(fresh, selector) {
  for (const old of document.querySelectorAll(selector)) {
    const now = old.id ? fresh.getElementById(old.id) : fresh.querySelector(selector);
    if (!now || busy(old) || now.innerHTML === old.innerHTML) continue;
    const focused = old.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
    const folds = [...old.querySelectorAll(".side-fold")].map((fold) => [fold.dataset.fold, fold.open]);
    old.replaceChildren(...[...now.childNodes].map((node) => document.adoptNode(node)));
    for (const [name, open] of folds) {
      const fold = old.querySelector(`.side-fold[data-fold="${CSS.escape(name)}"]`);
      if (fold) fold.open = open;
    }
    if (focused) old.querySelector(`a[href="${CSS.escape(focused)}"]`)?.focus();
  }
}

const pause = (ms) => new Promise((done) => { setTimeout(done, ms); });

// Whole pages are asked for at most every two seconds, whatever the server says.
export async function refresh() {
  if (refreshing) { again = true; return; }
  refreshing = true;
  do {
    again = false;
    try {
      const answer = await fetch(location.href, { cache: "no-store", redirect: "error" });
      if (answer.ok) {
        put(new DOMParser().parseFromString(await answer.text(), "text/html"), "[data-region], nav.side");
        sign();
      }
    } catch { mark(false); }
    await pause(PACE_MS);
  } while (again);
  refreshing = false;
}

export function follow(topics, change = refresh) {
  if (!("EventSource" in window)) {
    setInterval(change, QUIET_MS);
    return;
  }
  const source = new EventSource(`/events?topics=${topics.join(",")}`);
  source.addEventListener("change", (event) => {
    sign();
    const told = JSON.parse(event.data);
    change(told);
    for (const listener of listeners) listener(told);
  });
  source.addEventListener("beat", sign);
  source.addEventListener("open", sign);
  source.addEventListener("end", () => source.close());
  setInterval(() => { if (Date.now() - lastSign > QUIET_MS) mark(false); }, 1000);
}

const topics = new Set([...document.querySelectorAll("[data-topics]")].flatMap((one) => one.dataset.topics.split(" ")));
if (topics.size) follow([...topics]);

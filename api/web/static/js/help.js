// The help of this page as a sheet beside it: nothing that was typed is lost. Without it the link opens a page.

const sheet = document.getElementById("keys-help");
const link = document.querySelector("a[data-help]");
const fields = new Set(["INPUT", "TEXTAREA", "SELECT"]);
const typing = (event) => fields.has(event.target.tagName) || event.target.isContentEditable;
// Where a scanner types, its box keeps the focus: the sheet stands beside and takes none.
const scans = document.body.classList.contains("scanning");
const keysOn = () => document.body.dataset.keys !== "off" && !scans;
let before = null;

async function fill() {
  const body = sheet.querySelector("[data-help-text]");
  if (body.childElementCount) return;
  try {
    const answer = await fetch(link.href, { credentials: "same-origin", signal: AbortSignal.timeout(8000) });
    const topic = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("help-topic");
    if (!answer.ok || !topic) return;
    sheet.querySelector("[data-help-title]").textContent = topic.dataset.title;
    body.replaceChildren(...[...topic.childNodes].map((one) => document.importNode(one, true)));
  } catch { /* the keys are in the sheet, and the link still leads to the page */ }
}

function show(open) {
  if (!sheet || sheet.hidden === !open) return;
  sheet.hidden = !open;
  link.setAttribute("aria-expanded", String(open));
  if (open) {
    before = document.activeElement;
    if (scans) link.blur();
    else sheet.focus();
    fill();
  } else if (before?.isConnected && !scans) {
    before.focus();
  }
}

if (sheet && link) {
  link.setAttribute("role", "button");
  link.setAttribute("aria-expanded", "false");
  link.setAttribute("aria-controls", sheet.id);
  link.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    show(sheet.hidden);
  });
  link.addEventListener("keydown", (event) => { if (event.key === " ") { event.preventDefault(); show(sheet.hidden); } });
  sheet.querySelector("[data-help-close]").addEventListener("click", () => show(false));
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") { show(false); return; }
    if (event.key !== "?" || typing(event) || event.ctrlKey || event.metaKey || event.altKey || !keysOn()) return;
    event.preventDefault();
    show(sheet.hidden);
  });
}

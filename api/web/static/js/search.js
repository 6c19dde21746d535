// Suggestions beneath the search box. What is typed goes by POST and stands in no address; without script the box
// simply searches.

const box = document.getElementById("q");
const form = box?.form;
const PAUSE_MS = 180;

if (form) {
  const list = document.createElement("ul");
  list.id = "q-options";
  list.className = "options";
  list.hidden = true;
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", form.dataset.options);
  form.append(list);
  const said = document.createElement("p");
  said.className = "sr";
  said.setAttribute("role", "status");
  form.append(said);
  box.setAttribute("role", "combobox");
  box.setAttribute("aria-autocomplete", "list");
  box.setAttribute("aria-expanded", "false");
  box.setAttribute("aria-controls", list.id);

  let waiting = 0;
  let asked = 0;
  let at = -1;

  const options = () => [...list.children];
  const open = (shown) => {
    list.hidden = !shown;
    box.setAttribute("aria-expanded", String(shown));
    if (!shown) { at = -1; box.removeAttribute("aria-activedescendant"); }
  };
  const choose = (to) => {
    const all = options();
    if (!all.length) return;
    at = (to + all.length + 1) % (all.length + 1);
    all.forEach((one, index) => one.setAttribute("aria-selected", String(index === at)));
    if (at < all.length) {
      box.setAttribute("aria-activedescendant", all[at].id);
      all[at].scrollIntoView({ block: "nearest" });
    } else box.removeAttribute("aria-activedescendant");
  };
  const ask = async () => {
    const text = box.value.trim();
    const mine = ++asked;
    if (text.length < 2) { open(false); return; }
    let answer;
    try {
      answer = await fetch("/search/suggest", { method: "POST", body: new FormData(form), signal: AbortSignal.timeout(8000) });
    } catch { return; }
    // A slower answer to what was typed before is not shown; nor is one that is a page of its own (signed out).
    if (mine !== asked || !answer.ok || answer.redirected) return;
    const fresh = new DOMParser().parseFromString(`<ul>${await answer.text()}</ul>`, "text/html");
    if (mine !== asked || document.activeElement !== box) return;
    list.replaceChildren(...[...fresh.querySelectorAll("li[role=option]")].map((one) => document.adoptNode(one)));
    open(list.children.length > 0);
    said.textContent = form.dataset.count.replace("{n}", list.children.length);
  };

  box.addEventListener("input", () => { clearTimeout(waiting); asked += 1; waiting = setTimeout(ask, PAUSE_MS); });
  box.addEventListener("keydown", (event) => {
    if (event.isComposing || list.hidden) return;
    if (event.key === "ArrowDown") { event.preventDefault(); choose(at + 1); }
    else if (event.key === "ArrowUp") { event.preventDefault(); choose(at < 0 ? options().length - 1 : at - 1); }
    else if (event.key === "Escape") { event.stopPropagation(); open(false); }
    else if (event.key === "Enter") {
      const one = options()[at];
      if (one) { event.preventDefault(); location.assign(one.dataset.href); }
    }
  });
  // The box keeps the focus while an option is pressed.
  list.addEventListener("mousedown", (event) => event.preventDefault());
  list.addEventListener("click", (event) => {
    const one = event.target.closest("[data-href]");
    if (one) location.assign(one.dataset.href);
  });
  box.addEventListener("blur", () => open(false));
  form.addEventListener("submit", () => { clearTimeout(waiting); asked += 1; open(false); });
}

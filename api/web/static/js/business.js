// The page of an act. Without this script everything works too: it only keeps a scanner from leaving or sending the
// form in the middle of a batch, and ticks all lines where all are meant.

const SCANNER_MS = 400;

for (const box of document.querySelectorAll("[data-codes]")) {
  let lastKey = 0;
  box.addEventListener("keydown", (event) => {
    const now = performance.now();
    const scanning = now - lastKey < SCANNER_MS && box.value.trim() !== "";
    lastKey = now;
    // A scanner ends a code with Tab or Enter: in its box both only part the codes.
    if ((event.key === "Tab" && scanning && !event.shiftKey) || (event.key === "Enter" && box.tagName === "INPUT" && box.value.trim() !== "")) {
      event.preventDefault();
      const end = box.tagName === "INPUT" ? " " : "\n";
      if (!box.value.endsWith(end)) box.setRangeText(end, box.selectionStart, box.selectionEnd, "end");
    }
  });
}

for (const all of document.querySelectorAll("[data-all]")) {
  const name = all.name.replace(/\.all$/, "");
  const boxes = () => all.form.querySelectorAll(`input[type=checkbox][name="${CSS.escape(name)}"]`);
  all.addEventListener("change", () => { for (const box of boxes()) box.checked = all.checked; });
  all.form.addEventListener("change", (event) => {
    if (event.target.name === name && !event.target.checked) all.checked = false;
  });
}

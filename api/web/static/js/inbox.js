// A notice that is opened has been read: said to the server while the page it leads to is already being asked for.
// Without this script the button above the list says it.
const token = () => document.querySelector("form[action='/inbox/read'] input[name=csrf]")?.value;

function opened(event) {
  const row = event.target.closest("a[href]")?.closest("[data-notice]");
  if (!row || !token() || event.type === "auxclick" && event.button !== 1) return;
  const said = new URLSearchParams({ csrf: token(), shown: row.dataset.notice });
  fetch("/inbox/read", { method: "POST", body: said, keepalive: true, redirect: "manual" }).catch(() => {});
}

document.addEventListener("click", opened, { capture: true });
document.addEventListener("auxclick", opened, { capture: true });

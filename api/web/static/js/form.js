// A print that was just logged goes to the printer once; coming back to the page does not send it again.

const said = document.querySelector("[data-print-now]");
if (said) {
  const name = `printed/${said.dataset.printNow}`;
  let sent = false;
  try {
    sent = sessionStorage.getItem(name) !== null;
    sessionStorage.setItem(name, "1");
  } catch { sent = false; }
  if (!sent) window.print();
}

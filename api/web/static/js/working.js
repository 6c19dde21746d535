// How far long work is: asked again and again, and the page opened anew when it is over.

const box = document.querySelector("[data-work]");
const phase = document.getElementById("phase");
const bar = document.getElementById("bar");
const done = document.getElementById("done");
const shown = new Intl.NumberFormat(document.documentElement.lang);
const EVERY = 700;

async function look() {
  try {
    const answer = await fetch(box.dataset.work, { headers: { Accept: "application/json" } });
    if (!answer.ok) {
      location.reload();
      return;
    }
    const now = await answer.json();
    if (now.over) {
      location.reload();
      return;
    }
    if (phase.textContent !== now.phase) phase.textContent = now.phase;
    if (now.total) {
      bar.max = now.total;
      bar.value = now.done;
      done.textContent = `${shown.format(now.done)} / ${shown.format(now.total)}`;
    } else {
      bar.removeAttribute("value");
      done.textContent = now.done ? shown.format(now.done) : "";
    }
  } catch {
    // The server is away: what it is at goes on or begins again; ask later.
  }
  setTimeout(look, EVERY);
}

if (box) setTimeout(look, EVERY);

// What this device keeps for the sweep, in its own database: scans on their way, and the sheets of the sweeps that it
// opened. Numbers and codes only, never a title, a level or a name. Where the browser gives no database, it is kept in
// this page alone, and the page says so.

const NAME = "sweep";
const STORES = ["events", "sheets"];
const memory = { events: new Map(), sheets: new Map() };
const KEY = { events: "event", sheets: "round" };
let opening = null;
let durable = true;

export const isDurable = () => durable;

function open() {
  opening ??= new Promise((done, failed) => {
    const asked = indexedDB.open(NAME, 1);
    asked.onupgradeneeded = () => {
      asked.result.createObjectStore("events", { keyPath: "event" });
      asked.result.createObjectStore("sheets", { keyPath: "round" });
    };
    asked.onsuccess = () => {
      asked.result.onversionchange = () => { asked.result.close(); opening = null; };
      done(asked.result);
    };
    asked.onerror = () => failed(asked.error);
    asked.onblocked = () => failed(new Error("blocked"));
  });
  return opening;
}

// On disk before it is said to be kept: a handheld may be switched off at any moment.
function within(name, mode, work) {
  return open().then((database) => new Promise((done, failed) => {
    const transaction = database.transaction(name, mode, { durability: "strict" });
    const answer = work(transaction.objectStore(name));
    transaction.oncomplete = () => done(answer?.result);
    transaction.onabort = () => failed(transaction.error);
    transaction.onerror = () => failed(transaction.error);
  }));
}

async function attempt(work, instead) {
  if (durable) {
    try { return await work(); } catch { durable = false; }
  }
  return instead();
}

export const put = (name, values) => attempt(
  () => within(name, "readwrite", (store) => { for (const one of values) store.put(one); }),
  () => { for (const one of values) memory[name].set(one[KEY[name]], one); },
);

export const remove = (name, keys) => attempt(
  () => within(name, "readwrite", (store) => { for (const key of keys) store.delete(key); }),
  () => { for (const key of keys) memory[name].delete(key); },
);

export const all = (name) => attempt(
  () => within(name, "readonly", (store) => store.getAll()),
  () => [...memory[name].values()],
);

export const get = (name, key) => attempt(
  () => within(name, "readonly", (store) => store.get(key)),
  () => memory[name].get(key),
);

// Everything of the sweep is forgotten on this device: its database, the pages kept for it, what reads them.
export async function wipe() {
  for (const name of STORES) memory[name].clear();
  try {
    (await open()).close();
    opening = null;
    await new Promise((done) => {
      const asked = indexedDB.deleteDatabase(NAME);
      asked.onsuccess = done;
      asked.onerror = done;
      asked.onblocked = done;
    });
  } catch { /* there was none */ }
  if ("caches" in window) for (const name of await caches.keys()) await caches.delete(name);
  for (const worker of await (navigator.serviceWorker?.getRegistrations() ?? [])) await worker.unregister();
  for (const name of Object.keys(localStorage)) if (name.startsWith("sweep:")) localStorage.removeItem(name);
}

// How this device is set by its people: kept in a cookie, which outlives them; nothing of any sweep.
export function setting(name, other) {
  const found = document.cookie.split("; ").find((one) => one.startsWith(`${name}=`));
  return found ? found.slice(name.length + 1) : other;
}

export function set(name, value) {
  const secure = location.protocol === "https:" ? "; Secure" : "";
  document.cookie = `${name}=${value}; Path=/; Max-Age=31536000; SameSite=Strict${secure}`;
}

// The worker that opens this page where there is no network, and the page that it then opens. Needs HTTPS, or this
// machine itself.
export async function prepare() {
  if (!("serviceWorker" in navigator)) return false;
  try {
    await navigator.serviceWorker.register("/sw.js", { scope: "/rounds", updateViaCache: "none" });
    const worker = (await navigator.serviceWorker.ready).active;
    worker?.postMessage("shell");
    navigator.storage?.persist?.();
    return true;
  } catch { return false; }
}

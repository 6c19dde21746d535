// The worker of the sweep: its page opens without a network. It keeps the static files that the page needs and the page
// without any sweep in it; the sweep's numbers are in the device's database. Everything else goes to the server.
// `VERSION` and `FILES` stand before this text, as it is served.

const CACHE = `sweep-${VERSION}`;
const SHELL = "/rounds/shell";
const WAIT_MS = 8000;
const A_ROUND = /^\/rounds\/[^/]+-\d+$/;

async function keepShell(cache) {
  const answer = await fetch(SHELL, { cache: "no-store", redirect: "error", credentials: "same-origin" });
  if (answer.ok) await cache.put(SHELL, answer);
}

self.addEventListener("install", (event) => {
  event.waitUntil((async () => {
    const cache = await caches.open(CACHE);
    await cache.addAll(FILES);
    await keepShell(cache);
    await self.skipWaiting();
  })());
});

self.addEventListener("activate", (event) => {
  event.waitUntil((async () => {
    for (const name of await caches.keys()) if (name !== CACHE) await caches.delete(name);
    await self.clients.claim();
  })());
});

// A page that was just opened: the shell is taken anew, in the language in which the page is.
self.addEventListener("message", (event) => {
  if (event.data === "shell") event.waitUntil(caches.open(CACHE).then(keepShell).catch(() => {}));
});

function late() {
  return new Promise((_done, failed) => { setTimeout(() => failed(new Error("no answer")), WAIT_MS); });
}

// What a server or its proxy says that is going down or coming up is no answer.
async function page(request) {
  try {
    const answer = await Promise.race([fetch(request), late()]);
    if (answer.status !== 502 && answer.status !== 504) return answer;
  } catch { /* no network, or none that answers */ }
  const cache = await caches.open(CACHE);
  return (await cache.match(SHELL)) ?? Response.error();
}

async function file(request, url) {
  const cache = await caches.open(CACHE);
  if (url.searchParams.has("v")) {
    const known = await cache.match(request);
    if (known) return known;
  }
  try {
    const answer = await Promise.race([fetch(request), late()]);
    if (answer.ok && url.searchParams.has("v")) return answer;
    if (answer.ok && FILES.includes(url.pathname)) await cache.put(url.pathname, answer.clone());
    return answer;
  } catch {
    return (await cache.match(request, { ignoreSearch: true })) ?? Response.error();
  }
}

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== self.location.origin) return;
  if (url.pathname.startsWith("/static/")) event.respondWith(file(request, url));
  else if (request.mode === "navigate" && (url.pathname === "/rounds" || A_ROUND.test(url.pathname))) event.respondWith(page(request));
});

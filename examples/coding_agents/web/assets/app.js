// What a page does beyond HTML: it shows what is new, asks before something is deleted, and copies a token.
"use strict";

const LABELS = { pending: "Waiting", processing: "Running", completed: "Completed", error: "Failed", stopped: "Stopped" };
const AGAIN_AFTER = 3000;
const SETTLED_AFTER = 150;

// Opens a stream, and keeps it while the page can be seen: a browser has few connections to one server.
function whileSeen(open) {
  let source = null;
  const look = () => {
    if (document.hidden) {
      source?.close();
      source = null;
    } else {
      source ??= open();
    }
  };
  document.addEventListener("visibilitychange", look);
  look();
  return () => {
    document.removeEventListener("visibilitychange", look);
    source?.close();
  };
}

// A task's log, line by line, until the task has ended.
function follow(article) {
  const list = article.querySelector(".log");
  const count = article.querySelector("[data-count]");
  let last = Number(article.dataset.last);
  const stop = whileSeen(() => {
    const source = new EventSource(`${article.dataset.live}?after=${last}`);
    source.addEventListener("log", (event) => {
      const number = Number(event.lastEventId);
      if (number <= last) return; // a stream that begins again says what it said
      last = number;
      const atEnd = isAtEnd(list);
      list.querySelector("ol").append(line(number, JSON.parse(event.data)));
      count.textContent = number === 1 ? "1 line" : `${number} lines`;
      if (atEnd) list.scrollTop = list.scrollHeight;
    });
    source.addEventListener("task", (event) => show(article, JSON.parse(event.data)));
    source.addEventListener("end", end);
    source.addEventListener("error", () => source.readyState === EventSource.CLOSED && setTimeout(end, AGAIN_AFTER));
    return source;
  });
  function end() {
    stop();
    renew(article); // the conversation, and what can be done now, are the server's to say
  }
}

function show(article, { status, progress }) {
  article.querySelector("progress").value = progress;
  const pill = article.querySelector("[data-status] .status");
  if (pill.classList.contains(status)) return;
  pill.className = `status ${status}`;
  pill.textContent = LABELS[status];
}

function line(number, entry) {
  const item = document.createElement("li");
  const time = document.createElement("time");
  const text = document.createElement("code");
  item.className = entry.type;
  item.value = number;
  time.dateTime = entry.timestamp;
  time.textContent = new Date(entry.timestamp).toISOString().slice(11, 19);
  text.textContent = entry.message;
  item.append(time, text);
  return item;
}

function isAtEnd(list) {
  return list.scrollHeight - list.scrollTop - list.clientHeight < 48;
}

// The list of tasks, whenever something in it has changed.
function keepCurrent({ id, dataset }) {
  let busy = false;
  let changed = false;
  const change = async () => {
    changed = true;
    if (busy) return;
    busy = true;
    while (changed) {
      await pause(SETTLED_AFTER);
      changed = false;
      await renew(document.getElementById(id));
    }
    busy = false;
  };
  let known = !("unfinished" in dataset); // else something may have happened since the page was made
  whileSeen(() => {
    const source = new EventSource(dataset.touched);
    source.addEventListener("ready", () => {
      if (!known) change();
      known = false;
    });
    source.addEventListener("touched", (event) => JSON.parse(event.data).tags.includes("tasks") && change());
    return source;
  });
}

// Puts what the server says now in the place of a part of the page.
async function renew(part) {
  const page = await load(location.href);
  const fresh = page.getElementById(part.id);
  if (!fresh) return location.reload(); // it was deleted, or nobody is signed in any more
  const focused = part.contains(document.activeElement) ? address(document.activeElement) : null;
  const log = part.querySelector(".log");
  const read = log && !isAtEnd(log) ? log.scrollTop : null;
  part.replaceWith(fresh);
  enliven(fresh, read);
  if (focused) (fresh.querySelector(focused) ?? document.getElementById("main")).focus({ preventScroll: true });
}

// The page at an address; a server that is down for a moment is asked again.
async function load(href) {
  for (;;) {
    try {
      const response = await fetch(href, { headers: { Accept: "text/html" } });
      if (response.status < 500) return new DOMParser().parseFromString(await response.text(), "text/html");
    } catch {
      // not reached
    }
    await pause(AGAIN_AFTER);
  }
}

function address(element) {
  const form = element.closest("form");
  if (element.id) return `#${CSS.escape(element.id)}`;
  if (element.href) return `a[href="${CSS.escape(element.getAttribute("href"))}"]`;
  if (form) return `form[action="${CSS.escape(form.getAttribute("action"))}"] button`;
  return element.className ? `.${CSS.escape(element.className)}` : "main";
}

function pause(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

function enliven(root, read = null) {
  for (const log of root.querySelectorAll(".log")) log.scrollTop = read ?? log.scrollHeight;
  if (root.matches?.("[data-live]")) follow(root);
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if ("sent" in form.dataset || (form.dataset.confirm && !confirm(form.dataset.confirm))) event.preventDefault();
  else form.dataset.sent = ""; // once
});

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
  button.textContent = "Copied";
});

addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("[data-sent]")) delete form.dataset.sent;
});

// The answer to a form stands at the form's address, which is a program's: from here on the page is where it belongs.
const { path } = document.body.dataset;
if (path && location.pathname !== path) history.replaceState(null, "", path);

for (const button of document.querySelectorAll("[data-copy]")) button.hidden = !navigator.clipboard;
for (const article of document.querySelectorAll("article")) enliven(article);
for (const section of document.querySelectorAll("[data-touched]")) keepCurrent(section);

// What a page does beyond HTML: live log lines, a question before something is deleted, and copying a token.
"use strict";

const LABELS = { pending: "Waiting", processing: "Running", completed: "Completed", error: "Failed", stopped: "Stopped" };

function follow(article) {
  const list = article.querySelector(".log");
  const count = article.querySelector("[data-count]");
  const bar = article.querySelector("progress");
  const source = new EventSource(`${article.dataset.live}?after=${article.dataset.last}`);

  source.addEventListener("log", (event) => {
    const atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 48;
    list.append(line(Number(event.lastEventId), JSON.parse(event.data)));
    count.textContent = event.lastEventId === "1" ? "1 line" : `${event.lastEventId} lines`;
    if (atEnd) list.scrollTop = list.scrollHeight;
  });
  source.addEventListener("task", (event) => {
    const { status, progress } = JSON.parse(event.data);
    bar.value = progress;
    const pill = article.querySelector("[data-status] .status");
    pill.className = `status ${status}`;
    pill.textContent = LABELS[status];
  });
  source.addEventListener("end", () => {
    source.close();
    location.reload(); // the conversation and what can be done now are the server's to say
  });
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

for (const article of document.querySelectorAll("[data-live]")) follow(article);

for (const list of document.querySelectorAll(".log")) list.scrollTop = list.scrollHeight;

for (const form of document.querySelectorAll("form[data-confirm]")) {
  form.addEventListener("submit", (event) => {
    if (!confirm(form.dataset.confirm)) event.preventDefault();
  });
}

for (const button of document.querySelectorAll("[data-copy]")) {
  button.hidden = !navigator.clipboard;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
    button.textContent = "Copied";
  });
}

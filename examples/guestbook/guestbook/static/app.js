// The page works without this file: it adds live entries, the bars, and times in words.
"use strict";

document.documentElement.classList.add("scripted");
const $ = (id) => document.getElementById(id);
const COLOURS = ["#6b8afd", "#e0729b", "#2fa37c", "#d9902b", "#9a6bea", "#2f9fc0", "#c75f4a", "#7f9a34"];
const RELATIVE = new Intl.RelativeTimeFormat("en", { numeric: "auto" });

function colour(dyno) {
  return COLOURS[(Number(dyno.split(".").pop()) - 1 || 0) % COLOURS.length];
}

function inWords(date) {
  const seconds = (date - Date.now()) / 1000;
  for (const [unit, length] of [["day", 86400], ["hour", 3600], ["minute", 60]]) {
    if (-seconds >= length) return RELATIVE.format(Math.ceil(seconds / length), unit);
  }
  return "just now";
}

function tellTimes() {
  for (const time of document.querySelectorAll("time")) {
    const date = new Date(time.dateTime);
    time.textContent = inWords(date);
    time.title = date.toLocaleString();
  }
}

function show(entry) {
  const box = document.createElement("template");
  box.innerHTML = entry.html.trim(); // made by the server from the same template as the page
  const card = box.content.firstElementChild;
  const old = $("entry-" + entry.id);
  if (old) {
    old.replaceWith(card);
  } else {
    // Only what is newer than the newest: an older entry has its place on another page.
    const first = $("entries").firstElementChild;
    if (first && Number(first.dataset.id) > entry.id) return;
    card.classList.add("fresh");
    $("entries").prepend(card);
    $("empty").hidden = true;
    const count = parseInt($("count").textContent, 10) + 1;
    $("count").textContent = count + (count === 1 ? " entry" : " entries");
  }
  tellTimes();
}

function listen(address) {
  const source = new EventSource(address); // connects again by itself, to whichever dyno answers
  const live = $("live");
  const hear = (name, then) => source.addEventListener(name, (event) => then(JSON.parse(event.data)));
  live.hidden = false;
  live.textContent = "connecting";
  hear("hello", (hello) => {
    live.className = "live";
    live.textContent = "live from " + hello.dyno;
  });
  hear("entry", show);
  hear("queue", (queue) => { $("depth").textContent = queue.jobs; });
  source.onerror = () => {
    live.className = "live off";
    live.textContent = "connecting again";
  };
}

async function ask() {
  const counts = new Map();
  $("ask").disabled = true;
  for (let i = 0; i < 24; i++) {
    let dyno = "error";
    try {
      const answer = await fetch("/healthz", { cache: "no-store" });
      dyno = answer.headers.get("X-Dyno") || "error";
    } catch (problem) {
      // A dyno that was killed in the middle of an answer: counted as an error.
    }
    counts.set(dyno, (counts.get(dyno) || 0) + 1);
    draw(counts);
  }
  $("ask").disabled = false;
}

function draw(counts) {
  const most = Math.max(...counts.values());
  const names = [...counts.keys()].sort((a, b) => a.localeCompare(b, "en", { numeric: true }));
  while ($("bars").children.length > names.length) $("bars").lastElementChild.remove();
  names.forEach((name, at) => {
    let bar = $("bars").children[at];
    if (!bar) {
      bar = document.createElement("div");
      bar.className = "bar";
      bar.innerHTML = '<span></span><span class="track"><span class="fill"></span></span><span class="count"></span>';
      $("bars").append(bar);
    }
    bar.firstElementChild.textContent = name;
    bar.querySelector(".fill").style.width = (100 * counts.get(name)) / most + "%";
    bar.querySelector(".fill").style.background = name === "error" ? "#c62828" : colour(name);
    bar.querySelector(".count").textContent = counts.get(name);
  });
}

for (const dot of document.querySelectorAll("[data-dyno]")) dot.style.background = colour(dot.dataset.dyno);
tellTimes();
setInterval(tellTimes, 30000);
$("ask").addEventListener("click", ask);
if (document.body.dataset.stream) listen(document.body.dataset.stream);

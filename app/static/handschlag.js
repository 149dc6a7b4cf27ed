// Small quickeners; every page works without them.
"use strict";

const body = document.body;

// A form is sent once: a second click on a slow line must not decide twice.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.hasAttribute("hx-post")) return;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "1";
  setTimeout(() => delete form.dataset.sent, 4000);
});

// Filters take effect at once; without this script their button does it.
document.addEventListener("change", (event) => {
  const form = event.target.closest("form[data-filter]");
  if (form) form.requestSubmit();
});

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-print]")) window.print();
});

// What htmx swaps in is announced, and its failures are said in words.
function say(words) {
  document.getElementById("live").textContent = words;
}
document.addEventListener("htmx:afterSwap", (event) => {
  const told = event.detail.target.querySelector("[data-announce]");
  if (told) say(told.dataset.announce || told.textContent);
});
document.addEventListener("htmx:responseError", (event) => {
  if (event.detail.xhr.status === 401) window.location.reload();
  else say(body.dataset.failed);
});
document.addEventListener("htmx:sendError", () => say(body.dataset.offline));

body.dataset.ready = "1";

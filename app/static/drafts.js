// Keeps what is typed into a form with data-draft until it was sent, on this device.
// A field that the server filled is never overwritten. Works for text fields only:
// the rest is chosen again in a moment.
"use strict";

(() => {
  const PREFIX = "handschlag:draft:";
  const DAYS_KEPT = 14;
  const form = document.querySelector("form[data-draft]");
  const key = form && PREFIX + form.dataset.draft;

  const read = (one) => {
    try { return JSON.parse(localStorage.getItem(one)) || {}; } catch { return {}; }
  };
  const fields = () => [...form.querySelectorAll("textarea, input[type=text]")].filter((one) => one.name);

  try {
    const oldest = Date.now() - DAYS_KEPT * 864e5;
    for (const one of Object.keys(localStorage)) {
      if (!one.startsWith(PREFIX)) continue;
      // Sent, and now on a page without that form: it arrived.
      const draft = read(one);
      if (draft.at < oldest || (draft.sent && one !== key)) localStorage.removeItem(one);
    }
    if (!form) return;

    const draft = read(key);
    for (const field of fields()) {
      const kept = draft.texts && draft.texts[field.name];
      if (kept && !field.value) {
        field.value = kept;
        field.dispatchEvent(new Event("input", { bubbles: true }));
      }
    }
    const save = (sent) => {
      const texts = Object.fromEntries(fields().map((field) => [field.name, field.value]));
      localStorage.setItem(key, JSON.stringify({ texts, sent, at: Date.now() }));
    };
    form.addEventListener("input", () => save(false));
    form.addEventListener("submit", () => save(true));
  } catch {
    // Storage is forbidden or full: the form works all the same.
  }
})();

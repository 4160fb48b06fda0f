// Keys of the console: whatever carries data-key is pressed by that key, unless somebody is typing.
// Pages work without this file.
"use strict";

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  const typing = event.target.closest("input:not([type=checkbox]), textarea, select");
  if (typing) {
    if (event.key === "Escape") typing.blur();
    return;
  }
  // Enter belongs to what has the focus.
  if (event.key === "Enter" && event.target.closest("a, button, summary")) return;
  const wanted = document.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
  if (!wanted) return;
  event.preventDefault();
  if (wanted.matches("input, textarea, select")) wanted.focus();
  else wanted.click();
});

// After a page was exchanged in place, readers of the screen continue at its beginning.
document.addEventListener("htmx:afterSettle", (event) => {
  if (event.target.id === "page") event.target.focus({ preventScroll: true });
});

// A chosen file goes into the text field beside it.
document.addEventListener("change", async (event) => {
  const into = event.target.dataset?.into;
  const file = event.target.files?.[0];
  if (into && file) document.getElementById(into).value = await file.text();
});

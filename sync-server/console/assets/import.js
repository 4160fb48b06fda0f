// Sends a chosen file as it is and shows how much of it is sent. Without this file the text is pasted.
"use strict";

document.querySelector("[data-upload]").addEventListener("submit", (event) => {
  const form = event.target;
  const file = form.querySelector("input[type=file]").files[0];
  if (!file) return;
  event.preventDefault();
  const bar = document.getElementById("sent");
  const button = form.querySelector("button[type=submit]");
  const request = new XMLHttpRequest();
  request.open("POST", form.action);
  request.setRequestHeader("content-type", "application/octet-stream");
  request.setRequestHeader("x-csrf", form.elements.csrf.value);
  request.setRequestHeader("x-file-name", encodeURIComponent(file.name).slice(-120));
  request.upload.addEventListener("progress", ({ loaded, total }) => { bar.value = (loaded * 100) / total; });
  const end = (text) => { bar.hidden = true; button.disabled = false; button.textContent = text; };
  request.addEventListener("load", () => {
    if (request.status === 200) location.assign("/console/import");
    else end(form.dataset.busy);
  });
  request.addEventListener("error", () => end(form.dataset.busy));
  bar.hidden = false;
  button.disabled = true;
  button.textContent = form.dataset.sending;
  request.send(file);
});

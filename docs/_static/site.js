/* What is wider than its place can be scrolled by keyboard; explorers follow the page's theme. */
"use strict";
const scrolling = ".scrolls, div.math, .table-wrapper, .highlight pre, div.cell_output .output.text_html, .output.text_html > pre";

function offerKeys() {
  for (const box of document.querySelectorAll(scrolling)) {
    if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
    else box.removeAttribute("tabindex");
  }
}

function isDark() {
  const chosen = document.body.dataset.theme;
  return chosen === "dark" || (chosen !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
}

function colourFrames() {
  const theme = isDark() ? "dark" : "light";
  for (const frame of document.querySelectorAll("div.cell_output iframe[srcdoc]")) {
    const page = frame.srcdoc.replace(/"theme": ?"(auto|light|dark)"/, `"theme":"${theme}"`);
    if (page !== frame.srcdoc) frame.srcdoc = page;
  }
}

offerKeys();
addEventListener("load", offerKeys);
addEventListener("resize", offerKeys);
document.addEventListener("toggle", offerKeys, true);
colourFrames();
new MutationObserver(colourFrames).observe(document.body, { attributeFilter: ["data-theme"] });
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", colourFrames);

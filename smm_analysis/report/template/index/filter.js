"use strict";
/* Show what is one brand's, or all; the choice stays in the address. Without script all are shown. */
(() => {
  const box = document.querySelector(".brands");
  if (!box) return;
  const show = (brand) => document.querySelectorAll("[data-brand]").forEach((row) => {
    row.hidden = brand !== "" && row.dataset.brand !== "" && row.dataset.brand !== brand;
  });
  const asked = decodeURIComponent(location.hash.slice(1));
  box.hidden = false;
  box.querySelectorAll("input").forEach((input) => {
    if (input.value === asked) input.checked = true;
    input.addEventListener("change", () => {
      show(input.value);
      history.replaceState(null, "", "#" + encodeURIComponent(input.value));
    });
  });
  show(box.querySelector("input:checked")?.value ?? "");
})();

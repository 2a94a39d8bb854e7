"use strict";
// Fills in the reader's time zone as the browser knows it; she may change it, and no page needs this.
for (const field of document.querySelectorAll("input[data-guess]")) {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone || "";
  if (!field.value && zone !== "Etc/Unknown") field.value = zone;
}

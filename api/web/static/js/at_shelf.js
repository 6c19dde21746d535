// The list of sweeps: a shelf's tag scanned into its box begins or goes on with that shelf's sweep. A scanner that ends
// with Tab is understood too; what it sends besides is taken off by the server.
import { prepare } from "./kept.js";
import { focusBox } from "./scanning.js";

const box = document.getElementById("shelf");
box.addEventListener("keydown", (event) => {
  if (event.key !== "Tab" || box.value.trim() === "") return;
  event.preventDefault();
  box.form.requestSubmit();
});
document.addEventListener("visibilitychange", () => { if (!document.hidden) focusBox(box); });
if (box.value) box.select();
prepare();

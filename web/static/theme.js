// Before the first paint: the reader's choice of light or dark, else the system's.
(function () {
  document.documentElement.classList.add("js");
  var chosen = localStorage.getItem("theme");
  if (chosen) document.documentElement.dataset.theme = chosen;
})();

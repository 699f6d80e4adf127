// Before the first paint: the reader's choice, else the system's.
(function () {
  var chosen = localStorage.getItem("theme");
  if (chosen) document.documentElement.dataset.theme = chosen;
})();

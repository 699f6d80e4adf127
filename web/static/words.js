// What the scripts say, in the page's language: the page brings the words, English ones need none.
"use strict";
window.inLanguage = (english) => JSON.parse(document.body.dataset.words || "{}")[english] || english;
window.pageLocale = () => {
  const language = document.documentElement.lang;
  return navigator.languages.find((asked) => asked.startsWith(language)) || language;
};

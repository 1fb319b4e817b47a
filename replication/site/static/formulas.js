// Formulas stand in elements of class "math", and nowhere else.
window.MathJax = {
  tex: {
    inlineMath: [["\\(", "\\)"]],
    displayMath: [["$$", "$$"]],
    processEscapes: false,
    packages: { "[-]": ["require", "autoload"] }, // a formula loads no program
  },
  svg: { fontCache: "local" },
  options: {
    enableMenu: false,
    ignoreHtmlClass: "tex2jax_ignore|page",
    processHtmlClass: "math",
  },
  startup: {
    ready() {
      document.body.classList.add("page");
      MathJax.startup.defaultReady();
      MathJax.startup.promise.then(() => document.body.classList.add("formulas-ready"));
    },
  },
};

/** Each look in light and in dark: fill, border, text. Text on fill has a contrast of at least 7 to 1. */
const LOOKS = {
  none: { light: ["#ffffff", "#6b7683", "#24292f"], dark: ["#161b22", "#7d8894", "#d5dbe1"] },
  good: { light: ["#e3f6e8", "#2c7a4b", "#10331f"], dark: ["#10291a", "#4caf72", "#c9efd5"] },
  bad: { light: ["#fde7e9", "#a32d3a", "#4a1018"], dark: ["#331318", "#f0747f", "#fbd3d7"] },
  run: { light: ["#e2effb", "#1f5f9b", "#0c2f4c"], dark: ["#0f2438", "#5aa7ee", "#cfe6fb"] },
  rest: { light: ["#fbf1d4", "#8a6d1c", "#3f3108"], dark: ["#2c2410", "#d9b44a", "#f6e7bb"] },
} as const;

const sheet = (theme: "light" | "dark"): string => {
  const [ground, line, faint, text] =
    theme === "light" ? ["#ffffff", "#57606a", "#9aa4ae", "#24292f"] : ["#0d1117", "#9aa5b1", "#5b6570", "#d5dbe1"];
  return [
    `.ground{fill:${ground}}`,
    `.head,.when text{fill:${text}}`,
    `.way{stroke:${line}}.way.passed{stroke:${faint}}`,
    `.arrow path{fill:${line}}.arrow.passed path{fill:${faint}}`,
    `.when rect{fill:${ground};stroke:${faint}}.when.faint text{fill:${line}}`,
    ...Object.entries(LOOKS).map(
      ([
        look,
        {
          [theme]: [fill, border, ink],
        },
      ]) => {
        return `.${look} rect{fill:${fill};stroke:${border}}.${look} .bar{fill:${border};stroke:none}.${look} text{fill:${ink}}`;
      },
    ),
  ].join("");
};

const MONO = "ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono','Liberation Mono',monospace";

/** The picture's own sheet of styles. */
export const STYLE = [
  `text{font:11.5px ${MONO}}.name{font-size:13.5px;font-weight:600}.head{font-size:13.5px;font-weight:600}.when text{font-size:10.5px}`,
  ".action{opacity:.8}.note{opacity:.8}.status{font-weight:600}",
  ".way{fill:none;stroke-width:1.4}.way.taken{stroke-width:2.6}.way.passed{stroke-dasharray:5 4}",
  ".task rect{stroke-width:1.4}.bad>rect:first-of-type{stroke-width:2.6}.rest>rect:first-of-type{stroke-dasharray:6 3}.when rect{stroke-width:.6}",
  sheet("light"),
  `@media (prefers-color-scheme:dark){${sheet("dark")}}`,
].join("");

import js from "@eslint/js";
import globals from "globals";

// The page's modules are served as they stand here: browser globals only, no build step.
export default [
  js.configs.recommended,
  {
    languageOptions: { ecmaVersion: 2024, sourceType: "module", globals: globals.browser },
    rules: {
      "eqeqeq": ["error", "always", { null: "ignore" }],
      "max-lines": ["error", 400],
      "no-restricted-properties": [
        "error",
        ...["innerHTML", "outerHTML", "insertAdjacentHTML"].map((property) => ({
          property,
          message: "text enters the page only as text: use `el`",
        })),
      ],
      "no-var": "error",
      "prefer-const": "error",
    },
  },
];

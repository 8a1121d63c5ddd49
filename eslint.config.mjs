import pulumi from "@pulumi/eslint-plugin";
import tseslint from "typescript-eslint";

export default tseslint.config(
    {
        ignores: [
            "dist/",
            "coverage/",
            ".local/",
            ".tools/",
            "**/node_modules/",
            "eslint.config.mjs",
            "jest*.config.js",
            "dev/rehearsal/*.cjs",
            "plugin/index.js",
        ],
    },
    ...tseslint.configs.recommendedTypeChecked,
    {
        languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
        plugins: { "@pulumi": pulumi },
        rules: {
            "@pulumi/no-output-in-template-literal": "error",
            "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true, allowBoolean: true }],
            "@typescript-eslint/switch-exhaustiveness-check": "error",
            "@typescript-eslint/require-await": "off",
            eqeqeq: "error",
        },
    },
);

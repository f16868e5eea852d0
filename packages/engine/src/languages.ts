import { isTemplate, jsonpath, renderNative } from "@squall/expressions";
import type { Languages } from "./rules/index.ts";

/** The expression languages of rules. */
export const LANGUAGES: Languages = { isTemplate, jsonpath, renderNative };

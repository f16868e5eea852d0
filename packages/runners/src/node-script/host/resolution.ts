import { statSync } from "node:fs";
import { createRequire, registerHooks } from "node:module";
import { join, sep } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

export interface Resolution {
  /** From now on, bare names that a pack's files do not find beside them are looked for in `modules`. */
  serve(packPath: string, modules: string | undefined): void;
  /** The pack's files that were loaded, with the time of their last change in milliseconds. */
  loaded(): Record<string, number>;
}

/** Lets actions import `@squall/sdk` and their pack's npm packages wherever the pack lies. */
export function installResolution(): Resolution {
  const sdk = import.meta.resolve("@squall/sdk");
  const times: Record<string, number> = {};
  let root = "";
  let elsewhere: string | undefined;
  registerHooks({
    resolve(specifier, context, next) {
      if (specifier === "@squall/sdk") return { url: sdk, shortCircuit: true };
      try {
        return next(specifier, context);
      } catch (error) {
        if (elsewhere === undefined || !/^(?:@[\w.-]+\/)?[\w-]/.test(specifier)) throw error;
        const parentURL = pathToFileURL(join(elsewhere, "package.json")).href;
        if (context.conditions.includes("import")) return next(specifier, { ...context, parentURL });
        return { url: pathToFileURL(createRequire(parentURL).resolve(specifier)).href, shortCircuit: true };
      }
    },
    load(url, context, next) {
      if (url.startsWith("file:")) {
        const path = fileURLToPath(url);
        if (root !== "" && path.startsWith(root + sep)) times[path] = statSync(path).mtimeMs;
      }
      return next(url, context);
    },
  });
  return {
    serve(packPath, modules) {
      root = packPath;
      elsewhere = modules;
    },
    loaded: () => times,
  };
}

import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { PythonSettings } from "./interpreter.ts";

/** For tests: a pack's folder, a folder for virtualenvs and one of wheels, which is all that pip gets to see. */
export interface Installation extends Disposable {
  readonly settings: PythonSettings & { readonly virtualenvs: string };
  readonly packPath: string;
  readonly wheels: string;
  requires(text: string): void;
}

export function anInstallation(): Installation {
  const root = mkdtempSync(join(tmpdir(), "squall-test-virtualenv-"));
  const packPath = join(root, "pack");
  const wheels = join(root, "wheels");
  mkdirSync(packPath);
  mkdirSync(wheels);
  return {
    settings: {
      pythonPath: join(root, "sdk"),
      python: "python3",
      virtualenvs: join(root, "data", "virtualenvs"),
      packLibraries: false,
      packages: { wheels },
    },
    packPath,
    wheels,
    requires: (text) => writeFileSync(join(packPath, "requirements.txt"), text),
    [Symbol.dispose]: () => rmSync(root, { recursive: true, force: true }),
  };
}

/** Puts a wheel into `folder` of a package with one module that says `version`. */
export function aWheel(folder: string, name: string, version: string): void {
  const program = `
import sys, zipfile
folder, name, version = sys.argv[1:]
info = f"{name}-{version}.dist-info"
files = {
    f"{name}.py": f"version = {version!r}\\n",
    f"{info}/METADATA": f"Metadata-Version: 2.1\\nName: {name}\\nVersion: {version}\\n",
    f"{info}/WHEEL": "Wheel-Version: 1.0\\nGenerator: test\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n",
}
record = "".join(f"{path},,\\n" for path in files) + f"{info}/RECORD,,\\n"
with zipfile.ZipFile(f"{folder}/{name}-{version}-py3-none-any.whl", "w") as wheel:
    for path, text in {**files, f"{info}/RECORD": record}.items():
        wheel.writestr(path, text)
`;
  execFileSync("python3", ["-c", program, folder, name, version]);
}

/** What `python` says to `program`. */
export function ask(python: string, program: string): string {
  return execFileSync(python, ["-c", program], { encoding: "utf8" }).trim();
}

import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

export const FLOOD_BYTES = 200_000_000;

const python = (body: string, top = "") => `import os
import sys
from st2common.runners.base_action import Action
${top}

class Bad(Action):
    def run(self):
${body.replaceAll(/^/gm, "        ")}
`;
const javascript = (body: string, top = "") => `${top}\nexport default async function bad() {\n${body}\n}\n`;

/** Actions by what is wrong with them, once in each language. */
const ACTIONS: Readonly<Record<string, { readonly py: string; readonly mjs: string; readonly timeout?: number }>> = {
  good: { py: python("return 1"), mjs: javascript("return 1;") },
  import_error: {
    py: python("return 1", "import not_there_at_all"),
    mjs: javascript("return 1;", 'import "not-there-at-all";'),
  },
  syntax_error: { py: "def run(:\n", mjs: "export default function (\n" },
  wrong_class: { py: "class Bad(object):\n    def run(self):\n        return 1\n", mjs: "export const bad = 1;\n" },
  no_json: {
    py: python("return {'it': object(), 'set': {1}}"),
    mjs: javascript("const it = {}; it.self = it; return it;"),
  },
  any_bytes: {
    py: python("sys.stdout.buffer.write(bytes(range(256)))\nsys.stderr.buffer.write(b'\\xc3\\x28\\xed\\xa0\\x80')"),
    mjs: javascript(
      "process.stdout.write(Buffer.from(Array.from({ length: 256 }, (_, i) => i))); process.stderr.write(Buffer.from('c328eda080', 'hex'));",
    ),
  },
  flood: {
    py: python(
      `for _ in range(${FLOOD_BYTES / 1_000_000}):\n    sys.stdout.write('x' * 999_999 + '\\n')\nreturn 'through'`,
    ),
    mjs: javascript(
      `const line = "x".repeat(999_999) + "\\n";\nfor (let i = 0; i < ${FLOOD_BYTES / 1_000_000}; i++) await new Promise((done) => process.stdout.write(line, done));\nreturn "through";`,
    ),
  },
  stubborn: {
    py: python(
      "signal.signal(signal.SIGTERM, signal.SIG_IGN)\nprint('deaf', flush=True)\ntime.sleep(1000)",
      "import signal, time",
    ),
    mjs: javascript('process.on("SIGTERM", () => undefined);\nconsole.log("deaf");\nfor (;;);'),
    timeout: 4,
  },
  // The same with time to be canceled in.
  deaf: {
    py: python(
      "signal.signal(signal.SIGTERM, signal.SIG_IGN)\nos.fork()\nprint('deaf', flush=True)\ntime.sleep(1000)",
      "import signal, time",
    ),
    mjs: javascript('process.on("SIGTERM", () => undefined);\nconsole.log("deaf");\nfor (;;);'),
  },
  crash: { py: python("os.kill(os.getpid(), 11)"), mjs: javascript("process.kill(process.pid, 11); for (;;);") },
};

export const SENSORS: Readonly<Record<string, string>> = {
  DiesAtOnce:
    "class DiesAtOnce(Sensor):\n    def run(self):\n        raise KeyError('no such queue')\n\n" +
    "    def setup(self, *_):\n        pass\n\n    cleanup = add_trigger = update_trigger = remove_trigger = setup\n",
  Exits: "os._exit(3)\n",
  ImportError: "import not_there_at_all\n",
  WrongClass: "class AnotherName(Sensor):\n    pass\n",
};

const manifest = (name: string) =>
  `name: ${name}\ndescription: What goes wrong\nversion: 1.0.0\nauthor: Test\nemail: test@example.org\n`;

/** Writes packs whose every part is wrong somehow below `root`. */
export async function writeBadPacks(root: string): Promise<void> {
  const files: Record<string, string> = { "bad/pack.yaml": manifest("bad") };
  for (const [name, { timeout, ...code }] of Object.entries(ACTIONS)) {
    for (const [kind, text] of Object.entries(code)) {
      const action = `${name}_${kind}`;
      files[`bad/actions/${action}.yaml`] = metadata(action, `${action}.${kind}`, timeout);
      files[`bad/actions/${action}.${kind}`] = text;
    }
  }
  files["bad/actions/no_file_py.yaml"] = metadata("no_file_py", "nowhere.py");
  files["bad/actions/no_file_mjs.yaml"] = metadata("no_file_mjs", "nowhere.mjs");
  for (const [name, text] of Object.entries(SENSORS)) {
    files[`bad/sensors/${name}.yaml`] =
      `class_name: ${name}\nentry_point: ${name}.py\ndescription: Bad\nenabled: true\ntrigger_types: [{name: ${name.toLowerCase()}, payload_schema: {type: object}}]\n`;
    files[`bad/sensors/${name}.py`] = `import os\nfrom st2reactor.sensor.base import Sensor\n${text}`;
  }
  // Its requirements are nowhere; those of the other one are not asked for, since somebody made its virtualenv.
  for (const pack of ["unmet", "broken"]) {
    files[`${pack}/pack.yaml`] = manifest(pack);
    files[`${pack}/actions/good.yaml`] = metadata("good", "good.py");
    files[`${pack}/actions/good.py`] = python("return 1");
  }
  files["unmet/requirements.txt"] = "a-package-that-nobody-has==1.0\n";
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
  }
}

function metadata(name: string, file: string, timeout?: number): string {
  const runner = file.endsWith(".py") ? "python-script" : "node-script";
  const limit = timeout === undefined ? "" : `parameters: {timeout: {default: ${timeout}}}\n`;
  return `name: ${name}\nrunner_type: ${runner}\nentry_point: ${file}\ndescription: Bad\nenabled: true\n${limit}`;
}

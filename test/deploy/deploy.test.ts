import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { describe, test, type TestContext } from "node:test";
import { readYaml } from "@squall/packs";
import { HEALTH_PATHS, readOptions, ROUTES } from "@squall/server";

const ROOT = join(import.meta.dirname, "../..");
const DEPLOY = join(ROOT, "deploy");

const help = readOptions(["--help"], {});
assert.ok(help.help);
const OPTIONS = new Set([...help.says.matchAll(/^ {2}--([\w-]+)/gm)].map(([, name = ""]) => name));
const VARIABLES = new Set([...help.says.matchAll(/\[(SQUALL_\w+)\]$/gm)].map(([, name = ""]) => name));

const files = readdirSync(DEPLOY, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && !entry.parentPath.endsWith("secrets"))
  .map((entry) => {
    const path = join(entry.parentPath, entry.name);
    return { path: path.slice(DEPLOY.length + 1), text: readFileSync(path, "utf8") };
  });

const textOf = (path: string): string => {
  const found = files.find((file) => file.path === path);
  assert.ok(found, `there is no deploy/${path}`);
  return found.text;
};

/** Maps of maps, as YAML files hold them. */
interface Tree {
  readonly [name: string]: Tree;
}

function yamlOf(path: string): Tree {
  return readYaml(textOf(path), path).value as Tree; // a test that expects another shape fails either way
}

function onPath(program: string): boolean {
  return (process.env.PATH ?? "").split(delimiter).some((folder) => existsSync(join(folder, program)));
}

function temporary(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "squall-deploy-"));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

describe("what deploy/ names is there", () => {
  test("the help of the server was understood", () => {
    assert.ok(OPTIONS.has("store") && VARIABLES.has("SQUALL_STORE") && VARIABLES.size > 20);
  });

  test("every variable is one of the server's", () => {
    const unknown = files.flatMap(({ path, text }) =>
      [...text.matchAll(/\bSQUALL_\w+/g)]
        .map(([name]) => name)
        .filter((name) => !VARIABLES.has(name) && name !== "SQUALL_PORT=tcp")
        .map((name) => `${path}: ${name}`),
    );
    assert.deepEqual(unknown, []);
  });

  test("every option of `squall server` is one of the server's", () => {
    const unknown = files.flatMap(({ path, text }) =>
      [...text.matchAll(/squall server((?: --?[\w-]+(?:[ =][^-\s`'"]\S*)?)+)/g)]
        .flatMap(([, words = ""]) => [...words.matchAll(/--([\w-]+)/g)].map(([, name = ""]) => name))
        .filter((name) => !OPTIONS.has(name))
        .map((name) => `${path}: --${name}`),
    );
    assert.deepEqual(unknown, []);
  });

  test("every path of the server that is asked for answers", () => {
    const health = files.flatMap(({ text }) => [...text.matchAll(/\/health(?:\/\w+)?\b/g)].map(([path]) => path));
    assert.ok(health.length > 3);
    assert.deepEqual(
      health.filter((path) => !HEALTH_PATHS.some((known) => known === path)),
      [],
    );
    assert.ok(ROUTES.some(({ method, path }) => method === "GET" && path === "/cluster"));
    const { response } = ROUTES.find(({ path }) => path === "/cluster") ?? {};
    assert.match(JSON.stringify(response), /"waiting":\{[^}]*"properties":\{"inline":\{[^}]*\},"process"/);
    assert.match(textOf("helm/squall/templates/autoscaling.yaml"), /valueLocation: waiting\.process/);
  });

  test("every role is one of the server's", () => {
    const roles = files.flatMap(({ text }) => [
      ...[...text.matchAll(/SQUALL_ROLES[:=] ?([a-z]+(?:,[a-z]+)*)/g)].map(([, one = ""]) => one),
      ...[...text.matchAll(/\broles: \[([a-z, ]+)\]/g)].map(([, one = ""]) => one),
    ]);
    assert.ok(roles.length > 6);
    for (const role of roles.flatMap((one) => one.split(/, ?/)))
      assert.ok(["api", "engine", "worker", "sources"].includes(role), role);
  });

  test("the command of images and units starts the server as bin/squall does", () => {
    const flags = /"(--max-semi-space-size=\d+)", "(--heap-growing-percent=\d+)"/.exec(
      readFileSync(join(ROOT, "scripts/run.mjs"), "utf8"),
    );
    assert.ok(flags);
    assert.ok(textOf("squall").includes(`${flags[1]} ${flags[2]} `));
    const env = { ...process.env, PATH: `${dirname(process.execPath)}${delimiter}${process.env.PATH}` };
    const said = (...words: string[]) => execFileSync(join(DEPLOY, "squall"), words, { env, encoding: "utf8" });
    assert.match(said("server", "--help"), /^Usage: squall server /);
    assert.match(said("backup", "--help"), /^Usage: squall backup /);
    assert.match(said("--version"), /^\d+\.\d+\.\d+\n$/);
  });
});

describe("deploy/compose", () => {
  const compose = yamlOf("compose/compose.yaml");
  const services = Object.entries(compose["services"] ?? {});

  test("has what a cluster needs, each of it more than once but for the database", () => {
    const replicas = Object.fromEntries(services.map(([name, one]) => [name, one["deploy"]?.["replicas"] ?? 1]));
    assert.deepEqual(replicas, {
      api: 2,
      engine: 2,
      worker: 3,
      sources: 2,
      postgres: 1,
      "nats-1": 1,
      "nats-2": 1,
      "nats-3": 1,
    });
  });

  test("defines what its services name", () => {
    const named = (of: string, one: Tree): string[] => (Array.isArray(one[of]) ? (one[of] as string[]) : []);
    for (const [name, one] of services) {
      for (const secret of named("secrets", one)) assert.ok(compose["secrets"]?.[secret], `${name}: ${secret}`);
      for (const other of Object.keys(one["depends_on"] ?? {}))
        assert.ok(compose["services"]?.[other], `${name}: ${other}`);
      for (const volume of named("volumes", one)) assert.ok((volume.split(":")[0] ?? "") in (compose["volumes"] ?? {}));
    }
    const made = textOf("compose/make-secrets.sh");
    for (const secret of Object.keys(compose["secrets"] ?? {}))
      assert.ok(made.includes(`> ${secret}\n`) || made.includes(`> ${secret};`), secret);
  });

  test("gets secrets that fit each other, and keeps those that are there", (t) => {
    const folder = temporary(t);
    cpSync(join(DEPLOY, "compose/make-secrets.sh"), join(folder, "make-secrets.sh"));
    const make = () => execFileSync("sh", [join(folder, "make-secrets.sh")], { stdio: "pipe" });
    const read = (name: string) => readFileSync(join(folder, "secrets", name), "utf8");
    make();
    const [password, key] = [read("postgres_password"), read("key")];
    assert.equal(password.length, 48);
    assert.equal(read("store"), `postgres://squall:${password}@postgres/squall\n`);
    assert.equal(Buffer.from(key, "base64").length, 32);
    const nats = /password: (\w+)/.exec(read("nats_auth"))?.[1] ?? "";
    assert.equal(nats.length, 48);
    assert.deepEqual(
      read("bus").trim().split("\n"),
      [1, 2, 3].map((n) => `nats://squall:${nats}@nats-${n}:4222`),
    );
    // What the server makes of them.
    const env = { SQUALL_STORE_FILE: join(folder, "secrets/store"), SQUALL_BUS_FILE: join(folder, "secrets/bus") };
    const options = readOptions(["--roles", "worker"], env);
    assert.ok(!options.help && options.bus?.urls.length === 3);
    make();
    assert.equal(read("key"), key);
  });
});

describe("deploy/helm", () => {
  const values = yamlOf("helm/squall/values.yaml");
  const templates = files.filter(({ path }) => path.startsWith("helm/squall/templates/"));

  test("templates use values that are there", () => {
    for (const { path, text } of templates) {
      for (const [, name = ""] of text.matchAll(/\.Values\.([\w.]+)/g)) {
        let at: Tree | undefined = values;
        for (const part of name.split(".")) at = at?.[part];
        assert.notEqual(at, undefined, `${path}: .Values.${name}`);
      }
      for (const [, name = ""] of text.matchAll(/\$m\.(\w+)/g))
        assert.ok(values["members"]?.["worker"]?.[name] !== undefined, `${path}: $m.${name}`);
    }
  });

  test("what stays open in a template is closed", () => {
    for (const { path, text } of templates) {
      const words = [...text.matchAll(/\{\{-? *(if|range|with|define|end)\b/g)].map(([, word = ""]) => word);
      const ends = words.filter((word) => word === "end").length;
      assert.equal(ends, words.length - ends, path);
    }
  });

  test("Helm renders it", { skip: onPath("helm") ? false : "helm is not installed here" }, (t) => {
    const more = join(temporary(t), "values.yaml");
    writeFileSync(
      more,
      "members: {worker: {autoscaling: {by: queue}, labels: {site: edge}}}\ningress: {enabled: true}\n",
    );
    for (const extra of [[], ["--values", more]])
      execFileSync("helm", ["template", "squall", join(DEPLOY, "helm/squall"), ...extra], { stdio: "pipe" });
  });
});

describe("deploy/systemd", { skip: onPath("systemd-analyze") ? false : "systemd is not installed here" }, () => {
  for (const unit of ["squall.service", "squall@.service"]) {
    test(`systemd understands all of ${unit}`, (t) => {
      const folder = temporary(t);
      const file = join(folder, unit.replace("@", "@worker"));
      writeFileSync(file, textOf(`systemd/${unit}`).replaceAll("/opt/squall/", `${ROOT}/`));
      execFileSync("systemd-analyze", ["verify", "--man=no", file], { stdio: "pipe" });
    });
  }
});

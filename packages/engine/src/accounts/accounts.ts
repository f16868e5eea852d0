import {
  type ApiKey,
  Conflict,
  DEFAULT_PROJECT,
  Invalid,
  isCompleted,
  type JsonObject,
  NotFound,
  type Principal,
  type Token,
  Unauthenticated,
  type User,
} from "@squall/model";
import type { Change } from "@squall/store";
import { createHash, randomBytes } from "node:crypto";
import type { Accounts } from "../engine.ts";
import type { EngineParts } from "../parts.ts";
import type { SensorTokens } from "../sensors/tokens.ts";
import { createLoginLimit } from "./login-limit.ts";
import { hashPassword, verifyPassword } from "./password.ts";

const DAY_SECONDS = 86_400;
/** Credentials found good are not looked up again for this long; revoking one here takes effect at once. */
const REMEMBER_MS = 10_000;
const REMEMBERED = 10_000;
const MIN_PASSWORD = 8;
const SHA256_HEX = /^[0-9a-f]{64}$/;
const USER_NAME = /^[A-Za-z0-9_.@-]{1,128}$/;

/** Who may sign in, and what they sign in with. Secrets are kept as hashes alone. */
export function createAccounts(parts: EngineParts, sensors: Pick<SensorTokens, "principalOf">): Accounts {
  const { store } = parts;
  const limit = createLoginLimit();
  const remembered = new Map<string, { readonly principal: Principal; readonly until: number }>();
  /** Counts revocations: what was looked up before one is not remembered after it. */
  let revocations = 0;
  // What an unknown user's password is checked against, so that the answer takes as long.
  let decoy: Promise<string> | undefined;

  const forget = (): void => {
    revocations++;
    remembered.clear();
  };
  if (!store.exclusive) parts.bus.subscribe(["accounts"], forget);
  /** What is remembered of credentials may be wrong now, here and at other members. */
  const revoked = (): void => {
    forget();
    if (!store.exclusive) parts.bus.publish({ topic: "accounts" });
  };

  const write = async (change: Change, taken: string): Promise<void> => {
    const committed = await store.commit([change]);
    if (!committed.ok) throw new Conflict("account.exists", { message: taken });
  };

  const remember = (hash: string, principal: Principal, expiresMs: number, since: number) => {
    if (since !== revocations) return;
    if (remembered.size >= REMEMBERED) remembered.clear();
    remembered.set(hash, { principal, until: Math.min(Date.now() + REMEMBER_MS, expiresMs) });
  };

  const rolesOf = async (project: string, user: string): Promise<readonly string[]> => {
    const found = await store.user(project, user);
    if (found && !found.enabled)
      throw new Unauthenticated("auth.disabled", { message: "Unauthorized - User is disabled." });
    return found?.roles ?? [];
  };

  const issueToken: Accounts["issueToken"] = async (project, user, ttl = DAY_SECONDS, service = false) => {
    if (!(ttl >= 1) || !Number.isFinite(ttl)) {
      throw new Invalid("token.ttl", { message: "ttl is a number of seconds of at least 1", at: { field: "ttl" } });
    }
    if (!service && ttl > DAY_SECONDS) {
      throw new Invalid("token.ttl", {
        message: `TTL specified ${ttl} is greater than max allowed ${DAY_SECONDS}.`,
        at: { field: "ttl" },
      });
    }
    const secret = randomBytes(16).toString("hex");
    const token: Token = {
      id: parts.newId(),
      project,
      user,
      hash: sha256(secret),
      expires: parts.now() + ttl * 1e6,
      metadata: {},
      service,
    };
    await write({ kind: "token.insert", token }, "the new token exists already; try again");
    return { token, secret };
  };

  const createUser: Accounts["createUser"] = async (project, name, password, roles) => {
    if (!USER_NAME.test(name)) {
      throw new Invalid("user.name", {
        message: `a user's name has 1 to 128 of the characters A-Z a-z 0-9 _ . @ -`,
        at: { field: "name" },
      });
    }
    if (await store.user(project, name))
      throw new Conflict("user.exists", { message: `user "${name}" exists already` });
    const user: User = {
      id: parts.newId(),
      project,
      name,
      password: await hashChecked(password),
      roles,
      enabled: true,
      created: parts.now(),
    };
    await write({ kind: "user.put", user }, `user "${name}" exists already`);
    return user;
  };

  const authenticateToken = async (secret: string): Promise<Principal> => {
    const execution = parts.vault.executionOf(secret);
    if (execution !== undefined) return authenticateExecution(execution);
    const sensor = await sensors.principalOf(secret);
    if (sensor !== undefined) return sensor;
    const hash = sha256(secret);
    const known = remembered.get(hash);
    if (known && known.until > Date.now()) return known.principal;
    const since = revocations;
    const token = await store.tokenByHash(hash);
    if (!token) throw new Unauthenticated("auth.token", { message: "Unauthorized - Invalid or missing credentials" });
    if (token.expires <= parts.now()) {
      throw new Unauthenticated("auth.token-expired", { message: "Unauthorized - Token has expired." });
    }
    const { project, user } = token;
    const principal: Principal = { user, project, roles: await rolesOf(project, user), method: "token" };
    remember(hash, principal, token.expires / 1000, since);
    return principal;
  };

  /** The token of an execution lives as long as the execution; the user's roles are looked up as for any other. */
  const authenticateExecution = async (id: string): Promise<Principal> => {
    for (const project of await store.projects()) {
      const execution = await store.execution(project, id);
      if (!execution) continue;
      if (isCompleted(execution.status)) break;
      const { user, action } = execution;
      return { user, project, roles: await rolesOf(project, user), method: "execution", execution: id, action };
    }
    throw new Unauthenticated("auth.token-expired", { message: "Unauthorized - Token has expired." });
  };

  const authenticateKey = async (secret: string): Promise<Principal> => {
    const hash = sha256(secret);
    const known = remembered.get(hash);
    if (known && known.until > Date.now()) return known.principal;
    const since = revocations;
    const key = await store.apiKeyByHash(hash);
    if (!key) throw new Unauthenticated("auth.api-key", { message: "Unauthorized - ApiKey with key_hash not found." });
    if (!key.enabled)
      throw new Unauthenticated("auth.api-key-disabled", { message: "Unauthorized - API key is disabled." });
    const { project, user } = key;
    const principal: Principal = { user, project, roles: await rolesOf(project, user), method: "api-key" };
    remember(hash, principal, Number.POSITIVE_INFINITY, since);
    return principal;
  };

  const findApiKey = async (project: string, idOrKey: string): Promise<ApiKey | undefined> => {
    const byId = await store.apiKey(project, idOrKey);
    if (byId) return byId;
    const byKey = await store.apiKeyByHash(sha256(idOrKey));
    return byKey?.project === project ? byKey : undefined;
  };

  const requiredApiKey = async (project: string, idOrKey: string): Promise<ApiKey> => {
    const key = await findApiKey(project, idOrKey);
    if (!key)
      throw new NotFound("api-key.not-found", { message: `ApiKey with id "${idOrKey.slice(0, 24)}" not found.` });
    return key;
  };

  return {
    createUser,
    issueToken,
    async bootstrap() {
      if ((await store.users(DEFAULT_PROJECT)).length > 0) return undefined;
      const password = randomBytes(15).toString("base64url");
      try {
        await createUser(DEFAULT_PROJECT, "admin", password, ["admin"]);
      } catch (error) {
        if (error instanceof Conflict) return undefined; // another process that started at the same moment was first
        throw error;
      }
      return { user: "admin", password };
    },
    async setPassword(project, name, password) {
      const user = await store.user(project, name);
      if (!user) throw new NotFound("user.unknown", { message: `there is no user "${name}"` });
      await write(
        { kind: "user.put", user: { ...user, password: await hashChecked(password) } },
        `user "${name}" was changed meanwhile`,
      );
    },
    users: (project) => store.users(project),
    async login({ user: name, password, ttl, origin }) {
      limit.attempt(name, origin, Date.now());
      const user = await store.user(DEFAULT_PROJECT, name);
      decoy ??= hashPassword(randomBytes(16).toString("hex"));
      const good = await verifyPassword(password, user?.password ?? (await decoy));
      if (!good || !user?.password || !user.enabled) {
        throw new Unauthenticated("auth.password", { message: "Invalid or missing credentials" });
      }
      limit.succeeded(name, origin);
      return issueToken(user.project, user.name, ttl ?? DAY_SECONDS);
    },
    async revokeToken(secret) {
      const hash = sha256(secret);
      await store.commit([{ kind: "token.delete", hash }]);
      revoked();
    },
    async authenticate({ token, apiKey }) {
      if (token) return authenticateToken(token);
      if (apiKey) return authenticateKey(apiKey);
      throw new Unauthenticated("auth.missing", { message: "Unauthorized - One of Token or API key required." });
    },
    async tokenExpiry(secret) {
      return (await store.tokenByHash(sha256(secret)))?.expires;
    },
    async createApiKey(project, user, metadata) {
      const secret = randomBytes(32).toString("base64url");
      const key: ApiKey = {
        id: parts.newId(),
        project,
        user,
        hash: sha256(secret),
        metadata,
        enabled: true,
        created: parts.now(),
      };
      await write({ kind: "apikey.put", key }, "the new key exists already; try again");
      return { key, secret };
    },
    async importApiKey(project, given) {
      if (!SHA256_HEX.test(given.hash)) {
        throw new Invalid("api-key.hash", {
          message:
            "key_hash is the SHA-256 of the key, 64 hexadecimal digits, as Squall shows it; hashes of StackStorm's own cannot be taken over, so create a new key.",
          at: { field: "key_hash" },
        });
      }
      const key: ApiKey = { id: parts.newId(), project, created: parts.now(), ...given };
      await write({ kind: "apikey.put", key }, "an API key with this key_hash exists already");
      return key;
    },
    apiKeys: (project, page) => store.apiKeys(project, page),
    apiKey: findApiKey,
    async updateApiKey(project, id, change) {
      const key: ApiKey = {
        ...(await requiredApiKey(project, id)),
        ...(change satisfies { enabled?: boolean; metadata?: JsonObject }),
      };
      await write({ kind: "apikey.put", key }, `API key "${key.id}" was changed meanwhile`);
      revoked();
      return key;
    },
    async deleteApiKey(project, id) {
      const key = await requiredApiKey(project, id);
      await store.commit([{ kind: "apikey.delete", project, id: key.id }]);
      revoked();
    },
  };
}

async function hashChecked(password: string): Promise<string> {
  if (password.length < MIN_PASSWORD || password.length > 1024) {
    throw new Invalid("user.password", {
      message: `a password has ${MIN_PASSWORD} to 1024 characters`,
      at: { field: "password" },
    });
  }
  return hashPassword(password);
}

/** The secrets hashed here are random and long, so one round is enough. */
function sha256(secret: string): string {
  return createHash("sha256").update(secret).digest("hex");
}

import { DEFAULT_PROJECT, type Principal, Unauthenticated } from "@squall/model";
import type { Context } from "../context.ts";
import type { Credentials } from "./route.ts";

/** Who asks where nobody has to say who asks. */
export const ANONYMOUS: Principal = { user: "", project: DEFAULT_PROJECT, roles: [], method: "anonymous" };

export async function authenticate(context: Context, credentials: Credentials | undefined): Promise<Principal> {
  if (credentials === undefined) {
    throw new Unauthenticated("http.credentials.missing", {
      message: "Unauthorized - One of Token or API key required.",
    });
  }
  return context.engine.accounts.authenticate(credentials);
}

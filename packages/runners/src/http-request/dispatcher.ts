import type { JsonObject } from "@squall/model";
import { Agent, type Dispatcher, EnvHttpProxyAgent, ProxyAgent } from "undici";
import type { Environment } from "@squall/processes";

export interface Connections {
  for(url: URL): Dispatcher;
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * How one run reaches servers: through `http_proxy` and `https_proxy` of the action where given, else through the
 * proxies of the service's environment (with its `no_proxy`), else directly. Connections are not kept: a kept one may
 * be closed by the server just when a request that cannot be repeated is sent on it.
 */
export function openConnections(parameters: JsonObject, environment: Environment): Connections {
  const rejectUnauthorized = parameters.verify_ssl_cert !== false;
  const options = { pipelining: 0, allowH2: false, connect: { rejectUnauthorized } } as const;
  const opened = new Map<string, Dispatcher>();
  const proxyOf = (scheme: string) => {
    const given = parameters[scheme === "https:" ? "https_proxy" : "http_proxy"];
    return typeof given === "string" && given !== "" ? given : undefined;
  };
  const open = (scheme: string): Dispatcher => {
    const uri = proxyOf(scheme);
    if (uri !== undefined)
      return new ProxyAgent({ ...options, uri, requestTls: { rejectUnauthorized }, proxyTls: { rejectUnauthorized } });
    const httpProxy = environment.http_proxy;
    const httpsProxy = environment.https_proxy ?? environment.HTTPS_PROXY;
    if (httpProxy === undefined && httpsProxy === undefined) return new Agent(options);
    const noProxy = environment.no_proxy ?? environment.NO_PROXY ?? "";
    return new EnvHttpProxyAgent({
      ...options,
      httpProxy: httpProxy ?? "",
      httpsProxy: httpsProxy ?? "",
      noProxy,
      requestTls: { rejectUnauthorized },
    });
  };
  return {
    for(url) {
      const known = opened.get(url.protocol);
      if (known) return known;
      const dispatcher = open(url.protocol);
      opened.set(url.protocol, dispatcher);
      return dispatcher;
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([...opened.values()].map((one) => one.destroy()));
    },
  };
}

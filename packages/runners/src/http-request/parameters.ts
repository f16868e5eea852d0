import type { Parameters } from "@squall/model";

export const PARAMETERS: Parameters = {
  url: { description: "URL to the HTTP endpoint.", type: "string", required: true },
  headers: { description: "HTTP headers for the request.", type: "object" },
  cookies: { description: "Cookies to send with the request.", type: "object" },
  http_proxy: {
    description: "URL of the proxy for http:// addresses, e.g. http://user:pass@10.10.1.10:3128.",
    type: "string",
  },
  https_proxy: { description: "URL of the proxy for https:// addresses.", type: "string" },
  username: { description: "Username for HTTP basic authentication.", type: "string" },
  password: { description: "Password for HTTP basic authentication.", type: "string", secret: true },
  allow_redirects: { description: "Follow redirects.", type: "boolean", default: false },
  verify_ssl_cert: {
    description: "Verify the certificate of https:// addresses against the machine's authorities.",
    type: "boolean",
    default: true,
  },
  url_hosts_blacklist: {
    description: "Hosts that must not be asked, redirects included. Excludes url_hosts_whitelist.",
    type: "array",
    items: { type: "string" },
  },
  url_hosts_whitelist: {
    description: "The only hosts that may be asked, redirects included. Excludes url_hosts_blacklist.",
    type: "array",
    items: { type: "string" },
  },
};

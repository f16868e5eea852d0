/**
 * The path that routes are written in. StackStorm's three services and the proxy before them have many spellings of the
 * same place: `/api/v1/executions/`, `/v1/actionexecutions`, `/executions` are one.
 *
 * `/stream/executions/<id>/output` stays as it is: the stream service answers there with events what the API service
 * answers with text.
 */
export function normalizePath(path: string): string {
  let rest = path;
  while (rest.length > 1 && rest.endsWith("/")) rest = rest.slice(0, -1);
  const stream = rest.startsWith("/stream/");
  if (stream) rest = rest.slice("/stream".length);
  else if (rest === "/api" || rest === "/auth") rest = "/";
  else if (rest.startsWith("/api/")) rest = rest.slice("/api".length);
  else if (rest.startsWith("/auth/")) rest = rest.slice("/auth".length);
  if (rest.startsWith("/v1/")) rest = rest.slice("/v1".length);
  if (rest === "/actionexecutions" || rest.startsWith("/actionexecutions/")) {
    rest = `/executions${rest.slice("/actionexecutions".length)}`;
  }
  if (stream && STREAMED.test(rest)) return `/stream${rest}`;
  return rest;
}

const STREAMED = /^\/executions\/[^/]+\/output$/;

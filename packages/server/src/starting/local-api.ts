/** What it takes to tell. */
export interface MemberPlace {
  readonly id: string;
  readonly host: string;
  readonly url?: string;
}

/**
 * What to warn of when actions of members on other machines are told of an API that listens on its own machine alone; undefined
 * when all is well as far as is known. `own`: the id of this process's member.
 */
export function localApiTrouble(members: readonly MemberPlace[], own: string): string | undefined {
  const me = members.find(({ id }) => id === own);
  if (me === undefined) return undefined;
  const local = members.filter(({ url }) => url !== undefined && isLoopback(url));
  const far = local.find(({ host, id }) =>
    id === own ? members.some((other) => other.host !== host) : host !== me.host && me.url === undefined,
  );
  if (far === undefined) return undefined;
  return `${far.id === own ? "this process" : `member ${far.id}`} says that its API is at ${far.url}, which only its own machine (${far.host}) reaches, and the cluster has others: start it with --url, or with --host and an address that they reach`;
}

function isLoopback(url: string): boolean {
  return URL.canParse(url) && /^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(new URL(url).hostname);
}

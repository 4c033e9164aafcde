/** Where to listen or connect. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/** `host:port`, `[v6]:port` or `:port`; `undefined` where the text is none of these. */
export function parseAddress(text: string): Address | undefined {
  const match = /^(?:\[([0-9A-Fa-f:.]+)\]|([^:\s/[\]@?#%\\]*)):(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  if (!match || port > 65_535) return undefined;
  return { host: match[1] ?? match[2] ?? "", port };
}

/** The other way, with brackets where the host is an IPv6 address. */
export function formatAddress({ host, port }: Address): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

/** Whether it can be connected to: with a port, and a host that a URL can have, as `10.0.0.256` is none. */
function isPeer(address: Address): boolean {
  return address.host !== "" && address.port !== 0 && URL.canParse(`https://${formatAddress(address)}`);
}

/**
 * `https://host:port` of a signer that somebody typed, with `https://` before it or without, a port or the usual one;
 * `undefined` where the text is neither.
 */
export function signerUrl(text: string): string | undefined {
  const bare = text.replace(/^https:\/\//, "").replace(/\/$/, "");
  const address = parseAddress(bare) ?? parseAddress(`${bare}:${text.startsWith("https://") ? 443 : 6443}`);
  if (address === undefined || !isPeer(address)) return undefined;
  // the older agent's default was its server's listening address, which is no address to connect to
  return `https://${formatAddress(address.host === "0.0.0.0" ? { ...address, host: "127.0.0.1" } : address)}`;
}

/** Where to connect to: `host:port` with both, or `undefined`. */
export function peerAddress(text: string): Address | undefined {
  const address = parseAddress(text);
  return address === undefined || !isPeer(address) ? undefined : address;
}

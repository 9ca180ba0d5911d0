import { UsageError } from '../../codecs/core/errors.ts';
import { formatTransportUrl, parseTransportUrl } from '../url.ts';

/** Where RDP clients look when they are told no port. */
export const RDP_PORT = 3389;

/** Where an RDP server is. */
export interface RdpUrl {
  /** A name or an address; IPv6 without brackets. */
  readonly host: string;
  /** TCP; usually 3389. */
  readonly port: number;
}

/** True for what {@link parseRdpUrl} is for. */
export function isRdpUrl(text: string): boolean {
  return text.startsWith('rdp://');
}

/** Reads `rdp://host` or `rdp://host:port` (IPv6 in brackets). @throws UsageError with one line */
export function parseRdpUrl(text: string): RdpUrl {
  const withPort = /:\d+\/?$/.test(text.replace(/\[.*\]/, '')) ? text : `${text.replace(/\/$/, '')}:${RDP_PORT}`;
  try {
    const url = parseTransportUrl(withPort.replace(/^rdp:/, 'tcp:'), 'listen');
    if (url.scheme === 'unix') throw new UsageError(`${text} is not understood`);
    return { host: url.host, port: url.port };
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    throw new UsageError(`${text} is not understood: use rdp://host:port, e.g. rdp://127.0.0.1:${RDP_PORT}`);
  }
}

/** An RDP server and the user there. */
export interface RdpServerUrl extends RdpUrl {
  /** Empty where the URL names none. */
  readonly userName: string;
  /** Windows domain, of `DOMAIN\\user`; empty without one. */
  readonly domain: string;
}

/**
 * Reads `rdp://host`, `rdp://user@host:port` and the like, where the user may be `DOMAIN\\user`, both percent-encoded.
 * @throws UsageError with one line
 */
export function parseRdpServerUrl(text: string): RdpServerUrl {
  const [, user, place = ''] = /^rdp:\/\/(?:(.*)@)?(.*)$/.exec(text) ?? [];
  if (user?.includes(':') === true) {
    throw new UsageError('a password in a URL can be seen by others: use rdp://user@host and a file for the password');
  }
  const url = parseRdpUrl(`rdp://${place}`);
  if (url.port === 0) throw new UsageError(`${text}: port 0 is for listening, give a real port`);
  const [, domain = '', userName = ''] = /^(?:([^\\]*)\\)?(.*)$/.exec(decoded(user ?? '', text)) ?? [];
  return { ...url, userName, domain };
}

function decoded(user: string, text: string): string {
  try {
    return decodeURIComponent(user);
  } catch {
    throw new UsageError(`${text} is not understood: a % in the user's name is written %25`);
  }
}

/** The reverse of {@link parseRdpUrl}. */
export function formatRdpUrl({ host, port }: RdpUrl): string {
  return formatTransportUrl({ scheme: 'tcp', host, port }).replace(/^tcp:/, 'rdp:');
}

import { UsageError } from '../../codecs/core/errors.ts';
import { formatTransportUrl, parseTransportUrl } from '../url.ts';

/** Where RDP clients look when they are told no port. */
export const RDP_PORT = 3389;

export interface RdpUrl {
  /** A name or an address; IPv6 without brackets. */
  readonly host: string;
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

/** The reverse of {@link parseRdpUrl}. */
export function formatRdpUrl({ host, port }: RdpUrl): string {
  return formatTransportUrl({ scheme: 'tcp', host, port }).replace(/^tcp:/, 'rdp:');
}

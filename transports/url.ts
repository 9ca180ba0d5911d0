import { BlockList, isIPv6 } from 'node:net';
import { UsageError } from '../codecs/core/errors.ts';

/** Where a transport goes to, or where it listens. */
export type TransportUrl =
  | {
      readonly scheme: 'tcp' | 'tls';
      /** A name or an address; IPv6 without brackets. */
      readonly host: string;
      readonly port: number;
    }
  | {
      readonly scheme: 'unix';
      /** Absolute. */
      readonly path: string;
    };

const FORMS = 'use tcp://host:port, tls://host:port or unix:/path';
const NETWORK = /^(?<scheme>tcp|tls):\/\/(?:\[(?<address>[^\]]*)\]|(?<name>[^:/?#@[\]\s]+)):(?<port>\d{1,5})\/?$/;
const UNIX = /^unix:(?:\/\/)?(?<path>\/[^\0]+)$/;
/** What the system's structure for a socket's address holds on macOS, the smallest; Linux has 107. */
const LONGEST_PATH = 103;

/**
 * Reads `tcp://host:port`, `tls://host:port` (IPv6 in brackets), `unix:/path` or `unix:///path`. Port 0 stands for a
 * free one and is for listening alone.
 *
 * @throws UsageError with one line that says what is wrong and how it is written.
 */
export function parseTransportUrl(text: string, purpose: 'dial' | 'listen'): TransportUrl {
  const path = UNIX.exec(text)?.groups?.['path'];
  if (path !== undefined) {
    if (new TextEncoder().encode(path).byteLength > LONGEST_PATH) {
      throw new UsageError(`${text}: the path of a unix socket has at most ${LONGEST_PATH} bytes`);
    }
    return { scheme: 'unix', path };
  }
  const parts = NETWORK.exec(text)?.groups;
  if (parts === undefined) throw new UsageError(`${JSON.stringify(text)} is not understood: ${explain(text)}`);
  const { address, name } = parts;
  if (address !== undefined && !isIPv6(address)) throw new UsageError(`${text}: [${address}] is not an IPv6 address`);
  const port = Number(parts['port']);
  if (port > 65535) throw new UsageError(`${text}: a port is at most 65535`);
  if (port === 0 && purpose === 'dial') throw new UsageError(`${text}: port 0 is for listening, give a real port`);
  return { scheme: parts['scheme'] === 'tls' ? 'tls' : 'tcp', host: address ?? name ?? '', port };
}

/** The reverse of {@link parseTransportUrl}. */
export function formatTransportUrl(url: TransportUrl): string {
  if (url.scheme === 'unix') return `unix:${url.path}`;
  return `${url.scheme}://${url.host.includes(':') ? `[${url.host}]` : url.host}:${url.port}`;
}

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

/** True for `localhost`, 127.0.0.0/8 and ::1: what other machines cannot reach. Other names are not looked up. */
export function isLoopback(host: string): boolean {
  if (host.toLowerCase() === 'localhost') return true;
  return loopback.check(host, isIPv6(host) ? 'ipv6' : 'ipv4');
}

function explain(text: string): string {
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(text)?.[1];
  if (text.startsWith('unix:')) return 'the path of a unix socket is absolute, e.g. unix:/run/urbdrc.sock';
  if (scheme === undefined) {
    if (text.startsWith('/')) return `did you mean unix:${text}?`;
    return /^\S+:\d+$/.test(text) ? `did you mean tcp://${text}?` : FORMS;
  }
  if (scheme !== 'tcp' && scheme !== 'tls') return `there is no ${scheme}:// here, ${FORMS}`;
  if (/^\w+:\/\/[^[\]]*:[^[\]]*:/.test(text)) return `an IPv6 address goes into brackets: ${scheme}://[::1]:3000`;
  if (!/:\d+\/?$/.test(text)) return `the port is missing: ${scheme}://host:port`;
  return FORMS;
}

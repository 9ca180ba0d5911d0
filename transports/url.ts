import { BlockList, isIPv6 } from 'node:net';
import { UsageError } from '../codecs/core/errors.ts';

/** Where a WebSocket goes to, or where one is listened for. */
export interface WebSocketUrl {
  readonly scheme: 'ws' | 'wss';
  /** A name or an address; IPv6 without brackets. */
  readonly host: string;
  readonly port: number;
  /** With the query, if there is one; `/` at least. */
  readonly path: string;
}

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
    }
  | WebSocketUrl;

const FORMS =
  'use tcp://host:port, tls://host:port or unix:/path, or for a WebSocket ws://host:port/path or wss://host:port/path';
const NETWORK = /^(?<scheme>tcp|tls):\/\/(?:\[(?<address>[^\]]*)\]|(?<name>[^:/?#@[\]\s]+)):(?<port>\d{1,5})\/?$/;
const WEB_SOCKET =
  /^(?<scheme>wss?):\/\/(?:\[(?<address>[^\]]*)\]|(?<name>[^:/?#@[\]\s]+))(?::(?<port>\d{1,5}))?(?<path>\/[^\s#]*)?$/;
/** [RFC 6455] 3 */
const DEFAULT_PORTS = { ws: 80, wss: 443 } as const;
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
  const parts = NETWORK.exec(text)?.groups ?? WEB_SOCKET.exec(text)?.groups;
  if (parts === undefined) throw new UsageError(`${JSON.stringify(text)} is not understood: ${explain(text)}`);
  const { address, name } = parts;
  if (address !== undefined && !isIPv6(address)) throw new UsageError(`${text}: [${address}] is not an IPv6 address`);
  const scheme = schemeOf(parts['scheme']);
  const port = parts['port'] === undefined ? defaultPort(scheme) : Number(parts['port']);
  if (port > 65535) throw new UsageError(`${text}: a port is at most 65535`);
  if (port === 0 && purpose === 'dial') throw new UsageError(`${text}: port 0 is for listening, give a real port`);
  const host = address ?? name ?? '';
  if (scheme === 'tcp' || scheme === 'tls') return { scheme, host, port };
  return { scheme, host, port, path: parts['path'] ?? '/' };
}

type NetworkScheme = Exclude<TransportUrl['scheme'], 'unix'>;

function schemeOf(text = ''): NetworkScheme {
  return text === 'tls' || text === 'ws' || text === 'wss' ? text : 'tcp';
}

function defaultPort(scheme: NetworkScheme): number {
  return scheme === 'ws' || scheme === 'wss' ? DEFAULT_PORTS[scheme] : 0;
}

/** True where TLS is spoken. */
export function isSecure({ scheme }: TransportUrl): boolean {
  return scheme === 'tls' || scheme === 'wss';
}

/** True where frames go in messages of a WebSocket. */
export function isWebSocket(url: TransportUrl): url is WebSocketUrl {
  return url.scheme === 'ws' || url.scheme === 'wss';
}

/** The reverse of {@link parseTransportUrl}. */
export function formatTransportUrl(url: TransportUrl): string {
  if (url.scheme === 'unix') return `unix:${url.path}`;
  const path = 'path' in url && url.path !== '/' ? url.path : '';
  return `${url.scheme}://${formatHost(url.host)}:${url.port}${path}`;
}

/** A host as it stands in URLs. */
export function formatHost(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
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
  if (!['tcp', 'tls', 'ws', 'wss'].includes(scheme)) return `there is no ${scheme}:// here, ${FORMS}`;
  if (/^\w+:\/\/[^[\]]*:[^[\]]*:/.test(text)) return `an IPv6 address goes into brackets: ${scheme}://[::1]:3000`;
  if (!scheme.startsWith('ws') && !/:\d+\/?$/.test(text)) return `the port is missing: ${scheme}://host:port`;
  return FORMS;
}

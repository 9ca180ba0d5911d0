import type { Duplex } from 'node:stream';
import { UsageError } from '../../../codecs/core/errors.ts';
import { dialSocket } from '../../../transports/dial.ts';
import { isWebSocket, parseTransportUrl } from '../../../transports/url.ts';
import type { Clock } from '../../ports/clock.ts';
import { consoleTarget } from './xenConsole.ts';

/** Who is led to a target. */
export interface Visitor {
  readonly user: string;
  /** For people. */
  readonly remote: string;
}

/** A place where pages are led to. */
export interface Target {
  /**
   * Rejects when it is not usable, with TIMED_OUT when that took too long. Nothing may have read of the stream.
   * @throws TransportError
   */
  open(signal: AbortSignal, visitor: Visitor): Promise<Duplex>;
}

/** How a target is reached. */
export interface TargetOptions {
  /** TLS: SHA-256 of its certificate, hexadecimal. */
  readonly fingerprint?: string;
  /** TLS: the authority that is trusted instead of the system's (PEM). */
  readonly ca?: string;
  /** Consoles of a host: what opens them, `OpaqueRef:...` of a session or `USER:PASSWORD`, asked for each time. */
  readonly credential?: () => Promise<string>;
  readonly clock: Clock;
}

const VNC_PORT = 5900;

/**
 * The target at `tcp://`, `tls://`, `unix:`, `vnc://HOST[:PORT]`, or `https://HOST[:PORT]/console?uuid=...`, a console of
 * XenServer or XCP-ng.
 * @throws UsageError for an address that is none, and for options that it cannot have
 */
export function targetAt(text: string, options: TargetOptions): Target {
  const { fingerprint, ca, credential, clock } = options;
  const tls = { ...(fingerprint !== undefined && { fingerprint }), ...(ca !== undefined && { ca }) };
  if (text.startsWith('https://')) return consoleTarget(text, options);
  if (credential !== undefined) throw new UsageError(`${text} takes no session: that is for https://HOST/console?...`);
  const url = plainUrl(text);
  if (isWebSocket(parseTransportUrl(url, 'dial'))) {
    throw new UsageError(`${text} is no target: use tcp://, tls://, unix: or vnc://, or https://HOST/console?uuid=...`);
  }
  if (!usesTls(url) && fingerprint !== undefined) throw new UsageError(`${text} has no certificate: use tls://`);
  return { open: (signal) => dialSocket(url, { ...(usesTls(url) ? tls : {}), signal, clock }) };
}

/** Whether a target shows a certificate. */
export function usesTls(url: string): boolean {
  return /^(tls|https):/.test(url);
}

/** A VNC console is a TCP connection, at port 5900 where none is said. */
function plainUrl(url: string): string {
  const [, authority = ''] = /^vnc:\/\/([^/]+)\/?$/.exec(url) ?? [];
  if (authority === '') return url;
  return `tcp://${authority}${/:\d+$/.test(authority) ? '' : `:${VNC_PORT}`}`;
}

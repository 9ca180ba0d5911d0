import { asError, UsageError } from '../../codecs/core/errors.ts';
import type { Parts } from '../../codecs/core/parts.ts';
import type { Clock } from '../../src/ports/clock.ts';
import type { Transport } from '../../src/ports/transport.ts';
import { systemClock } from '../../src/systemClock.ts';
import { noticeRefusal, presentToken } from '../presentToken.ts';
import { checkHold } from '../resume/hold.ts';
import { PAGE_PROOFS } from '../resume/pageProofs.ts';
import { Redialer } from '../resume/redialer.ts';
import { encodeToken } from '../token.ts';
import { TransportError, withoutQuery } from '../transportError.ts';
import { errorOfClose } from './closeCodes.ts';
import { type PageSocket, PageTransport } from './pageTransport.ts';
import { asSubProtocol, type SubProtocol } from './subProtocols.ts';

/** Options of {@link dialPage}. */
export interface PageDialOptions {
  /** What the listener asks for, 1 to 1024 bytes in UTF-8. */
  readonly token?: string;
  /** Milliseconds for everything up to the accepted token. Default: 10000. */
  readonly timeout?: number;
  /** Seconds, at most 300, for which a session is to be held that was cut, see docs/resume.md. Default: 25. */
  readonly hold?: number;
  /** What is offered, the best first. Default: `urbdrc.v1` and `binary`. */
  readonly subProtocols?: readonly Exclude<SubProtocol, 'base64'>[];
  /** Ends the attempt when it is aborted. */
  readonly signal?: AbortSignal;
  /** Makes a WebSocket. Default: the platform's. */
  readonly open?: (url: string, subProtocols: readonly string[]) => PageSocket;
  /** Of the time limits. Default: the machine's. */
  readonly clock?: Clock;
}

interface Way extends PageDialOptions {
  readonly url: string;
  /** {@link withoutQuery} */
  readonly shown: string;
  readonly clock: Clock;
}

/** Drivers of disks wait for 30 s before they do something about it. */
const HOLD = 25;
const TIMEOUT = 10_000;

/** As browsers have it. */
declare const WebSocket: new (url: string, subProtocols: readonly string[]) => PageSocket;

/**
 * Connects a page to a listener at `ws://` or `wss://`, docs/browser.md.
 *
 * @throws UsageError for a URL that is none; TransportError when there is no connection, with one line that says what happened
 *   and what to do; the signal's reason when it was aborted.
 */
export async function dialPage(url: string, options: PageDialOptions = {}): Promise<Transport> {
  if (!URL.canParse(url) || !/^wss?:$/.test(new URL(url).protocol)) {
    throw new UsageError(`${JSON.stringify(url)} is no place for a page: use wss://host/path`);
  }
  const token = options.token === undefined ? undefined : encodeToken(options.token);
  const hold = checkHold(options.hold ?? HOLD);
  const { clock = systemClock } = options;
  const way: Way = { ...options, url, shown: withoutQuery(url), clock };
  const first = await connect(way, token, options.signal);
  if (hold === 0) return first;
  const connectAgain = (signal: AbortSignal) => connect(way, undefined, signal);
  // What makes WebSockets itself may have another token each time.
  const isFinal = (error: Error) =>
    options.open === undefined && error instanceof TransportError && error.code === 'WRONG_TOKEN';
  return new Redialer({ connect: connectAgain, isFinal, hold, proofs: PAGE_PROOFS, clock }).begin(first);
}

async function connect(way: Way, token: Uint8Array | undefined, signal: AbortSignal | undefined): Promise<Transport> {
  signal?.throwIfAborted();
  const { shown, timeout = TIMEOUT, clock } = way;
  const socket = open(way);
  let fail: (error: Error) => void = () => {};
  const failed = new Promise<never>((_, reject) => (fail = reject));
  const stopTimer = clock.after(timeout, () =>
    fail(new TransportError('TIMED_OUT', `${shown} did not answer within ${timeout} ms`)),
  );
  const abort = () => fail(new TransportError('ABORTED', `${shown}: aborted`));
  signal?.addEventListener('abort', abort);
  try {
    const transport = await Promise.race([opened(socket, way, token), failed]);
    if (token === undefined) return transport;
    const link = { send: (frame: Parts) => void transport.send([frame]), next: () => transport.next() };
    transport.putBack(await Promise.race([presentToken(link, token, shown), failed]));
    return transport;
  } catch (error) {
    socket.close();
    signal?.throwIfAborted();
    throw asError(error);
  } finally {
    stopTimer();
    signal?.removeEventListener('abort', abort);
  }
}

/** @throws UsageError when the page must not make this one */
function open({ url, shown, subProtocols = ['urbdrc.v1', 'binary'], open }: Way): PageSocket {
  try {
    return open === undefined ? new WebSocket(url, subProtocols) : open(url, subProtocols);
  } catch (error) {
    // A page that came by https: may not use ws:.
    throw new UsageError(`${shown}: this page may not connect there (${asError(error).message})`, { cause: error });
  }
}

function opened(socket: PageSocket, { shown: url, clock }: Way, token: Uint8Array | undefined): Promise<PageTransport> {
  return new Promise((resolve, reject) => {
    // It has nothing to say, and a close follows; a library for Node wants somebody to hear it.
    socket.addEventListener('error', () => {});
    socket.addEventListener('open', () => {
      const subProtocol = asSubProtocol(socket.protocol) ?? 'binary';
      const examineFirst = token === undefined ? { examineFirst: noticeRefusal(url) } : {};
      resolve(new PageTransport(socket, { remote: url, subProtocol, clock, ...examineFirst }));
    });
    socket.addEventListener('close', ({ code = 1006, reason = '' }) => {
      const told = code === 1006 ? undefined : errorOfClose({ code, reason }, url);
      reject(told ?? new TransportError('UPGRADE_FAILED', `${url} did not open: ${WHY_CLOSED}`));
    });
  });
}

/** Browsers keep the reason from pages. */
const WHY_CLOSED =
  'it may be down, have a certificate that this browser does not trust, too many connections, or not let pages from here in';

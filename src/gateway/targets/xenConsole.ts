import type { Socket } from 'node:net';
import { asError, UsageError } from '../../../codecs/core/errors.ts';
import { dialSocket } from '../../../transports/dial.ts';
import { nextFrom } from '../../../transports/handshakeStream.ts';
import { TransportError, type TransportErrorCode } from '../../../transports/transportError.ts';
import type { Clock } from '../../ports/clock.ts';
import { type ConsoleAnswer, ConsoleAnswerReader, encodeConsoleRequest } from './consoleExchange.ts';
import type { Target, TargetOptions } from './target.ts';

/** Milliseconds for the answer, after as many for the connection. */
const ANSWER_TIMEOUT = 10_000;
const HTTPS_PORT = 443;

/** What is not the gateway's own fault. */
const CODES: ReadonlyMap<number, TransportErrorCode> = new Map([
  [404, 'NO_SUCH_TARGET'],
  [503, 'UPSTREAM_BUSY'],
]);

/**
 * A console of XenServer or XCP-ng, at the address that its `location` tells. It is usable when the host has answered 200.
 * @throws UsageError for an address that is none, and where there is nothing that opens it
 */
export function consoleTarget(text: string, { credential, clock, ...tls }: TargetOptions): Target {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || url.pathname !== '/console' || url.search === '' || url.username !== '') {
    throw new UsageError(`${text} is no console: use the location that the host tells, https://HOST/console?uuid=...`);
  }
  if (credential === undefined) {
    throw new UsageError(`${text} needs a session of the host, OpaqueRef:..., or USER:PASSWORD`);
  }
  const { host, hostname, port, pathname, search } = url;
  const socketUrl = `tls://${hostname}:${port === '' ? HTTPS_PORT : port}`;
  return {
    open: async (signal) => {
      const request = encodeConsoleRequest(host, pathname + search, await credential());
      const socket = await dialSocket(socketUrl, { ...tls, signal, clock });
      try {
        await ask(socket, request, text, signal, clock);
        return socket;
      } catch (error) {
        socket.destroy();
        throw error;
      }
    },
  };
}

/** Leaves in the socket what follows the answer. @throws TransportError for every answer but 200 */
async function ask(
  socket: Socket,
  request: Uint8Array,
  place: string,
  signal: AbortSignal,
  clock: Clock,
): Promise<void> {
  const reader = new ConsoleAnswerReader();
  const late = () =>
    socket.destroy(new TransportError('TIMED_OUT', `${place} did not answer within ${ANSWER_TIMEOUT} ms`));
  const stop = clock.after(ANSWER_TIMEOUT, late);
  const abort = () => socket.destroy();
  signal.addEventListener('abort', abort);
  try {
    socket.write(request);
    const answer =
      (await nextFrom(socket, reader).catch((error: unknown) => failed(reader, error))) ?? reader.refusal();
    signal.throwIfAborted();
    if (answer === undefined) throw new TransportError('CONNECTION_LOST', `${place} ended instead of an answer`);
    if (answer.type === 'refused') throw refused(answer, place);
    const rest = reader.rest();
    if (rest.byteLength > 0) socket.unshift(rest);
  } finally {
    stop();
    signal.removeEventListener('abort', abort);
  }
}

/** A refusal whose body does not come is one. */
function failed(reader: ConsoleAnswerReader, error: unknown): ConsoleAnswer {
  const answer = reader.refusal();
  if (answer === undefined) throw asError(error);
  return answer;
}

function refused({ status, reason }: ConsoleAnswer & { readonly type: 'refused' }, place: string): TransportError {
  const hint = status === 401 || status === 403 ? '; its session is over, or may not use this console' : '';
  const line = `${place} answered HTTP ${status} (${reason})${hint}`;
  return new TransportError(CODES.get(status) ?? 'UPSTREAM_FAILED', line);
}

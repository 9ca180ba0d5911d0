import { createServer, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { UsageError } from '../../codecs/core/errors.ts';
import { DRDYNVC_CHANNEL_NAME } from '../../codecs/svc/channelDef.ts';
import type { ConnectionLimit } from '../../src/admission/connectionLimit.ts';
import type { Clock } from '../../src/ports/clock.ts';
import type { Transport } from '../../src/ports/transport.ts';
import { type CertificateOptions, identityFor } from '../certificates.ts';
import { idleClock } from '../../src/systemClock.ts';
import { handOver, type ListenerCallbacks, tellRefused } from '../handOver.ts';
import { listenAtPort, type Listener } from '../listen.ts';
import { countConnection, FIRST_BYTES_TIMEOUT, MAXIMUM_HANDSHAKES, PendingSockets } from '../pendingSockets.ts';
import { processConnections } from '../processConnections.ts';
import { TlsAcceptor } from '../tlsAcceptor.ts';
import { plainError, TransportError } from '../transportError.ts';
import { isLoopback } from '../url.ts';
import { CredSspAcceptor, type PasswordSource } from './credSspAcceptor.ts';
import { acceptRdp, type Admission, type RdpArrival, type Refusal } from './rdpHandshake.ts';
import type { RdpCredentials } from '../../src/rdp/rdpServerConnection.ts';
import { formatRdpUrl, parseRdpUrl } from './rdpUrl.ts';
import { ReconnectCookies } from './reconnectCookies.ts';
import { checkHold } from '../resume/hold.ts';
import { WrongPasswords } from './wrongPasswords.ts';

export interface ListenRdpOptions extends CertificateOptions {
  /**
   * Checks a user's password. False refuses the client; true admits it as `userName`, a text as the user of that name.
   * Without it everybody is admitted, and the listener can only be on this machine.
   */
  readonly authenticate?: (credentials: RdpCredentials) => boolean | string | Promise<boolean | string>;
  /**
   * Gives the password of a user. With it clients have to prove their password by network level authentication (CredSSP with
   * NTLMv2), before RDP begins; then `authenticate` is asked. Other clients are refused.
   */
  readonly passwordOf?: PasswordSource;
  /** Milliseconds until a client's first bytes. Default: 3000. */
  readonly firstBytesTimeout?: number;
  /** Milliseconds that a client has for its connection request and TLS. Default: 10000. */
  readonly handshakeTimeout?: number;
  /** Milliseconds from then until its channels stand: a person may look at the certificate. Default: 60000. */
  readonly activationTimeout?: number;
  /**
   * Clients whose channels do not stand yet, half of them from one address. When there are more, the oldest of those that
   * have come the least far gives way. Default: 16.
   */
  readonly maximumHandshakes?: number;
  /**
   * Seconds, at most 300, within which a client whose connection was cut can come back without its password being checked, as
   * FreeRDP does with `+auto-reconnect`. `identity.session` of its transports is the same. Default: 0, it cannot.
   */
  readonly hold?: number;
  /** Connections of this and all other listeners that share it. Default: those of the process, at most 256. */
  readonly connections?: ConnectionLimit;
  /**
   * Of the time limits, the pauses after wrong passwords, and those between two paintings of the desktop. Default: the
   * machine's, without keeping the process alive.
   */
  readonly clock?: Clock;
}

const HANDSHAKE_TIMEOUT = 10_000;
const ACTIVATION_TIMEOUT = 60_000;
const CHANNEL_MISSING =
  'has no channel drdynvc: switch USB redirection on in the RDP client, e.g. xfreerdp /usb:id,dev:VID:PID';

/**
 * Listens for RDP clients at `rdp://host:port`. For each one that was admitted and whose channels stand, its channel of
 * dynamic channels goes to `onConnection`; about each other one `onRefused` is told in one line.
 *
 * @throws UsageError for a URL or options that make no sense, and for letting everybody in from other machines;
 *   TransportError when the system refuses.
 */
export async function listenRdp(
  url: string,
  options: ListenRdpOptions,
  onConnection: (transport: Transport) => void,
  onRefused: (error: Error, remote: string) => void = () => {},
): Promise<Listener> {
  const hold = checkHold(options.hold);
  const cookies = hold === 0 ? undefined : new ReconnectCookies(1000 * hold, options.clock ?? idleClock);
  const channel = { channel: DRDYNVC_CHANNEL_NAME, channelMissing: CHANNEL_MISSING, cookies };
  const callbacks = { onConnection, onRefused };
  return listenForRdp(url, options, callbacks, (socket, arrival) => acceptRdp(socket, { ...arrival, ...channel }));
}

/**
 * Listens for RDP clients, and gives each to `accept`.
 *
 * @throws as {@link listenRdp}
 */
export async function listenForRdp(
  url: string,
  options: Omit<ListenRdpOptions, 'hold'>,
  { onConnection, onRefused }: ListenerCallbacks,
  accept: (socket: Socket, arrival: RdpArrival) => Promise<Transport | undefined>,
): Promise<Listener> {
  const target = parseRdpUrl(url);
  if (options.authenticate === undefined && !isLoopback(target.host)) {
    throw new UsageError(
      `${url} can be reached from other machines: ask for a user and a password, or listen at rdp://127.0.0.1`,
    );
  }
  if (options.passwordOf !== undefined && options.authenticate === undefined) {
    throw new UsageError('passwordOf is for clients that authenticate judges: give both');
  }
  const identity = await identityFor(target.host, options);
  const credSsp = options.passwordOf && new CredSspAcceptor(identity.certificate, options.passwordOf);
  const { maximumHandshakes = MAXIMUM_HANDSHAKES, connections = processConnections(), clock = idleClock } = options;
  const passwords = new PasswordCheck(options.authenticate, clock);
  const pending = new PendingSockets(maximumHandshakes, true);
  const arrivals = {
    tls: new TlsAcceptor(identity),
    firstBytesTimeout: options.firstBytesTimeout ?? FIRST_BYTES_TIMEOUT,
    handshakeTimeout: options.handshakeTimeout ?? HANDSHAKE_TIMEOUT,
    activationTimeout: options.activationTimeout ?? ACTIVATION_TIMEOUT,
    pending,
    clock,
  };
  const enter = async (socket: Socket, address: string, remote: string): Promise<Transport | undefined> => {
    try {
      countConnection(socket, connections, remote);
      passwords.checkAddress(address, remote);
    } catch (error) {
      socket.destroy();
      throw error;
    }
    const authenticate = (credentials: RdpCredentials) => passwords.check(address, credentials);
    const proving = {
      remote,
      isShutOut: () => passwords.shutOut(address) !== undefined,
      wrongPassword: async () => {
        const { code, why } = await passwords.wrong(address);
        return new TransportError(code, `${remote}: ${why}`);
      },
    };
    const logOn = credSsp && ((stream: Duplex) => credSsp.accept(stream, proving));
    return await accept(socket, { ...arrivals, remote, authenticate, logOn });
  };
  const server = createServer((socket) => {
    socket.on('error', () => {});
    const address = socket.remoteAddress ?? '?';
    const remote = formatRdpUrl({ host: address, port: socket.remotePort ?? 0 });
    void handOver(enter(socket, address, remote), remote, { onConnection, onRefused });
  });
  const port = await listenAtPort(server, target).catch((error: unknown) => {
    throw plainError(error, url);
  });
  const realUrl = formatRdpUrl({ host: target.host, port });
  server.on('error', (error) => tellRefused(onRefused, plainError(error, realUrl), realUrl));
  return {
    url: realUrl,
    certificateFingerprint: identity.fingerprint,
    async close() {
      server.close();
      pending.close();
      // Not the server's own `close` event: it waits for the connections, and those are not ours any more.
      await new Promise(setImmediate);
    },
  };
}

/** Checks passwords, and slows down those who guess them. */
class PasswordCheck {
  readonly #authenticate: ListenRdpOptions['authenticate'];
  readonly #clock: Clock;
  readonly #wrongPasswords = new WrongPasswords();

  constructor(authenticate: ListenRdpOptions['authenticate'], clock: Clock) {
    this.#authenticate = authenticate;
    this.#clock = clock;
  }

  /** @throws TransportError while an address is shut out */
  checkAddress(address: string, remote: string): void {
    const problem = this.shutOut(address);
    if (problem !== undefined) throw new TransportError('ADDRESS_SHUT_OUT', `${remote} was dropped: ${problem}`);
  }

  async check(address: string, credentials: RdpCredentials): Promise<Admission> {
    // Others from there may have guessed meanwhile.
    const problem = this.shutOut(address);
    if (problem !== undefined) return { isAdmitted: false, code: 'ADDRESS_SHUT_OUT', why: problem };
    if (this.#authenticate === undefined) return { isAdmitted: true, user: undefined };
    const answer = await this.#authenticate(credentials);
    if (answer !== false) {
      this.#wrongPasswords.forget(address);
      return {
        isAdmitted: true,
        user: { name: answer === true ? credentials.userName : answer, provenBy: 'password' },
      };
    }
    return this.wrong(address);
  }

  /** Counts a wrong password; resolves when the client may be told. */
  async wrong(address: string): Promise<Refusal> {
    const problem = this.shutOut(address);
    if (problem !== undefined) return { isAdmitted: false, code: 'ADDRESS_SHUT_OUT', why: problem };
    const { delay, count, shutOut } = this.#wrongPasswords.count(address, this.#clock.now());
    await new Promise<void>((resolve) => this.#clock.after(delay, resolve));
    const consequence =
      shutOut === 0 ? '' : `, number ${count} in a row: its address is shut out for ${shutOut / 1000} s`;
    return { isAdmitted: false, code: 'WRONG_PASSWORD', why: `wrong user name or password${consequence}` };
  }

  /** Why an address is not heard, or undefined. */
  shutOut(address: string): string | undefined {
    const time = this.#wrongPasswords.shutOut(address, this.#clock.now());
    if (time === 0) return undefined;
    return `after too many wrong passwords its address is shut out for another ${Math.ceil(time / 1000)} s`;
  }
}

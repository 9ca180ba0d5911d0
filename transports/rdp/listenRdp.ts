import { createServer, type Socket } from 'node:net';
import { UsageError } from '../../codecs/core/errors.ts';
import { DRDYNVC_CHANNEL_NAME } from '../../codecs/svc/channelDef.ts';
import type { Clock } from '../../src/ports/clock.ts';
import type { Transport } from '../../src/ports/transport.ts';
import { type IdentitySource, makeIdentity, readIdentity, type ServerIdentity } from '../certificates.ts';
import { idleClock } from '../clock.ts';
import type { Listener } from '../listen.ts';
import { plainError, TransportError } from '../transportError.ts';
import { isLoopback } from '../url.ts';
import { acceptRdp, type Admission } from './rdpHandshake.ts';
import type { RdpCredentials } from '../../src/rdp/rdpServerConnection.ts';
import { formatRdpUrl, parseRdpUrl } from './rdpUrl.ts';
import { WrongPasswords } from './wrongPasswords.ts';

export interface ListenRdpOptions {
  /**
   * Checks a user's password. False refuses the client; true admits it as `userName`, a text as the user of that name.
   * Without it everybody is admitted, and the listener can only be on this machine.
   */
  readonly authenticate?: (credentials: RdpCredentials) => boolean | string | Promise<boolean | string>;
  /** Certificate, or chain, in PEM. Without it `identity` gives one. */
  readonly cert?: string;
  /** The certificate's private key in PEM. */
  readonly key?: string;
  /** Where certificate and key come from without them. Default: a new self-signed one. */
  readonly identity?: IdentitySource;
  /** Milliseconds that a client has for its connection request and TLS. Default: 10000. */
  readonly handshakeTimeout?: number;
  /** Milliseconds from then until its channels stand: a person may look at the certificate. Default: 60000. */
  readonly activationTimeout?: number;
  /** Clients whose channels do not stand yet; more are dropped. Default: 16. */
  readonly maximumHandshakes?: number;
  /**
   * Of the time limits, the pauses after wrong passwords, and those between two paintings of the desktop. Default: the
   * machine's, without keeping the process alive.
   */
  readonly clock?: Clock;
}

const HANDSHAKE_TIMEOUT = 10_000;
const ACTIVATION_TIMEOUT = 60_000;
const MAXIMUM_HANDSHAKES = 16;
const CHANNEL_MISSING =
  'has no channel drdynvc: switch USB redirection on in the RDP client, e.g. xfreerdp /usb:id,dev:VID:PID';

/**
 * Listens for RDP clients at `rdp://host:port`. For each one that was admitted and whose channels stand, its channel of
 * dynamic channels goes to `onConnection`; about each other one `onRefused` is told in one line.
 *
 * @throws UsageError for a URL or options that make no sense, and for letting everybody in from other machines; Error
 *   with one line when the system refuses.
 */
export async function listenRdp(
  url: string,
  options: ListenRdpOptions,
  onConnection: (transport: Transport) => void,
  onRefused: (error: Error, remote: string) => void = () => {},
): Promise<Listener> {
  const target = parseRdpUrl(url);
  if (options.authenticate === undefined && !isLoopback(target.host)) {
    throw new UsageError(
      `${url} can be reached from other machines: ask for a user and a password, or listen at rdp://127.0.0.1`,
    );
  }
  const identity = await identityFor(target.host, options);
  const { maximumHandshakes = MAXIMUM_HANDSHAKES, clock = idleClock } = options;
  const door = new Door(options.authenticate, clock);
  const pending = new Set<Socket>();
  const server = createServer((socket) => {
    const address = socket.remoteAddress ?? '?';
    const remote = formatRdpUrl({ host: address, port: socket.remotePort ?? 0 });
    socket.on('error', () => {});
    const problem =
      pending.size >= maximumHandshakes
        ? `${maximumHandshakes} other clients have not finished their handshake yet`
        : door.problemOf(address);
    if (problem !== undefined) {
      socket.destroy();
      onRefused(new TransportError(`${remote} was dropped: ${problem}`), remote);
      return;
    }
    pending.add(socket);
    const leave = () => pending.delete(socket);
    socket.once('close', leave);
    acceptRdp(socket, {
      remote,
      identity: { cert: identity.certificate, key: identity.key },
      authenticate: (credentials) => door.admit(address, credentials),
      channel: DRDYNVC_CHANNEL_NAME,
      channelMissing: CHANNEL_MISSING,
      handshakeTimeout: options.handshakeTimeout ?? HANDSHAKE_TIMEOUT,
      activationTimeout: options.activationTimeout ?? ACTIVATION_TIMEOUT,
      clock,
    }).then(
      (transport) => {
        leave();
        onConnection(transport);
      },
      (error: unknown) => {
        onRefused(plainError(error, remote), remote);
      },
    );
  });
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(target, () => {
        server.off('error', reject);
        resolve();
      });
    });
  } catch (error) {
    throw plainError(error, url);
  }
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : target.port;
  const realUrl = formatRdpUrl({ host: target.host, port });
  server.on('error', (error) => {
    onRefused(plainError(error, realUrl), realUrl);
  });
  return {
    url: realUrl,
    certificateFingerprint: identity.fingerprint,
    async close() {
      server.close();
      for (const socket of pending) socket.destroy();
      // Not the server's own `close` event: it waits for the connections, and those are not ours any more.
      await new Promise(setImmediate);
    },
  };
}

/** Who may come in, and how often somebody may try. */
class Door {
  readonly #authenticate: ListenRdpOptions['authenticate'];
  readonly #clock: Clock;
  readonly #wrongPasswords = new WrongPasswords();

  constructor(authenticate: ListenRdpOptions['authenticate'], clock: Clock) {
    this.#authenticate = authenticate;
    this.#clock = clock;
  }

  /** Why an address is not heard, or undefined. */
  problemOf(address: string): string | undefined {
    const time = this.#wrongPasswords.shutOut(address, this.#clock.now());
    if (time === 0) return undefined;
    return `after too many wrong passwords its address is shut out for another ${Math.ceil(time / 1000)} s`;
  }

  async admit(address: string, credentials: RdpCredentials): Promise<Admission> {
    // Others from there may have guessed meanwhile.
    const problem = this.problemOf(address);
    if (problem !== undefined) return { isAdmitted: false, why: problem };
    if (this.#authenticate === undefined) return { isAdmitted: true, user: undefined };
    const answer = await this.#authenticate(credentials);
    if (answer !== false) {
      this.#wrongPasswords.forget(address);
      return {
        isAdmitted: true,
        user: { name: answer === true ? credentials.userName : answer, provenBy: 'password' },
      };
    }
    const { delay, count, shutOut } = this.#wrongPasswords.count(address, this.#clock.now());
    await new Promise<void>((resolve) => this.#clock.after(delay, resolve));
    const consequence =
      shutOut === 0 ? '' : `, number ${count} in a row: its address is shut out for ${shutOut / 1000} s`;
    return { isAdmitted: false, why: `wrong user name or password${consequence}` };
  }
}

async function identityFor(host: string, options: ListenRdpOptions): Promise<ServerIdentity> {
  const { cert, key, identity = makeIdentity } = options;
  if (cert !== undefined && key !== undefined) return readIdentity(cert, key);
  if (cert === undefined && key === undefined) return await identity(host);
  throw new UsageError('cert and key go together: give both, or neither for a self-signed certificate');
}

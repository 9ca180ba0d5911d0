import { createHash, randomBytes, type X509Certificate } from 'node:crypto';
import { connect, isIP, type Socket } from 'node:net';
import { hostname } from 'node:os';
import type { Duplex } from 'node:stream';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import createDebug from 'debug';
import { DecodeError, ProtocolError, UsageError } from '../../codecs/core/errors.ts';
import type { ServerReconnectCookie } from '../../codecs/rdp/autoReconnect.ts';
import { AUTHORIZATION_RESULT_SIZE, SecurityProtocol } from '../../codecs/rdp/x224.ts';
import { DRDYNVC_CHANNEL_NAME } from '../../codecs/svc/channelDef.ts';
import type { Step } from '../../src/channels/machine.ts';
import type { Clock } from '../../src/ports/clock.ts';
import type { Transport } from '../../src/ports/transport.ts';
import { type RdpClientEvent, RdpClientConnection } from '../../src/rdp/client/rdpClientConnection.ts';
import { RdpRefusalError } from '../../src/rdp/client/rdpRefusalError.ts';
import { RdpDeframer } from '../../src/rdp/rdpDeframer.ts';
import type { RdpCredentials } from '../../src/rdp/rdpServerConnection.ts';
import { StreamDeframer } from '../../src/rdp/streamDeframer.ts';
import { systemClock } from '../../src/systemClock.ts';
import { normalizeFingerprint } from '../certificates.ts';
import { nextFrom, write } from '../handshakeStream.ts';
import { checkPeer, presentedCertificate } from '../peerCertificate.ts';
import { addressOf, StreamTransport } from '../stream.ts';
import { plainError, TransportError } from '../transportError.ts';
import { proveByCredSsp } from './credSsp.ts';
import { joinPackets, RdpFraming } from './rdpFraming.ts';
import { formatRdpUrl, type RdpUrl } from './rdpUrl.ts';
import { securityVerifierOf } from './reconnectCookies.ts';

/** A certificate that a server shows, and that no option vouches for. */
export interface PresentedCertificate {
  /** SHA-256: 64 hexadecimal digits in pairs with colons. */
  readonly fingerprint: string;
  /** Whether an authority that the system trusts has signed it for this host. */
  readonly isTrusted: boolean;
}

/** Options of {@link dialRdp}. */
export interface DialRdpOptions {
  /** Without a user name the server is asked for TLS alone, and shows its own logon screen. */
  readonly credentials: RdpCredentials;
  /** SHA-256 of the server's certificate, hexadecimal with or without colons. */
  readonly fingerprint?: string;
  /** The certificate (PEM) of the authority that is trusted instead of the system's. */
  readonly ca?: string;
  /** Trust every certificate. For tests. */
  readonly insecure?: boolean;
  /**
   * Judges a certificate where none of the options above does; rejects for one that is not trusted. Default: the system's
   * authorities decide.
   */
  readonly judge?: (certificate: PresentedCertificate) => Promise<void>;
  /** What a connection that was cut has left, see {@link DialRdpOptions.onCookie}: no password is asked for then. */
  readonly cookie?: ServerReconnectCookie;
  /** Is told with what to come back after a cut; the newest counts. */
  readonly onCookie?: (cookie: ServerReconnectCookie) => void;
  /** Name of this machine for the server. Default: the host's. */
  readonly clientName?: string;
  /** Milliseconds until the channels stand. Default: 30000. */
  readonly timeout?: number;
  /** Ends the attempt when it is aborted. */
  readonly signal?: AbortSignal;
  /** Of the time limits. Default: the machine's. */
  readonly clock?: Clock;
}

const log = createDebug('urbdrc:rdp');

const TIMEOUT = 30_000;
const OFFERED = SecurityProtocol.PROTOCOL_SSL | SecurityProtocol.PROTOCOL_HYBRID | SecurityProtocol.PROTOCOL_HYBRID_EX;
/** Chunks that a server may send before the activation is complete. */
const MOST_EARLY = 64;

/**
 * Connects to an RDP server as a client without a desktop: the transport is the static channel of dynamic channels.
 *
 * @throws UsageError for options that make no sense, TransportError when there is no connection, with one line that says what
 *   happened and what to do; the signal's reason when it was aborted.
 */
export async function dialRdp(target: RdpUrl, options: DialRdpOptions): Promise<Transport> {
  const { fingerprint, ca, insecure, signal, clock = systemClock, timeout = TIMEOUT } = options;
  if ((fingerprint !== undefined || ca !== undefined) && insecure === true) {
    throw new UsageError('insecure would make ca and fingerprint useless: give one or the other');
  }
  const pin = fingerprint === undefined ? undefined : normalizeFingerprint(fingerprint);
  signal?.throwIfAborted();
  const remote = formatRdpUrl(target);
  const socket = connect({ host: target.host, port: target.port });
  // Whatever ends the attempt destroys the socket with the reason, and whoever waits for the socket is told.
  socket.on('error', () => {});
  const stopTimer = clock.after(timeout, () =>
    socket.destroy(new TransportError('TIMED_OUT', `${remote} did not let this client in within ${timeout} ms`)),
  );
  const abort = () => socket.destroy(new TransportError('ABORTED', `${remote}: aborted`));
  signal?.addEventListener('abort', abort);
  try {
    return await new RdpDialing(socket, target, remote, pin, clock, options).run();
  } catch (error) {
    const reason = socket.errored ?? error;
    socket.destroy();
    signal?.throwIfAborted();
    throw explained(reason, remote);
  } finally {
    stopTimer();
    signal?.removeEventListener('abort', abort);
  }
}

/** One connection on its way to its channels. */
class RdpDialing {
  readonly #socket: Socket;
  readonly #target: RdpUrl;
  readonly #remote: string;
  readonly #pin: string | undefined;
  readonly #clock: Clock;
  readonly #options: DialRdpOptions;
  readonly #clientName: string;
  readonly #connection: RdpClientConnection;
  readonly #deframer = new RdpDeframer();
  readonly #early: Uint8Array[] = [];
  #stream: Duplex;

  constructor(
    socket: Socket,
    target: RdpUrl,
    remote: string,
    pin: string | undefined,
    clock: Clock,
    options: DialRdpOptions,
  ) {
    this.#socket = socket;
    this.#stream = socket;
    this.#target = target;
    this.#remote = remote;
    this.#pin = pin;
    this.#clock = clock;
    this.#options = options;
    const { credentials, cookie, clientName = hostname() } = options;
    this.#clientName = clientName;
    this.#connection = new RdpClientConnection({
      credentials,
      clientName,
      random: {
        clientRandom: randomBytes(32),
        premasterSecret: randomBytes(48),
        hardwareId: createHash('md5').update(clientName).digest(),
      },
      channels: [DRDYNVC_CHANNEL_NAME],
      requestedProtocols: credentials.userName === '' ? SecurityProtocol.PROTOCOL_SSL : OFFERED,
      ...(cookie !== undefined && {
        cookie: { logonId: cookie.logonId, securityVerifier: securityVerifierOf(cookie.arcRandomBits) },
      }),
    });
  }

  async run(): Promise<Transport> {
    await opened(this.#socket, 'connect', this.#remote);
    await this.#take(this.#connection.start());
    for (;;) {
      const packet = await nextFrom(this.#stream, this.#deframer);
      if (packet === undefined) throw this.#closed();
      const transport = await this.#take(this.#connection.received(packet));
      if (transport !== undefined) return transport;
    }
  }

  /** Does what a step asks for. Resolves with the transport when the channels can be used. */
  async #take({ outgoing, events }: Step<RdpClientEvent>): Promise<Transport | undefined> {
    if (outgoing.length > 0) await write(this.#stream, joinPackets(outgoing));
    for (const event of events) {
      switch (event.type) {
        case 'securityRequired':
          return await this.#secure(event.withCredSsp);
        case 'established':
          return this.#transport();
        case 'channelData':
          this.#early.push(event.chunk);
          if (this.#early.length > MOST_EARLY) {
            const problem = `${this.#remote} sends on its channels and does not finish the activation`;
            throw new TransportError('PROTOCOL_VIOLATED', problem);
          }
          break;
        case 'cookie':
          this.#options.onCookie?.(event.cookie);
          break;
        case 'reactivated':
          break;
        case 'finished':
          throw event.error ?? new TransportError('CONNECTION_LOST', `${this.#remote} ended the connection at once`);
      }
    }
    return undefined;
  }

  async #secure(withCredSsp: boolean): Promise<Transport | undefined> {
    if (this.#deframer.hasMore) {
      // What was sent in the clear must not count as said inside TLS.
      const problem = `${this.#remote} sent more before TLS than its answer to the connection request`;
      throw new TransportError('PROTOCOL_VIOLATED', problem);
    }
    const { host } = this.#target;
    const { ca, credentials } = this.#options;
    const secure = connectTls({
      socket: this.#socket,
      ...(ca === undefined ? {} : { ca }),
      ...(isIP(host) === 0 ? { servername: host } : {}),
      // Judged before anything is sent: an error from here could not tell the fingerprint.
      rejectUnauthorized: false,
    });
    secure.on('error', () => {});
    this.#stream = secure;
    await opened(secure, 'secureConnect', this.#remote);
    const certificate = presentedCertificate(secure, this.#remote);
    await this.#judge(secure, certificate);
    if (withCredSsp) {
      const { userName, domain: domainName, password } = credentials;
      const proof = { userName, domainName, password };
      const [remote, clientName] = [this.#remote, this.#clientName];
      await proveByCredSsp(secure, { credentials: proof, certificate, host, remote, clientName });
    }
    const { awaitsAuthorization, step } = this.#connection.secured();
    if (!awaitsAuthorization) return await this.#take(step);
    return await this.#take(this.#connection.authorized(await this.#authorization(secure)));
  }

  /** The 4 bytes of the Early User Authorization Result. */
  async #authorization(secure: TLSSocket): Promise<Uint8Array> {
    const size = AUTHORIZATION_RESULT_SIZE;
    // As a frame it is a header and nothing else.
    const deframer = new StreamDeframer((_header, filled) => (filled < size ? undefined : 0), size);
    const frame = await nextFrom(secure, deframer);
    if (frame === undefined) throw this.#closed();
    if (deframer.hasMore) {
      const problem = `${this.#remote} sent more than the result of the authorization`;
      throw new TransportError('PROTOCOL_VIOLATED', problem);
    }
    return deframer.header.slice(0, size);
  }

  /** @throws TransportError when the certificate is not trusted */
  async #judge(secure: TLSSocket, certificate: X509Certificate): Promise<void> {
    const { judge, ca, insecure = false } = this.#options;
    if (judge === undefined || this.#pin !== undefined || ca !== undefined || insecure) {
      checkPeer(secure, certificate, this.#remote, {
        fingerprint: this.#pin,
        ...(ca !== undefined && { ca }),
        insecure,
      });
      return;
    }
    await judge({ fingerprint: certificate.fingerprint256, isTrusted: secure.authorized });
  }

  #transport(): Transport {
    const [remote, stream, connection] = [this.#remote, this.#stream, this.#connection];
    if (!connection.hasChannel(DRDYNVC_CHANNEL_NAME)) {
      const problem = `${remote} gives this client no channel ${DRDYNVC_CHANNEL_NAME}, without which there is no USB redirection`;
      throw new TransportError('CHANNEL_MISSING', problem);
    }
    const { onCookie } = this.#options;
    const framing = new RdpFraming<RdpClientEvent>(stream, connection, this.#deframer, DRDYNVC_CHANNEL_NAME, {
      happened(event) {
        if (event.type === 'cookie') onCookie?.(event.cookie);
        if (event.type === 'reactivated') log(`${remote}: activated again`);
        // Without an error the server closes the stream by itself.
        if (event.type === 'finished' && event.error !== undefined) throw explained(event.error, remote);
      },
      lastPackets: () => connection.end().outgoing,
    });
    return new StreamTransport(stream, {
      remote,
      identity: { address: addressOf(this.#socket) },
      clock: this.#clock,
      deframer: framing,
      earlier: this.#early,
      join: (frames, memory) => framing.join(frames, memory),
      lastBytes: () => framing.lastBytes(),
      farewell: () => {
        const reason = connection.closed();
        return reason && explained(reason, remote);
      },
    });
  }

  #closed(): Error {
    const problem = `${this.#remote} closed the connection before its channels stood`;
    return this.#connection.closed() ?? new TransportError('CONNECTION_LOST', problem);
  }
}

function opened(socket: Socket, event: 'connect' | 'secureConnect', remote: string): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once(event, () => resolve());
    socket.once('error', reject);
    socket.once('close', () =>
      reject(new TransportError('CONNECTION_LOST', `${remote}: the connection was closed before it was complete`)),
    );
  });
}

/** In one line with the server's name. */
function explained(error: unknown, remote: string): TransportError {
  if (error instanceof RdpRefusalError)
    return new TransportError(error.code, `${remote}: ${error.message}`, { cause: error });
  if (error instanceof DecodeError || error instanceof ProtocolError) {
    return new TransportError('PROTOCOL_VIOLATED', `${remote}: ${error.message}`, { cause: error });
  }
  return plainError(error, remote);
}

import { createHash, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { fromHex } from '../../../codecs/core/json.ts';
import { joinParts, type Parts } from '../../../codecs/core/parts.ts';
import { Reader } from '../../../codecs/core/reader.ts';
import { CredType, TsCredentials, type TsPasswordCredentials } from '../../../codecs/cssp/tsCredentials.ts';
import { TsRequest } from '../../../codecs/cssp/tsRequest.ts';
import { AuthenticateMessage } from '../../../codecs/ntlm/authenticateMessage.ts';
import { TPKT_HEADER_SIZE } from '../../../codecs/rdp/tpkt.ts';
import { X224ConnectionConfirm, X224ConnectionRequest } from '../../../codecs/rdp/x224.ts';
import type { Step } from '../../../src/channels/machine.ts';
import { computeProof, responseKey } from '../../../src/nla/ntlmKeys.ts';
import { NtlmSession } from '../../../src/nla/ntlmSession.ts';
import { Rc4 } from '../../../src/nla/rc4.ts';
import { RdpDeframer } from '../../../src/rdp/rdpDeframer.ts';
import { tpktPacket } from '../../../src/rdp/rdpPacket.ts';
import { type RdpEvent, RdpServerConnection } from '../../../src/rdp/rdpServerConnection.ts';
import { makeIdentity } from '../../../transports/certificates.ts';
import { listenAtPort } from '../../../transports/listen.ts';
import { TlsAcceptor } from '../../../transports/tlsAcceptor.ts';
import { loadVectors } from '../../codecs/vectors.ts';

/** Whom the server knows. */
export const ALI = { userName: 'Ali', domain: 'Office', password: 'open sesame' };

const SERVER_CHALLENGE = fromHex('0123456789abcdef');
/** CHALLENGE_MESSAGE with {@link SERVER_CHALLENGE}. */
const CHALLENGE = fromHex(
  loadVectors('ntlm', (each) => each === 'CHALLENGE_MESSAGE').find(({ file }) => file.endsWith('/sample'))?.hex ?? '',
);
const identity = makeIdentity('127.0.0.1');

/** One TSRequest in bytes. */
export function tsRequest(value: Omit<TsRequest, 'name'>): Uint8Array {
  return joinParts(TsRequest.encode({ name: 'TSRequest', ...value }));
}

/** The server's first answer in CredSSP. */
export function challengeRequest(version = 6): Uint8Array {
  return tsRequest({ version, negoTokens: [CHALLENGE] });
}

/** An RDP server on this machine whose half a test writes down, with network level authentication if it says so. */
export class NlaServer {
  readonly port: number;
  /** Resolves when the first connection's script is over. */
  readonly done: Promise<void>;
  readonly #server: Server;
  readonly #sockets: Socket[] = [];

  static async open(
    script: (peer: NlaPeer) => Promise<void>,
    place = { host: '127.0.0.1', port: 0 },
  ): Promise<NlaServer> {
    const server = createServer();
    const acceptor = new TlsAcceptor(await identity);
    return new NlaServer(server, await listenAtPort(server, place), acceptor, script);
  }

  private constructor(server: Server, port: number, tls: TlsAcceptor, script: (peer: NlaPeer) => Promise<void>) {
    this.#server = server;
    this.port = port;
    this.done = new Promise((resolve, reject) => {
      server.on('connection', (socket: Socket) => {
        socket.on('error', () => {});
        this.#sockets.push(socket);
        const peer = new NlaPeer(socket, tls);
        // Who does not read to the end is not told that the client closed.
        script(peer)
          .finally(() => void peer.rest())
          .then(resolve, reject);
      });
    });
    // A test that does not wait for it fails by what the client says.
    this.done.catch(() => {});
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }
}

/** What the client proves with its second TSRequest. */
export interface ClientProof {
  readonly request: TsRequest;
  readonly message: AuthenticateMessage;
  /** Whether the password is {@link ALI}'s. */
  readonly isRight: boolean;
}

type CredentialsEvent = Extract<RdpEvent, { readonly type: 'credentials' }>;

/** The server's end of one connection. */
export class NlaPeer {
  /** What follows CredSSP. */
  readonly connection = new RdpServerConnection();
  readonly #socket: Socket;
  readonly #tls: TlsAcceptor;
  readonly #deframer = new RdpDeframer();
  #secure: TLSSocket | undefined;
  #input: AsyncIterator<Buffer> | undefined;
  #unread = Buffer.alloc(0);
  #session: NtlmSession | undefined;
  #nonce: Uint8Array = new Uint8Array();
  #routingToken: string | undefined;

  constructor(socket: Socket, tls: TlsAcceptor) {
    this.#socket = socket;
    this.#tls = tls;
  }

  get #stream(): Duplex {
    return this.#secure ?? this.#socket;
  }

  /** Of the connection request. */
  get routingToken(): string | undefined {
    return this.#routingToken;
  }

  /** Answers the connection request by `selectedProtocol`, and does TLS. */
  async negotiate(selectedProtocol: number): Promise<void> {
    const [request] = (await once(this.#socket, 'data')) as [Buffer];
    this.#socket.pause();
    const payload = request.subarray(TPKT_HEADER_SIZE);
    const { name, spec } = X224ConnectionRequest;
    this.#routingToken = X224ConnectionRequest.decode(new Reader(payload, name, spec)).cookie;
    // Its own answer would be TLS; what follows is the same.
    this.#take(request);
    const negotiation = { type: 'response', flags: 0, selectedProtocol } as const;
    const confirm = X224ConnectionConfirm.encode({ destinationReference: 0, sourceReference: 0, negotiation });
    this.#socket.write(joinParts(tpktPacket(confirm)));
    this.#secure = await this.#tls.secure(this.#socket, 'client');
    this.#input = this.#secure.iterator({ destroyOnReturn: false });
    this.connection.secured();
  }

  send(...parts: readonly Uint8Array[]): void {
    this.#stream.write(joinParts(parts));
  }

  /** Sends byte after byte, each in a record of its own. */
  sendSlowly(bytes: Uint8Array): void {
    for (const byte of bytes) this.send(Uint8Array.of(byte));
  }

  close(): void {
    this.#stream.end();
  }

  reset(): void {
    this.#socket.resetAndDestroy();
  }

  /** The client's next TSRequest. @throws Error when it left instead */
  async next(): Promise<TsRequest> {
    for (;;) {
      const size = derSize(this.#unread);
      if (size !== undefined && this.#unread.byteLength >= size) {
        const bytes = this.#unread.subarray(0, size);
        this.#unread = this.#unread.subarray(size);
        return TsRequest.decode(new Reader(bytes, TsRequest.name, TsRequest.spec));
      }
      this.#unread = Buffer.concat([this.#unread, await this.#read()]);
    }
  }

  /** Bytes that come before the client closes. */
  async rest(): Promise<number> {
    let count = this.#unread.byteLength;
    for (;;) {
      const chunk = await this.#input?.next().catch(() => undefined);
      if (chunk === undefined || chunk.done === true) return count;
      count += chunk.value.byteLength;
    }
  }

  /** As far as the client's proof. */
  async proof(version = 6): Promise<ClientProof> {
    await this.next();
    this.send(challengeRequest(version));
    return this.takeProof();
  }

  /** Reads the client's second TSRequest, [MS-NLMP] 3.2.5.1.2. */
  async takeProof(): Promise<ClientProof> {
    const request = await this.next();
    const token = request.negoTokens?.[0] ?? new Uint8Array();
    const message = AuthenticateMessage.decode(new Reader(token, AuthenticateMessage.name, AuthenticateMessage.spec));
    const key = responseKey(ALI.userName, ALI.domain, ALI.password);
    const temp = message.ntChallengeResponse.subarray(16, -4);
    const expected = computeProof(key, SERVER_CHALLENGE, new Uint8Array(8), temp, true);
    const isRight = Buffer.compare(expected.ntChallengeResponse, message.ntChallengeResponse) === 0;
    const sessionKey = new Rc4(expected.sessionBaseKey).crypt(message.encryptedRandomSessionKey);
    this.#session = new NtlmSession(sessionKey, 'server');
    if (request.pubKeyAuth !== undefined && isRight) this.#session.open(request.pubKeyAuth);
    this.#nonce = request.clientNonce ?? new Uint8Array();
    return { request, message, isRight };
  }

  /** The proof that this server holds the key, for versions 5 and 6; of another key if one is given. */
  async keyProof(publicKey?: Uint8Array): Promise<Uint8Array> {
    const key = publicKey ?? (await subjectPublicKey());
    const hash = createHash('sha256').update('CredSSP Server-To-Client Binding Hash\0').update(this.#nonce).update(key);
    return tsRequest({ version: 6, pubKeyAuth: this.#session?.seal(hash.digest()) ?? new Uint8Array() });
  }

  /** What the client has sent after the server's proof. */
  async credentials(): Promise<TsPasswordCredentials> {
    const { authInfo } = await this.next();
    const opened = (authInfo && this.#session?.open(authInfo)) ?? new Uint8Array();
    const credentials = TsCredentials.decode(new Reader(opened, TsCredentials.name, TsCredentials.spec));
    if (credentials.credType !== CredType.PASSWORD) throw new Error('the client has sent no password');
    return credentials;
  }

  /** The whole of CredSSP with a client that knows the password. */
  async authenticate(): Promise<void> {
    await this.proof();
    this.send(await this.keyProof());
    await this.credentials();
  }

  /** Goes on after TLS or CredSSP until the client asks to be let in, as whom: then `admit` of the connection is due. */
  async untilCredentials(): Promise<CredentialsEvent> {
    for (;;) {
      const bytes = this.#unread.byteLength > 0 ? this.#unread : await this.#read();
      this.#unread = Buffer.alloc(0);
      const events = this.#take(bytes);
      for (const event of events) if (event.type === 'credentials') return event;
    }
  }

  /** Lets the client in, `before` and the activation; resolves when channels can be used. */
  async admit(before: readonly Parts[] = []): Promise<void> {
    const [license = [], ...activation] = this.connection.admit(true).outgoing;
    this.send(...license, ...before.flat(), ...activation.flat());
    while (!this.connection.isActive) this.#take(await this.#read());
  }

  async #read(): Promise<Buffer> {
    const chunk = await this.#input?.next();
    if (chunk === undefined || chunk.done === true) throw new Error('the client left');
    return chunk.value;
  }

  #take(bytes: Uint8Array): readonly RdpEvent[] {
    this.#deframer.push(bytes);
    const all: RdpEvent[] = [];
    for (let packet = this.#deframer.next(); packet !== undefined; packet = this.#deframer.next()) {
      const { outgoing, events }: Step<RdpEvent> = this.connection.received(packet);
      if (this.#secure !== undefined && outgoing.length > 0) this.send(...outgoing.flat());
      all.push(...events);
    }
    return all;
  }
}

/** The certificate that the server shows, in DER. */
export async function serverCertificate(): Promise<Uint8Array> {
  return new X509Certificate((await identity).certificate).raw;
}

/** A point of P-256, without compression: the last 65 bytes of SubjectPublicKeyInfo. */
async function subjectPublicKey(): Promise<Uint8Array> {
  const { publicKey } = new X509Certificate((await identity).certificate);
  return publicKey.export({ type: 'spki', format: 'der' }).subarray(-65);
}

/** Bytes of the DER element that begins here, as far as its header has come. */
function derSize(bytes: Uint8Array): number | undefined {
  const [, first, second, third] = bytes;
  if (first === undefined || first < 0x80) return first && 2 + first;
  if (second === undefined || first === 0x81) return second && 3 + second;
  return third === undefined ? undefined : 4 + second * 256 + third;
}

import { randomBytes, X509Certificate } from 'node:crypto';
import { hostname } from 'node:os';
import type { Duplex } from 'node:stream';
import { DecodeError, ProtocolError } from '../../codecs/core/errors.ts';
import { joinParts } from '../../codecs/core/parts.ts';
import { CredSspServer } from '../../src/nla/credSspServer.ts';
import { channelBindings } from '../../src/nla/ntlmKeys.ts';
import type { RdpCredentials } from '../../src/rdp/rdpServerConnection.ts';
import { nextFrom, write } from '../handshakeStream.ts';
import { TransportError } from '../transportError.ts';
import { endPointHash, fileTime, subjectPublicKey, TsRequestDeframer } from './credSsp.ts';

/** The password of a user, or undefined for one that is not known. */
export type PasswordSource = (userName: string, domain: string) => string | undefined;

/** A client that is to prove its password. */
export interface CredSspArrival {
  /** For people. */
  readonly remote: string;
  /** Whether too many wrong passwords came from its address. */
  readonly isShutOut: () => boolean;
  /** Counts a wrong password. Resolves with the error when the client may be told. */
  readonly wrongPassword: () => Promise<TransportError>;
}

/** Has clients prove their password by CredSSP with NTLM, [MS-CSSP], on the TLS connections of one certificate. */
export class CredSspAcceptor {
  readonly #publicKey: Uint8Array;
  readonly #channelBindings: Uint8Array;
  readonly #passwordOf: PasswordSource;

  /** @param certificate PEM, of the listener */
  constructor(certificate: string, passwordOf: PasswordSource) {
    const parsed = new X509Certificate(certificate);
    this.#publicKey = subjectPublicKey(parsed);
    this.#channelBindings = channelBindings(endPointHash(parsed));
    this.#passwordOf = passwordOf;
  }

  /**
   * Resolves with what the client said, whose password is right. The caller limits the time.
   *
   * @throws TransportError; what tells the client is on its way then
   */
  async accept(stream: Duplex, { remote, isShutOut, wrongPassword }: CredSspArrival): Promise<RdpCredentials> {
    const server = new CredSspServer({
      serverChallenge: randomBytes(8),
      fileTime: fileTime(Date.now()),
      computerName: hostname(),
      channelBindings: this.#channelBindings,
      publicKey: this.#publicKey,
      // Whoever is shut out does not learn that a password is right.
      passwordOf: (userName, domain) => (isShutOut() ? undefined : this.#passwordOf(userName, domain)),
    });
    const deframer = new TsRequestDeframer();
    try {
      for (;;) {
        const request = await nextFrom(stream, deframer);
        if (request === undefined) throw new TransportError('CONNECTION_LOST', `${remote} left before its log-on`);
        const { outgoing, events } = server.receive(request);
        const [event] = events;
        const error = event?.type === 'refused' ? await wrongPassword() : undefined;
        if (outgoing.length > 0) await write(stream, joinParts(outgoing.flat()));
        if (error !== undefined) throw error;
        if (event?.type !== 'authenticated') continue;
        // What follows is RDP.
        if (deframer.hasMore) stream.unshift(deframer.takeRest());
        const { userName, domainName: domain, password } = event.credentials;
        return { userName, domain, password };
      }
    } catch (error) {
      if (!(error instanceof DecodeError || error instanceof ProtocolError)) throw error;
      throw new TransportError('PROTOCOL_VIOLATED', `${remote}: ${error.message}`, { cause: error });
    }
  }
}

import type { X509Certificate } from 'node:crypto';
import { isIP, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { DecodeError, ProtocolError, UsageError } from '../../codecs/core/errors.ts';
import { RdpRefusalError } from '../../src/rdp/client/rdpRefusalError.ts';
import type { RdpCredentials } from '../../src/rdp/rdpServerConnection.ts';
import { normalizeFingerprint } from '../certificates.ts';
import { checkPeer, presentedCertificate } from '../peerCertificate.ts';
import { plainError, TransportError } from '../transportError.ts';
import { proveByCredSsp } from './credSsp.ts';
import { formatRdpUrl, type RdpUrl } from './rdpUrl.ts';

/** A certificate that a server shows, and that no option vouches for. */
export interface PresentedCertificate {
  /** Who shows it: where the client was sent on to, it is not whom the program named. */
  readonly target: RdpUrl;
  /** SHA-256: 64 hexadecimal digits in pairs with colons. */
  readonly fingerprint: string;
  /** Whether an authority that the system trusts has signed it for this host. */
  readonly isTrusted: boolean;
}

/** What vouches for an RDP server's certificate. */
export interface ServerTrust {
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
}

/** An RDP server whose half of TLS, and of CredSSP, is to come. */
export interface ServerToSecure {
  readonly target: RdpUrl;
  /** For people. */
  readonly remote: string;
  readonly trust: ServerTrust;
  /** With which network level authentication is done; undefined: TLS alone. */
  readonly credentials: RdpCredentials | undefined;
  /** Name of this machine. */
  readonly clientName: string;
}

/** @throws UsageError for options that exclude each other, or a fingerprint that is none */
export function checkTrust({ fingerprint, ca, insecure }: ServerTrust): void {
  if ((fingerprint !== undefined || ca !== undefined) && insecure === true) {
    throw new UsageError('insecure would make ca and fingerprint useless: give one or the other');
  }
  if (fingerprint !== undefined) normalizeFingerprint(fingerprint);
}

/** Resolves when a socket is connected, or secure. @throws the socket's error; TransportError when it is closed before */
export function opened(socket: Socket, event: 'connect' | 'secureConnect', remote: string): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once(event, () => resolve());
    socket.once('error', reject);
    socket.once('close', () =>
      reject(new TransportError('CONNECTION_LOST', `${remote}: the connection was closed before it was complete`)),
    );
  });
}

/**
 * Does the client's half of TLS with an RDP server, judges its certificate, and then proves the user's password if there is one.
 * @throws TransportError, or the socket's own error
 */
export async function secureServer(
  socket: Socket,
  { target, remote, trust, credentials, clientName }: ServerToSecure,
): Promise<TLSSocket> {
  const { host } = target;
  const { ca } = trust;
  const secure = connectTls({
    socket,
    ...(ca === undefined ? {} : { ca }),
    ...(isIP(host) === 0 ? { servername: host } : {}),
    // Judged before anything is sent: an error from here could not tell the fingerprint.
    rejectUnauthorized: false,
  });
  secure.on('error', () => {});
  await opened(secure, 'secureConnect', remote);
  const certificate = presentedCertificate(secure, remote);
  await judge(secure, certificate, target, trust);
  if (credentials === undefined) return secure;
  const { userName, domain: domainName, password } = credentials;
  const proof = { userName, domainName, password };
  await proveByCredSsp(secure, { credentials: proof, certificate, host, remote, clientName });
  return secure;
}

/** @throws TransportError when the certificate is not trusted */
async function judge(
  secure: TLSSocket,
  certificate: X509Certificate,
  target: RdpUrl,
  { judge: ask, ca, fingerprint, insecure = false }: ServerTrust,
): Promise<void> {
  const pin = fingerprint === undefined ? undefined : normalizeFingerprint(fingerprint);
  if (ask === undefined || pin !== undefined || ca !== undefined || insecure) {
    checkPeer(secure, certificate, formatRdpUrl(target), {
      fingerprint: pin,
      ...(ca !== undefined && { ca }),
      insecure,
    });
    return;
  }
  await ask({ target, fingerprint: certificate.fingerprint256, isTrusted: secure.authorized });
}

/** In one line with the server's name. */
export function explained(error: unknown, remote: string): TransportError {
  if (error instanceof RdpRefusalError)
    return new TransportError(error.code, `${remote}: ${error.message}`, { cause: error });
  if (error instanceof DecodeError || error instanceof ProtocolError) {
    return new TransportError('PROTOCOL_VIOLATED', `${remote}: ${error.message}`, { cause: error });
  }
  return plainError(error, remote);
}

import type { X509Certificate } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import { hasFingerprint } from './certificates.ts';
import { TransportError } from './transportError.ts';

/** What a listener's certificate is compared with. */
export interface PeerPins {
  /** PEM of the authority that is trusted instead of the system's; the socket was opened with it. */
  readonly ca?: string;
  /** SHA-256, normalized. Without `ca` it is enough. */
  readonly fingerprint: string | undefined;
  /** Trust every certificate. */
  readonly insecure?: boolean;
}

/**
 * The certificate that the other end showed. Ask once for a socket: Node 20 takes it out of the chain when it gives it, and
 * gives nothing, or the authority's one, the second time.
 *
 * @throws TransportError TLS_FAILED where there is none
 */
export function presentedCertificate(socket: TLSSocket, url: string): X509Certificate {
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined) throw new TransportError('TLS_FAILED', `${url} presented no certificate`);
  return certificate;
}

/**
 * @param certificate of {@link presentedCertificate}
 * @throws TransportError when the certificate is neither the expected one nor trusted
 */
export function checkPeer(socket: TLSSocket, certificate: X509Certificate, url: string, options: PeerPins): void {
  const { fingerprint } = options;
  if (options.insecure === true) return;
  const presented = certificate.fingerprint256;
  if (fingerprint !== undefined && !hasFingerprint(presented, fingerprint)) {
    throw new TransportError(
      'CERTIFICATE_NOT_TRUSTED',
      `${url} presented a certificate with another fingerprint: ${presented}. ` +
        'If the listener was started anew it may have a new one; compare it with what the listener printed',
    );
  }
  if (fingerprint !== undefined && options.ca === undefined) return;
  if (socket.authorized) return;
  throw new TransportError(
    'CERTIFICATE_NOT_TRUSTED',
    `${url} presented a certificate that is not trusted (${whyUntrusted(socket)}), fingerprint ${presented}: ` +
      'if that is what the listener printed, trust that fingerprint, or its authority',
  );
}

function whyUntrusted(socket: TLSSocket): string {
  // Declared as Error, but a string in fact.
  const code = String(socket.authorizationError);
  switch (code) {
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
    case 'SELF_SIGNED_CERT_IN_CHAIN':
      return 'self-signed';
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
    case 'UNABLE_TO_GET_ISSUER_CERT':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
      return 'unknown authority';
    case 'CERT_HAS_EXPIRED':
      return 'expired';
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return 'made for another host name';
    default:
      return code.toLowerCase().replaceAll('_', ' ');
  }
}

import { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { createSecureContext } from 'node:tls';
import { UsageError } from '../codecs/core/errors.ts';

/** Gives a listener at `host` its identity, where it was not given one. */
export type IdentitySource = (host: string) => Promise<ServerIdentity>;

/** A TLS listener's certificate and key. */
export interface ServerIdentity {
  /** PEM. */
  readonly certificate: string;
  /** PEM. */
  readonly key: string;
  /** SHA-256 of the certificate: 64 hexadecimal digits in pairs with colons. */
  readonly fingerprint: string;
}

/**
 * Checks a certificate and its key. A certificate file may go on with the chain.
 *
 * @throws UsageError when they cannot be read or do not belong together.
 */
export function readIdentity(certificate: string, key: string): ServerIdentity {
  try {
    const { fingerprint256 } = new X509Certificate(certificate);
    createSecureContext({ cert: certificate, key });
    return { certificate, key, fingerprint: fingerprint256 };
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    throw new UsageError(`the certificate and its key (PEM) cannot be used: ${problem}`, { cause: error });
  }
}

/** Where a TLS listener's certificate comes from. */
export interface CertificateOptions {
  /** Certificate, or chain, in PEM. */
  readonly cert?: string;
  /** The certificate's private key in PEM. */
  readonly key?: string;
  /** Gives certificate and key where there are none above. Default: a new self-signed one. */
  readonly identity?: IdentitySource;
}

/** The identity of a listener at `host`. @throws UsageError when certificate and key cannot be used */
export async function identityFor(host: string, options: CertificateOptions): Promise<ServerIdentity> {
  const { cert, key, identity = makeIdentity } = options;
  if (cert !== undefined && key !== undefined) return readIdentity(cert, key);
  if (cert === undefined && key === undefined) return await identity(host);
  throw new UsageError('cert and key go together: give both, or neither for a self-signed certificate');
}

/** What a new certificate is for. */
export interface IdentityOptions {
  /** Other names of this machine. */
  readonly names?: readonly string[];
  /** From now on. Default: a year. */
  readonly days?: number;
}

const DAY = 24 * 60 * 60 * 1000;

/** Makes a new key and a certificate for it, for this machine's loopback names and `host`. */
export async function makeIdentity(host: string, options: IdentityOptions = {}): Promise<ServerIdentity> {
  const { names = [], days = 365 } = options;
  const notBeforeDate = new Date();
  // It brings a whole ASN.1 library: load it only for this.
  const { generate } = await import('selfsigned');
  const made = await generate([{ name: 'commonName', value: 'urbdrc' }], {
    keyType: 'ec',
    algorithm: 'sha256',
    notBeforeDate,
    notAfterDate: new Date(notBeforeDate.getTime() + days * DAY),
    extensions: [
      { name: 'basicConstraints', cA: false, critical: true },
      { name: 'keyUsage', digitalSignature: true, critical: true },
      { name: 'extKeyUsage', serverAuth: true },
      {
        name: 'subjectAltName',
        altNames: [...new Set(['localhost', '127.0.0.1', '::1', ...names, host])].map(alternativeName),
      },
    ],
  });
  return readIdentity(made.cert, made.private);
}

function alternativeName(name: string): { type: 2; value: string } | { type: 7; ip: string } {
  return isIP(name) === 0 ? { type: 2, value: name } : { type: 7, ip: name };
}

/** Whether a certificate's SHA-256, as Node writes it, is a {@link normalizeFingerprint | normalized} fingerprint. */
export function hasFingerprint(fingerprint256: string, fingerprint: string): boolean {
  return fingerprint256.replaceAll(':', '').toLowerCase() === fingerprint;
}

/**
 * Brings a SHA-256 fingerprint into one form: lower case, no colons.
 *
 * @throws UsageError when it is not one.
 */
export function normalizeFingerprint(text: string): string {
  const digits = text.replaceAll(/[:\s]/g, '').toLowerCase();
  if (!/^[0-9a-f]{64}$/.test(digits)) {
    throw new UsageError(`${JSON.stringify(text)} is not a SHA-256 fingerprint: 64 hexadecimal digits, colons or not`);
  }
  return digits;
}

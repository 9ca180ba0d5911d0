import { generateKeyPair, X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import { promisify } from 'node:util';
import { UsageError } from '../codecs/core/errors.ts';
import { issueCertificate } from './x509.ts';

const generateKey = promisify(generateKeyPair);

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

/** Subject and issuer of a certificate that was made here. */
const SUBJECT = 'urbdrc';
const DAY = 24 * 60 * 60 * 1000;

/** Makes a new key (P-256) and a certificate for it, for this machine's loopback names and `host`. */
export async function makeIdentity(host: string, options: IdentityOptions = {}): Promise<ServerIdentity> {
  const { names = [], days = 365 } = options;
  const { publicKey, privateKey } = await generateKey('ec', {
    namedCurve: 'P-256',
    publicKeyEncoding: { type: 'spki', format: 'der' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  const notBefore = new Date();
  const certificate = issueCertificate(
    {
      subject: SUBJECT,
      hosts: [...new Set(['localhost', '127.0.0.1', '::1', ...names, host])],
      notBefore,
      notAfter: new Date(notBefore.getTime() + days * DAY),
      publicKey,
    },
    { name: SUBJECT, key: privateKey },
  );
  return readIdentity(certificate, privateKey);
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

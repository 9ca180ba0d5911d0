import type { X509Certificate } from 'node:crypto';
import { connect } from 'node:tls';
import { parseTransportUrl } from '../../transports/url.ts';

/** The certificate that a TLS listener presents. */
export function getPeerCertificate(url: string): Promise<X509Certificate> {
  const target = parseTransportUrl(url, 'dial');
  if (target.scheme !== 'tls') throw new Error('not a tls:// URL');
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port: target.port, rejectUnauthorized: false }, () => {
      const certificate = socket.getPeerX509Certificate();
      socket.destroy();
      if (certificate === undefined) reject(new Error('no certificate'));
      else resolve(certificate);
    });
    socket.on('error', reject);
  });
}

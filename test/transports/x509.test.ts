import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { connect, createServer } from 'node:tls';
import { expect } from 'chai';
import { issueCertificate, type CertificateRequest } from '../../transports/x509.ts';

const newKey = () =>
  generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    publicKeyEncoding: { type: 'spki', format: 'der' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });

describe('X.509 certificates', () => {
  const { publicKey, privateKey } = newKey();
  const issue = (request: Partial<CertificateRequest> = {}, issuer = { name: 'one', key: privateKey }) =>
    issueCertificate(
      {
        subject: 'one',
        hosts: ['localhost'],
        notBefore: new Date('2026-01-02T03:04:05.678Z'),
        notAfter: new Date('2036-01-02T03:04:05Z'),
        publicKey,
        ...request,
      },
      issuer,
    );
  const read = (request: Partial<CertificateRequest> = {}) => new X509Certificate(issue(request));

  it('have the key, the names and the signature that were asked for, RFC 5280 4.1', () => {
    const certificate = read({ subject: 'grün' });
    expect(certificate.subject).to.equal('CN=grün');
    expect(certificate.issuer).to.equal('CN=one');
    expect(certificate.publicKey.export({ type: 'spki', format: 'der' })).to.deep.equal(publicKey);
    expect(certificate.verify(certificate.publicKey)).to.equal(true);
    const other = new X509Certificate(issue({}, { name: 'one', key: newKey().privateKey }));
    expect(other.verify(other.publicKey)).to.equal(false);
  });

  it('tell the seconds of their beginning and end, with a year of two digits before 2050, RFC 5280 4.1.2.5', () => {
    const certificate = read({ notAfter: new Date('2049-12-31T23:59:59Z') });
    expect(certificate.validFrom).to.equal('Jan  2 03:04:05 2026 GMT');
    expect(certificate.validTo).to.equal('Dec 31 23:59:59 2049 GMT');
    const raw = (notAfter: string) => read({ notAfter: new Date(notAfter) }).raw.toString('latin1');
    expect(raw('2049-12-31T23:59:59Z')).to.include('\x17\x0d260102030405Z\x17\x0d491231235959Z');
    expect(raw('2050-01-01T00:00:00Z')).to.include('\x17\x0d260102030405Z\x18\x0f20500101000000Z');
    expect(read({ notAfter: new Date('2050-01-01T00:00:00Z') }).validTo).to.equal('Jan  1 00:00:00 2050 GMT');
  });

  it('name hosts and addresses of every form, RFC 5280 4.2.1.6', () => {
    const hosts = ['example.org', 'bücher.example', '10.0.0.9', '::', '::1', '2001:db8::', '1:2:3:4:5:6:7:8'];
    const { subjectAltName } = read({ hosts: [...hosts, '::ffff:1.2.3.4', 'fe80::a:b%eth0'] });
    expect(subjectAltName?.split(', ')).to.deep.equal([
      'DNS:example.org',
      'DNS:xn--bcher-kva.example',
      'IP Address:10.0.0.9',
      'IP Address:0:0:0:0:0:0:0:0',
      'IP Address:0:0:0:0:0:0:0:1',
      'IP Address:2001:DB8:0:0:0:0:0:0',
      'IP Address:1:2:3:4:5:6:7:8',
      'IP Address:0:0:0:0:0:FFFF:102:304',
      'IP Address:FE80:0:0:0:0:0:A:B',
    ]);
  });

  it('leave out a host that is no name', () => {
    expect(read({ hosts: ['', 'not a name', 'localhost'] }).subjectAltName).to.equal('DNS:localhost');
    expect(read({ hosts: [] }).subjectAltName).to.equal(undefined);
  });

  it('are for a TLS server, or for signing others', () => {
    expect(read().ca).to.equal(false);
    expect(read().keyUsage).to.deep.equal(['1.3.6.1.5.5.7.3.1']);
    expect(read({ isAuthority: true }).ca).to.equal(true);
  });

  it('have positive serial numbers of 16 bytes, each another one', () => {
    const numbers = Array.from({ length: 64 }, () => read().serialNumber);
    for (const number of numbers) expect(number).to.match(/^[4-7][0-9A-F]{31}$/);
    expect(new Set(numbers).size).to.equal(64);
  });

  it('are accepted by a TLS client that trusts the issuer', async () => {
    // The handshake looks at the real clock.
    const day = 24 * 60 * 60 * 1000;
    const now = { notBefore: new Date(Date.now() - day), notAfter: new Date(Date.now() + day) };
    const authority = issue({ ...now, isAuthority: true });
    const own = newKey();
    const cert = issue({ ...now, subject: 'two', hosts: ['two.example'], publicKey: own.publicKey });
    const server = createServer({ cert, key: own.privateKey }, (socket) => socket.end()).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const socket = connect({ host: '127.0.0.1', port, servername: 'two.example', ca: authority });
    await once(socket, 'secureConnect');
    expect(socket.authorized).to.equal(true);
    socket.destroy();
    server.close();
  });
});

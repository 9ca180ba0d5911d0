import { expect } from 'chai';
import { plainError, TransportError } from '../../transports/transportError.ts';

const URL = 'tcp://host:1';
const lineOf = (code: string) => plainError(Object.assign(new Error('raw\nsecond line'), { code }), URL).message;

describe('transports: errors', () => {
  it('say in one line what the system means, and name the peer', () => {
    const codes = ['ECONNREFUSED', 'ENOENT', 'ENOTSOCK', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ENOTFOUND', 'EAI_AGAIN'];
    codes.push('EHOSTUNREACH', 'ENETUNREACH', 'EACCES', 'EPERM', 'EADDRINUSE', 'EADDRNOTAVAIL');
    codes.push('ERR_SSL_WRONG_VERSION_NUMBER', 'ERR_SSL_PACKET_LENGTH_TOO_LONG', 'ERR_SSL_HTTP_REQUEST');
    for (const code of codes) {
      expect(lineOf(code), code).to.include(URL).and.not.include('raw').and.not.include('\n');
    }
    expect(lineOf('ERR_SSL_NO_SHARED_CIPHER')).to.equal(`${URL}: TLS failed (no shared cipher)`);
  });

  it('keep the first line of what is not known, and the error itself', () => {
    expect(lineOf('EWHATEVER')).to.equal(`${URL}: raw`);
    const cause = new Error('raw');
    expect(plainError(cause, URL).cause).to.equal(cause);
    expect(plainError('text', URL).message).to.equal(`${URL}: text`);
  });

  it('pass through what is plain already', () => {
    const error = new TransportError('TIMED_OUT', 'line');
    expect(plainError(error, URL)).to.equal(error);
    expect(error.name).to.equal('TransportError');
  });
});

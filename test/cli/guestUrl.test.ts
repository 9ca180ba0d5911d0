import { expect } from 'chai';
import { parseGuestUrl } from '../../src/cli/guestUrl.ts';

describe('urbdrc --attach usbredir:', () => {
  it('dials or listens, at an address or a unix socket; the port is 4000 where none is given', () => {
    const read = (text: string) => {
      const { isListening, target } = parseGuestUrl(text);
      return [isListening, target];
    };
    expect(read('usbredir://127.0.0.1:4001')).to.deep.equal([false, { scheme: 'tcp', host: '127.0.0.1', port: 4001 }]);
    expect(read('usbredir://vm.example')).to.deep.equal([false, { scheme: 'tcp', host: 'vm.example', port: 4000 }]);
    expect(read('usbredir://[::1]/')).to.deep.equal([false, { scheme: 'tcp', host: '::1', port: 4000 }]);
    const webSocket = { scheme: 'ws', host: '127.0.0.1', port: 4001, path: '/' };
    expect(read('usbredir+ws://127.0.0.1:4001')).to.deep.equal([false, webSocket]);
    expect(read('usbredir+ws://127.0.0.1:4001/')).to.deep.equal([false, webSocket]);
    expect(read('usbredir+ws://vm.example')).to.deep.equal([false, { ...webSocket, host: 'vm.example', port: 4000 }]);
    expect(read('usbredir+unix:/run/a.sock')).to.deep.equal([false, { scheme: 'unix', path: '/run/a.sock' }]);
    expect(read('usbredir+listen://127.0.0.1:0')).to.deep.equal([true, { scheme: 'tcp', host: '127.0.0.1', port: 0 }]);
    expect(read('usbredir+listen+unix:/run/a.sock')).to.deep.equal([true, { scheme: 'unix', path: '/run/a.sock' }]);
  });

  it('does not listen where other machines can come', () => {
    expect(() => parseGuestUrl('usbredir+listen://0.0.0.0:4000')).to.throw('neither password nor encryption');
  });

  it('says which forms there are', () => {
    for (const text of [
      'qemu',
      'usbredir:127.0.0.1',
      'usbredir+listen+ws://127.0.0.1:1',
      'usbredir+ws+unix:/a',
      'usbredir+tls://a:1',
      'vhci ',
    ]) {
      expect(() => parseGuestUrl(text), text).to.throw(
        'use vhci; or use usbredir://HOST:PORT, usbredir+ws://HOST:PORT or usbredir+unix:/PATH',
      );
    }
  });
});

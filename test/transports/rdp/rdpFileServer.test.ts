import { expect } from 'chai';
import { UsageError } from '../../../codecs/core/errors.ts';
import { parseRdpFileServer } from '../../../transports/rdp/rdpFileServer.ts';

const read = (...lines: string[]) => parseRdpFileServer(lines.join('\r\n'));

describe('Server of an .rdp file', () => {
  const places: [lines: string[], place: string | undefined][] = [
    [['full address:s:desk'], 'desk'],
    [['Full Address:s: desk '], 'desk'],
    [['full address:s:desk:3390'], 'desk:3390'],
    [['full address:s:desk', 'server port:i:3391'], 'desk:3391'],
    [['server port:i:3391', 'full address:s:desk:3390'], 'desk:3390'],
    [['full address:s:fd00::1'], '[fd00::1]'],
    [['full address:s:fd00::1', 'server port:i:3391'], '[fd00::1]:3391'],
    [['full address:s:[fd00::1]:3390', 'server port:i:3391'], '[fd00::1]:3390'],
    [['full address:s:one', 'full address:s:two'], 'two'],
    [['full address:s:'], undefined],
    [['alternate full address:s:desk'], undefined],
  ];
  for (const [lines, place] of places) {
    it(`${lines.join(', ')} is ${place ?? 'none'}`, () => {
      expect(read(...lines).place).to.equal(place);
    });
  }

  const users: [lines: string[], user: string | undefined][] = [
    [['username:s:ali'], 'ali'],
    [['username:s:OFFICE\\ali'], 'OFFICE\\ali'],
    [['username:s:ali', 'domain:s:OFFICE'], 'OFFICE\\ali'],
    [['username:s:HOME\\ali', 'domain:s:OFFICE'], 'HOME\\ali'],
    [['username:s:ali@office.example', 'domain:s:OFFICE'], 'ali@office.example'],
    [['domain:s:OFFICE'], undefined],
  ];
  for (const [lines, user] of users) {
    it(`${lines.join(', ')} is ${user ?? 'nobody'}`, () => {
      expect(read(...lines).user).to.equal(user);
    });
  }

  for (const [method, gateway] of [
    ['0', undefined],
    ['1', { host: 'gate', isRequired: true }],
    ['2', { host: 'gate', isRequired: false }],
    ['4', undefined],
  ] as const) {
    it(`gatewayusagemethod ${method}`, () => {
      expect(read('gatewayhostname:s:gate', `gatewayusagemethod:i:${method}`).gateway).to.deep.equal(gateway);
    });
  }

  for (const address of ['evil@desk', 'desk/path', 'two words']) {
    it(`refuses the address ${address}`, () => {
      expect(() => read(`full address:s:${address}`)).to.throw(UsageError, 'full address');
    });
  }
});

import { expect } from 'chai';
import { UsageError } from '../../codecs/core/errors.ts';
import { decide } from '../../src/policy/decide.ts';
import { parseFreerdpUsb } from '../../src/policy/freerdpUsb.ts';
import { formatRule } from '../../src/policy/ruleText.ts';
import { device, HUB, KEYBOARD, SERIAL_ADAPTER, STICK, WEBCAM } from './devices.ts';

const AUTO = [
  ...['01', '03', '08', '09', '0b'].flatMap((code) => [
    `deny device-class ${code}`,
    `deny device-class 00 interface ${code}`,
  ]),
  'allow *',
];

describe("FreeRDP's /usb:", () => {
  for (const [text, rules] of [
    ['id:046d:082b', ['allow 046d:082b']],
    ['/usb:id:046d:082b', ['allow 046d:082b']],
    ['/usb:id:046D:82b#0781:5567', ['allow 046d:082b', 'allow 0781:5567']],
    ['dbg,id:04f2:b7c0', ['allow 04f2:b7c0']],
    ['addr:1:1a', ['allow address 1:26']],
    ['addr:01:07#02:10', ['allow address 1:7', 'allow address 2:16']],
    ['id:0x46d:0x82b', ['allow 046d:082b']],
    ['addr:1:2,id:046d:082b', ['allow address 1:2', 'allow 046d:082b']],
    ['id,dev:046d:082b#0781:5567', ['allow 046d:082b', 'allow 0781:5567']],
    ['addr,dev:16:0d', ['allow address 22:13']],
    ['dev:054c:0268', ['allow 054c:0268']],
    ['sys:libusb,encode,quality:3,id:1:2', ['allow 0001:0002']],
    ['auto', AUTO],
    ['device:*', AUTO],
    ['id:046d:082b,auto', ['allow 046d:082b', ...AUTO]],
    ['device:USBInstanceID:USB\\VID_0781&PID_5567\\A1B2', ['allow 0781:5567 serial A1B2']],
    ['device:{ca3e7ab9-b4c3-4ae6-8251-579ef933890f}', ['allow class 0e']],
  ] as const) {
    it(`${text} means ${rules.length > 5 ? 'all but some classes' : rules.join(', ')}`, () => {
      const { rules: read, otherwise } = parseFreerdpUsb(text);
      expect(read.map(formatRule)).to.deep.equal(rules);
      expect(otherwise).to.equal('deny');
    });
  }

  it('auto leaves out what FreeRDP leaves out, and looks into interfaces for class 0 only', () => {
    const taken = (each: typeof STICK) => decide(parseFreerdpUsb('auto'), each).action;
    expect([HUB, KEYBOARD, STICK].map(taken)).to.deep.equal(['deny', 'deny', 'deny']);
    expect(taken(SERIAL_ADAPTER)).to.equal('allow');
    expect(taken(WEBCAM), 'class ef, with sound').to.equal('allow');
    expect(taken(device({ deviceClass: 0xff }, ['ff/00/00', '08/06/50']))).to.equal('allow');
  });

  it('takes what is named whatever its class', () => {
    expect(decide(parseFreerdpUsb('id:0627:0001,auto'), KEYBOARD).reason).to.equal(
      'allowed by allow 0627:0001 (id of /usb:)',
    );
  });

  for (const [text, problem] of [
    ['', 'names no device'],
    ['dbg', 'names no device'],
    ['id', 'names no device'],
    ['id:', 'id "": give vendor and product id in hex'],
    ['id:046d', 'id "046d": give vendor and product id'],
    ['id:046d:082b#', 'id "": give vendor'],
    ['id:10000:1', 'id "10000:1": give vendor'],
    ['addr:1:100', 'addr "1:100": give bus and address in hex, each at most ff'],
    ['addr,dev:054c:0268', 'addr "054c:0268": give bus and address'],
    ['atuo', '"atuo" is unknown; use id:046d:082b#0781:5567, addr:1:7, auto or device:*'],
    ['auto:1', '"auto:1" is unknown'],
    ['id:046d:082b,serial:1', '"serial:1" is unknown'],
    ['device:{00000000-0000-0000-0000-000000000000}', 'there is no USB class for'],
  ] as const) {
    it(`refuses ${JSON.stringify(text)}`, () => {
      expect(() => parseFreerdpUsb(text)).to.throw(UsageError, problem);
    });
  }
});

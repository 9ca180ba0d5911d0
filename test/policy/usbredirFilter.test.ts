import { expect } from 'chai';
import { UsageError } from '../../codecs/core/errors.ts';
import { formatUsbredirRule, parseUsbredirFilter, usbredirPolicy } from '../../src/policy/usbredirFilter.ts';
import {
  configuration,
  described,
  device,
  HUB,
  KEYBOARD,
  MOUSE,
  SERIAL_ADAPTER,
  STICK,
  unreadable,
  WEBCAM,
} from './devices.ts';
import { IDENTITY } from '../hosts/fakeUsbDevice.ts';

/** What virt-viewer redirects automatically when nobody says otherwise: everything but HID. */
const NO_HID = '0x03,-1,-1,-1,0|-1,-1,-1,-1,1';
const ALLOW_NOTHING_ELSE = '0x08,-1,-1,-1,1';

function action(filter: string, each: typeof STICK, defaultAllow = false): string {
  return usbredirPolicy(parseUsbredirFilter(filter), { defaultAllow })(each).action;
}

describe('a usbredir filter', () => {
  for (const [text, printed] of [
    [NO_HID, '0x03,-1,-1,-1,0|-1,-1,-1,-1,1'],
    ['3,1133,2091,256,7', '0x03,0x046d,0x082b,0x0100,1'],
    ['010,0,00,-1,0', '0x08,0x0000,0x0000,-1,0'],
    ['-1:0x1234:-1:-1:1|-1:-1:-1:-1:0', '-1,0x1234,-1,-1,1|-1,-1,-1,-1,0'],
    [' 0x0E , -1,-1,-1,1 ||', '0x0e,-1,-1,-1,1'],
    ['-1,-1,-1,-1,-1', '-1,-1,-1,-1,1'],
    ['', ''],
  ] as const) {
    it(`${JSON.stringify(text)} is ${JSON.stringify(printed)}`, () => {
      expect(parseUsbredirFilter(text).map(formatUsbredirRule).join('|')).to.equal(printed);
    });
  }

  for (const [text, problem] of [
    ['0x03,-1,-1,0', 'has 4 numbers; it needs five: class,vendor,product,version,allow'],
    ['0x03,-1,-1,-1,0,1', 'has 6 numbers'],
    ['256,-1,-1,-1,0', 'class "256" is not -1 or a number up to 0xff'],
    ['3,0x10000,-1,-1,0', 'vendor "0x10000" is not -1 or a number up to 0xffff'],
    ['3,-1,-2,-1,0', 'product "-2" is not -1'],
    ['3,-1,-1,08,0', 'version "08" is not -1'],
    ['3,-1,-1,-1,yes', 'allow "yes" is not -1'],
    ['046d,-1,-1,-1,1', 'class "046d" is not -1'],
    ['-1,-1,-1,-1,1|x', 'filter rule "x" has 1 numbers'],
  ] as const) {
    it(`${text} is refused`, () => {
      expect(() => parseUsbredirFilter(text)).to.throw(UsageError, problem);
    });
  }
});

describe('a usbredir policy', () => {
  it('lets the first matching rule decide', () => {
    expect(action(NO_HID, KEYBOARD)).to.equal('deny');
    expect(action(NO_HID, STICK)).to.equal('allow');
    expect(action('-1,-1,-1,-1,1|0x08,-1,-1,-1,0', STICK)).to.equal('allow');
  });

  it('matches vendor, product and version', () => {
    expect(action('-1,0x0781,0x5567,-1,1', STICK)).to.equal('allow');
    expect(action('-1,0x0781,0x5568,-1,1', STICK)).to.equal('deny');
    expect(action('-1,-1,-1,0x1234,1', STICK)).to.equal('allow');
    expect(action('-1,-1,-1,0x1235,1', STICK)).to.equal('deny');
  });

  it('denies what no rule matches, unless told otherwise', () => {
    expect(action(ALLOW_NOTHING_ELSE, SERIAL_ADAPTER)).to.equal('deny');
    expect(action(ALLOW_NOTHING_ELSE, SERIAL_ADAPTER, true)).to.equal('allow');
    expect(action('', STICK)).to.equal('deny');
  });

  it('asks for the class of the device and of each interface', () => {
    expect(action('9,-1,-1,-1,1', HUB)).to.equal('allow');
    expect(action('9,-1,-1,-1,1', device({ deviceClass: 9 }, ['08/06/50']))).to.equal('deny');
    expect(action(ALLOW_NOTHING_ELSE, device({}, ['08/06/50', 'ff/00/00']))).to.equal('deny');
  });

  it('passes over the device class 0 and EF', () => {
    expect(action('0x0e,-1,-1,-1,1|1,-1,-1,-1,1', WEBCAM)).to.equal('allow');
    expect(action('0xef,-1,-1,-1,0|-1,-1,-1,-1,1', WEBCAM)).to.equal('allow');
    expect(action('0,-1,-1,-1,0|-1,-1,-1,-1,1', STICK)).to.equal('allow');
  });

  it('passes over plain HID interfaces beside others, not boot ones', () => {
    expect(action(NO_HID, device({}, ['01/01/00', '03/00/00']))).to.equal('allow');
    expect(action(NO_HID, device({}, ['01/01/00', '03/01/01']))).to.equal('deny');
    expect(action(NO_HID, device({}, ['03/00/00']))).to.equal('deny');
    expect(action(NO_HID, device({}, ['03/00/00', '03/00/00'])), 'all of them passed over').to.equal('deny');
  });

  it('looks at alternate setting 0 of the first configuration, as usbredir does', () => {
    expect(action(ALLOW_NOTHING_ELSE, device({}, ['08/06/50', 'ff/00/00@1']))).to.equal('allow');
    const configurationDescriptors = [configuration('08/06/50'), configuration('ff/00/00')];
    expect(action(ALLOW_NOTHING_ELSE, described(IDENTITY, configurationDescriptors))).to.equal('allow');
  });

  it('denies a device of which not all interfaces can be read', () => {
    expect(action('-1,-1,-1,-1,1', unreadable('08/06/50'))).to.equal('deny');
  });

  it('lets a device without classes go', () => {
    expect(action('', device({}, []))).to.equal('allow');
  });

  it('tells which rule decided, and for what', () => {
    const policy = usbredirPolicy(parseUsbredirFilter(NO_HID));
    expect(policy(MOUSE)).to.deep.equal({
      action: 'deny',
      rule: '0x03,-1,-1,-1,0',
      reason: 'denied by 0x03,-1,-1,-1,0 for interface 0 (class 03)',
    });
    expect(policy(STICK).reason).to.equal('allowed by -1,-1,-1,-1,1 for interface 0 (class 08)');
    expect(usbredirPolicy([])(HUB)).to.deep.equal({
      action: 'deny',
      reason: 'denied by default: no rule of the filter matches the device (class 09)',
    });
  });
});

import { expect } from 'chai';
import { UsageError } from '../../codecs/core/errors.ts';
import { decide } from '../../src/policy/decide.ts';
import { parseDevicesToRedirect, parseRdpFile } from '../../src/policy/rdpFile.ts';
import { formatRule } from '../../src/policy/ruleText.ts';
import { SAFE_DEFAULTS } from '../../src/policy/safeDefaults.ts';
import { KEYBOARD, SERIAL_ADAPTER, STICK, WEBCAM } from './devices.ts';

const EVERYTHING = [...SAFE_DEFAULTS.map(formatRule), 'allow *'];

describe('usbdevicestoredirect', () => {
  for (const [value, rules] of [
    ['', []],
    ['*', EVERYTHING],
    ['USB\\VID_046D&PID_082B', ['allow 046d:082b']],
    ['USB\\VID_0781&PID_5567\\A1B2', ['allow 0781:5567 serial A1B2']],
    ['usb\\vid_045e&pid_0779\\5&21F6DCD1&0&5', ['allow 045e:0779']],
    ['USB\\VID_046D&PID_082B&MI_00\\7&1&0&0000', ['allow 046d:082b']],
    ['USB\\VID_0781&PID_5567\\A&B', ['allow 0781:5567 serial A&B']],
    ['USB\\VID_0781&PID_5567\\A1&B2', ['allow 0781:5567 serial A1&B2']],
    ['USB\\VID_0781&PID_5567\\AT&T&1&2', ['allow 0781:5567 serial AT&T&1&2']],
    ['{53d29ef7-377c-4d14-864b-eb3a85769359};USB\\VID_046D&PID_082B', ['allow 046d:082b']],
    ['-USB\\VID_0781&PID_5567\\A1B2', ['deny 0781:5567 serial A1B2']],
    ['*;-USB\\VID_0781&PID_5567', ['deny 0781:5567', ...EVERYTHING]],
    ['USB\\VID_046D&PID_082B ; USB\\VID_0403&PID_6001\\FT1 ;', ['allow 046d:082b', 'allow 0403:6001 serial FT1']],
    ['{6bdd1fc6-810f-11d0-bec7-08002be2092f}', ['allow class 06', 'allow class 0e']],
    ['{745A17A0-74D3-11D0-B6FE-00A0C90F57DA}', ['allow class 03']],
    ['{4d36e978-e325-11ce-bfc1-08002be10318}', ['allow class 02/02']],
    ['{50dd5230-ba8a-11d1-bf5d-0000f805f530};*', ['allow class 0b', ...EVERYTHING]],
  ] as const) {
    it(`${value} means ${rules.length > 4 ? 'everything, with exceptions' : rules.join(', ') || 'nothing'}`, () => {
      const { rules: read, otherwise } = parseDevicesToRedirect(value);
      expect(read.map(formatRule)).to.deep.equal(rules);
      expect(otherwise).to.equal('deny');
    });
  }

  it('explains itself with the entry', () => {
    const rules = parseDevicesToRedirect('*;-USB\\VID_0781&PID_5567\\a1b2');
    expect(decide(rules, STICK).reason).to.equal(
      'denied by deny 0781:5567 serial a1b2 (usbdevicestoredirect -USB\\VID_0781&PID_5567\\a1b2)',
    );
    expect(decide(rules, SERIAL_ADAPTER).reason).to.equal('allowed by allow * (usbdevicestoredirect *)');
    expect(decide(rules, KEYBOARD).action).to.equal('deny');
    expect(decide(parseDevicesToRedirect('{ca3e7ab9-b4c3-4ae6-8251-579ef933890f}'), WEBCAM).action).to.equal('allow');
  });

  for (const [value, problem] of [
    ['USB\\VID_46D&PID_082B', '"USB\\\\VID_46D&PID_082B" is unknown; use *, {class GUID}'],
    ['**', '"**" is unknown'],
    ['046d:082b', '"046d:082b" is unknown'],
    ['--USB\\VID_046D&PID_082B', '"-USB\\\\VID_046D&PID_082B" is unknown'],
    ['PCI\\VEN_8086', 'is unknown'],
    ['{53d29ef7-377c-4d14-864b}', 'there is no USB class for {53d29ef7-377c-4d14-864b}'],
    ['{ca3e7ab9', 'there is no USB class for {ca3e7ab9'],
    ['{constructor}', 'there is no USB class for {constructor}'],
  ] as const) {
    it(`refuses ${value}`, () => {
      expect(() => parseDevicesToRedirect(value)).to.throw(UsageError, problem);
    });
  }
});

describe('an .rdp file', () => {
  it('may name setup classes without a USB class: they match nothing and are told, and the rest holds', () => {
    const unknown = '{53d29ef7-377c-4d14-864b-eb3a85769359}';
    const told: string[] = [];
    const { rules } = parseRdpFile(`usbdevicestoredirect:s:${unknown};USB\\VID_046D&PID_082B`, (line) =>
      told.push(line),
    );
    expect(rules.map(formatRule)).to.deep.equal(['allow 046d:082b']);
    expect(told).to.deep.equal([
      `usbdevicestoredirect: there is no USB class for ${unknown}, which matches nothing; name the device instead, such as USB\\VID_046D&PID_082B`,
    ]);
    expect(parseDevicesToRedirect(unknown).rules).to.deep.equal([]);
  });

  it('may have a million empty lines', () => {
    const text = `${'\n'.repeat(1_000_000)}  usbdevicestoredirect:s:USB\\VID_046D&PID_082B\n`;
    expect(parseRdpFile(text).rules.map(formatRule)).to.deep.equal(['allow 046d:082b']);
  });

  it('is read for its line usbdevicestoredirect', () => {
    const text =
      'full address:s:srv\r\ndevicestoredirect:s:*\r\nUsbDevicesToRedirect:s:USB\\VID_046D&PID_082B\r\nkeyboardhook:i:2\r\n';
    expect(parseRdpFile(text).rules.map(formatRule)).to.deep.equal(['allow 046d:082b']);
  });

  it('may redirect nothing', () => {
    expect(parseRdpFile('usbdevicestoredirect:s:\r\nfull address:s:srv\r\n').rules).to.deep.equal([]);
  });

  it('takes time in proportion to the lines, also to empty ones', () => {
    // With the square of their number this takes more than a minute.
    const empty = '\n'.repeat(100_000);
    expect(parseRdpFile(`${empty}usbdevicestoredirect:s:*${empty}`).rules).not.to.be.empty;
  });

  it('without that line is refused', () => {
    expect(() => parseRdpFile('devicestoredirect:s:*\n')).to.throw(UsageError, 'no line usbdevicestoredirect:s:');
  });
});

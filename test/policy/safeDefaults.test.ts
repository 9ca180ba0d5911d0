import { expect } from 'chai';
import { decide } from '../../src/policy/decide.ts';
import { FOREIGN_RULES } from '../../src/policy/safeDefaults.ts';
import { IDENTITY } from '../hosts/fakeUsbDevice.ts';
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

const action = (...configurations: Uint8Array[]) => decide(FOREIGN_RULES, described(IDENTITY, configurations)).action;

describe('what is taken of other machines without rules', () => {
  for (const [name, classes] of [
    ['a boot keyboard', '03/01/01'],
    ['a boot mouse', '03/01/02'],
    ['a HID that does not say what it is', '03/00/00'],
    ['a hub', '09/00/00'],
    ['Bluetooth', 'e0/01/01'],
    ['RNDIS of a telephone', 'e0/01/03'],
    ['RNDIS as a modem', '02/02/ff'],
    ['RNDIS over Ethernet', 'ef/04/01'],
    ['ActiveSync', 'ef/01/01'],
    ['CDC ECM', '02/06/00'],
    ['CDC EEM', '02/0c/07'],
    ['CDC NCM', '02/0d/00'],
    ['CDC MBIM', '02/0e/00'],
    ['mobile direct line', '02/0a/00'],
    ['CDC ATM', '02/07/00'],
  ] as const) {
    it(`is not ${name} (${classes}): alone, beside a stick, as an alternate setting, in another configuration`, () => {
      const stick = '08/06/50';
      expect(action(configuration(classes))).to.equal('deny');
      expect(action(configuration(stick, classes))).to.equal('deny');
      expect(action(configuration(stick, `${classes}@1`))).to.equal('deny');
      expect(action(configuration(stick), configuration(classes))).to.equal('deny');
    });
  }

  it('is no device that says as a whole that it is a hub, a HID or a wireless controller', () => {
    for (const deviceClass of [0x03, 0x09, 0xe0]) {
      expect(decide(FOREIGN_RULES, device({ deviceClass }, ['ff/00/00'])).action).to.equal('deny');
    }
  });

  it('is nothing with interfaces that cannot be read', () => {
    expect(decide(FOREIGN_RULES, unreadable('08/06/50')).action).to.equal('deny');
  });

  it('is a stick, a camera, a serial adapter, a modem, a printer and a card reader', () => {
    const others = ['02/02/01', '07/01/02', '0b/00/00'].map((classes) => device({}, [classes, '0a/00/00']));
    for (const each of [STICK, WEBCAM, SERIAL_ADAPTER, ...others]) {
      expect(decide(FOREIGN_RULES, each).action).to.equal('allow');
    }
  });

  it('tells why', () => {
    expect([KEYBOARD, MOUSE, HUB].map((each) => decide(FOREIGN_RULES, each).reason)).to.deep.equal([
      'denied by deny class 03 (default for devices of other machines: it could type and point)',
      'denied by deny class 03 (default for devices of other machines: it could type and point)',
      'denied by deny class 09 (default for devices of other machines: hubs bring others)',
    ]);
  });
});

import { expect } from 'chai';
import { formatRule, parseRules, parseShareRule } from '../../src/policy/ruleText.ts';
import { decideShare, SHARE_DEFAULTS } from '../../src/policy/shareRules.ts';
import { policyDevice } from '../../src/policy/policyDevice.ts';
import type { UsbDevice } from '../../src/ports/usb.ts';
import { readConfigurations } from '../../codecs/usb/configurationDescriptor.ts';

/** A device with interfaces of these classes: `08/06/50`. */
function device(...classes: readonly string[]) {
  const interfaces = classes.flatMap((text, index) => {
    const [classCode = 0, subclass = 0, protocol = 0] = text.split('/').map((each) => parseInt(each, 16));
    return [9, 4, index, 0, 0, classCode, subclass, protocol, 0];
  });
  const configuration = Uint8Array.of(9, 2, 9 + interfaces.length, 0, classes.length, 1, 0, 0x80, 50, ...interfaces);
  const configurationDescriptors = [configuration];
  const deviceDescriptor = Uint8Array.of(18, 1, 0, 2, 0, 0, 0, 64, 0xf4, 0x46, 1, 0, 0, 1, 0, 0, 0, 1);
  const identity: UsbDevice['identity'] = {
    ...{ vendorId: 0x46f4, productId: 1, deviceVersion: 0x100, usbVersion: 0x200, speed: 'high' },
    ...{ deviceClass: 0, deviceSubclass: 0, deviceProtocol: 0, busNumber: 1, deviceAddress: 1, portPath: '1-1' },
  };
  const configurations = readConfigurations(configurationDescriptors);
  return policyDevice({ identity, deviceDescriptor, configurationDescriptors, configurations });
}

const decision = (...classes: readonly string[]) => decideShare([], device(...classes)).action;

describe('the rules about devices that several want', () => {
  for (const [what, classes, action] of [
    ['keyboards and mice', ['03/01/01'], 'take'],
    ['mass storage', ['08/06/50'], 'refuse'],
    ['smart card readers', ['0b/00/00'], 'ask'],
    ['printers', ['07/01/02'], 'ask'],
    ['serial lines', ['02/02/01', '0a/00/00'], 'ask'],
    ['devices of a vendor’s class', ['ff/00/00'], 'ask'],
    ['audio', ['01/01/00', '01/02/00'], 'take'],
    ['video', ['0e/01/00', '0e/02/00'], 'take'],
    ['hubs', ['09/00/00'], 'refuse'],
    ['devices whose firmware is being written', ['fe/01/02'], 'refuse'],
    ['a keyboard that is a stick, too', ['03/01/01', '08/06/50'], 'refuse'],
    ['a camera with a vendor’s interface', ['0e/01/00', 'ff/00/00'], 'ask'],
    ['anything else', ['05/00/00'], 'ask'],
  ] as const) {
    it(`by default: ${action} for ${what}`, () => {
      expect(decision(...classes)).to.equal(action);
    });
  }

  it('the user’s come first, and the first that matches decides', () => {
    const { share } = parseRules('share ask serial A1\nshare take class 08\nshare refuse class 08\n', 'mine');
    const { action, reason } = decideShare(share ?? [], device('08/06/50'));
    expect([action, reason]).to.deep.equal(['take', 'the rule is take class 08 (mine:2)']);
  });

  it('what streams has 2 s notice', () => {
    expect(decideShare([], device('0e/01/00')).notice).to.equal(2000);
    expect(decideShare([], device('03/01/01')).notice).to.equal(0);
  });

  it('take nothing of which it cannot be told what it is', () => {
    const known = device('03/01/01');
    const unknown = { ...known, configurations: [], hasUnreadableInterfaces: true };
    expect(decideShare([], unknown).action).to.equal('refuse');
  });

  it('stand in a file beside the others', () => {
    const { rules, share, otherwise } = parseRules('allow class 08\nshare take *\ndefault ask\n', 'mine');
    expect([rules.length, share?.map(formatRule), otherwise]).to.deep.equal([1, ['take *'], 'ask']);
    expect(share?.[0]?.origin).to.equal('mine:2');
  });

  it('are one line each that can be read again', () => {
    for (const rule of SHARE_DEFAULTS) {
      expect(parseShareRule(formatRule(rule), rule.origin ?? '')).to.deep.equal(rule);
    }
  });

  it('with another word are refused, in one line that says what to write', () => {
    expect(() => parseRules('share allow class 08\n', 'mine')).to.throw(
      'mine:1: share "allow": write share take, share ask or share refuse, and the devices',
    );
    expect(() => parseRules('share take\n', 'mine')).to.throw('mine:1: take what?');
  });
});

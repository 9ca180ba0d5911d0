import { expect } from 'chai';
import { AutoSelection, followingSelection } from '../../src/policy/autoSelection.ts';
import { rulePolicy } from '../../src/policy/decide.ts';
import { parseRules } from '../../src/policy/ruleText.ts';
import { AUTO_RULES } from '../../src/policy/safeDefaults.ts';
import { NOT_USED_HERE, type PolicyDevice } from '../../src/policy/policyDevice.ts';
import { DEVICE_DESCRIPTOR, FakeUsbDevice } from '../hosts/fakeUsbDevice.ts';
import { device, KEYBOARD, STICK } from './devices.ts';

const APPLICATION = device({ vendorId: 0x0483, productId: 0x5740, portPath: '1-5', deviceAddress: 10 }, ['02/02/01']);
const LOADER = device({ vendorId: 0x0483, productId: 0xdf11, portPath: '1-5', deviceAddress: 11 }, ['fe/01/02']);
const AGAIN = device({ ...APPLICATION.identity, deviceAddress: 12 }, ['02/02/01']);

function selection(text: string, otherwise: 'allow' | 'deny' | 'ask' = 'deny', followWithin?: number) {
  const policy = rulePolicy({ rules: parseRules(text, 'rules').rules, otherwise });
  return new AutoSelection(policy, followWithin === undefined ? {} : { followWithin });
}

/** The first device goes, and the second comes at its port `pause` ms later. */
function replace(auto: AutoSelection, first: typeof STICK, second: typeof STICK, pause = 500) {
  auto.added(first, 1000);
  auto.removed(first.identity, 5000);
  return auto.added(second, 5000 + pause);
}

/** The same device, as a source has it. */
function plugged({ identity, configurations }: PolicyDevice): FakeUsbDevice {
  const configurationDescriptors = configurations.map(({ descriptor }) => descriptor);
  const deviceDescriptor = Uint8Array.from([...DEVICE_DESCRIPTOR.slice(0, 17), configurationDescriptors.length]);
  return Object.assign(new FakeUsbDevice(), { identity, deviceDescriptor, configurationDescriptors });
}

describe('followingSelection', () => {
  const isStm = ({ productId }: { readonly productId: number }) => productId === 0x5740;

  it('also takes what a chosen device turns into at its port, within 10 s, and nothing else', () => {
    let now = 0;
    const isWanted = followingSelection(
      isStm,
      () => now,
      () => NOT_USED_HERE,
    );
    const [first, loader] = [plugged(APPLICATION), plugged(LOADER)];
    expect(isWanted(plugged(STICK))).to.equal(false);
    expect(isWanted(first)).to.equal(true);
    first.unplug();
    now = 9000;
    expect(isWanted(loader)).to.equal(true);
    loader.unplug();
    now = 20_000;
    expect(isWanted(plugged(LOADER))).to.equal(false);
  });

  it('does not take a keyboard that a chosen device turns into', () => {
    const isWanted = followingSelection(
      isStm,
      () => 0,
      () => NOT_USED_HERE,
    );
    const first = plugged(APPLICATION);
    expect(isWanted(first)).to.equal(true);
    first.unplug();
    expect(isWanted(plugged(device({ ...LOADER.identity }, ['03/01/01'])))).to.equal(false);
  });
});

describe('AutoSelection', () => {
  it('decides as the policy does', () => {
    const auto = new AutoSelection(rulePolicy(AUTO_RULES));
    expect(auto.added(STICK, 0).action).to.equal('allow');
    expect(auto.added(KEYBOARD, 0).rule).to.equal('deny interface 03/01/01');
  });

  it('follows a device that comes back at its port as another', () => {
    const auto = selection('allow 0483:5740');
    expect(replace(auto, APPLICATION, LOADER)).to.deep.equal({
      action: 'allow',
      reason: 'allowed: follows 0483:5740, which it was at port 1-5 just before',
    });
    auto.removed(LOADER.identity, 9000);
    expect(auto.added(AGAIN, 9100).action, 'and back').to.equal('allow');
  });

  it('does not follow a device of which only a part went', () => {
    const auto = selection('allow 0483:5740 interfaces 0');
    expect(auto.added(APPLICATION, 1000).interfaces).to.deep.equal([0]);
    auto.removed(APPLICATION.identity, 5000);
    expect(auto.added(LOADER, 5500)).to.deep.equal({
      action: 'deny',
      reason: 'denied by default: no rule matches',
    });
  });

  it('an answer is about the part that was asked for, and still is when the device comes back', () => {
    const auto = selection('ask 0483:5740 interfaces 0');
    expect(auto.added(APPLICATION, 1000).action).to.equal('ask');
    expect(auto.answered(APPLICATION.identity, true)).to.include({ action: 'allow' });
    expect(auto.answered(APPLICATION.identity, true).interfaces).to.deep.equal([0]);
    auto.removed(APPLICATION.identity, 5000);
    const again = auto.added(AGAIN, 5500);
    expect([again.action, again.interfaces]).to.deep.equal(['allow', [0]]);
  });

  it('follows from one to the next', () => {
    const auto = selection('allow 0483:5740');
    const second = device({ ...LOADER.identity, productId: 0xdf12, deviceAddress: 13 }, ['fe/01/02']);
    replace(auto, APPLICATION, LOADER);
    auto.removed(LOADER.identity, 9000);
    expect(auto.added(second, 9100).action).to.equal('allow');
  });

  it('follows when the newcomer is announced before the end of the old one', () => {
    const auto = selection('allow 0483:5740');
    auto.added(APPLICATION, 0);
    expect(auto.added(LOADER, 10).action).to.equal('allow');
    auto.removed(APPLICATION.identity, 20);
    auto.removed(LOADER.identity, 30);
    expect(auto.added(AGAIN, 40).action).to.equal('allow');
  });

  it('does not follow after 10 s, or what was set', () => {
    expect(replace(selection('allow 0483:5740'), APPLICATION, LOADER, 10_000).action).to.equal('allow');
    expect(replace(selection('allow 0483:5740'), APPLICATION, LOADER, 10_001).action).to.equal('deny');
    expect(replace(selection('allow 0483:5740', 'deny', 100), APPLICATION, LOADER, 101).action).to.equal('deny');
  });

  it('does not follow at another port', () => {
    const elsewhere = device({ ...LOADER.identity, portPath: '1-6' }, ['fe/01/02']);
    expect(replace(selection('allow 0483:5740'), APPLICATION, elsewhere).action).to.equal('deny');
  });

  it('follows in a USB 3 socket, which has a name on each of two buses', () => {
    const slow = device({ ...APPLICATION.identity, portPath: '1-3', peerPortPath: '2-1' }, ['02/02/01']);
    const fast = device({ ...LOADER.identity, portPath: '2-1', peerPortPath: '1-3', speed: 'super' }, ['fe/01/02']);
    const other = device({ ...LOADER.identity, portPath: '2-3', peerPortPath: '1-1', speed: 'super' }, ['fe/01/02']);
    expect(replace(selection('allow 0483:5740'), slow, fast).action).to.equal('allow');
    expect(replace(selection('allow 0483:df11'), fast, slow).action, 'and the other way').to.equal('allow');
    expect(replace(selection('allow 0483:5740'), slow, other).action, 'another socket').to.equal('deny');
    const early = selection('allow 0483:5740');
    early.added(slow, 0);
    expect(early.added(fast, 10).action, 'before the old one is gone').to.equal('allow');
  });

  it('does not follow a device that stayed here', () => {
    expect(replace(selection('allow 0483:df12'), APPLICATION, LOADER).action).to.equal('deny');
  });

  it('does not follow against a rule', () => {
    expect(replace(selection('deny class fe\nallow 0483:5740'), APPLICATION, LOADER).rule).to.equal('deny class fe');
    expect(replace(selection('ask class fe\nallow 0483:5740'), APPLICATION, LOADER).action).to.equal('ask');
  });

  it('does not follow a device that turns into a keyboard', () => {
    const keyboard = device({ ...LOADER.identity }, ['03/01/01']);
    expect(replace(selection('allow 0483:5740'), APPLICATION, keyboard).rule).to.equal('deny interface 03/01/01');
  });

  it('asks once about a device that comes and goes at its port, and heeds the answer', () => {
    for (const isAllowed of [true, false]) {
      const auto = selection('ask 0483:*');
      expect(auto.added(APPLICATION, 0).action).to.equal('ask');
      expect(auto.answered(APPLICATION.identity, isAllowed)).to.deep.equal(
        isAllowed
          ? { action: 'allow', reason: 'allowed: the answer was yes' }
          : { action: 'deny', reason: 'denied: the answer was no' },
      );
      auto.removed(APPLICATION.identity, 100);
      expect(auto.added(AGAIN, 200)).to.deep.equal({
        action: isAllowed ? 'allow' : 'deny',
        reason: 'to be asked for by ask 0483:* (rules:1); the answer at this port still counts',
      });
    }
  });

  it('asks again about another device, after a while, and when there was no answer', () => {
    const auto = selection('ask 0483:*');
    auto.added(APPLICATION, 0);
    auto.answered(APPLICATION.identity, true);
    auto.removed(APPLICATION.identity, 100);
    expect(auto.added(LOADER, 200).action, 'another').to.equal('ask');
    auto.removed(LOADER.identity, 300);
    expect(auto.added(LOADER, 400).action, 'no answer').to.equal('ask');
    auto.answered(LOADER.identity, true);
    auto.removed(LOADER.identity, 500);
    expect(auto.added(LOADER, 60_000).action, 'a minute later').to.equal('ask');
  });

  it('has no use for an answer about a device that is gone', () => {
    const auto = selection('ask 0483:*');
    auto.added(APPLICATION, 0);
    auto.removed(APPLICATION.identity, 100);
    expect(auto.answered(APPLICATION.identity, true).action).to.equal('allow');
    expect(auto.added(AGAIN, 200).action).to.equal('ask');
  });

  it('does not mind a device that goes and never came', () => {
    const auto = selection('allow 0483:5740');
    auto.removed(LOADER.identity, 0);
    expect(auto.added(APPLICATION, 1).action).to.equal('allow');
  });
});

import { expect } from 'chai';
import { readConfigurations } from '../../codecs/usb/configurationDescriptor.ts';
import { decide, precede, rulePolicy } from '../../src/policy/decide.ts';
import { policyDevice } from '../../src/policy/policyDevice.ts';
import type { PolicyAction } from '../../src/policy/rule.ts';
import { parseRule, parseRules } from '../../src/policy/ruleText.ts';
import { AUTO_RULES } from '../../src/policy/safeDefaults.ts';
import { IDENTITY } from '../hosts/fakeUsbDevice.ts';
import * as devices from './devices.ts';
import { configuration, device, HUB, KEYBOARD, MOUSE, SERIAL_ADAPTER, STICK, unreadable, WEBCAM } from './devices.ts';

const ALL = { WEBCAM, KEYBOARD, MOUSE, HUB, STICK, SERIAL_ADAPTER };

function matching(condition: string): string[] {
  const rules = [parseRule(`allow ${condition}`, 'test')];
  return Object.entries(ALL).flatMap(([name, each]) =>
    decide({ rules, otherwise: 'deny' }, each).action === 'allow' ? [name] : [],
  );
}

describe('a rule matches by', () => {
  for (const [condition, names] of [
    ['*', Object.keys(ALL)],
    ['046d:082b', ['WEBCAM']],
    ['046D:082B', ['WEBCAM']],
    ['46d:82b', ['WEBCAM']],
    ['046d:*', ['WEBCAM']],
    ['0627:*', ['KEYBOARD', 'MOUSE']],
    ['*:0001', ['KEYBOARD']],
    ['*:*', Object.keys(ALL)],
    ['046d:082c', []],
    ['class 09', ['HUB']],
    ['class ef', ['WEBCAM']],
    ['class 0e', ['WEBCAM']],
    ['class 01/02', ['WEBCAM']],
    ['class 3', ['KEYBOARD', 'MOUSE']],
    ['device-class 0e', []],
    ['device-class ef/02/01', ['WEBCAM']],
    ['device-class 00', ['KEYBOARD', 'MOUSE', 'STICK', 'SERIAL_ADAPTER']],
    ['interface ef', []],
    ['interface 03/01/01', ['KEYBOARD']],
    ['interface 03/01', ['KEYBOARD', 'MOUSE']],
    ['interface 03/*/02', ['MOUSE']],
    ['interface 08/06/62', []],
    ['every-interface 03', ['KEYBOARD', 'MOUSE']],
    ['every-interface 03/01', ['MOUSE']],
    ['port 1-2', ['HUB']],
    ['port 1-2.3', ['WEBCAM']],
    ['port 1-2.*', ['WEBCAM']],
    ['port 1-*', ['WEBCAM', 'KEYBOARD', 'MOUSE', 'HUB', 'STICK']],
    ['port 11-*', []],
    ['serial A1B2', ['STICK']],
    ['serial a1b2', ['STICK']],
    ['serial " A1B2 "', ['STICK']],
    ['serial "ABC 1"', ['WEBCAM']],
    ['serial ABC', []],
    ['0627:* interface 03/01/02', ['MOUSE']],
    ['class 03 class 08', []],
    ['port 1-* every-interface 08', ['STICK']],
    ['address 1:7', Object.keys(ALL)],
    ['address 001:008', []],
    ['mounted', []],
    ['root-disk', []],
    ['default-route', []],
    ['redirected', []],
  ] as const) {
    it(condition, () => {
      expect(matching(condition)).to.deep.equal(names);
    });
  }

  it('what the machine does with the device', () => {
    const disk = device({}, ['08/06/50'], {
      mounted: true,
      isRootDisk: true,
      carriesDefaultRoute: true,
      isRedirected: true,
    });
    for (const condition of ['mounted', 'root-disk', 'default-route', 'redirected']) {
      const rules = [parseRule(`deny ${condition}`, 'test')];
      expect(decide({ rules, otherwise: 'allow' }, disk).rule).to.equal(`deny ${condition}`);
    }
  });

  it('its seat, and what cannot be told of it', () => {
    const at = (seat?: string) => device({}, ['ff/00/00'], seat === undefined ? {} : { seat });
    const action = (text: string, seat?: string) => decide(parsed(text, 'deny'), at(seat)).action;
    expect(action('allow seat seat1', 'seat1')).to.equal('allow');
    expect(action('allow seat seat1', 'seat0')).to.equal('deny');
    expect(action('allow seat seat1', 'seat10')).to.equal('deny');
    expect(action('allow seat seat1')).to.equal('deny');
    expect(action('deny seat seat1\nallow *')).to.equal('deny');
    expect(action('deny seat seat1\nallow *', '')).to.equal('allow');
  });

  it('interfaces of every configuration and every alternate setting', () => {
    const configurationDescriptors = [
      devices.configuration('ff/00/00'),
      devices.configuration('ff/00/00', '08/06/62@1'),
    ];
    const uas = devices.described(IDENTITY, configurationDescriptors);
    expect(decide(parsed('deny interface 08/06/62'), uas).action).to.equal('deny');
  });

  it('every-interface only when there is one', () => {
    expect(decide(parsed('allow every-interface 03', 'deny'), device({}, [])).action).to.equal('deny');
  });
});

function parsed(text: string, otherwise: PolicyAction = 'allow') {
  return { rules: parseRules(text, 'rules').rules, otherwise };
}

describe('decide', () => {
  it('lets the first rule that matches decide, and says which', () => {
    const rules = parsed('# mine\nask 0781:*\ndeny class 08\nallow *');
    expect(decide(rules, STICK)).to.deep.equal({
      action: 'ask',
      rule: 'ask 0781:*',
      reason: 'to be asked for by ask 0781:* (rules:2)',
    });
    expect(decide(rules, MOUSE).reason).to.equal('allowed by allow * (rules:4)');
  });

  it('tells which interfaces go, and passes over a device that lacks one of them', () => {
    const rules = parsed('allow 046d:* interfaces 0,3\nallow class 03 interfaces 0\nask * interfaces 1', 'deny');
    expect(decide(rules, WEBCAM)).to.deep.equal({
      action: 'allow',
      rule: 'allow 046d:* interfaces 0,3',
      reason: 'allowed by allow 046d:* interfaces 0,3 (rules:1)',
      interfaces: [0, 3],
    });
    expect(decide(rules, MOUSE).interfaces).to.deep.equal([0]);
    expect(decide(rules, STICK).action).to.equal('deny');
    expect(decide(parsed('allow 046d:* interfaces 0,4', 'deny'), WEBCAM).action).to.equal('deny');
  });

  it('counts an interface that cannot be read as there for ask, and as missing for allow', () => {
    const odd = unreadable('0e/01/00');
    expect(decide(parsed('allow * interfaces 1', 'deny'), odd).action).to.equal('deny');
    expect(decide(parsed('ask * interfaces 1', 'deny'), odd).action).to.equal('ask');
    expect(decide(parsed('allow * interfaces 0', 'deny'), odd).action).to.equal('allow');
  });

  for (const [otherwise, reason] of [
    ['allow', 'allowed by default: no rule matches'],
    ['deny', 'denied by default: no rule matches'],
    ['ask', 'to be asked for by default: no rule matches'],
  ] as const) {
    it(`falls back to ${otherwise}, and tells so`, () => {
      expect(decide({ rules: [], otherwise }, STICK)).to.deep.equal({ action: otherwise, reason });
    });
  }

  it('takes either name of a USB 3 socket for the port', () => {
    const inSocket = device({ portPath: '2-1', peerPortPath: '1-3' });
    for (const port of ['1-3', '2-1', '1-*']) {
      expect(decide(parsed(`allow port ${port}`, 'deny'), inSocket).action, port).to.equal('allow');
    }
    expect(decide(parsed('allow port 1-1', 'deny'), inSocket).action).to.equal('deny');
  });

  it('compares serial numbers without the padding of devices, and a blank one with nothing', () => {
    const rules = parsed('allow serial A1', 'deny');
    for (const [serialNumber, action] of [
      ['A1   ', 'allow'],
      [' a1', 'allow'],
      ['A1\0\u1234', 'allow'],
      ['A1 1', 'deny'],
      ['', 'deny'],
      [undefined, 'deny'],
    ] as const) {
      const seen = device(serialNumber === undefined ? {} : { serialNumber });
      expect(decide(rules, seen).action, JSON.stringify(serialNumber)).to.equal(action);
    }
    const blank = {
      rules: [{ action: 'allow', conditions: [{ type: 'serial', serialNumber: ' ' }] }],
      otherwise: 'deny',
    } as const;
    expect(decide(blank, device({ serialNumber: '' })).action).to.equal('deny');
  });

  it('counts configurations that were not read against the device: a ninth may have any interface', () => {
    const configurationDescriptors = Array.from({ length: 8 }, () => configuration('08/06/50'));
    const configurations = readConfigurations(configurationDescriptors);
    const device = (count: number) => {
      const deviceDescriptor = Uint8Array.from({ length: 18 }, (_, index) => (index === 17 ? count : 0));
      return policyDevice({ identity: IDENTITY, deviceDescriptor, configurationDescriptors, configurations });
    };
    const rules = parsed('allow every-interface 08', 'deny');
    expect(decide(rules, device(8)).action).to.equal('allow');
    expect(decide(rules, device(9)).action).to.equal('deny');
    expect(decide(parsed('deny interface 03'), device(9)).action).to.equal('deny');
  });

  it('counts interfaces that cannot be read against the device', () => {
    const odd = unreadable('0e/01/00');
    expect(decide(parsed('deny interface 03/01/01'), odd)).to.deep.equal({
      action: 'deny',
      rule: 'deny interface 03/01/01',
      reason: 'denied by deny interface 03/01/01 (rules:1); whether it is so cannot be told',
    });
    expect(decide(parsed('allow every-interface 0e', 'deny'), odd).action).to.equal('deny');
    expect(decide(parsed('allow interface 03', 'deny'), odd).action).to.equal('deny');
    expect(decide(parsed('allow interface 0e', 'deny'), odd).action).to.equal('allow');
    expect(decide(parsed('deny every-interface 03'), odd).action).to.equal('allow');
    expect(decide(parsed('ask 46f4:0002 interface 03'), odd).action).to.equal('allow');
  });

  it('counts a disk as mounted when nobody knows, and nothing else', () => {
    for (const rule of ['deny mounted', 'deny root-disk']) {
      expect(decide(parsed(rule), device({}, ['08/06/50'], {})).action).to.equal('deny');
      expect(decide(parsed(rule), device({}, ['0e/01/00'], {})).action).to.equal('allow');
    }
    expect(decide(parsed('allow mounted', 'deny'), device({}, ['08/06/50'], {})).action).to.equal('deny');
    expect(decide(parsed('deny default-route'), device({}, ['02/06/00'], {})).action).to.equal('allow');
  });
});

describe('precede', () => {
  const policy = precede([parseRule('allow 0627:0001', '--allow')], rulePolicy(AUTO_RULES));

  it('puts rules before a policy', () => {
    expect(policy(KEYBOARD).reason).to.equal('allowed by allow 0627:0001 (--allow)');
    expect(policy(MOUSE).rule).to.equal('deny interface 03/01/02');
    expect(policy(STICK)).to.deep.equal({ action: 'allow', reason: 'allowed by default: no rule matches' });
  });

  it('replaces the default of the policy, and no rule of it', () => {
    const strict = precede([], rulePolicy(AUTO_RULES), 'ask');
    expect(strict(MOUSE).action).to.equal('deny');
    expect(strict(STICK)).to.deep.equal({ action: 'ask', reason: 'to be asked for by default: no rule matches' });
  });
});

describe('the safe defaults', () => {
  for (const [name, each, expected] of [
    ['a hub', HUB, 'deny class 09'],
    ['a keyboard', KEYBOARD, 'deny interface 03/01/01'],
    ['a mouse', MOUSE, 'deny interface 03/01/02'],
    ['a keyboard in a stick', device({}, ['08/06/50', '03/01/01']), 'deny interface 03/01/01'],
    ['the boot disk', device({}, ['08/06/50'], { mounted: true, isRootDisk: true }), 'deny root-disk'],
    ['a mounted stick', device({}, ['08/06/50'], { mounted: true, isRootDisk: false }), 'deny mounted'],
    ['a stick of which nothing is known', device({}, ['08/06/50'], {}), 'deny root-disk'],
    ['what came here by redirection', device({}, ['ff/00/00'], { isRedirected: true }), 'deny redirected'],
    ['the way to the network', device({}, ['ff/00/00'], { carriesDefaultRoute: true }), 'deny default-route'],
    ['a device with hidden interfaces', unreadable('ff/00/00'), 'deny class 09'],
  ] as const) {
    it(`keep ${name} here`, () => {
      const { action, rule } = decide(AUTO_RULES, each);
      expect({ action, rule }).to.deep.equal({ action: 'deny', rule: expected });
    });
  }

  for (const [name, each] of Object.entries({ WEBCAM, STICK, SERIAL_ADAPTER })) {
    it(`let ${name.toLowerCase().replace('_', ' ')} go`, () => {
      expect(decide(AUTO_RULES, each).action).to.equal('allow');
    });
  }
});

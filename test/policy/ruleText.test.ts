import { expect } from 'chai';
import fc from 'fast-check';
import { UsageError } from '../../codecs/core/errors.ts';
import type { ClassPattern, Rule, RuleCondition } from '../../src/policy/rule.ts';
import { formatRule, parseRule, parseRules } from '../../src/policy/ruleText.ts';
import { normalSerialNumber } from '../../src/policy/serialNumber.ts';

const byte = fc.integer({ min: 0, max: 0xff });
const word = fc.integer({ min: 0, max: 0xffff });
const orAny = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
const pattern: fc.Arbitrary<ClassPattern> = fc.record({
  classCode: byte,
  subclass: orAny(byte),
  protocol: orAny(byte),
});
const numbers = (minLength: number) => fc.array(fc.integer({ min: 1, max: 30 }), { minLength, maxLength: 5 });
const path = fc.oneof(
  fc.tuple(byte, numbers(1)).map(([bus, ports]) => `${bus}-${ports.join('.')}`),
  fc.tuple(byte, numbers(0)).map(([bus, ports]) => `${bus}-${[...ports, '*'].join('.')}`),
);
const condition: fc.Arbitrary<RuleCondition> = fc.oneof(
  fc.record({ type: fc.constant('ids' as const), vendorId: orAny(word), productId: orAny(word) }),
  fc.record({
    type: fc.constantFrom('class' as const, 'deviceClass' as const, 'interface' as const, 'everyInterface' as const),
    pattern,
  }),
  fc.record({ type: fc.constant('port' as const), path }),
  fc.record({
    type: fc.constant('serial' as const),
    serialNumber: fc
      .string({ unit: 'binary', minLength: 1, maxLength: 20 })
      .filter((text) => normalSerialNumber(text) !== ''),
  }),
  fc.record({
    type: fc.constant('address' as const),
    busNumber: byte,
    deviceAddress: fc.integer({ min: 1, max: 127 }),
  }),
  fc.record({ type: fc.constant('seat' as const), name: fc.stringMatching(/^seat[\w-]{0,10}$/) }),
  fc.record({
    type: fc.constantFrom('mounted' as const, 'rootDisk' as const, 'defaultRoute' as const, 'redirected' as const),
  }),
);
const conditions = fc.array(condition, { maxLength: 4 });
const origin = fc.constant('test');
const rule: fc.Arbitrary<Rule> = fc.oneof(
  fc.record({ action: fc.constantFrom('allow', 'deny', 'ask'), conditions, origin }),
  fc.record({
    action: fc.constantFrom('allow', 'ask'),
    conditions,
    interfaces: fc.uniqueArray(byte, { minLength: 1, maxLength: 4 }),
    origin,
  }),
);

describe('the text of a rule', () => {
  it('reads back as the rule, whatever is in it', () => {
    fc.assert(
      fc.property(rule, (each) => {
        const text = formatRule(each);
        expect(text).not.to.match(/[\r\n]/);
        expect(parseRule(text, 'test')).to.deep.equal(each);
        expect(parseRules(`\n${text} # comment\n`, 'file').rules).to.deep.equal([{ ...each, origin: 'file:2' }]);
      }),
    );
  });

  it('is refused with a UsageError and nothing else, or read', () => {
    const token = fc.constantFrom(
      'allow',
      'deny',
      'class',
      'serial',
      '"',
      '*',
      ':',
      '08',
      '046d:*',
      '#',
      'default',
      'interfaces',
      '0,1',
      '1-2',
      ' ',
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(token, fc.string({ maxLength: 4 })), { maxLength: 8 }), (words) => {
        try {
          parseRules(words.join(' '), 'file');
        } catch (error) {
          expect(error).to.be.instanceOf(UsageError);
        }
      }),
    );
  });

  for (const [text, formatted] of [
    ['deny class 8', 'deny class 08'],
    ['allow 46D:*', 'allow 046d:*'],
    ['ask  serial   ABC', 'ask serial ABC'],
    ['ask serial "A \\"B\\" #1"', 'ask serial "A \\"B\\" #1"'],
    ['allow serial "#1"', 'allow serial "#1"'],
    ['deny interface 03/*/*', 'deny interface 03'],
    ['deny interface 03/*/1', 'deny interface 03/*/01'],
    ['allow address 001:007', 'allow address 1:7'],
    ['allow 046d:* interfaces 1,0,01', 'allow 046d:* interfaces 1,0'],
    ['ask interfaces 3 *', 'ask * interfaces 3'],
    ['deny port 1-2.* class 08 mounted # not while it is in use', 'deny port 1-2.* class 08 mounted'],
  ] as const) {
    it(`${text} is ${formatted}`, () => {
      expect(formatRule(parseRule(text, 'test'))).to.equal(formatted);
    });
  }
});

describe('parseRules', () => {
  it('reads a file: rules with their lines, comments, a default', () => {
    const text = '# first\r\n\r\nallow 046d:* # cameras\r\n  deny class 08\r\ndefault ask # everything else\r\n';
    const { rules, otherwise } = parseRules(text, 'rules.txt');
    expect(rules.map((each) => `${each.origin ?? ''} ${formatRule(each)}`)).to.deep.equal([
      'rules.txt:3 allow 046d:*',
      'rules.txt:4 deny class 08',
    ]);
    expect(otherwise).to.equal('ask');
  });

  it('has no default when the file has none', () => {
    expect(parseRules('', 'empty')).to.deep.equal({ rules: [], otherwise: undefined });
  });

  for (const [line, problem] of [
    ['alow *', '"alow" is no action; write allow, deny or ask'],
    ['allow', 'allow what? add a condition such as 046d:*, class 08 or port 1-2, or * for every device'],
    ['allow * class 08', '* means every device; remove it, or the other conditions'],
    ['deny 046d', '"046d" is no condition; write vendor:product in hex'],
    ['deny 046d:082b0', '"046d:082b0" is no condition'],
    ['deny class', 'class "": give the class in hex'],
    ['deny class 8/6/50/1', 'class "8/6/50/1": give the class in hex'],
    ['deny interface */01', 'interface "*/01": give the class in hex'],
    ['allow port 2', 'port "2": give the bus and the chain of ports, such as 1-2.3, or 1-2.* for what is below'],
    ['allow port 1-*.2', 'port "1-*.2": give the bus'],
    ['allow serial', 'serial: give the serial number'],
    ['allow serial ""', 'serial: give the serial number'],
    ['allow serial "  "', 'serial: give the serial number'],
    ['allow serial "A B', '"A is not closed or has a bad escape'],
    ['allow serial "A\\x"', '"A\\x" is not closed or has a bad escape'],
    ['allow address 1', 'address "1": give bus and device number'],
    ['allow 046d:* interfaces', 'interfaces "": give numbers from 0 to 255 with commas between them'],
    ['allow 046d:* interfaces 0,256', 'interfaces "0,256": give numbers from 0 to 255'],
    ['allow 046d:* interfaces 0 interfaces 1', 'interfaces stands twice; write all numbers after one of them'],
    ['allow interfaces 0', 'allow what? add a condition'],
    ['deny 046d:* interfaces 0', 'a device is denied as a whole; write allow with the interfaces that may go'],
    ['share take 046d:* interfaces 0', 'a device changes hands as a whole; remove interfaces'],
    ['default', '"" is no action'],
    ['default deny *', 'nothing can follow a default, but there is "*"; remove it'],
    ['default deny\ndefault allow', 'there is a default already'],
  ] as const) {
    it(`refuses ${JSON.stringify(line)} with the line and what to do`, () => {
      const number = line.includes('\n') ? 3 : 2;
      expect(() => parseRules(`# rules\n${line}`, 'rules.txt')).to.throw(UsageError, `rules.txt:${number}: ${problem}`);
    });
  }
});

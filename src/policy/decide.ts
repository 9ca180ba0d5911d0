import type { InterfaceSetting } from '../../codecs/usb/configurationDescriptor.ts';
import { interfaceSettings, type PolicyDevice, portNames } from './policyDevice.ts';
import type { ClassPattern, PolicyAction, Rule, RuleCondition, RuleSet } from './rule.ts';
import { formatRule } from './ruleText.ts';
import { isSameSerialNumber } from './serialNumber.ts';

/** Decision about a device, and its reason. */
export interface Decision {
  /** What becomes of the device. */
  readonly action: PolicyAction;
  /** The rule that decided, in its own grammar; undefined when none matched. */
  readonly rule?: string;
  /** One line for people: `denied by deny class 09 (rules.txt:3)`. */
  readonly reason: string;
  /** The interfaces that go if it does, with the others of their functions; undefined: the whole device. */
  readonly interfaces?: readonly number[];
}

/** Anything that decides about devices. */
export type Policy = (device: PolicyDevice) => Decision;

const PARTICIPLES = { allow: 'allowed', deny: 'denied', ask: 'to be asked for' } as const;

/**
 * Lets the first rule that matches decide. When it cannot be told whether a condition is true (an interface that cannot
 * be read, a disk that may be mounted), it counts as true for `deny` and `ask`, and as false for `allow`.
 */
export function decide(ruleSet: RuleSet, device: PolicyDevice): Decision {
  for (const rule of ruleSet.rules) {
    const isMatch = matches(rule, device);
    if (isMatch === true || (isMatch === undefined && rule.action !== 'allow')) {
      return decisionOf(rule, isMatch === undefined);
    }
  }
  return byDefault(ruleSet.otherwise);
}

/** {@link decide} as a {@link Policy}. */
export function rulePolicy(ruleSet: RuleSet): Policy {
  return (device) => decide(ruleSet, device);
}

/** Rules that come before a policy, and optionally what takes the place of its default. */
export function precede(rules: readonly Rule[], policy: Policy, otherwise?: PolicyAction): Policy {
  return (device) => {
    const first = decide({ rules, otherwise: 'deny' }, device);
    if (first.rule !== undefined) return first;
    const second = policy(device);
    return second.rule === undefined && otherwise !== undefined ? byDefault(otherwise) : second;
  };
}

function decisionOf(rule: Rule, isGuess: boolean): Decision {
  const text = formatRule(rule);
  const origin = rule.origin === undefined ? '' : ` (${rule.origin})`;
  const guess = isGuess ? '; whether it is so cannot be told' : '';
  const reason = `${PARTICIPLES[rule.action]} by ${text}${origin}${guess}`;
  return { action: rule.action, rule: text, reason, ...partOf(rule) };
}

/** Which part goes, for what a decision about the same device becomes. */
export function partOf({ interfaces }: Pick<Decision, 'interfaces'>): Pick<Decision, 'interfaces'> {
  return interfaces === undefined ? {} : { interfaces };
}

function byDefault(action: PolicyAction): Decision {
  return { action, reason: `${PARTICIPLES[action]} by default: no rule matches` };
}

/** Whether all conditions of a rule are true of a device. Undefined: it cannot be told. */
export function matches(
  { conditions, interfaces = [] }: Pick<Rule, 'conditions' | 'interfaces'>,
  device: PolicyDevice,
): boolean | undefined {
  const answers = conditions.map((condition) => isTrue(condition, device));
  answers.push(hasInterfaceNumbers(interfaces, device));
  if (answers.includes(false)) return false;
  return answers.includes(undefined) ? undefined : true;
}

function isTrue(condition: RuleCondition, device: PolicyDevice): boolean | undefined {
  const { identity, localUse } = device;
  switch (condition.type) {
    case 'ids':
      return isOrAny(condition.vendorId, identity.vendorId) && isOrAny(condition.productId, identity.productId);
    case 'class':
      return isDeviceClass(condition.pattern, device) || hasInterface(condition.pattern, device);
    case 'deviceClass':
      return isDeviceClass(condition.pattern, device);
    case 'interface':
      return hasInterface(condition.pattern, device);
    case 'everyInterface':
      return isEveryInterface(condition.pattern, device);
    case 'port':
      return portNames(identity).some((name) => isPort(condition.path, name));
    case 'serial':
      return isSameSerialNumber(identity.serialNumber, condition.serialNumber);
    case 'address':
      return identity.busNumber === condition.busNumber && identity.deviceAddress === condition.deviceAddress;
    case 'seat':
      return localUse.seat === undefined ? undefined : localUse.seat === condition.name;
    case 'mounted':
      return localUse.mounted ?? mayBeDisk(device);
    case 'rootDisk':
      return localUse.isRootDisk ?? mayBeDisk(device);
    case 'defaultRoute':
      return localUse.carriesDefaultRoute ?? false;
    case 'redirected':
      return localUse.isRedirected ?? false;
  }
}

const MASS_STORAGE: ClassPattern = { classCode: 0x08, subclass: undefined, protocol: undefined };

/** Default for a device whose use is unknown: only a disk may be in use. */
function mayBeDisk(device: PolicyDevice): false | undefined {
  return hasInterface(MASS_STORAGE, device) === false ? false : undefined;
}

function isDeviceClass(pattern: ClassPattern, { identity }: PolicyDevice): boolean {
  return isClass(pattern, identity.deviceClass, identity.deviceSubclass, identity.deviceProtocol);
}

function hasInterface(pattern: ClassPattern, device: PolicyDevice): boolean | undefined {
  if (interfaceSettings(device).some((setting) => isInterfaceClass(pattern, setting))) return true;
  return device.hasUnreadableInterfaces ? undefined : false;
}

function hasInterfaceNumbers(numbers: readonly number[], device: PolicyDevice): boolean | undefined {
  const present = new Set(interfaceSettings(device).map(({ interfaceNumber }) => interfaceNumber));
  if (numbers.every((number) => present.has(number))) return true;
  return device.hasUnreadableInterfaces ? undefined : false;
}

function isEveryInterface(pattern: ClassPattern, device: PolicyDevice): boolean | undefined {
  const settings = interfaceSettings(device);
  if (!settings.every((setting) => isInterfaceClass(pattern, setting))) return false;
  return device.hasUnreadableInterfaces ? undefined : settings.length > 0;
}

function isInterfaceClass(pattern: ClassPattern, setting: InterfaceSetting): boolean {
  return isClass(pattern, setting.interfaceClass, setting.interfaceSubClass, setting.interfaceProtocol);
}

function isClass(pattern: ClassPattern, classCode: number, subclass: number, protocol: number): boolean {
  return pattern.classCode === classCode && isOrAny(pattern.subclass, subclass) && isOrAny(pattern.protocol, protocol);
}

function isPort(pattern: string, portPath: string): boolean {
  return pattern.endsWith('*') ? portPath.startsWith(pattern.slice(0, -1)) : portPath === pattern;
}

function isOrAny(wanted: number | undefined, value: number): boolean {
  return wanted === undefined || wanted === value;
}

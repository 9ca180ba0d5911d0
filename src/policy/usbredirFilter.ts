/** The filter strings of usbredir (SPICE, QEMU, virt-viewer), read and applied as its usbredirfilter does. */
import { UsageError } from '../../codecs/core/errors.ts';
import type { Decision, Policy } from './decide.ts';
import { interfaceSettings, type PolicyDevice } from './policyDevice.ts';
import { formatHex } from './ruleText.ts';

/** One rule of a filter; undefined stands for -1, which is any. */
export interface UsbredirRule {
  /** bDeviceClass or bInterfaceClass; undefined: any. */
  readonly classCode: number | undefined;
  /** Undefined: any. */
  readonly vendorId: number | undefined;
  /** Undefined: any. */
  readonly productId: number | undefined;
  /** bcdDevice. */
  readonly deviceVersion: number | undefined;
  /** Whether a device that matches may be redirected. */
  readonly allow: boolean;
}

/** usbredir's flags. */
export interface UsbredirOptions {
  /** Allows a class that no rule matches. Default: deny. */
  readonly defaultAllow?: boolean;
}

/**
 * Reads `class,vendor,product,version,allow` with `|` between the rules, or with `:` between the numbers, as QEMU has it
 * where commas mean something else. Numbers are C's: 0x for hex, a leading 0 for octal.
 * @throws UsageError that tells which rule is wrong
 */
export function parseUsbredirFilter(text: string): readonly UsbredirRule[] {
  return text
    .split('|')
    .map((rule) => rule.trim())
    .filter((rule) => rule !== '')
    .map(readRule);
}

/**
 * A policy that asks the filter for each class of a device: its own, unless that is 0 or EF, then every interface's in its
 * first configuration; interfaces of class 03/00/00 (such as the buttons of a headset) only when there is nothing
 * else. Each must be allowed; the first matching rule decides.
 */
export function usbredirPolicy(rules: readonly UsbredirRule[], options: UsbredirOptions = {}): Policy {
  return (device) => {
    if (device.hasUnreadableInterfaces) {
      return { action: 'deny', reason: 'denied: a filter asks for every interface, and not all of them can be read' };
    }
    let last: Decision | undefined;
    for (const { classCode, what } of classesToCheck(device)) {
      last = checkClass(rules, options, device, classCode, what);
      if (last.action !== 'allow') return last;
    }
    return last ?? { action: 'allow', reason: 'allowed: the device has no class that a filter could deny' };
  };
}

interface Check {
  readonly classCode: number;
  readonly what: string;
}

function classesToCheck(device: PolicyDevice): Check[] {
  const { deviceClass } = device.identity;
  const own = deviceClass === 0x00 || deviceClass === 0xef ? [] : [{ classCode: deviceClass, what: 'the device' }];
  const interfaces = interfaceSettings({ ...device, configurations: device.configurations.slice(0, 1) }).filter(
    (setting) => setting.alternateSetting === 0,
  );
  const isPlainHid = (setting: (typeof interfaces)[number]) =>
    setting.interfaceClass === 0x03 && setting.interfaceSubClass === 0 && setting.interfaceProtocol === 0;
  const others = interfaces.filter((setting) => !isPlainHid(setting));
  const checked = others.length === 0 ? interfaces : others;
  return [
    ...own,
    ...checked.map(({ interfaceClass, interfaceNumber }) => ({
      classCode: interfaceClass,
      what: `interface ${interfaceNumber}`,
    })),
  ];
}

function checkClass(
  rules: readonly UsbredirRule[],
  { defaultAllow = false }: UsbredirOptions,
  { identity }: PolicyDevice,
  classCode: number,
  what: string,
): Decision {
  const subject = `${what} (class ${formatHex(classCode, 2)})`;
  const rule = rules.find(
    (each) =>
      isOrAny(each.classCode, classCode) &&
      isOrAny(each.vendorId, identity.vendorId) &&
      isOrAny(each.productId, identity.productId) &&
      isOrAny(each.deviceVersion, identity.deviceVersion),
  );
  if (rule === undefined) {
    return defaultAllow
      ? { action: 'allow', reason: `allowed by default: no rule of the filter matches ${subject}` }
      : { action: 'deny', reason: `denied by default: no rule of the filter matches ${subject}` };
  }
  const text = formatUsbredirRule(rule);
  return rule.allow
    ? { action: 'allow', rule: text, reason: `allowed by ${text} for ${subject}` }
    : { action: 'deny', rule: text, reason: `denied by ${text} for ${subject}` };
}

/** As usbredir prints it: `0x03,-1,-1,-1,0`. */
export function formatUsbredirRule(rule: UsbredirRule): string {
  const number = (value: number | undefined, digits: number) =>
    value === undefined ? '-1' : `0x${formatHex(value, digits)}`;
  return [
    number(rule.classCode, 2),
    number(rule.vendorId, 4),
    number(rule.productId, 4),
    number(rule.deviceVersion, 4),
    rule.allow ? '1' : '0',
  ].join(',');
}

function readRule(text: string): UsbredirRule {
  const fields = text.split(text.includes(',') ? ',' : ':').map((field) => field.trim());
  const [classCode = '', vendor = '', product = '', version = '', allow = ''] = fields;
  if (fields.length !== 5) {
    throw new UsageError(
      `filter rule ${JSON.stringify(text)} has ${fields.length} numbers; it needs five: class,vendor,product,version,allow`,
    );
  }
  return {
    classCode: readNumber(text, 'class', classCode, 0xff),
    vendorId: readNumber(text, 'vendor', vendor, 0xffff),
    productId: readNumber(text, 'product', product, 0xffff),
    deviceVersion: readNumber(text, 'version', version, 0xffff),
    allow: readNumber(text, 'allow', allow, 0x7fffffff) !== 0,
  };
}

/** Undefined for -1. */
function readNumber(rule: string, name: string, text: string, maximum: number): number | undefined {
  if (text === '-1') return undefined;
  const isOctal = /^0[0-7]+$/.test(text);
  const isNumber = isOctal || /^(0x[0-9a-f]+|0|[1-9]\d*)$/i.test(text);
  const value = isOctal ? parseInt(text, 8) : Number(text);
  if (isNumber && value <= maximum) return value;
  throw new UsageError(
    `filter rule ${JSON.stringify(rule)}: ${name} ${JSON.stringify(text)} is not -1 or a number up to 0x${maximum.toString(16)}`,
  );
}

function isOrAny(wanted: number | undefined, value: number): boolean {
  return wanted === undefined || wanted === value;
}

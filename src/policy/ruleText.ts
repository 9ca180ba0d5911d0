/** Rules as people write them; the grammar is in docs/policy.md. */
import { UsageError } from '../../codecs/core/errors.ts';
import type { ClassPattern, PolicyAction, Rule, RuleCondition, ShareAction, ShareRule } from './rule.ts';
import { normalSerialNumber } from './serialNumber.ts';

/** Contents of a file of rules. */
export interface RuleFile {
  /** In the order of the file. */
  readonly rules: readonly Rule[];
  /** From its lines `share ...`, in their order; left out where there are none. */
  readonly share?: readonly ShareRule[];
  /** From its line `default ...`, if there is one. */
  readonly otherwise: PolicyAction | undefined;
}

/**
 * Reads rules, one a line. `name` stands for the file in messages and in {@link Rule.origin}.
 * @throws UsageError that tells the line and what to do
 */
export function parseRules(text: string, name: string): RuleFile {
  const rules: Rule[] = [];
  const share: ShareRule[] = [];
  let otherwise: PolicyAction | undefined;
  for (const [index, line] of text.split(/\r\n|\r|\n/).entries()) {
    const origin = `${name}:${index + 1}`;
    const words = new Words(line, origin);
    const first = words.next();
    if (first === undefined) continue;
    if (first === 'share') {
      share.push({ ...readShareRule(words), origin });
      continue;
    }
    if (first !== 'default') {
      rules.push({ ...readRule(first, words), origin });
      continue;
    }
    if (otherwise !== undefined) throw words.error('there is a default already; keep one of the two');
    otherwise = readAction(words.next() ?? '', words);
    const rest = words.next();
    if (rest !== undefined) throw words.error(`nothing can follow a default, but there is ${quote(rest)}; remove it`);
  }
  return { rules, otherwise, ...(share.length > 0 && { share }) };
}

/**
 * Reads one rule, such as `deny interface 03/01/01`. `origin` tells people where it stands, and is kept in the rule.
 * @throws UsageError that tells what to do
 */
export function parseRule(text: string, origin: string): Rule {
  const words = new Words(text, origin);
  return { ...readRule(words.next() ?? '', words), origin };
}

/**
 * Reads one rule about devices that several want, such as `take class 03`: a line of a file without its first word, `share`.
 * @throws UsageError that tells what to do
 */
export function parseShareRule(text: string, origin: string): ShareRule {
  return { ...readShareRule(new Words(text, origin)), origin };
}

/** A rule as {@link parseRule} or {@link parseShareRule} reads it. Always one line. */
export function formatRule({ action, conditions, ...rest }: Rule | ShareRule): string {
  const words = conditions.length === 0 ? ['*'] : conditions.map(formatCondition);
  const part = 'interfaces' in rest ? [`interfaces ${rest.interfaces.join(',')}`] : [];
  return [action, ...words, ...part].join(' ');
}

function formatCondition(condition: RuleCondition): string {
  switch (condition.type) {
    case 'ids':
      return `${formatHex(condition.vendorId, 4)}:${formatHex(condition.productId, 4)}`;
    case 'class':
      return `class ${formatClass(condition.pattern)}`;
    case 'deviceClass':
      return `device-class ${formatClass(condition.pattern)}`;
    case 'interface':
      return `interface ${formatClass(condition.pattern)}`;
    case 'everyInterface':
      return `every-interface ${formatClass(condition.pattern)}`;
    case 'port':
      return `port ${condition.path}`;
    case 'serial':
      return `serial ${/^[!$-~][!#-~]*$/.test(condition.serialNumber) ? condition.serialNumber : quote(condition.serialNumber)}`;
    case 'address':
      return `address ${condition.busNumber}:${condition.deviceAddress}`;
    case 'seat':
      return `seat ${condition.name}`;
    case 'mounted':
      return 'mounted';
    case 'rootDisk':
      return 'root-disk';
    case 'defaultRoute':
      return 'default-route';
    case 'redirected':
      return 'redirected';
  }
}

function formatClass({ classCode, subclass, protocol }: ClassPattern): string {
  const codes = [formatHex(classCode, 2), formatHex(subclass, 2), formatHex(protocol, 2)];
  while (codes.at(-1) === '*') codes.pop();
  return codes.join('/');
}

/** Fixed width, or `*` for any. */
export function formatHex(value: number | undefined, digits: number): string {
  return value === undefined ? '*' : value.toString(16).padStart(digits, '0');
}

/** In double quotes, with JSON's escapes. */
function quote(text: string): string {
  return JSON.stringify(text);
}

/** The words of one line up to its comment. */
class Words {
  readonly #origin: string;
  readonly #words: readonly string[];
  #position = 0;

  constructor(line: string, origin: string) {
    this.#origin = origin;
    const words: string[] = [];
    for (const [word] of line.matchAll(/"(?:[^"\\]|\\.)*"(?=\s|$)|\S+/g)) {
      if (word.startsWith('#')) break;
      words.push(word.startsWith('"') ? this.#unquote(word) : word);
    }
    this.#words = words;
  }

  next(): string | undefined {
    return this.#words[this.#position++];
  }

  error(problem: string): UsageError {
    return new UsageError(`${this.#origin}: ${problem}`);
  }

  #unquote(word: string): string {
    try {
      return String(JSON.parse(word));
    } catch {
      throw this.error(`${word} is not closed or has a bad escape; write it like "SN 1", with \\" for a quote inside`);
    }
  }
}

function readRule(first: string, words: Words): Rule {
  const action = readAction(first, words);
  const { conditions, interfaces } = readConditions(action, words);
  if (interfaces === undefined) return { action, conditions };
  if (action !== 'deny') return { action, conditions, interfaces };
  throw words.error('a device is denied as a whole; write allow with the interfaces that may go, and deny after it');
}

function readShareRule(words: Words): ShareRule {
  const action = readShareAction(words.next() ?? '', words);
  const { conditions, interfaces } = readConditions(action, words);
  if (interfaces === undefined) return { action, conditions };
  throw words.error('a device changes hands as a whole; remove interfaces');
}

function readConditions(action: string, words: Words): Pick<Rule, 'conditions' | 'interfaces'> {
  const conditions: RuleCondition[] = [];
  let interfaces: number[] | undefined;
  let isAny = false;
  for (let word = words.next(); word !== undefined; word = words.next()) {
    if (word === '*') isAny = true;
    else if (word !== 'interfaces') conditions.push(readCondition(word, words));
    else if (interfaces === undefined) interfaces = readInterfaces(words);
    else throw words.error('interfaces stands twice; write all numbers after one of them, with commas between them');
  }
  if (isAny && conditions.length > 0) {
    throw words.error('* means every device; remove it, or the other conditions');
  }
  if (!isAny && conditions.length === 0) {
    throw words.error(`${action} what? add a condition such as 046d:*, class 08 or port 1-2, or * for every device`);
  }
  return { conditions, ...(interfaces !== undefined && { interfaces }) };
}

function readInterfaces(words: Words): number[] {
  const word = words.next() ?? '';
  const numbers = parseInterfaceNumbers(word);
  if (numbers !== undefined) return numbers;
  throw words.error(`interfaces ${quote(word)}: give numbers from 0 to 255 with commas between them, such as 0,1`);
}

/** bInterfaceNumbers with commas between them, each once; undefined: something else. */
export function parseInterfaceNumbers(text: string): number[] | undefined {
  const numbers = text.split(',').map((each) => (/^\d{1,3}$/.test(each.trim()) ? Number(each) : NaN));
  return numbers.every((each) => each <= 255) ? [...new Set(numbers)] : undefined;
}

function readShareAction(word: string, words: Words): ShareAction {
  if (word === 'take' || word === 'ask' || word === 'refuse') return word;
  throw words.error(`share ${quote(word)}: write share take, share ask or share refuse, and the devices`);
}

function readAction(word: string, words: Words): PolicyAction {
  if (word === 'allow' || word === 'deny' || word === 'ask') return word;
  throw words.error(`${quote(word)} is no action; write allow, deny or ask`);
}

function readCondition(word: string, words: Words): RuleCondition {
  switch (word) {
    case 'class':
      return { type: 'class', pattern: readClass(word, words) };
    case 'device-class':
      return { type: 'deviceClass', pattern: readClass(word, words) };
    case 'interface':
      return { type: 'interface', pattern: readClass(word, words) };
    case 'every-interface':
      return { type: 'everyInterface', pattern: readClass(word, words) };
    case 'port':
      return { type: 'port', path: readPort(words) };
    case 'serial':
      return { type: 'serial', serialNumber: readSerial(words) };
    case 'address':
      return readAddress(words);
    case 'seat':
      return { type: 'seat', name: readSeat(words) };
    case 'mounted':
      return { type: 'mounted' };
    case 'root-disk':
      return { type: 'rootDisk' };
    case 'default-route':
      return { type: 'defaultRoute' };
    case 'redirected':
      return { type: 'redirected' };
    default:
      return readIds(word, words);
  }
}

function readIds(word: string, words: Words): RuleCondition {
  const [, vendor, product] = /^(\*|[0-9a-f]{1,4}):(\*|[0-9a-f]{1,4})$/i.exec(word) ?? [];
  if (vendor === undefined || product === undefined) {
    throw words.error(
      `${quote(word)} is no condition; write vendor:product in hex (046d:082b, 046d:*), class, device-class, ` +
        'interface, every-interface, port, serial, address, seat, mounted, root-disk, default-route or redirected; ' +
        'interfaces after them tells which part may go',
    );
  }
  return { type: 'ids', vendorId: readHex(vendor), productId: readHex(product) };
}

function readClass(keyword: string, words: Words): ClassPattern {
  const word = words.next() ?? '';
  const match = /^([0-9a-f]{1,2})(?:\/(\*|[0-9a-f]{1,2})(?:\/(\*|[0-9a-f]{1,2}))?)?$/i.exec(word);
  const [, classCode, subclass, protocol] = match ?? [];
  if (classCode === undefined) {
    throw words.error(
      `${keyword} ${quote(word)}: give the class in hex, with subclass and protocol if need be, such as 08 or 03/01/01`,
    );
  }
  return { classCode: parseInt(classCode, 16), subclass: readHex(subclass), protocol: readHex(protocol) };
}

function readHex(text: string | undefined): number | undefined {
  return text === undefined || text === '*' ? undefined : parseInt(text, 16);
}

function readPort(words: Words): string {
  const word = words.next() ?? '';
  if (/^\d+-(\d+\.)*(\d+|\*)$/.test(word)) return word;
  throw words.error(
    `port ${quote(word)}: give the bus and the chain of ports, such as 1-2.3, or 1-2.* for what is below`,
  );
}

function readSerial(words: Words): string {
  const word = words.next() ?? '';
  if (normalSerialNumber(word) !== '') return word;
  throw words.error('serial: give the serial number as the device tells it, in quotes if it has spaces');
}

function readSeat(words: Words): string {
  const word = words.next() ?? '';
  if (isSeatName(word)) return word;
  throw words.error(`seat ${quote(word)}: give its name as loginctl list-seats shows it, such as seat1`);
}

/** `seat`, and letters, digits, dashes and underscores after it, sd-login(3). */
export function isSeatName(text: string): boolean {
  return /^seat[\w-]*$/.test(text) && text.length <= 255;
}

function readAddress(words: Words): RuleCondition {
  const word = words.next() ?? '';
  const [, bus, address] = /^(\d{1,3}):(\d{1,3})$/.exec(word) ?? [];
  if (bus !== undefined && address !== undefined) {
    return { type: 'address', busNumber: Number(bus), deviceAddress: Number(address) };
  }
  throw words.error(`address ${quote(word)}: give bus and device number as lsusb shows them (decimal), such as 1:7`);
}

/** FreeRDP's option `/usb:`, as its channels/urbdrc reads it. */
import { UsageError } from '../../codecs/core/errors.ts';
import { parseDevicesToRedirect } from './rdpFile.ts';
import type { Rule, RuleCondition, RuleSet } from './rule.ts';
import { parseRule } from './ruleText.ts';

/**
 * Classes that FreeRDP's `auto` leaves out: audio, HID, mass storage, hubs and smart card readers; their interfaces too, where
 * the device's own class is 0.
 */
const AUTO_RULES: readonly Rule[] = [
  ...['01', '03', '08', '09', '0b'].flatMap((code) => [
    parseRule(`deny device-class ${code}`, 'auto of /usb:'),
    parseRule(`deny device-class 00 interface ${code}`, 'auto of /usb:'),
  ]),
  parseRule('allow *', 'auto of /usb:'),
];

/**
 * Reads the argument of `/usb:`, with or without that name in front: `id:<vid>:<pid>#...`, `addr:<bus>:<addr>#...` (all
 * hex), `auto`, `device:*` (the same), the older `id,dev:...` and `addr,dev:...`, and `device:` with an entry of
 * `usbdevicestoredirect`. `dbg`, `sys:`, `encode` and `quality` have no meaning here. Devices in lists are taken whatever
 * their class, all others only by `auto`.
 *
 * Where FreeRDP ignores what it does not know, and takes `id:` only when there are both lists, this does neither.
 * @throws UsageError that tells which part is wrong
 */
export function parseFreerdpUsb(text: string): RuleSet {
  const parts = text
    .trim()
    .replace(/^(\/usb|usb):/i, '')
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
  const lists: Rule[] = [];
  const problems: string[] = [];
  let isAuto = false;
  let legacyList: DeviceList = 'id';
  let legacyDevices: string | undefined;
  for (const part of parts) {
    const [, keyword = part, value] = /^([a-z]+):(.*)$/i.exec(part) ?? [];
    const name = keyword.toLowerCase();
    if (name === 'auto' && value === undefined) isAuto = true;
    else if (name === 'id' || name === 'addr') {
      if (value === undefined) legacyList = name;
      else lists.push(...readDevices(name, value));
    } else if (name === 'dev' && value !== undefined) legacyDevices = value;
    else if (name === 'device' && value === '*') isAuto = true;
    else if (name === 'device' && value !== undefined)
      lists.push(...parseDevicesToRedirect(value, (problem) => problems.push(problem)).rules);
    else if (!MEANINGLESS.has(name)) {
      throw new UsageError(
        `/usb: ${JSON.stringify(part)} is unknown; use id:046d:082b#0781:5567, addr:1:7, auto or device:*`,
      );
    }
  }
  if (legacyDevices !== undefined) lists.push(...readDevices(legacyList, legacyDevices));
  if (lists.length === 0 && !isAuto) {
    const why = problems.length === 0 ? '' : ` (${problems.join('; ')})`;
    throw new UsageError(`/usb: ${JSON.stringify(text)} names no device${why}; add id:046d:082b, addr:1:7 or auto`);
  }
  return { rules: isAuto ? [...lists, ...AUTO_RULES] : lists, otherwise: 'deny' };
}

type DeviceList = 'id' | 'addr';

const MEANINGLESS = new Set(['dbg', 'sys', 'encode', 'quality']);

function readDevices(list: DeviceList, text: string): Rule[] {
  return text.split('#').map((entry) => ({
    action: 'allow',
    conditions: [list === 'id' ? readIds(entry) : readAddress(entry)],
    origin: `${list} of /usb:`,
  }));
}

function readIds(entry: string): RuleCondition {
  const pair = readPair(entry, 0xffff);
  if (pair !== undefined) return { type: 'ids', vendorId: pair.first, productId: pair.second };
  throw new UsageError(`/usb: id ${JSON.stringify(entry)}: give vendor and product id in hex, such as 046d:082b`);
}

function readAddress(entry: string): RuleCondition {
  const pair = readPair(entry, 0xff);
  if (pair !== undefined) return { type: 'address', busNumber: pair.first, deviceAddress: pair.second };
  throw new UsageError(
    `/usb: addr ${JSON.stringify(entry)}: give bus and address in hex, each at most ff, such as 1:1a`,
  );
}

/** Two hex numbers, with or without 0x. */
function readPair(entry: string, maximum: number): { readonly first: number; readonly second: number } | undefined {
  const match = /^(?:0x)?([0-9a-f]{1,8}):(?:0x)?([0-9a-f]{1,8})$/i.exec(entry.trim());
  const [first, second] = [parseInt(match?.[1] ?? '', 16), parseInt(match?.[2] ?? '', 16)];
  return first <= maximum && second <= maximum ? { first, second } : undefined;
}

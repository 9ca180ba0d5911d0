/** `usbdevicestoredirect` of .rdp files, as mstsc writes and reads it. */
import { UsageError } from '../../codecs/core/errors.ts';
import type { Rule, RuleCondition, RuleSet } from './rule.ts';
import { SAFE_DEFAULTS } from './safeDefaults.ts';
import { classesOfSetupClass } from './setupClasses.ts';

/** How the line starts. Tried on each line alone: white space that may span lines costs the square of the empty ones. */
const SETTING = /^\s*usbdevicestoredirect:s:/i;
/** A device setup class, as Windows writes it. */
const SETUP_CLASS = /^\{[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\}$/i;
/** The unit name that Windows makes up for a device without a serial number, such as `5&21f6dcd1&0&5`. */
const WINDOWS_UNIT = /^[0-9a-f]+(?:&[0-9a-f]+){2,3}$/i;

/**
 * Reads the line `usbdevicestoredirect:s:...` of an .rdp file.
 * @throws UsageError when there is no such line, and as {@link parseDevicesToRedirect}
 */
export function parseRdpFile(text: string, report: (problem: string) => void = () => {}): RuleSet {
  // When a key stands there twice, Windows keeps the later one.
  const line = text.split(/\r\n?|\n/).findLast((each) => SETTING.test(each));
  const value = line?.replace(SETTING, '');
  if (value !== undefined) return parseDevicesToRedirect(value, report);
  throw new UsageError(
    'the .rdp file has no line usbdevicestoredirect:s:...; add one, such as usbdevicestoredirect:s:* for every device',
  );
}

/**
 * Reads the value of `usbdevicestoredirect`: entries with `;` between them, each `*`, `{class GUID}`, `USB\InstanceID`, or
 * `-USB\InstanceID` to leave a device out, wherever in the list that stands. With `*` comes what mstsc would not redirect
 * either: {@link SAFE_DEFAULTS}.
 *
 * An instance id ends in a serial number, or in a name that Windows made up and no other system knows: then all devices
 * with these ids are meant.
 *
 * @param report - called with a line about each entry that matches nothing here: a setup class without a USB class
 * @throws UsageError that tells which entry is wrong
 */
export function parseDevicesToRedirect(value: string, report: (problem: string) => void = () => {}): RuleSet {
  const denied: Rule[] = [];
  const allowed: Rule[] = [];
  let isEverything = false;
  for (const entry of value.split(';').map((each) => each.trim())) {
    if (entry === '') continue;
    const origin = `usbdevicestoredirect ${entry}`;
    if (entry === '*') isEverything = true;
    else if (entry.startsWith('{')) {
      allowed.push(...readSetupClass(entry, report).map((condition): Rule => allow(condition, origin)));
    } else if (entry.startsWith('-')) {
      denied.push({ action: 'deny', conditions: readInstanceId(entry.slice(1)), origin });
    } else {
      allowed.push({ action: 'allow', conditions: readInstanceId(entry), origin });
    }
  }
  const everything: Rule[] = [...SAFE_DEFAULTS, { action: 'allow', conditions: [], origin: 'usbdevicestoredirect *' }];
  return { rules: [...denied, ...allowed, ...(isEverything ? everything : [])], otherwise: 'deny' };
}

function allow(condition: RuleCondition, origin: string): Rule {
  return { action: 'allow', conditions: [condition], origin };
}

function readSetupClass(entry: string, report: (problem: string) => void): readonly RuleCondition[] {
  const conditions = classesOfSetupClass(entry);
  if (conditions !== undefined) return conditions;
  const problem = `usbdevicestoredirect: there is no USB class for ${entry}`;
  const advice = 'name the device instead, such as USB\\VID_046D&PID_082B';
  if (!SETUP_CLASS.test(entry)) throw new UsageError(`${problem}; ${advice}`);
  report(`${problem}, which matches nothing; ${advice}`);
  return [];
}

function readInstanceId(entry: string): RuleCondition[] {
  const match = /^(?:USBInstanceID:)?USB\\VID_([0-9a-f]{4})&PID_([0-9a-f]{4})(?:&[^\\]*)?(?:\\([^\\]+))?$/i.exec(entry);
  const [, vendor, product, instance] = match ?? [];
  if (vendor === undefined || product === undefined) {
    throw new UsageError(
      `usbdevicestoredirect: ${JSON.stringify(entry)} is unknown; use *, {class GUID}, USB\\VID_046D&PID_082B\\SERIAL, or ` +
        'the latter with - in front to leave it out',
    );
  }
  const ids = { type: 'ids', vendorId: parseInt(vendor, 16), productId: parseInt(product, 16) } as const;
  if (instance === undefined || WINDOWS_UNIT.test(instance)) return [ids];
  return [ids, { type: 'serial', serialNumber: instance }];
}

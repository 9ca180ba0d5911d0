import { matches } from './decide.ts';
import { interfaceSettings, type PolicyDevice } from './policyDevice.ts';
import type { ShareAction, ShareRule } from './rule.ts';
import { formatRule, parseShareRule } from './ruleText.ts';

/** Milliseconds between the decision to take a device that streams and the moment it goes. */
const STREAM_NOTICE = 2000;
const AUDIO = 0x01;
const VIDEO = 0x0e;

/** What becomes of a claim to a device that somebody has. */
export interface ShareDecision {
  /** What the rule says. */
  readonly action: ShareAction;
  /** One line for people: `refused by refuse class 08 (default: ...)`. */
  readonly reason: string;
  /** Milliseconds between the decision and the hand-over; 0 but for what streams. */
  readonly notice: number;
}

/**
 * Follow the rules of the user, and go by what a class of devices loses when it changes hands in the middle of its work.
 * docs/sharing.md tells more of the reasons.
 */
export const SHARE_DEFAULTS: readonly ShareRule[] = [
  parseShareRule('refuse class 09', 'default: a hub has others behind it'),
  parseShareRule('refuse interface fe/01/02', 'default: its firmware is being written'),
  parseShareRule('refuse class 08', 'default: files of it may be open'),
  parseShareRule('ask class 0b', 'default: a transaction of a card may be under way'),
  parseShareRule('ask class 07', 'default: it may be printing'),
  parseShareRule('ask class 02', 'default: a program uses the line'),
  parseShareRule('ask class 0a', 'default: a program uses the line'),
  parseShareRule('ask class ff', 'default: a program with a driver of its own may use it'),
  parseShareRule('take class 03', 'default: keys and movements are all that is lost'),
  parseShareRule('take class 01', 'default: a stream ends'),
  parseShareRule('take class 0e', 'default: a stream ends'),
  parseShareRule('ask *', 'default'),
];

/**
 * Lets the first rule that matches decide about a claim, then {@link SHARE_DEFAULTS}. When it cannot be told whether a
 * condition is true, it counts as false for `take` and as true for the others.
 */
export function decideShare(rules: readonly ShareRule[], device: PolicyDevice): ShareDecision {
  const notice = isStream(device) ? STREAM_NOTICE : 0;
  for (const rule of [...rules, ...SHARE_DEFAULTS]) {
    if (matches(rule, device) ?? rule.action !== 'take') {
      return { action: rule.action, reason: `the rule is ${formatRule(rule)}${origin(rule)}`, notice };
    }
  }
  // The last of the defaults matches every device.
  return { action: 'refuse', reason: 'no rule speaks of it', notice };
}

function origin(rule: ShareRule): string {
  return rule.origin === undefined ? '' : ` (${rule.origin})`;
}

function isStream(device: PolicyDevice): boolean {
  return interfaceSettings(device).some(({ interfaceClass }) => interfaceClass === AUDIO || interfaceClass === VIDEO);
}

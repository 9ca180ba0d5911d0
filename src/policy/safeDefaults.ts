import type { Rule, RuleSet } from './rule.ts';
import { parseRule } from './ruleText.ts';

/**
 * What `auto` leaves alone, because a machine without it cannot be used or loses data. docs/policy.md tells more of the
 * reasons.
 */
export const SAFE_DEFAULTS: readonly Rule[] = [
  parseRule('deny class 09', 'safe default: hubs stay, what is plugged into them may go'),
  parseRule('deny interface 03/01/01', 'safe default: keyboards stay with the person who types'),
  parseRule('deny interface 03/01/02', 'safe default: mice stay with the person who points'),
  parseRule('deny root-disk', 'safe default: the system is on it'),
  parseRule('deny mounted', 'safe default: files of it may be open; unmount it first'),
  parseRule('deny default-route', 'safe default: this connection may run over it'),
];

/** All devices but {@link SAFE_DEFAULTS}. */
export const AUTO_RULES: RuleSet = { rules: SAFE_DEFAULTS, otherwise: 'allow' };

import type { Rule, RuleSet } from './rule.ts';
import { parseRule } from './ruleText.ts';

/**
 * Holds wherever devices are chosen by what they are, not by their port: the copy of a device that is redirected back to
 * the machine it comes from is the same device by all marks, and would be redirected again, without end.
 */
export const REDIRECTED_STAYS: Rule = parseRule(
  'deny redirected',
  'it came here by redirection; naming its port sends it on',
);

/**
 * Devices that `auto` does not redirect, because a machine without them cannot be used or loses data. docs/policy.md tells more of the
 * reasons.
 */
export const SAFE_DEFAULTS: readonly Rule[] = [
  parseRule('deny class 09', 'safe default: hubs stay, what is plugged into them may go'),
  parseRule('deny interface 03/01/01', 'safe default: keyboards stay with the person who types'),
  parseRule('deny interface 03/01/02', 'safe default: mice stay with the person who points'),
  REDIRECTED_STAYS,
  parseRule('deny root-disk', 'safe default: the system is on it'),
  parseRule('deny mounted', 'safe default: files of it may be open; unmount it first'),
  parseRule('deny default-route', 'safe default: this connection may run over it'),
];

/** All devices but {@link SAFE_DEFAULTS}. */
export const AUTO_RULES: RuleSet = { rules: SAFE_DEFAULTS, otherwise: 'allow' };

/** All devices of a seat, now and later. A hub stays: those that are plugged into it go. */
export function seatRules(name: string): RuleSet {
  const hubs = parseRule('deny device-class 09', 'hubs stay, what is plugged into them may go');
  return { rules: [hubs, parseRule(`allow seat ${name}`, 'the seat that was chosen')], otherwise: 'deny' };
}

/**
 * Of the devices that other machines offer, all but those that could take this one over once a driver has them: what types
 * and points, what the network may lead over, and hubs, whose devices nobody judges. A composite device with one such
 * interface, in whatever configuration and alternate setting, is one of them. Devices of vendor class FF are not told apart.
 */
export const FOREIGN_RULES: RuleSet = {
  rules: [
    parseRule('deny class 03', 'default for devices of other machines: it could type and point'),
    parseRule('deny class 09', 'default for devices of other machines: hubs bring others'),
    ...[
      // Bluetooth, RNDIS of telephones, ultra-wideband.
      'class e0',
      // Communication class: RNDIS, Ethernet, ATM, mobile direct line, Ethernet emulation, NCM, MBIM.
      'interface 02/02/ff',
      'interface 02/06',
      'interface 02/07',
      'interface 02/0a',
      'interface 02/0c',
      'interface 02/0d',
      'interface 02/0e',
      // RNDIS as class "miscellaneous": ActiveSync, and over Ethernet.
      'interface ef/01/01',
      'interface ef/04',
    ].map((condition) => {
      return parseRule(`deny ${condition}`, 'default for devices of other machines: the network could lead over it');
    }),
  ],
  otherwise: 'allow',
};

/**
 * Which devices may be redirected: rules, their language, and the rule languages of other programs. Runs in browsers.
 *
 * @packageDocumentation
 */
export { AutoSelection, type AutoSelectionOptions } from '../policy/autoSelection.ts';
export { decide, type Decision, type Policy, precede, rulePolicy } from '../policy/decide.ts';
export { parseFreerdpUsb } from '../policy/freerdpUsb.ts';
export { type LocalUse, NOT_USED_HERE, type PolicyDevice, policyDevice } from '../policy/policyDevice.ts';
export { parseDevicesToRedirect, parseRdpFile } from '../policy/rdpFile.ts';
export type {
  ClassPattern,
  PolicyAction,
  Rule,
  RuleCondition,
  RuleSet,
  ShareAction,
  ShareRule,
} from '../policy/rule.ts';
export { formatRule, parseRule, parseRules, parseShareRule, type RuleFile } from '../policy/ruleText.ts';
export { decideShare, SHARE_DEFAULTS, type ShareDecision } from '../policy/shareRules.ts';
export { AUTO_RULES, FOREIGN_RULES, SAFE_DEFAULTS } from '../policy/safeDefaults.ts';
export {
  parseUsbredirFilter,
  type UsbredirOptions,
  usbredirPolicy,
  type UsbredirRule,
} from '../policy/usbredirFilter.ts';

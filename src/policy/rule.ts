/** `ask`: a person decides; where no person can be asked, it means `deny`. */
export type PolicyAction = 'allow' | 'deny' | 'ask';

/** Class, subclass and protocol as descriptors have them; undefined: any. */
export interface ClassPattern {
  /** bDeviceClass or bInterfaceClass. */
  readonly classCode: number;
  /** bDeviceSubClass or bInterfaceSubClass. */
  readonly subclass: number | undefined;
  /** bDeviceProtocol or bInterfaceProtocol. */
  readonly protocol: number | undefined;
}

/** Something that is true of a device or not. */
export type RuleCondition =
  /** Undefined: any. */
  | { readonly type: 'ids'; readonly vendorId: number | undefined; readonly productId: number | undefined }
  /** The device as a whole, or at least one of its interfaces, is of this class. */
  | { readonly type: 'class'; readonly pattern: ClassPattern }
  /** bDeviceClass and what follows it, [USB 2.0] 9.6.1. */
  | { readonly type: 'deviceClass'; readonly pattern: ClassPattern }
  /** At least one alternate setting of an interface in any configuration, [USB 2.0] 9.6.5. */
  | { readonly type: 'interface'; readonly pattern: ClassPattern }
  /** All of them, and there is one. */
  | { readonly type: 'everyInterface'; readonly pattern: ClassPattern }
  /** A port path; with `*` as its last number it is everything below: `1-2.*`. */
  | { readonly type: 'port'; readonly path: string }
  /** Upper and lower case are the same, as in Windows' instance ids, and padding does not count. */
  | { readonly type: 'serial'; readonly serialNumber: string }
  /** Changes with every plug. */
  | { readonly type: 'address'; readonly busNumber: number; readonly deviceAddress: number }
  /** These five are of the machine that the device is plugged into. */
  | { readonly type: 'seat'; readonly name: string }
  | { readonly type: 'mounted' }
  | { readonly type: 'rootDisk' }
  | { readonly type: 'defaultRoute' }
  | { readonly type: 'redirected' };

/** A rule: the decision about devices for which all conditions are true (about every device when there is none). */
export interface Rule {
  /** What becomes of a device that matches. */
  readonly action: PolicyAction;
  /** All of them must hold. */
  readonly conditions: readonly RuleCondition[];
  /**
   * For `allow` and `ask`: only these interfaces go, with the others of their functions. A device that lacks one of them does
   * not match. Left out: the whole device.
   */
  readonly interfaces?: readonly number[];
  /** Where the rule comes from, for explanations: `rules.txt:3`. */
  readonly origin?: string;
}

/** Rules of which the first that matches decides. */
export interface RuleSet {
  /** In the order in which they are tried. */
  readonly rules: readonly Rule[];
  /** For devices that no rule matches. */
  readonly otherwise: PolicyAction;
}

/**
 * What happens when somebody wants to take a device that another has. `take`: it changes hands; `ask`: the holder is asked;
 * `refuse`: the holder keeps it.
 */
export type ShareAction = 'take' | 'ask' | 'refuse';

/** A rule about devices that several want. */
export interface ShareRule extends Omit<Rule, 'action' | 'interfaces'> {
  /** What becomes of a claim to a device that matches. */
  readonly action: ShareAction;
}

/** The end that gives devices away, or the end that makes them this machine's. */
export type Side = 'client' | 'server';

/** Result of one check. */
export interface Finding {
  readonly side: Side;
  /** Id of the check, for programs. */
  readonly check: Check;
  /** `missing`: the side does not work without it. `note`: good to know, and no obstacle. */
  readonly state: 'ok' | 'missing' | 'note';
  readonly text: string;
  /** Remedy: the command, where there is one. */
  readonly advice?: string;
}

export type Check =
  'left' | 'libusb' | 'deviceNodes' | 'udevd' | 'device' | 'udevRule' | 'platform' | 'module' | 'attachRight' | 'ports';

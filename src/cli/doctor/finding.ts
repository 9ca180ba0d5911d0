/** The end that gives devices away, or the end that makes them this machine's. */
export type Side = 'client' | 'server';

/** What one check found. */
export interface Finding {
  readonly side: Side;
  /** What was looked at, for programs. */
  readonly check: Check;
  /** `missing`: the side does not work without it. `note`: good to know, and no obstacle. */
  readonly state: 'ok' | 'missing' | 'note';
  readonly text: string;
  /** What to do: where there is a command, that is it. */
  readonly advice?: string;
}

export type Check =
  'libusb' | 'deviceNodes' | 'udevd' | 'device' | 'udevRule' | 'platform' | 'module' | 'attachRight' | 'ports';

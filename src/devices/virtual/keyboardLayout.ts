/** Keys of a keyboard with US layout, as usages of page 7, [HUT 1.3] 10. */

/** Bits of the first byte of a boot report, [HID 1.11] B.1. */
export const Modifier = {
  leftControl: 0x01,
  leftShift: 0x02,
  leftAlt: 0x04,
  leftGui: 0x08,
  rightControl: 0x10,
  rightShift: 0x20,
  rightAlt: 0x40,
  rightGui: 0x80,
} as const;

/** A key, and the modifiers to hold with it. */
export interface KeyStroke {
  readonly usage: number;
  readonly modifiers: number;
}

/** Usages of keys that write no letter or digit, in the order of [HUT 1.3] table 12: without shift, and with it. */
const SYMBOLS: readonly (readonly [usage: number, plain: string, shifted: string])[] = [
  [0x28, '\n', ''],
  [0x2a, '\b', ''],
  [0x2b, '\t', ''],
  [0x2c, ' ', ''],
  [0x2d, '-', '_'],
  [0x2e, '=', '+'],
  [0x2f, '[', '{'],
  [0x30, ']', '}'],
  [0x31, '\\', '|'],
  [0x33, ';', ':'],
  [0x34, "'", '"'],
  [0x35, '`', '~'],
  [0x36, ',', '<'],
  [0x37, '.', '>'],
  [0x38, '/', '?'],
];

const KEY_A = 0x04;
/** Of the key `1`; `0` is the last of the row. */
const KEY_1 = 0x1e;
const DIGITS = '1234567890';
const SHIFTED_DIGITS = '!@#$%^&*()';

const strokes = new Map<string, KeyStroke>();

function add(usage: number, plain: string, shifted: string): void {
  strokes.set(plain, { usage, modifiers: 0 });
  if (shifted !== '') strokes.set(shifted, { usage, modifiers: Modifier.leftShift });
}

for (const [index, letter] of Array.from('abcdefghijklmnopqrstuvwxyz').entries()) {
  add(KEY_A + index, letter, letter.toUpperCase());
}
for (const [index, digit] of Array.from(DIGITS).entries()) add(KEY_1 + index, digit, SHIFTED_DIGITS.charAt(index));
for (const [usage, plain, shifted] of SYMBOLS) add(usage, plain, shifted);

/** The key that writes a character; undefined when there is none. */
export function strokeFor(character: string): KeyStroke | undefined {
  return strokes.get(character);
}

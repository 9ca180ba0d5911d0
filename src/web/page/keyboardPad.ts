import { asError } from '../../../codecs/core/errors.ts';
import { HidKeyboard } from '../../devices/virtual/hidKeyboard.ts';
import { Modifier } from '../../devices/virtual/keyboardLayout.ts';
import { button, element, setText } from './dom.ts';

/** Keys that write nothing, by `KeyboardEvent.key`: usages of page 7, [HUT 1.3] 10. Tab stays with the page. */
const KEYS: Readonly<Partial<Record<string, number>>> = {
  Enter: 0x28,
  Escape: 0x29,
  Backspace: 0x2a,
  Delete: 0x4c,
  Insert: 0x49,
  Home: 0x4a,
  End: 0x4d,
  PageUp: 0x4b,
  PageDown: 0x4e,
  ArrowRight: 0x4f,
  ArrowLeft: 0x50,
  ArrowDown: 0x51,
  ArrowUp: 0x52,
};
const TAB = 0x2b;
const DELETE = 0x4c;
/** Bits of the lamps, [HID 1.11] B.1. */
const LAMPS = ['Num', 'Caps', 'Scroll'];

/** A keyboard that is typed in the page. */
export class KeyboardPad {
  readonly device: HidKeyboard;
  readonly node: HTMLElement;
  readonly #lamps = element('span', { class: 'quiet' });
  readonly #problem: (sentence: string) => void;

  /** @param problem - told what cannot be typed */
  constructor(problem: (sentence: string) => void) {
    this.#problem = problem;
    this.device = new HidKeyboard({ productName: 'Keyboard of a page', onLeds: (leds) => this.#showLamps(leds) });
    const field = element('input', { type: 'text', autocomplete: 'off', autocapitalize: 'off', spellcheck: 'false' });
    field.addEventListener('keydown', (event) => this.#keyDown(event));
    field.addEventListener('beforeinput', (event) => {
      if (event.isComposing) return;
      event.preventDefault();
      if (event.data !== null) this.#type(event.data);
    });
    field.addEventListener('compositionend', (event) => {
      field.value = '';
      this.#type(event.data);
    });
    const { leftControl, leftAlt } = Modifier;
    const keys = [
      button('Tab', () => this.#stroke(TAB, 0)),
      button('Ctrl + Alt + Del', () => this.#stroke(DELETE, leftControl | leftAlt)),
      button('Windows key', () => this.#stroke(0, Modifier.leftGui)),
    ];
    const hint = 'What you type here is typed at the server, as on a US keyboard.';
    const label = element('label', {}, element('span', {}, hint), field);
    this.node = element(
      'div',
      { class: 'keyboard' },
      label,
      element('div', { class: 'buttons' }, ...keys, this.#lamps),
    );
    this.#showLamps(0);
  }

  #keyDown(event: KeyboardEvent): void {
    const usage = KEYS[event.key];
    if (usage === undefined || event.isComposing) return;
    event.preventDefault();
    const { shiftKey, ctrlKey, altKey, metaKey } = event;
    const held = [shiftKey, ctrlKey, altKey, metaKey];
    const bits = [Modifier.leftShift, Modifier.leftControl, Modifier.leftAlt, Modifier.leftGui];
    this.#stroke(
      usage,
      bits.reduce((sum, bit, index) => sum | (held[index] === true ? bit : 0), 0),
    );
  }

  #stroke(usage: number, modifiers: number): void {
    this.#try(() => {
      this.device.press(usage, modifiers);
      this.device.release();
    });
  }

  #type(text: string): void {
    this.#try(() => this.device.type(text));
  }

  #try(typing: () => void): void {
    try {
      typing();
    } catch (error) {
      this.#problem(`It was not typed: ${asError(error).message}.`);
    }
  }

  #showLamps(leds: number): void {
    const on = LAMPS.filter((_, index) => (leds & (1 << index)) !== 0);
    setText(this.#lamps, `Lamps that are on: ${on.length === 0 ? 'none' : on.join(', ')}`);
  }
}

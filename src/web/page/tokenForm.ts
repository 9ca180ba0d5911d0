import { element } from './dom.ts';

/** A field for a token, and a button that hands it over once. */
export class TokenForm {
  readonly node: HTMLFormElement;
  readonly #button: HTMLButtonElement;

  /** @param id - of the field */
  constructor(id: string, labelText: string, verb: string, use: (token: string) => void) {
    const label = element('label', { for: id }, labelText);
    const field = element('input', { type: 'password', id, autocomplete: 'off', required: true });
    this.#button = element('button', { type: 'submit', class: 'primary' }, verb);
    this.node = element('form', { class: 'row' }, label, field, this.#button);
    this.node.addEventListener('submit', (event) => {
      event.preventDefault();
      const token = field.value.trim();
      field.value = '';
      use(token);
    });
  }

  update({ isShown, isBusy }: { readonly isShown: boolean; readonly isBusy: boolean }): void {
    this.node.hidden = !isShown;
    this.#button.disabled = isBusy;
  }
}

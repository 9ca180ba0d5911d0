import { asError } from '../../../codecs/core/errors.ts';
import { BROWSER_LIMITS } from '../model/browserLimits.ts';
import { button, element, setText } from './dom.ts';

/** Ways in which a page comes to a device. */
export interface Ways {
  /** Undefined where the browser has no WebUSB. */
  readonly chooseUsb: (() => Promise<void>) | undefined;
  readonly image: (file: File, isReadOnly: boolean) => void;
  readonly keyboard: () => void;
}

/** Where a person chooses what to give. */
export function givePanel({ chooseUsb, image, keyboard }: Ways): HTMLElement {
  const problem = element('p', { class: 'notice', role: 'alert', hidden: true });
  const tell = (text: string) => {
    problem.hidden = text === '';
    setText(problem, text);
  };
  const attempt = (action: () => void | Promise<void>) => () => {
    tell('');
    Promise.resolve()
      .then(action)
      .catch((error: unknown) => tell(asError(error).message));
  };
  const usb = button('USB device…', chooseUsb === undefined ? () => {} : attempt(chooseUsb), { class: 'primary' });
  const noWebUsb = element('p', { class: 'notice', id: 'no-webusb' }, NO_WEBUSB);
  if (chooseUsb === undefined) {
    usb.disabled = true;
    usb.setAttribute('aria-describedby', 'no-webusb');
  }
  const file = element('input', {
    type: 'file',
    id: 'image',
    accept: '.img,.iso,.raw,.bin,.dd',
    class: 'hidden-input',
  });
  const readOnly = element('input', { type: 'checkbox', id: 'read-only', checked: true });
  file.addEventListener('change', () => {
    const [chosen] = file.files ?? [];
    if (chosen !== undefined) attempt(() => image(chosen, readOnly.checked))();
    file.value = '';
  });
  return element(
    'div',
    {},
    element(
      'div',
      { class: 'buttons' },
      usb,
      button('Disk image as a stick…', () => file.click()),
      button('Keyboard in this page', attempt(keyboard)),
    ),
    file,
    element(
      'label',
      { class: 'check', for: 'read-only' },
      readOnly,
      ' Disk images are read-only. Otherwise changes stay in this page until you save a copy.',
    ),
    chooseUsb === undefined ? noWebUsb : undefined,
    problem,
    limits(),
  );
}

const NO_WEBUSB =
  'This browser has no WebUSB. Chrome, Edge and other relatives of Chromium have it, at https: pages; in any browser the program urbdrc on this computer gives USB devices: urbdrc redirect.';

function limits(): HTMLElement {
  const rows = BROWSER_LIMITS.map(({ what, why, way }) =>
    element('tr', {}, element('th', { scope: 'row' }, what), element('td', {}, why), element('td', {}, way)),
  );
  const head = element(
    'tr',
    {},
    ...['Not from a browser', 'Why', 'Instead'].map((text) => element('th', { scope: 'col' }, text)),
  );
  const table = element('table', {}, element('thead', {}, head), element('tbody', {}, ...rows));
  const summary = element('summary', {}, 'What a browser cannot give, and what to do');
  const region = { class: 'scroll', role: 'region', tabindex: '0', 'aria-label': 'What a browser cannot give' };
  return element('details', {}, summary, element('div', region, table));
}

import type { BlobBlocks } from '../../devices/virtual/blobBlocks.ts';
import { idsOf, type Offer } from '../model/offer.ts';
import { descriptorView } from './descriptorView.ts';
import { button, element, setText } from './dom.ts';
import { Plot, sizeText } from './plot.ts';

export interface DeviceActions {
  give(offer: Offer): void;
  takeBack(offer: Offer): void;
  /** The page has it no more. */
  remove(offer: Offer): void;
}

/** What a card has for the kind of its device. */
export interface DeviceExtras {
  /** Such as the keys of a keyboard. */
  readonly pad?: HTMLElement;
  /** What a disk image has in memory. */
  readonly blocks?: BlobBlocks;
}

/** One device: what it is, where it is, what it does. */
export class DeviceCard {
  readonly offer: Offer;
  readonly node: HTMLElement;
  readonly #connection: () => { readonly isOpen: boolean; readonly target: string };
  readonly #place = element('p', { class: 'place' });
  readonly #give: HTMLButtonElement;
  readonly #back: HTMLButtonElement;
  readonly #save: HTMLButtonElement | undefined;
  readonly #blocks: BlobBlocks | undefined;
  readonly #plot = new Plot(true);

  constructor(
    offer: Offer,
    actions: DeviceActions,
    connection: () => { readonly isOpen: boolean; readonly target: string },
    { pad, blocks }: DeviceExtras = {},
  ) {
    this.offer = offer;
    this.#connection = connection;
    this.#blocks = blocks;
    const about = (verb: string) => ({ 'aria-label': `${verb}: ${offer.name}` });
    this.#give = button('Give', () => actions.give(offer), { ...about('Give'), class: 'primary' });
    this.#back = button('Take back', () => actions.takeBack(offer), about('Take back'));
    const verb = offer.kind === 'usb' ? 'Forget' : 'Remove';
    const forget = button(verb, () => actions.remove(offer), about(verb));
    this.#save =
      blocks === undefined || blocks.readOnly ? undefined : button('Save a copy', () => save(blocks, offer.name));
    const kept = offer.keptInterfaces;
    const limits =
      kept.length === 0
        ? undefined
        : `This browser keeps for itself: interface ${kept.join(', ')}. The program urbdrc on this computer can give all of it.`;
    this.node = element(
      'li',
      { class: 'card', 'data-offer': String(offer.id) },
      element(
        'div',
        { class: 'head' },
        element('div', {}, element('h3', {}, offer.name), element('p', { class: 'quiet' }, describe(offer))),
        element('div', { class: 'buttons' }, this.#give, this.#back, this.#save, forget),
      ),
      this.#place,
      limits === undefined ? undefined : element('p', { class: 'notice' }, limits),
      pad,
      this.#plot.node,
      descriptorView(offer.device),
    );
    this.update();
  }

  /** After any change. */
  update(): void {
    const { offer } = this;
    const { state } = offer;
    const isHere = state.name === 'here';
    const canGive = isHere && !(offer.isWanted && !this.#connection().isOpen);
    show(this.#give, canGive, this.#back);
    show(this.#back, !canGive, this.#give);
    this.#plot.node.hidden = isHere && state.why === undefined;
    this.node.dataset['state'] = state.name === 'given' && state.isUsed ? 'used' : state.name;
    setText(this.#place, this.#placeText());
    this.draw();
  }

  /** Moves the focus to what can be done with it. */
  focus(): void {
    if (this.#give.hidden) this.#back.focus();
    else this.#give.focus();
  }

  /** Once a second. */
  draw(): void {
    if (!this.#plot.node.hidden) this.#plot.draw(this.offer.ratesNow());
    const changed = this.#blocks?.changedBytes ?? 0;
    if (this.#save === undefined) return;
    this.#save.disabled = changed === 0;
    setText(this.#save, changed === 0 ? 'Save a copy (nothing changed)' : `Save a copy (${sizeText(changed)} changed)`);
  }

  #placeText(): string {
    const { state, isWanted } = this.offer;
    const { target, isOpen } = this.#connection();
    switch (state.name) {
      case 'here':
        if (isWanted && !isOpen) return 'In this browser. It is given as soon as there is a connection.';
        return `In this browser. ${state.why ?? 'Nobody else has it.'}`;
      case 'going':
        return 'On its way to the server.';
      case 'given':
        return state.isUsed ? `At ${target}, which uses it.` : `At ${target}, which has not asked anything of it yet.`;
      case 'gone':
        return 'It is not plugged in any more.';
    }
  }
}

/** The focus goes on to the button that takes its place. */
function show(shown: HTMLButtonElement, isShown: boolean, other: HTMLButtonElement): void {
  const hadFocus = document.activeElement === shown;
  shown.hidden = !isShown;
  if (!isShown && hadFocus) {
    other.hidden = false;
    other.focus();
  }
}

function describe({ device, kind }: Offer): string {
  const { manufacturerName, serialNumber, speed } = device.identity;
  const kinds = { usb: 'USB device', image: 'disk image', keyboard: 'made up by this page', serial: 'serial port' };
  const serial = serialNumber === undefined ? undefined : `serial number ${serialNumber}`;
  const parts = [kinds[kind], manufacturerName, idsOf(device), serial, `${speed} speed`];
  return parts.filter((part) => part !== undefined).join(', ');
}

function save(blocks: BlobBlocks, name: string): void {
  const url = URL.createObjectURL(blocks.copy());
  element('a', { href: url, download: `copy of ${name}` }).click();
  // The browser has begun with it by then.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

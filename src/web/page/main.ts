import { BlobBlocks } from '../../devices/virtual/blobBlocks.ts';
import { MassStorageStick } from '../../devices/virtual/massStorageStick.ts';
import { WebUsbDevices } from '../../devices/webusb/webUsbDevices.ts';
import type { UsbDevice } from '../../ports/usb.ts';
import { systemClock } from '../../systemClock.ts';
import { dialPage } from '../../../transports/webSocket/dialPage.ts';
import type { Offer } from '../model/offer.ts';
import { PageSession } from '../model/pageSession.ts';
import { claimsIn } from '../model/tokenClaims.ts';
import { ConnectionPanel } from './connectionPanel.ts';
import { DeviceCard, type DeviceExtras } from './deviceCard.ts';
import { find } from './dom.ts';
import { givePanel } from './givePanel.ts';
import { KeyboardPad } from './keyboardPad.ts';
import { LogPanel } from './logPanel.ts';
import { Remembered } from './remembered.ts';
import { newName, tokensInAddress, webSocketAt } from './place.ts';
import { ScreenPanel } from './screenPanel.ts';

/** Typed by hand: browsers without WebUSB have none. */
const usb: Navigator['usb'] | undefined = 'usb' in navigator ? navigator.usb : undefined;

let claims = claimsIn('');
let isDrawn = true;
const session = new PageSession({
  dial: (token) => dialPage(webSocketAt(token, newName())),
  clock: systemClock,
  changed: () => {
    if (isDrawn) requestAnimationFrame(draw);
    isDrawn = false;
  },
});
const remembered = new Remembered();
const cards = new Map<Offer, DeviceCard>();
const extras = new Map<Offer, DeviceExtras>();
const log = new LogPanel(session.log);
const connection = new ConnectionPanel({ connect, disconnect: () => void session.disconnect() });

function connect(token: string): void {
  claims = claimsIn(token);
  void session.connect(token);
}

function give(offer: Offer): void {
  if (offer.kind === 'usb') remembered.add(offer.device);
  void session.give(offer);
}

const actions = {
  give,
  takeBack(offer: Offer) {
    remembered.delete(offer.device);
    void offer.takeBack();
  },
  remove(offer: Offer) {
    remembered.delete(offer.device);
    void session.remove(offer).then(() => (offer.kind === 'usb' ? forget(offer.device) : undefined));
  },
};

function draw(): void {
  isDrawn = true;
  const { user = 'You', target = location.host } = claims;
  connection.update(session.state, `${user} at ${target}. Devices that you give are there at once.`);
  log.update();
  const { offers } = session;
  for (const [offer, card] of cards) {
    if (offers.includes(offer)) continue;
    card.node.remove();
    cards.delete(offer);
    extras.delete(offer);
  }
  for (const offer of offers) {
    const known = cards.get(offer);
    if (known === undefined) {
      const card = new DeviceCard(offer, actions, where, extras.get(offer));
      cards.set(offer, card);
      find('devices').append(card.node);
    } else known.update();
  }
  find('no-devices').hidden = offers.length > 0;
}

const where = () => ({ isOpen: 'client' in session.state, target: claims.target ?? location.host });

/** A device that the page makes up: it is wanted at the server at once. */
function makeUp(device: UsbDevice, kind: Offer['kind'], more: DeviceExtras): void {
  const offer = session.add(device, kind);
  extras.set(offer, more);
  give(offer);
}

let images = 0;
const ways = {
  image(file: File, isReadOnly: boolean) {
    const blocks = new BlobBlocks(file, { readOnly: isReadOnly });
    images += 1;
    const serialNumber = `F11E${String(images).padStart(8, '0')}`;
    makeUp(new MassStorageStick({ blocks, productName: file.name.slice(0, 100), serialNumber }), 'image', { blocks });
  },
  keyboard() {
    const pad = new KeyboardPad((sentence) => session.log.add(sentence, pad.device.identity.productName));
    makeUp(pad.device, 'keyboard', { pad: pad.node });
  },
};

/** Devices that come through WebUSB: those that the person chooses, and those that were given before. */
function startWebUsb(bus: Navigator['usb']): () => Promise<void> {
  const tell = (error: Error) => session.log.add(error.message);
  const devices = new WebUsbDevices(bus, { onProblem: tell, onFinding: tell });
  const come = (device: UsbDevice) => {
    const offer = session.add(device, 'usb');
    if (remembered.has(device)) give(offer);
  };
  devices.watch(come);
  void devices.list().then((list) => list.forEach(come));
  return async () => {
    const chosen = await bus.requestDevice({ filters: [] }).catch((error: unknown) => {
      // The person closed the list without a choice.
      if (error instanceof DOMException && error.name === 'NotFoundError') return undefined;
      throw error;
    });
    if (chosen === undefined) return;
    const device = await devices.admit(chosen);
    // It is not given yet: first the person sees what it is, and what of it stays with the browser.
    const offer = session.add(device, 'usb');
    draw();
    cards.get(offer)?.focus();
  };
}

/** Gives the right to use a device back to the browser. */
async function forget({ identity }: UsbDevice): Promise<void> {
  for (const each of (await usb?.getDevices()) ?? []) {
    const { vendorId, productId, serialNumber } = each;
    const isIt = vendorId === identity.vendorId && productId === identity.productId;
    if (isIt && (serialNumber ?? undefined) === identity.serialNumber) await each.forget();
  }
}

find('connection').append(connection.node);
find('give').append(givePanel({ ...ways, chooseUsb: usb === undefined ? undefined : startWebUsb(usb) }));
setInterval(() => cards.forEach((card) => card.draw()), 1000);
const screen = new ScreenPanel(find('main'));
find('screen').append(screen.node);
const shown = tokensInAddress();
if (shown.token !== undefined) connect(shown.token);
if (shown.console !== undefined) void screen.connect(shown.console);
draw();

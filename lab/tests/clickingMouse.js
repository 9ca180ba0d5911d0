// Run by distance.test.js: redirects a mouse of software to the server at the URL that it is given. It clicks each time that
// another read comes while one is outstanding already: a click is two reports, and takes no time.
import { once } from 'node:events';
import { dial } from '../../dist/src/entryPoints/node.js';
import { RedirectionClient } from '../../dist/src/entryPoints/urbdrc.js';
import { HidMouse } from '../../dist/src/entryPoints/virtualDevices.js';

/** @typedef {import('../../dist/src/entryPoints/urbdrc.js').UsbDevice} UsbDevice */

const [, , url = '', clicks = ''] = process.argv;

class ClickingMouse extends HidMouse {
  #left = Number(clicks);
  #reads = 0;

  /**
   * @override
   * @type {UsbDevice['submit']}
   */
  submit(operation, complete) {
    if (operation.type !== 'transferIn') return super.submit(operation, complete);
    this.#reads += 1;
    const transfer = super.submit(operation, (result) => {
      this.#reads -= 1;
      complete(result);
    });
    if (this.#reads >= 2 && this.#left > 0) {
      this.#left -= 1;
      this.press(1);
      this.release(1);
      process.stdout.write(`clicked, ${this.#left} left\n`);
    }
    return transfer;
  }
}

const client = new RedirectionClient(await dial(url));
await client.attach(new ClickingMouse());
await once(process, 'SIGINT');
await client.close();

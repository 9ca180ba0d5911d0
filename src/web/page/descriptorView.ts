import { type DescriptorNode, descriptorTree } from '../model/descriptorTree.ts';
import type { UsbDevice } from '../../ports/usb.ts';
import { element } from './dom.ts';

/** What a device says about itself, as a tree that opens. It is read when it is opened for the first time. */
export function descriptorView(device: UsbDevice): HTMLElement {
  const content = element('div');
  const view = element('details', { class: 'descriptors' }, element('summary', {}, 'What it is: descriptors'), content);
  view.addEventListener('toggle', () => {
    if (view.open && content.childElementCount === 0) content.append(...descriptorTree(device).map(nodeView));
  });
  return view;
}

function nodeView({ label, fields, children }: DescriptorNode): HTMLElement {
  const rows = fields.map(([name, value]) => element('div', {}, element('dt', {}, name), element('dd', {}, value)));
  const open = children.length > 0;
  const list = element('dl', {}, ...rows);
  return element('details', { open }, element('summary', {}, label), list, ...children.map(nodeView));
}

import type { UsbDevice, UsbDeviceSource } from '../ports/usb.ts';
import type { DeviceRow } from './deviceRow.ts';
import { HubError } from './hubError.ts';

/** The one table of what is where. What is done for one device, or one source, costs as much with many others as without. */
export class DeviceTable {
  readonly #byDevice = new Map<UsbDevice, DeviceRow>();
  readonly #byId = new Map<number, DeviceRow>();
  readonly #bySource = new Map<UsbDeviceSource, Set<DeviceRow>>();

  /** In the order in which they came. */
  get list(): readonly DeviceRow[] {
    return [...this.#byDevice.values()];
  }

  has(device: UsbDevice): boolean {
    return this.#byDevice.has(device);
  }

  add(row: DeviceRow): void {
    this.#byDevice.set(row.device, row);
    this.#byId.set(row.id, row);
    const rows = this.#bySource.get(row.source);
    if (rows === undefined) this.#bySource.set(row.source, new Set([row]));
    else rows.add(row);
  }

  remove(row: DeviceRow): void {
    this.#byDevice.delete(row.device);
    this.#byId.delete(row.id);
    const rows = this.#bySource.get(row.source);
    rows?.delete(row);
    if (rows?.size === 0) this.#bySource.delete(row.source);
  }

  /** @throws HubError when there is none */
  get(id: number): DeviceRow {
    const row = this.#byId.get(id);
    if (row === undefined) throw new HubError('NO_SUCH_DEVICE', `there is no device ${id}`);
    return row;
  }

  /** Those of one source, in the order in which they came. */
  of(source: UsbDeviceSource): readonly DeviceRow[] {
    return [...(this.#bySource.get(source) ?? [])];
  }
}

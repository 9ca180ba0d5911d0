import type { UsbDeviceSink, UsbDeviceSource } from '../ports/usb.ts';
import type { DeviceRow } from './deviceRow.ts';

/** What a row has that is there no more, a line each. There is none, unless an end was missed. */
export function orphansOf(
  row: DeviceRow,
  sources: ReadonlyMap<UsbDeviceSource, unknown>,
  sinks: ReadonlySet<UsbDeviceSink>,
): readonly string[] {
  const { id, source, device, state, share } = row;
  const found: string[] = [];
  if (!sources.has(source)) found.push(`device ${id} is of ${source.name}, which is gone`);
  if (device.gone.aborted) found.push(`device ${id} of ${source.name} is gone`);
  if ('sink' in state && !sinks.has(state.sink)) found.push(`device ${id} is at ${state.sink.name}, which is gone`);
  if (state.name === 'free' && share.state.name !== 'free') {
    found.push(`device ${id} is free, and counts as that of ${share.state.holder.name}`);
  }
  return found;
}

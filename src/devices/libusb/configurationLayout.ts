/** Which interfaces and endpoints a configuration has: the little that this folder must know of descriptors. */
export interface ConfigurationLayout {
  readonly configurationValue: number;
  readonly interfaces: readonly InterfaceLayout[];
}

/** One alternate setting of an interface. */
export interface InterfaceLayout {
  readonly interfaceNumber: number;
  readonly alternateSetting: number;
  readonly endpoints: readonly EndpointLayout[];
}

export interface EndpointLayout {
  readonly endpointAddress: number;
  /** bmAttributes bits 0-1, which are LIBUSB_TRANSFER_TYPE_* too. */
  readonly transferType: number;
}

const CONFIGURATION = 2;
const INTERFACE = 4;
const ENDPOINT = 5;

/** Reads a whole configuration descriptor, [USB 2.0] 9.6.3. What is malformed ends the walk: devices are allowed to be odd. */
export function readConfigurationLayout(descriptor: Uint8Array): ConfigurationLayout {
  const interfaces: { interfaceNumber: number; alternateSetting: number; endpoints: EndpointLayout[] }[] = [];
  let configurationValue = 0;
  for (const part of walk(descriptor)) {
    const [length = 0, type, third = 0, fourth = 0, , sixth = 0] = part;
    if (type === CONFIGURATION && length >= 6) configurationValue = sixth;
    if (type === INTERFACE && length >= 9)
      interfaces.push({ interfaceNumber: third, alternateSetting: fourth, endpoints: [] });
    if (type === ENDPOINT && length >= 7)
      interfaces.at(-1)?.endpoints.push({ endpointAddress: third, transferType: fourth & 3 });
  }
  return { configurationValue, interfaces };
}

/** The interface numbers of a configuration, ascending, each once. */
export function interfaceNumbers(layout: ConfigurationLayout): number[] {
  return [...new Set(layout.interfaces.map((each) => each.interfaceNumber))].sort((a, b) => a - b);
}

/**
 * Finds an endpoint in the alternate settings that are chosen, and else in any: a descriptor that is not true shall not
 * stop a transfer that the device would have made.
 */
export function findEndpoint(
  layout: ConfigurationLayout,
  alternates: ReadonlyMap<number, number>,
  endpointAddress: number,
): EndpointLayout | undefined {
  let found: EndpointLayout | undefined;
  for (const { interfaceNumber, alternateSetting, endpoints } of layout.interfaces) {
    const endpoint = endpoints.find((each) => each.endpointAddress === endpointAddress);
    if (endpoint === undefined) continue;
    if ((alternates.get(interfaceNumber) ?? 0) === alternateSetting) return endpoint;
    found ??= endpoint;
  }
  return found;
}

/** Splits descriptors that follow each other. */
function* walk(bytes: Uint8Array): Generator<Uint8Array> {
  for (let offset = 0; offset + 2 <= bytes.byteLength;) {
    const length = bytes[offset] ?? 0;
    if (length < 2 || offset + length > bytes.byteLength) return;
    yield bytes.subarray(offset, offset + length);
    offset += length;
  }
}

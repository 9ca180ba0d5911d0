/**
 * A compatible id by which our client tells our server that it keeps the order of a device's transfers (`OrderedDevice`),
 * so that reads may be sent before their time. [MS-RDPEUSB] has no field for it, and an operating system looks for a driver
 * by the ids before this one.
 */
export const KEEPS_ORDER = 'URBDRC\\KEEPS_ORDER';

/** The same for: it reads, and tells its user, why the server will not have the device (`RetractDevice.explanation`). */
export const READS_EXPLANATIONS = 'URBDRC\\READS_EXPLANATIONS';

/** Behind the ids of the device. */
export const OWN_CAPABILITIES: readonly string[] = [READS_EXPLANATIONS, KEEPS_ORDER];

/**
 * A compatible id by which our client tells our server that it keeps the order of a device's transfers (`OrderedDevice`),
 * so that reads may be sent before their time. [MS-RDPEUSB] has no field for it, and an operating system looks for a driver
 * by the ids before this one.
 */
export const KEEPS_ORDER = 'URBDRC\\KEEPS_ORDER';

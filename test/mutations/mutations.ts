/** One change to the code that a test must notice. */
export interface Mutation {
  /** What goes wrong. */
  readonly name: string;
  readonly file: string;
  /** Text that the file has once. */
  readonly was: string;
  readonly becomes: string;
  /** Test files that mocha runs, separated by blanks. */
  readonly tests: string;
}

const SESSION_TESTS = 'test/urbdrc/session/*.test.ts test/engine/*.test.ts';
const CHANNEL_TESTS = 'test/channels/*.test.ts test/engine/*.test.ts';
const TRANSPORT_TESTS = 'test/transports/*.test.ts test/transports/rdp/*.test.ts';

export const MUTATIONS: readonly Mutation[] = [
  {
    name: 'cancel between two steps of one request is lost',
    file: 'src/engine/clientDevice.ts',
    was: "else if (request.state === 'cancelled') this.#follow(request, step.next(resultOf('cancelled')));",
    becomes: '',
    tests: SESSION_TESTS,
  },
  {
    name: "a request for another device's interface is accepted",
    file: 'src/urbdrc/session/client/deviceChannel.ts',
    was: 'if (message.interfaceId !== this.#announcement.addDevice.usbDevice) {',
    becomes: 'if (message.interfaceId === -1) {',
    tests: SESSION_TESTS,
  },
  {
    name: 'the REGISTER_REQUEST_CALLBACK that stops requests keeps pending ones',
    file: 'src/urbdrc/session/client/deviceChannel.ts',
    was: "if (isStop) step.emit({ type: 'stopped', requests: this.abandon() });",
    becomes: "if (isStop) step.emit({ type: 'stopped', requests: [] });",
    tests: SESSION_TESTS,
  },
  {
    name: 'a completion with more data than was asked for is sent',
    file: 'src/urbdrc/session/client/deviceChannel.ts',
    was: 'if (completion.data.byteLength > request.outputBufferSize) {',
    becomes: 'if (completion.data.byteLength < 0) {',
    tests: SESSION_TESTS,
  },
  {
    name: 'abandoned ids are kept without a limit',
    file: 'src/urbdrc/session/server/requestTable.ts',
    was: 'if (this.#abandoned.size > ABANDONED_LIMIT) {',
    becomes: 'if (this.#abandoned.size > Infinity) {',
    tests: SESSION_TESTS,
  },
  {
    name: 'a request takes the id of an abandoned one',
    file: 'src/urbdrc/session/server/requestTable.ts',
    was: 'this.#requests.has(this.#lastId) || this.#abandoned.has(this.#lastId)',
    becomes: 'this.#requests.has(this.#lastId)',
    tests: SESSION_TESTS,
  },
  {
    name: 'requests of a closed channel are not ended',
    file: 'src/urbdrc/session/client/deviceChannel.ts',
    was: "for (const request of requests) request.state = 'over';",
    becomes: '',
    tests: SESSION_TESTS,
  },
  {
    name: 'USB/IP commands are read however many replies wait',
    file: 'src/hosts/usbip/deviceConnection.ts',
    was: 'if (this.#socket.writableLength > REPLY_BACKLOG) this.#socket.pause();',
    becomes: '',
    tests: 'test/hosts/usbip/*.test.ts test/hosts/usbipServer/*.test.ts',
  },
  {
    name: 'a device is opened that the filter of the guest refuses',
    file: 'src/hosts/usbredir/usbredirGuest.ts',
    was: 'this.#checkFilter(device);',
    becomes: '',
    tests: 'test/hosts/usbredir/*.test.ts',
  },
  {
    name: 'packets of usbredir are read however many answers wait',
    file: 'src/hosts/usbredir/usbredirGuest.ts',
    was: 'if (socket.writableLength > BACKLOG) socket.pause();',
    becomes: '',
    tests: 'test/hosts/usbredir/*.test.ts',
  },
  {
    name: 'data on a static channel that was not joined is accepted',
    file: 'src/rdp/conference.ts',
    was: 'return this.#joined.has(id) ? this.#names.get(id) : undefined;',
    becomes: 'return this.#names.get(id);',
    tests: 'test/rdp/*.test.ts',
  },
  {
    name: 'a channel is joined twice',
    file: 'src/rdp/conference.ts',
    was: 'if (this.#joined.has(channelId)) throw joinError(`channel ${channelId} is joined already`);',
    becomes: '',
    tests: 'test/rdp/*.test.ts',
  },
  {
    name: 'the user attaches again while channels are joined',
    file: 'src/rdp/transitions.ts',
    was: "joining: { CHANNEL_JOIN_REQUEST: 'joining',",
    becomes: "joining: { ATTACH_USER_REQUEST: 'joining', CHANNEL_JOIN_REQUEST: 'joining',",
    tests: 'test/rdp/*.test.ts',
  },
  {
    name: 'TLS 1.0 is accepted',
    file: 'transports/tlsAcceptor.ts',
    was: "minVersion: 'TLSv1.2'",
    becomes: "minVersion: 'TLSv1'",
    tests: TRANSPORT_TESTS,
  },
  {
    name: 'a fingerprint suffices although an authority is given',
    file: 'transports/dial.ts',
    was: 'if (fingerprint !== undefined && options.ca === undefined) return;',
    becomes: 'if (fingerprint !== undefined) return;',
    tests: TRANSPORT_TESTS,
  },
  {
    name: 'any fingerprint is accepted',
    file: 'transports/dial.ts',
    was: 'if (fingerprint !== undefined && !hasFingerprint(presented, fingerprint)) {',
    becomes: 'if (fingerprint === presented) {',
    tests: TRANSPORT_TESTS,
  },
  {
    name: 'one byte of the digests of secrets is not compared',
    file: 'transports/secrets.ts',
    was: 'return timingSafeEqual(presented, expected);',
    becomes: 'return timingSafeEqual(presented.subarray(1), expected.subarray(1));',
    tests: TRANSPORT_TESTS,
  },
  {
    name: 'one byte of a fingerprint is not compared',
    file: 'transports/certificates.ts',
    was: "return fingerprint256.replaceAll(':', '').toLowerCase() === fingerprint;",
    becomes: "return fingerprint256.replaceAll(':', '').toLowerCase().slice(2) === fingerprint.slice(2);",
    tests: TRANSPORT_TESTS,
  },
  {
    name: 'the right password does not end the row of wrong ones',
    file: 'transports/rdp/wrongPasswords.ts',
    was: 'forget(address: string): void {\n    this.#entries.delete(networkOf(address));',
    becomes: 'forget(address: string): void {\n    this.#entries.has(networkOf(address));',
    tests: TRANSPORT_TESTS,
  },
  {
    name: 'a unix socket is open to all users until its mode is set',
    file: 'transports/unixSocket.ts',
    was: 'process.umask(0o777 & ~MODE)',
    becomes: 'process.umask()',
    tests: TRANSPORT_TESTS,
  },
  {
    name: '126.0.0.7 counts as this machine',
    file: 'transports/url.ts',
    was: "loopback.addSubnet('127.0.0.0', 8, 'ipv4');",
    becomes: "loopback.addSubnet('126.0.0.0', 7, 'ipv4');",
    tests: TRANSPORT_TESTS,
  },
  {
    name: 'one network takes all places for unproven connections',
    file: 'src/admission/pendingConnections.ts',
    was: 'const hasFullShare = (counts.get(newcomer) ?? 0) > this.#limits.perNetwork;',
    becomes: 'const hasFullShare = false;',
    tests: 'test/admission/*.test.ts test/transports/*.test.ts',
  },
  {
    name: 'a limit of connections has one place more',
    file: 'src/admission/connectionLimit.ts',
    was: 'if (this.#count >= this.maximum) return false;',
    becomes: 'if (this.#count > this.maximum) return false;',
    tests: 'test/admission/*.test.ts test/transports/*.test.ts',
  },
  {
    name: 'a message of any size is put together',
    file: 'src/channels/reassembly.ts',
    was: "if (length > this.#maximumMessageSize) throw this.#tooLarge(pdu, 'Length', length, headSize);",
    becomes: '',
    tests: CHANNEL_TESTS,
  },
  {
    name: 'more data than a message has is copied',
    file: 'src/channels/reassembly.ts',
    was: 'if (size > open.length) throw tooMuch(pdu, open.length, size, headSize);',
    becomes: '',
    tests: CHANNEL_TESTS,
  },
  {
    name: 'unreadable interfaces match no rule',
    file: 'src/policy/decide.ts',
    was: 'return device.hasUnreadableInterfaces ? undefined : false;',
    becomes: 'return false;',
    tests: 'test/policy/*.test.ts',
  },
  {
    name: 'a device without interfaces has only interfaces of any class',
    file: 'src/policy/decide.ts',
    was: 'settings.length > 0;',
    becomes: 'true;',
    tests: 'test/policy/*.test.ts',
  },
  {
    name: 'a port rule with a wildcard matches its own text only',
    file: 'src/policy/decide.ts',
    was: "pattern.endsWith('*') ? portPath.startsWith(pattern.slice(0, -1)) : portPath === pattern;",
    becomes: 'portPath === pattern;',
    tests: 'test/policy/*.test.ts',
  },
];

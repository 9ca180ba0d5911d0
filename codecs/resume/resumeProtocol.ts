import { messageOf, named, type Protocol, type ProtocolMessage, type Sender, variantOf } from '../core/protocol.ts';
import { Reader } from '../core/reader.ts';
import { MAGIC, ResumeHello, ResumeMessage } from './resumeMessages.ts';

const message = (name: ResumeMessage['name'], from: Sender | 'either'): ProtocolMessage =>
  variantOf(ResumeMessage, name, ResumeMessage.spec, from);

const messages: readonly ProtocolMessage[] = [
  messageOf(ResumeHello, 'client'),
  message('RESUME_NOTICE', 'either'),
  message('RESUME_ACCEPT', 'server'),
  message('RESUME_REQUEST', 'client'),
  message('RESUME_GRANTED', 'server'),
  message('RESUME_REFUSED', 'server'),
  message('RESUME_ACK', 'either'),
  message('RESUME_PING', 'either'),
  message('RESUME_END', 'either'),
  message('RESUME_DECLINE', 'client'),
];

/** What two ends of this program say about going on after a cut. The client is who dials, the server who listens. */
export const RESUME_PROTOCOL: Protocol = {
  name: 'resume',
  title: 'Resuming a connection',
  summary: 'How two of our own ends go on after their connection was cut: [resume.md](resume.md).',
  messages,
  byteProperties: new Set(['sessionId', 'key', 'proof']),
  isDirected: false,
  decode(bytes, _context, options) {
    // A hello has half of its mark there.
    const codec = bytes[2] === MAGIC[2] ? ResumeMessage : ResumeHello;
    const reader = new Reader(bytes, codec.name, codec.spec, options);
    const value = codec.decode(reader);
    reader.end();
    return named(messages, value);
  },
};

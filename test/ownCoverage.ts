/**
 * Coverage is taken of this process alone. The programs that tests start load some of the same files transformed in another
 * way, and c8 would lay both over each other by offset, which shows lines as not covered that are.
 */
delete process.env['NODE_V8_COVERAGE'];

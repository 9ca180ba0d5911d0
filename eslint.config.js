import tseslint from 'typescript-eslint';

// The layers, lowest first. `may` lists the path prefixes that files of a layer may import; see docs/architecture.md.
const PORTS = 'src/ports';
const CLOCK = 'src/systemClock';
const ALARM = 'src/alarm';
const MACHINE = ['src/channels/machine'];
const layers = [
  { files: 'codecs/core', may: [] },
  { files: 'codecs/svc', may: ['codecs/core'] },
  { files: 'codecs/dvc', may: ['codecs/core'] },
  { files: 'codecs/usb', may: ['codecs/core'] },
  { files: 'codecs/capture', may: ['codecs/core', 'codecs/usb'] },
  { files: 'codecs/rdp', may: ['codecs/core', 'codecs/svc'] },
  { files: 'codecs/ntlm', may: ['codecs/core'] },
  { files: 'codecs/spnego', may: ['codecs/core'] },
  { files: 'codecs/cssp', may: ['codecs/core'] },
  { files: 'codecs/usbip', may: ['codecs/core'] },
  { files: 'codecs/usbredir', may: ['codecs/core'] },
  { files: 'codecs/resume', may: ['codecs/core'] },
  { files: 'codecs/urbdrc', may: ['codecs/core', 'codecs/usb'] },
  { files: 'src/ports', may: ['codecs/core', 'codecs/usb'] },
  { files: 'src/admission', may: [] },
  { files: 'src/usb', may: ['codecs/core', 'codecs/usb', CLOCK, PORTS] },
  { files: 'src/channels', may: ['codecs/core', 'codecs/svc', 'codecs/dvc', PORTS] },
  { files: 'src/urbdrc', may: ['codecs/core', 'codecs/urbdrc', 'codecs/usb', 'src/usb', ...MACHINE, PORTS] },
  { files: 'src/rdp', may: ['codecs/core', 'codecs/svc', 'codecs/rdp', 'src/nla/rc4', ...MACHINE, PORTS] },
  {
    files: 'src/proxy',
    may: ['codecs/core', 'codecs/svc', 'codecs/dvc', 'codecs/rdp', 'src/rdp', ...MACHINE, PORTS],
  },
  { files: 'src/nla', may: ['codecs/core', 'codecs/ntlm', 'codecs/spnego', 'codecs/cssp', ...MACHINE] },
  { files: 'src/resume', may: ['codecs/core', 'codecs/resume', ...MACHINE] },
  { files: 'src/engine', may: ['codecs', 'src/channels', 'src/urbdrc', 'src/usb', ALARM, CLOCK, PORTS] },
  { files: 'src/policy', may: ['codecs/core', 'codecs/usb', 'src/usb', PORTS] },
  { files: 'src/usbip', may: ['codecs/core', 'codecs/usb', 'codecs/usbip', PORTS] },
  { files: 'src/usbredir', may: ['codecs/core', 'codecs/usb', 'codecs/usbredir', 'src/usb', ...MACHINE, PORTS] },
  {
    files: 'src/devices',
    may: [
      ...['codecs/core', 'codecs/usb', 'codecs/usbip', 'codecs/usbredir', 'src/usb', 'src/usbip', 'src/usbredir'],
      CLOCK,
      PORTS,
    ],
  },
  {
    files: 'src/hosts',
    may: [
      ...['codecs/core', 'codecs/usb', 'codecs/usbip', 'codecs/usbredir', 'src/admission', 'src/policy', 'src/usb'],
      ...['src/usbip', 'src/usbredir', ...MACHINE, PORTS],
    ],
  },
  { files: 'src/hub', may: ['codecs/core', 'codecs/usb', 'src/usb', 'src/policy', ...MACHINE, PORTS] },
  { files: 'src/metrics', may: ['codecs/core', 'codecs/usb', 'src/usb', 'src/hub', PORTS] },
  { files: 'src/focus', may: ['codecs/core', 'codecs/usb', 'src/usb', ...MACHINE, PORTS] },
  { files: 'src/control', may: ['codecs/core', 'src/hub', 'transports', PORTS] },
  {
    files: 'src/web',
    may: [
      ...['codecs/core', 'codecs/usb', 'src/control/controlMessages', 'src/devices/virtual', 'src/devices/webusb'],
      ...['src/engine', 'src/metrics/meteredDevice', 'src/usb', 'transports/webSocket', CLOCK, PORTS],
    ],
  },
  { files: 'src/gateway', may: ['codecs/core', 'transports', PORTS] },
  {
    files: 'src/capture',
    may: ['codecs', 'src/urbdrc/session', 'src/usb', 'src/channels', 'src/engine/options', CLOCK, PORTS],
  },
  { files: 'src/conformance', may: ['codecs', 'src/channels', 'src/usb', PORTS] },
  {
    files: 'transports',
    may: [
      ...[
        'codecs/core',
        'codecs/svc',
        'codecs/rdp',
        'codecs/resume',
        'src/admission',
        'src/nla',
        'src/proxy',
        'src/rdp',
      ],
      ...['src/resume', ALARM, CLOCK, ...MACHINE, PORTS],
    ],
  },
];
const NO_BUFFER = { name: 'Buffer', message: 'this runs in browsers, which have no Buffer' };
// What runs in browsers, beside the pure layers.
const browserSafe = ['src/usb', 'src/engine', 'src/hub', 'src/policy', 'src/conformance', 'src/hosts/remoteDevice'];
const forNode = ['src/devices/virtual/imageFile.ts', 'src/devices/virtual/namedDevices.ts'];
const pure = [
  'codecs',
  'src/ports',
  'src/admission',
  'src/channels',
  'src/urbdrc',
  'src/rdp',
  'src/nla',
  'src/proxy',
  'src/usbredir',
  'src/resume',
];

/** Resolves an import against the importing file and tells whether the layer may have it. */
const layerRule = {
  meta: { type: 'problem', schema: [], messages: { layer: '{{from}} may not import {{to}} (docs/architecture.md)' } },
  create(context) {
    const file = context.filename.slice(context.cwd.length + 1);
    const layer = layers.find((each) => file.startsWith(`${each.files}/`));
    const check = (node) => {
      const source = node.source?.value;
      if (layer === undefined || typeof source !== 'string' || !source.startsWith('.')) return;
      const to = new URL(source, `file:///${file}`).pathname.slice(1);
      if ([layer.files, ...layer.may].some((prefix) => to.startsWith(`${prefix}/`) || to.startsWith(`${prefix}.`)))
        return;
      context.report({ node, messageId: 'layer', data: { from: layer.files, to } });
    };
    return {
      ImportDeclaration: check,
      ExportNamedDeclaration: check,
      ExportAllDeclaration: check,
      ImportExpression: check,
    };
  },
};

/** What people can catch has a class and a stable code, listed in docs/errors.md. */
const errorRule = {
  meta: { type: 'problem', schema: [], messages: { bare: 'throw an error that has a code (docs/errors.md)' } },
  create: (context) => ({
    "NewExpression[callee.name='Error']": (node) => context.report({ node, messageId: 'bare' }),
  }),
};

const only = (name, where) => ({ name, message: `import ${name} in ${where} alone` });
const packages = [
  only('usb', 'src/devices/libusb'),
  only('koffi', 'src/devices/libusb'),
  only('binary-parser', 'codecs/core'),
  only('smart-buffer', 'test/codecs/core'),
  only('prom-client', 'src/metrics'),
  only('ws', 'transports/webSocket'),
  only('jose', 'src/gateway'),
  only('ioredis', 'src/gateway'),
];
const except = (...names) => packages.filter((entry) => !names.includes(entry.name));

export default tseslint.config(
  { ignores: ['dist/**', 'coverage/**', 'node_modules/**', 'lab/compiled/**', 'lab/out/**'] },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    plugins: { urbdrc: { rules: { layers: layerRule, errors: errorRule } } },
    rules: {
      'urbdrc/layers': 'error',
      'no-restricted-imports': ['error', { paths: packages }],
      'max-lines': ['error', { max: 400 }],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/consistent-type-assertions': ['error', { assertionStyle: 'never' }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/no-empty-function': 'off',
      '@typescript-eslint/no-unused-vars': ['error', { ignoreRestSiblings: true }],
      '@typescript-eslint/no-this-alias': 'off',
    },
  },
  {
    files: ['codecs/core/**/*.ts', 'test/codecs/core/**/*.ts'],
    rules: {
      'no-restricted-imports': ['error', { paths: except('binary-parser', 'smart-buffer') }],
      '@typescript-eslint/consistent-type-assertions': 'off',
    },
  },
  {
    files: ['codecs/**/*.ts', 'src/**/*.ts', 'transports/**/*.ts'],
    // There whatever was thrown becomes an Error.
    ignores: ['codecs/core/errors.ts'],
    rules: { 'urbdrc/errors': 'error' },
  },
  { files: ['**/*.generated.ts'], rules: { 'max-lines': 'off' } },
  {
    files: ['src/devices/libusb/**/*.ts', 'test/devices-libusb/**/*.ts'],
    rules: { 'no-restricted-imports': ['error', { paths: except('usb', 'koffi') }] },
  },
  {
    files: ['transports/webSocket/**/*.ts', 'test/transports/webSocket/**/*.ts'],
    rules: { 'no-restricted-imports': ['error', { paths: except('ws') }] },
  },
  {
    files: ['src/gateway/**/*.ts'],
    rules: { 'no-restricted-imports': ['error', { paths: except('jose', 'ioredis') }] },
  },
  {
    files: ['test/gateway/**/*.ts', 'test/browser/redisGateways.browser.ts'],
    rules: { 'no-restricted-imports': ['error', { paths: except('jose', 'ws', 'ioredis') }] },
  },
  {
    files: ['src/metrics/**/*.ts'],
    rules: { 'no-restricted-imports': ['error', { paths: except('prom-client') }] },
  },
  {
    files: pure.map((folder) => `${folder}/**/*.ts`),
    rules: {
      'no-restricted-globals': [
        'error',
        ...['setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask', 'performance', 'process', 'fetch'].map(
          (name) => ({ name, message: 'no clock or I/O below the engine' }),
        ),
        NO_BUFFER,
        { name: 'Buffer', message: 'a browser has none: use Uint8Array' },
      ],
      'no-restricted-properties': [
        'error',
        { object: 'Date', property: 'now', message: 'time comes in as an argument' },
        { object: 'Math', property: 'random', message: 'randomness comes in as an argument' },
      ],
      'no-restricted-syntax': [
        'error',
        { selector: ':function[async=true]', message: 'no promises below the engine' },
        { selector: "NewExpression[callee.name='Promise']", message: 'no promises below the engine' },
        { selector: 'ImportDeclaration[source.value=/^node:/]', message: 'no node: modules below the engine' },
      ],
    },
  },
  {
    files: [...browserSafe, 'src/devices/virtual', 'src/devices/webusb', 'src/web']
      .map((folder) => `${folder}/**/*.ts`)
      .concat('transports/memory.ts'),
    ignores: forNode,
    rules: {
      'no-restricted-globals': [
        'error',
        NO_BUFFER,
        ...['process', 'global', 'require'].map((name) => ({ name, message: 'this runs in browsers' })),
      ],
      'no-restricted-syntax': [
        'error',
        { selector: 'ImportDeclaration[source.value=/^node:/]', message: 'this runs in browsers' },
      ],
    },
  },
  {
    files: ['test/**/*.ts', 'bench/**/*.ts', 'fuzz/**/*.ts', 'examples/**/*.ts', 'docs/**/*.ts'],
    rules: {
      'max-lines': ['error', { max: 600 }],
      '@typescript-eslint/no-unused-expressions': 'off',
      '@typescript-eslint/consistent-type-assertions': 'off',
      '@typescript-eslint/no-non-null-assertion': 'off',
    },
  },
);

// The rules of a capture, and which program makes them.
import t from 'tap'
import { CaptureError, findBackend, type Run } from '../../../src/capture/backend.ts'
import { readCaptureOptions } from '../../../src/capture/options.ts'
import { CHAINS, JUMPS, present, rulesText, undoText } from '../../../src/capture/rules.ts'

const DEFAULTS = { inboundPort: '15006', outboundPort: '15001', uid: '1337', gid: '1337' }

t.test('rules come in an order in which the sidecar never captures itself', async (t) => {
  const lines = rulesText(readCaptureOptions(DEFAULTS), 'ipv4', JUMPS).split('\n')
  const output = lines.filter((line) => line.startsWith('-A OUTRIGGER_OUTPUT'))
  t.strictSame(output, [
    '-A OUTRIGGER_OUTPUT -s 127.0.0.6/32 -o lo -j RETURN',
    '-A OUTRIGGER_OUTPUT ! -d 127.0.0.1/32 -o lo -p tcp -m owner --uid-owner 1337 -j OUTRIGGER_IN_REDIRECT',
    '-A OUTRIGGER_OUTPUT ! -d 127.0.0.1/32 -o lo -p tcp -m owner --gid-owner 1337 -j OUTRIGGER_IN_REDIRECT',
    '-A OUTRIGGER_OUTPUT -o lo -m owner ! --uid-owner 1337 -j RETURN',
    '-A OUTRIGGER_OUTPUT -m owner --uid-owner 1337 -j RETURN',
    '-A OUTRIGGER_OUTPUT -m owner --gid-owner 1337 -j RETURN',
    '-A OUTRIGGER_OUTPUT -d 127.0.0.1/32 -j RETURN',
    '-A OUTRIGGER_OUTPUT -j OUTRIGGER_REDIRECT',
  ])
  t.ok(
    lines.indexOf('-A OUTRIGGER_INBOUND -p tcp --dport 15020 -j RETURN') <
      lines.indexOf('-A OUTRIGGER_INBOUND -p tcp -j OUTRIGGER_IN_REDIRECT'),
  )
})

t.test('exclusions come before what captures, each in the family of its address', async (t) => {
  const options = readCaptureOptions({
    ...DEFAULTS,
    includeInboundPorts: '8080, 9090',
    excludeInboundPorts: '22',
    excludeOutboundPorts: '53',
    includeOutboundCidrs: '10.0.0.0/8,fd00::/8',
    excludeOutboundCidrs: '10.9.0.0/16,fd09::/16',
  })
  const v4 = rulesText(options, 'ipv4', [])
  t.match(
    v4,
    /--dport 22 -j RETURN\n-A OUTRIGGER_INBOUND -p tcp --dport 8080 -j OUTRIGGER_IN_REDIRECT\n.* --dport 9090 -j OUTRIGGER_IN_REDIRECT\n/,
  )
  t.match(
    v4,
    /--dport 53 -j RETURN\n-A OUTRIGGER_OUTPUT -d 10\.9\.0\.0\/16 -j RETURN\n-A OUTRIGGER_OUTPUT -d 10\.0\.0\.0\/8 -j OUTRIGGER_REDIRECT\nCOMMIT/,
  )
  t.match(rulesText(options, 'ipv6', []), /-d fd09::\/16 -j RETURN\n.*-d fd00::\/8 -j OUTRIGGER_REDIRECT\nCOMMIT/)
  t.notMatch(v4, /PREROUTING/, 'jumps that are there are not made again')
})

t.test('no range of a family captures nothing of that family', async (t) => {
  const options = readCaptureOptions({ ...DEFAULTS, includeOutboundCidrs: '10.0.0.0/8' })
  t.notMatch(rulesText(options, 'ipv6', []), /OUTPUT.*-j OUTRIGGER_REDIRECT/)
})

t.test('undoing takes jumps away before the chains they lead to', async (t) => {
  const { chains, jumps } = present(
    `*nat\n${CHAINS.map((chain) => `:${chain} - [0:0]`).join('\n')}\n-A OUTPUT -p tcp -j OUTRIGGER_OUTPUT\nCOMMIT\n`,
  )
  t.strictSame(
    jumps.map(({ chain }) => chain),
    ['OUTPUT'],
  )
  const text = undoText(chains, jumps)
  t.ok(text.indexOf('-D OUTPUT') < text.indexOf('-F ') && text.lastIndexOf('-F ') < text.indexOf('-X '))
  t.notMatch(text, /-D PREROUTING/)
})

const FLAWS: readonly (readonly [string, object, RegExp])[] = [
  ['a port that is none', { inboundPort: '0' }, /^--inbound-port: there is no port 0$/],
  [
    'a port too high',
    { excludeInboundPorts: '80,70000' },
    /^--exclude-inbound-ports: expected a whole number up to 65535, got "70000"$/,
  ],
  ['a name for a user', { uid: 'root' }, /^--uid: expected a whole number/],
  [
    'a name in the place of a range',
    { excludeOutboundCidrs: 'db.example' },
    /^--exclude-outbound-cidrs: expected a range such as 10\.0\.0\.0\/8, got "db\.example"$/,
  ],
  ['a rule in the place of a range', { includeOutboundCidrs: '10.0.0.0/8\n-F OUTPUT' }, /^--include-outbound-cidrs/],
]
for (const [name, given, says] of FLAWS)
  t.test(`refuses ${name}`, async (t) => t.throws(() => readCaptureOptions({ ...DEFAULTS, ...given }), { message: says }))

const NOTHING = '*nat\n:OUTPUT ACCEPT [0:0]\nCOMMIT\n'
const SOMETHING = '*nat\n:OUTPUT ACCEPT [0:0]\n-A OUTPUT -j ACCEPT\nCOMMIT\n'

function machine(saved: Readonly<Record<string, string>>): Run {
  return (program) => {
    const stdout = saved[program]
    return stdout === undefined ? { status: null, stdout: '', stderr: 'ENOENT' } : { status: 0, stdout, stderr: '' }
  }
}

const BACKENDS: readonly (readonly [string, Readonly<Record<string, string>>, string | undefined])[] = [
  ['nothing is there yet', { 'iptables-nft-save': NOTHING, 'iptables-legacy-save': NOTHING }, 'nft'],
  ['others use the older interface', { 'iptables-nft-save': NOTHING, 'iptables-legacy-save': SOMETHING }, 'legacy'],
  ['others use both', { 'iptables-nft-save': SOMETHING, 'iptables-legacy-save': SOMETHING }, 'nft'],
  ['there is only the older one', { 'iptables-legacy-save': NOTHING }, 'legacy'],
  ['there is none', {}, undefined],
]
for (const [name, saved, expected] of BACKENDS)
  t.test(`chooses the interface when ${name}`, async (t) => t.equal(findBackend('ipv4', machine(saved))?.variant, expected))

t.test('a program that fails says so in its own words', async (t) => {
  const run: Run = (program) =>
    program.endsWith('save')
      ? { status: 0, stdout: NOTHING, stderr: '' }
      : { status: 4, stdout: '', stderr: 'Permission denied\n' }
  t.throws(() => findBackend('ipv6', run)?.restore(''), new CaptureError('ip6tables-nft-restore: Permission denied'))
})

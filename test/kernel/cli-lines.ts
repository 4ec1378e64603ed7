import fc from 'fast-check';

const endpoint = fc.constantFrom(
  '10.0.0.1:80',
  '10.0.0.9:80',
  '10.0.0.9',
  '10.0.0.9:0',
  '[fd00::1]:443',
  '[fd00::9]:1',
);
const server = fc.constantFrom(
  '10.1.0.1',
  '10.1.0.1:80',
  '10.1.0.2:8080',
  '10.1.0.5:0',
  '[fd00::11]:443',
  '[fd00::12]',
);
const number = fc.constantFrom('0', '1', '2', '100', '300', '2678401', '2147483647', '2147483648');
const serviceWords = fc.oneof(
  fc.tuple(fc.constantFrom('-t', '-u', '--tcp-service', '--sctp-service'), endpoint),
  fc.tuple(fc.constant('-f'), fc.constantFrom('7', '8', '9', '4294967295')),
  fc.tuple(fc.constant('-f'), fc.constantFrom('8', '9'), fc.constant('-6')),
);
/** Options with what they take, of which a line has some. */
const scheduling = fc.oneof(
  fc.tuple(
    fc.constantFrom('-s', '--scheduler'),
    fc.constantFrom('rr', 'wrr', 'sh', 'mh', 'nonesuch', 'none'),
  ),
  fc.tuple(fc.constant('-p'), number),
  fc.constant(['-p']),
  fc.tuple(fc.constant('-M'), fc.constantFrom('255.255.255.0', '255.0.255.0', '0.0.0.0', '24', '64', '129')),
  fc.constant(['-o']),
  fc.tuple(fc.constant('-b'), fc.constantFrom('sh-port', 'mh-fallback,mh-port', 'flag-3', 'flag-1,flag-2')),
  fc.constant(['--pe', 'sip']),
);
const forwarding = fc.oneof(
  fc.constantFrom(['-m'], ['-g'], ['-i'], ['--masquerading']),
  fc.tuple(fc.constantFrom('-w', '-x', '-y', '--weight'), number),
  fc.constantFrom(
    ['-i', '--tun-type', 'gue', '--tun-port', '6080', '--tun-csum'],
    ['-i', '--tun-type', 'gre'],
    ['--tun-type', 'ipip'],
  ),
);
/** Command lines of one service and destination, right and wrong, many of which fit the scene `some`. */
export const commandLines: fc.Arbitrary<readonly string[]> = fc
  .oneof(
    fc.tuple(fc.constantFrom('-A', '-E'), serviceWords, fc.array(scheduling, { maxLength: 3 })),
    fc.tuple(fc.constantFrom('-D', '-Z', '-Ln'), serviceWords, fc.constant([])),
    fc.tuple(
      fc.constantFrom('-a', '-e', '-a', '-d'),
      serviceWords,
      fc.tuple(
        fc.tuple(fc.constant('-r'), server),
        fc.array(forwarding, { maxLength: 3 }).map(some => some.flat()),
      ),
    ),
  )
  .map(([name, service, options]) => [name, ...service, ...options.flat()]);

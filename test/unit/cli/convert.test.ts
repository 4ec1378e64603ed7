import { describe, expect, test } from 'vitest';
import { readDirectorFile } from '../../../lib/cli/director/file.ts';
import { runCommandLine } from '../../../lib/cli/run.ts';
import type { DirectedService } from '../../../lib/director/index.ts';

/** What `ipvs convert` makes of a text, and what the director says of it. */
async function convert(text: string) {
  let [printed, complained] = ['', ''];
  const shell = {
    print: (chunk: string | Uint8Array) => {
      printed += Buffer.from(chunk).toString();
    },
    complain: (line: string) => {
      complained += `${line}\n`;
    },
    read: async () => text,
  };
  const status = await runCommandLine(['convert', 'file'], shell);
  const notes = complained.split('\n').filter(line => line !== '');
  if (printed === '') return { status, notes, options: {}, services: [] };
  const { desired, options } = await readDirectorFile('director.json', {
    ...shell,
    read: async () => printed,
  });
  return { status, notes, options, services: desired, printed };
}

/** The checks' names of a service's destinations, by their addresses. */
const checksOf = ({ destinations, checks = [] }: DirectedService) =>
  Object.fromEntries(destinations.map(row => [row.address, (row.checks ?? checks).map(({ name }) => name)]));

describe('keepalived.conf as a director’s file', () => {
  test('a virtual_server with all that has a counterpart is converted whole', async () => {
    const { status, notes, options, services } = await convert(`
# a comment { with a brace
virtual_server 10.0.0.1 80
{
    delay_loop 6   ! seconds
    lvs_sched sh
    sh-fallback
    sh-port
    lvs_method DR
    persistence_timeout
    persistence_granularity 255.255.255.0
    protocol TCP
    quorum 2
    hysteresis 1
    inhibit_on_failure
    retry 3
    sorry_server 10.0.0.9 80
    sorry_server_lvs_method NAT
    real_server 10.0.0.2 80 {
        weight 5
        uthreshold 100
        lthreshold 50
        HTTP_GET {
            url { path "/health?of=web"
                  status_code 200-299 301 }
            url { path /
                  virtualhost www.example.com
                  regex "^ok" }
            connect_port 8080
            connect_timeout 1.5
            delay_before_retry 2
        }
    }
    real_server 10.0.0.3 80 { lvs_method TUN
        weight 253
        MISC_CHECK { misc_path "/usr/local/bin/check 10.0.0.3 80"
                     misc_dynamic
                     misc_timeout 4 } }
    real_server 10.0.0.4 80 { TCP_CHECK { } }
}
virtual_server fwmark 7 {
    ops
    protocol UDP
    real_server fd00::2 53 {
        DNS_CHECK { type A
                    name www.example.com }
    }
}
`);
    expect({ status, notes }).toEqual({ status: 0, notes: [] });
    expect(options).toEqual({ initial: 'up' });
    const [web, marked, ...more] = services;
    expect(more).toEqual([]);
    expect(web).toMatchObject({
      ...{ protocol: 'tcp', address: '10.0.0.1', port: 80, scheduler: 'sh', quorum: 2, hysteresis: 1 },
      schedulerFlags: ['sh-fallback', 'sh-port'],
      persistence: { timeout: 360, granularity: '255.255.255.0' },
      onFailure: 'quiet',
      maxUnhealthy: 1,
      policy: { interval: 6000, timeout: 5000, rise: 1, fall: 4 },
      destinations: [
        {
          ...{ forwarding: 'direct', weight: 5, upperThreshold: 100, lowerThreshold: 50 },
          policy: { timeout: 1500, fasterInterval: 2000 },
          target: { port: 8080 },
        },
        { forwarding: 'tunnel', weight: 253, policy: { timeout: 4000 } },
        { forwarding: 'direct' },
        { address: '10.0.0.9', forwarding: 'masquerade', tier: 1 },
      ],
    });
    expect(checksOf(web!)).toEqual({
      '10.0.0.2': ['http GET /health?of=web', 'http GET /'],
      '10.0.0.3': [expect.stringContaining('/usr/local/bin/check')],
      '10.0.0.4': ['tcp'],
      '10.0.0.9': [],
    });
    expect(marked).toMatchObject({ fwmark: 7, family: 'ipv6', onePacket: true, onFailure: 'remove' });
    expect(checksOf(marked!)).toEqual({ 'fd00::2': ['dns A www.example.com'] });
  });

  test('a group is a service for each of its addresses, ports, marks and ranges', async () => {
    const { services } = await convert(`
virtual_server_group many {
    10.0.0.1 80
    10.0.1.9-11 443
    fwmark 3
}
virtual_server group many {
    real_server 10.0.0.2 80 { TCP_CHECK { } }
}
virtual_server fd00::a-c 80 {
    real_server fd00::2 80 { TCP_CHECK { } }
}
`);
    expect(
      services.map(({ address, port, fwmark }) => (fwmark === undefined ? [address, port] : fwmark)),
    ).toEqual([
      ['10.0.0.1', 80],
      ...['10.0.1.9', '10.0.1.10', '10.0.1.11'].map(address => [address, 443]),
      3,
      ...['fd00::a', 'fd00::b', 'fd00::c'].map(address => [address, 80]),
    ]);
  });

  test('the user of a MISC_CHECK is kept as a number, and a name is told: the program would run as root', async () => {
    const check = (user: string) => `virtual_server 10.0.0.1 80 {
    real_server 10.0.0.2 80 {
        MISC_CHECK { misc_path /bin/check
                     user ${user} }
    }
}
`;
    const misc = async (user: string) => {
      const { notes, printed } = await convert(check(user));
      return { notes, checks: JSON.parse(printed!).services[0].destinations[0].checks as unknown };
    };
    expect(await misc('65534 100')).toMatchObject({
      notes: [],
      checks: [{ exec: { uid: 65_534, gid: 100 } }],
    });
    expect(await misc('65534')).toMatchObject({ notes: [], checks: [{ exec: { uid: 65_534 } }] });
    expect(await misc('nobody')).toEqual({
      notes: [
        "line 4: user of MISC_CHECK is a name: give exec its numbers as uid and gid, or the program runs as the director's user",
      ],
      checks: [{ exec: { command: '/bin/check' } }],
    });
  });

  test('checks that say nothing of times and retries have those that keepalived gives each kind', async () => {
    const { notes, printed } = await convert(`virtual_server 10.0.0.1 80 {
    delay_loop 10
    real_server 10.0.0.2 80 { HTTP_GET { } }
    real_server 10.0.0.3 80 { TCP_CHECK { } }
    real_server 10.0.0.4 80 { DNS_CHECK { } }
    real_server 10.0.0.5 80 { MISC_CHECK { misc_path /bin/check } }
    real_server 10.0.0.6 80 {
        delay_before_retry 2
        DNS_CHECK { retry 1 } }
}
virtual_server 10.0.0.1 81 {
    delay_loop 0.5
    retry 4
    real_server 10.0.0.2 81 { SSL_GET { } }
    real_server 10.0.0.3 81 {
        TCP_CHECK { }
        MISC_CHECK { misc_path /bin/check }
    }
}
`);
    const { defaults, services } = JSON.parse(printed!) as {
      readonly defaults: object;
      readonly services: readonly {
        readonly policy: object;
        readonly destinations: readonly { readonly policy?: object }[];
      }[];
    };
    expect(defaults).toMatchObject({ policy: { fasterInterval: 1000, timeout: 5000, fall: 2 } });
    expect(services.map(({ policy }) => policy)).toEqual([
      { interval: 10_000 },
      { interval: 500, fasterInterval: 500, fall: 5 },
    ]);
    expect(services.map(({ destinations }) => destinations.map(({ policy }) => policy))).toEqual([
      [
        { fasterInterval: 3000 },
        undefined,
        { fasterInterval: 10_000, fall: 4 },
        { timeout: 10_000, fall: 1 },
        { fasterInterval: 2000 },
      ],
      [undefined, { timeout: 500 }],
    ]);
    expect(notes).toEqual([
      'line 3: http is asked for / where no url is named',
      'line 14: https is asked for / where no url is named',
      'line 16: checks of one server have times and retries of their own: all have the last one’s now',
    ]);
  });

  test('a virtual server without a port is for all ports, as persistence needs it', async () => {
    const { services } = await convert(`virtual_server 10.0.0.1 {
    persistence_timeout 60
    real_server 10.0.0.2 { TCP_CHECK { connect_port 22 } }
}
`);
    expect(services).toMatchObject([
      { port: 0, destinations: [{ port: 0, target: { port: 22 } }], persistence: { timeout: 60 } },
    ]);
  });

  test('tunnels keep their type, port and checksum, those of sorry servers too', async () => {
    const { notes, services } = await convert(`virtual_server 10.0.0.1 80 {
    lvs_method TUN type gue port 6080 csum
    sorry_server 10.0.0.9 80
    real_server 10.0.0.2 80 { TCP_CHECK { } }
    real_server 10.0.0.3 80 { lvs_method TUN type gre
        TCP_CHECK { } }
    real_server 10.0.0.4 80 { lvs_method TUN
        TCP_CHECK { } }
}
`);
    expect(notes).toEqual([]);
    const gue = { type: 'gue', port: 6080, checksum: 'csum' };
    expect(services[0]?.destinations.map(({ forwarding, tunnel }) => [forwarding, tunnel])).toEqual([
      ['tunnel', gue],
      ['tunnel', { type: 'gre' }],
      ['tunnel', undefined],
      ['tunnel', gue],
    ]);
  });

  test('what $NAME= defines is put in its place, and switches may be off', async () => {
    const { notes, services } = await convert(`$NET=10.0.0
$VIP = \${NET}.1
virtual_server $VIP 80 {
    inhibit_on_failure no
    alpha off
    real_server \${NET}.2 80 {
        MISC_CHECK { misc_path "/bin/check \${NET}.2 $OTHER" }
    }
}
`);
    expect(notes).toEqual([
      'line 7: no shell sees the command of misc_path: quotes, pipes and variables are as they stand',
    ]);
    expect(services).toMatchObject([
      { address: '10.0.0.1', onFailure: 'remove', destinations: [{ address: '10.0.0.2' }] },
    ]);
    expect(checksOf(services[0]!)).toEqual({ '10.0.0.2': ['exec /bin/check 10.0.0.2 $OTHER'] });
  });

  test('a range may go over several networks; one that is not understood is told', async () => {
    const { notes, services } = await convert(`virtual_server_group many {
    10.0.0.254-10.0.1.1 80
    10.0.2.8/29 80
    10.0.3.9-4 80
    fwmark 3 inet6
}
virtual_server group many { lvs_method TUN
    real_server 10.0.0.2 80 { TCP_CHECK { } }
}
`);
    expect(services.map(({ address, family }) => address ?? family)).toEqual([
      ...['10.0.0.254', '10.0.0.255', '10.0.1.0', '10.0.1.1'],
      'ipv6',
    ]);
    expect(notes).toEqual([
      'line 3: the range 10.0.2.8/29 is not understood, and left out',
      'line 4: the range 10.0.3.9-4 is not understood, and left out',
    ]);
  });

  test('a brace too many hides nothing that follows, and one that is missing is told', async () => {
    const server = (host: number) => `virtual_server 10.0.0.${host} 80 {
    real_server 10.0.1.1 80 { TCP_CHECK { } }
}
`;
    const extra = await convert(`${server(1)}}\n${server(2)}`);
    expect(extra.status).toBe(2);
    expect(extra.notes).toEqual(['line 4: this brace closes nothing, and is left out']);
    expect(extra.services.map(({ address }) => address)).toEqual(['10.0.0.1', '10.0.0.2']);
    const missing = await convert(server(1).slice(0, -2));
    expect(missing.status).toBe(2);
    expect(missing.notes).toEqual([
      'line 1: the block of virtual_server is not closed: all that follows is in it',
    ]);
    expect(missing.services.map(checksOf)).toEqual([{ '10.0.1.1': ['tcp'] }]);
  });

  test('a weight that a program gives is told not to exceed that of its server, as it does with keepalived', async () => {
    const { notes } = await convert(`virtual_server 10.0.0.1 80 {
    real_server 10.0.1.1 80 { weight 5
        MISC_CHECK { misc_path /bin/check
            misc_dynamic } }
    real_server 10.0.1.2 80 { weight 253
        MISC_CHECK { misc_path /bin/check
            misc_dynamic } }
}`);
    expect(notes).toEqual([
      "line 4: misc_dynamic gives no more than the server's weight, 5: weight and fullWeight of 253 take all that it says",
    ]);
  });

  test('what has no counterpart is told with its line, once, and the rest converted', async () => {
    const { status, notes, services } = await convert(`vrrp_instance one {
    state MASTER
}
include other.conf
virtual_server_group two {
    10.0.0.1 80
    10.0.0.1 443
}
virtual_server group two {
    quorum_up "/bin/true"
    real_server 10.0.0.2 80 {
        inhibit_on_failure
        notify_down "/bin/true"
        SMTP_CHECK { }
        PING_CHECK { }
    }
    real_server 10.0.0.3 80 {
        HTTP_GET { url { digest 0123 } }
    }
}
`);
    expect(status).toBe(2);
    expect(notes).toEqual([
      'line 1: vrrp_instance has no counterpart: a director balances, and does nothing else',
      'line 4: include is not followed: convert what keepalived makes of it',
      'line 10: quorum_up of a virtual_server has no counterpart, and is left out',
      'line 11: inhibit_on_failure holds for all servers of a service, or none: it holds for all now',
      'line 13: notify_down of a real_server has no counterpart, and is left out',
      'line 14: SMTP_CHECK becomes a check that the server greets with 220, without HELO',
      'line 15: PING_CHECK has no counterpart: the server is not checked by it',
      'line 18: digest of a url has no counterpart, and is left out: body looks for a text instead',
    ]);
    expect(services.map(checksOf)).toEqual([
      { '10.0.0.2': ['tcp /^220/'], '10.0.0.3': ['http GET /'] },
      { '10.0.0.2': ['tcp /^220/'], '10.0.0.3': ['http GET /'] },
    ]);
  });
});

describe('ldirectord.cf as a director’s file', () => {
  test('services with all that has a counterpart are converted whole', async () => {
    const { status, notes, services } = await convert(`
checktimeout=3
checkinterval=1
fallback=127.0.0.1:80 gate
quiescent=no

virtual=192.168.6.240:80
        real=192.168.6.2->192.168.6.4:8080 masq 5
        real=192.168.6.9:80 ipip
        service=http
        request="index.html"
        receive="Test Page"
        virtualhost=www.example.com
        scheduler=rr
        persistent=600
        netmask=255.255.255.0
        protocol=tcp
        checktype=negotiate
        checkport=8080
virtual6=8
        real=[fd00::2]:25 masq
        service=smtp
        quiescent=yes
        checktype=connect
        failurecount=3
`);
    expect({ status, notes }).toEqual({ status: 0, notes: [] });
    const [web, mail] = services;
    expect(web).toMatchObject({
      ...{ protocol: 'tcp', address: '192.168.6.240', port: 80, scheduler: 'rr', onFailure: 'remove' },
      persistence: { timeout: 600, granularity: '255.255.255.0' },
      policy: { interval: 1000, timeout: 3000, fall: 1 },
      target: { port: 8080 },
    });
    expect(web?.destinations).toMatchObject([
      ...['2', '3', '4'].map(host => ({
        ...{ address: `192.168.6.${host}`, port: 8080, forwarding: 'masquerade', weight: 5 },
      })),
      { address: '192.168.6.9', forwarding: 'tunnel', weight: 1 },
      { address: '127.0.0.1', forwarding: 'direct', tier: 1, checks: [] },
    ]);
    expect(checksOf(web!)['192.168.6.2']).toEqual(['http GET /index.html']);
    expect(mail).toMatchObject({ fwmark: 8, family: 'ipv6', onFailure: 'quiet', policy: { fall: 3 } });
    expect(checksOf(mail!)['fd00::2']).toEqual(['tcp']);
  });

  test('servers without a port are checked at that of their service, and not at all where it has none', async () => {
    const { status, notes, services } = await convert(`
virtual=5
        real=10.0.0.2 gate
        real=10.0.0.3:8080 gate
        service=http
virtual=6
        real=10.0.0.2 gate
        real=10.0.0.3:8080 gate
        checktype=connect
virtual=7
        real=10.0.0.2 gate
        checktype=connect
        checkport=81
`);
    expect({ status, notes }).toEqual({
      status: 2,
      notes: [
        'line 6: servers without a port are not checked: checkport, or target.port here, says where they would be',
      ],
    });
    const [web, some, all] = services;
    expect(web?.destinations).toMatchObject([{ port: 0, target: { port: 80 } }, { port: 8080 }]);
    expect(web?.destinations[1]).not.toHaveProperty('target');
    expect(checksOf(some!)).toEqual({ '10.0.0.2': [], '10.0.0.3': ['tcp'] });
    expect(all).toMatchObject({ target: { port: 81 } });
  });

  test('services of IPv6 have real6 and fallback6, and programs check servers without a port', async () => {
    const { status, notes, services } = await convert(`
virtual6=[2001:db8::5]:119
        real6=[2001:db8::6]:119 masq
        fallback6=[::1]:119
        service=nntp
        checktype=connect
virtual=1
        real=10.0.0.2 gate
        checktype=external
        checkcommand=/bin/check
`);
    expect({ status, notes }).toEqual({ status: 0, notes: [] });
    const [news, marked] = services;
    expect(news).toMatchObject({ address: '2001:db8::5', port: 119 });
    expect(news?.destinations).toMatchObject([
      { address: '2001:db8::6', port: 119, forwarding: 'masquerade' },
      { address: '::1', port: 119, tier: 1, checks: [] },
    ]);
    expect(checksOf(marked!)['10.0.0.2']).toEqual([expect.stringContaining('exec /bin/check')]);
  });

  test('a connection is no check of a service of UDP: servers are asked there, which is told', async () => {
    const { notes, services } = await convert(`
virtual=10.0.0.1:53
        real=10.0.0.2:53 masq
        protocol=udp
        checktype=connect
virtual=10.0.0.1:5060
        real=10.0.0.2:5060 masq
        protocol=udp
        checktype=ping
virtual=10.0.0.1:54
        real=10.0.0.2:53 masq
        protocol=udp
        service=dns
`);
    expect(notes).toEqual([
      'line 2: pings have no counterpart: servers are checked by an empty datagram, which they must not refuse',
      'line 6: pings have no counterpart: servers are checked by an empty datagram, which they must not refuse',
    ]);
    expect(services.map(checksOf)).toEqual([
      { '10.0.0.2': ['udp'] },
      { '10.0.0.2': ['udp'] },
      { '10.0.0.2': ['dns A .'] },
    ]);
  });

  test('a range of servers may go over several networks; what is no address is told and left out', async () => {
    const { status, notes, services } = await convert(`
virtual=10.0.0.1:80
        real=10.0.0.254->10.0.1.1:8080 gate
        real=10.0.0.9->10.0.0.4:80 gate
        real=10.0.0.1->99999999999:80 gate
        real=web2:80 gate
        real=10.0.0.2:http gate
virtual=www.example.com:80
        real=10.0.0.2:80 gate
virtual6=7
        real6=fd00::2 gate
        checktype=off
`);
    expect(status).toBe(2);
    expect(notes).toEqual([
      'line 4: 10.0.0.9->10.0.0.4:80 of real is no address or range, and left out',
      'line 5: 10.0.0.1->99999999999:80 of real is no address or range, and left out',
      'line 6: web2:80 of real is no address or range, and left out',
      'line 7: 10.0.0.2:http of real is no address or range, and left out',
      'line 8: virtual=www.example.com:80 has no address with a port, and no mark: it is left out',
    ]);
    expect(services).toMatchObject([
      {
        address: '10.0.0.1',
        destinations: ['10.0.0.254', '10.0.0.255', '10.0.1.0', '10.0.1.1'].map(address => ({ address })),
      },
      { fwmark: 7, family: 'ipv6', destinations: [{ address: 'fd00::2', port: 0 }] },
    ]);
  });

  test('what has no counterpart in ldirectord.cf is told with its line', async () => {
    const { status, notes, services } = await convert(`emailalert="root"
what is this
virtual=10.0.0.1:3306
        real=10.0.0.2:3306 gate "select 1" "1"
        service=mysql
        login="root"
`);
    expect(status).toBe(2);
    expect(notes).toEqual([
      'line 1: emailalert has no counterpart, and is left out',
      'line 2: what is this is not understood, and left out',
      'line 3: service mysql has no counterpart: servers are checked by a connection',
      `line 4: "select 1" "1" of real is left out: a service's request holds for all`,
      'line 6: login of a service has no counterpart, and is left out',
    ]);
    expect(services.map(checksOf)).toEqual([{ '10.0.0.2': ['tcp'] }]);
  });
});

test('a file of neither program is no file to convert', async () => {
  expect(await convert('services: []\n')).toMatchObject({
    status: 1,
    notes: ["'file' has no virtual_server of keepalived's and no virtual= of ldirectord's"],
  });
});

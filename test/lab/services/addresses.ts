/** The hosts' addresses. */
export const addresses = {
  /** The client's addresses, of which the first two are in one /24 network. */
  clients: ['10.100.10.1', '10.100.10.2', '10.100.20.1'],
  client6: 'fd00:10::1',
  /** The director's own address. */
  director: '10.100.10.100',
  director6: 'fd00:10::100',
  virtual: '10.100.10.101',
  /** The virtual IP whose ports a firewall mark joins. */
  joined: '10.100.10.102',
  virtual6: 'fd00:10::101',
  /** The director's address in the servers' network. */
  gateway: '172.16.120.1',
  gateway6: 'fd00:120::1',
} as const;

/** The real servers. */
export const servers = [
  { name: 'server-1', address: '172.16.120.11', address6: 'fd00:120::11' },
  { name: 'server-2', address: '172.16.120.12', address6: 'fd00:120::12' },
] as const;

/** The ports of the real servers, whatever port a service has. */
export const realPorts = { http: 80, https: 443, dns: 53, syslog: 514, sip: 5060, diameter: 3868 } as const;

/** The lab's addresses. */
export const natAddresses = {
  client: '10.100.10.1',
  virtual: '10.100.10.101',
  gateway: '172.16.120.1',
  servers: { 'server-1': '172.16.120.11', 'server-2': '172.16.120.12' },
} as const;

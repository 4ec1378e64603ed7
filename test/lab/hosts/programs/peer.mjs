// The one process of a lab's host: it serves and asks on the lab's orders over IPC. Plain JavaScript, since a
// compiler would take seconds to start on an emulated machine.
import * as dns from './dns.mjs';
import * as download from './download.mjs';
import * as http from './http.mjs';
import * as sctp from './sctp.mjs';
import * as udp from './udp.mjs';

/** @type {Readonly<Record<string, (parameters: any) => unknown>>} */
const methods = { ...dns, ...download, ...http, ...sctp, ...udp };

process.on('message', async message => {
  const { id, method, parameters } = /** @type {{ id: number, method: string, parameters: unknown }} */ (
    message
  );
  try {
    const act = methods[method];
    if (act === undefined) throw new Error(`no method ${method}`);
    process.send?.({ id, value: await act(parameters) });
  } catch (error) {
    process.send?.({ id, error: String(error) });
  }
});
// The lab has ended.
process.on('disconnect', () => process.exit());

// Prints what each method answers to a process without CAP_NET_ADMIN.
import { Ipvs } from 'ipvs';

const ipvs = new Ipvs();
const outcome = promise =>
  promise.then(
    () => 'resolved',
    error => error.code,
  );
const web = { protocol: 'tcp', address: '10.0.0.1', port: 80 };
console.log(
  JSON.stringify({
    services: await outcome(ipvs.services()),
    service: await outcome(ipvs.service(web)),
    addService: await outcome(ipvs.addService(web)),
    flush: await outcome(ipvs.flush()),
    info: await outcome(ipvs.info()),
    daemons: await outcome(ipvs.daemons()),
    setSettings: await outcome(ipvs.setSettings({ conntrack: true })),
    settings: await outcome(ipvs.settings()),
    totals: await outcome(ipvs.totals()),
    connections: await outcome(ipvs.connections().next()),
  }),
);

import { inspect } from 'node:util';
import type { Ipvs } from '../../../lib/index.ts';
import type { Report } from './report.ts';

/**
 * A client whose calls are reported before they are made, so that what a lab shows is what it does. Only
 * those that change the kernel: reads come too often to be worth a line.
 */
export function narrate(ipvs: Ipvs, report: Report): Ipvs {
  return new Proxy(ipvs, {
    get(target, name) {
      const method: unknown = Reflect.get(target, name);
      if (typeof method !== 'function') return method;
      return (...args: readonly unknown[]): unknown => {
        if (typeof name === 'string' && /^(?:add|update|remove|set|start|stop|flush|zero)/.test(name)) {
          report.call(`ipvs.${name}(${args.map(describe).join(', ')})`);
        }
        // Bound to the client itself: its private fields are not the proxy's.
        return Reflect.apply(method, target, args);
      };
    },
  });
}

function describe(value: unknown): string {
  return inspect(value, { breakLength: Number.POSITIVE_INFINITY, compact: true, depth: 4 });
}

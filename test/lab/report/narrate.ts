import { inspect } from 'node:util';
import type { Ipvs } from '../../../lib/index.ts';
import type { Report } from './report.ts';

/**
 * A client whose calls are reported before they are made, so that a lab shows what it does. Reads are not
 * reported, since there are too many.
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
        // Methods are bound to the client itself, as its private fields are not the proxy's.
        return Reflect.apply(method, target, args);
      };
    },
  });
}

function describe(value: unknown): string {
  return inspect(value, { breakLength: Number.POSITIVE_INFINITY, compact: true, depth: 4 });
}

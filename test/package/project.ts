import { afterAll, beforeAll, expect } from 'vitest';
import { hostObstacle } from '../bed/host.ts';
import { type Registry, registryUrl, startRegistry } from './registry.ts';
import { type Ended, type Root, type RunOptions, runIn } from './root.ts';
import { shelf } from './tarball.ts';

/** Outcome of a first call on this machine's own kernel, where the addon can be loaded. */
export const firstCall = hostObstacle() === undefined ? '0 services' : 'ERR_IPVS_NOT_AVAILABLE';

/** A folder /project in root file systems, where packages are installed from a registry of the test's own. */
export interface Project {
  /** Runs shell commands there, where only the registry can be reached. Fails if one of the commands fails. */
  shell(root: Root, script: string, options?: RunOptions): Promise<Ended>;
  /** All that was asked of the registry, as `GET /ipvs`. */
  requests(): readonly string[];
}

const programs = `${import.meta.dirname}/programs`;

/** Variables that make package managers use the registry. */
const clientEnvironment = {
  npm_config_registry: registryUrl,
  npm_config_cache: '/tmp/cache',
  npm_config_update_notifier: 'false',
  npm_config_audit: 'false',
  npm_config_fund: 'false',
  YARN_NPM_REGISTRY_SERVER: registryUrl,
  YARN_UNSAFE_HTTP_WHITELIST: '127.0.0.1',
  YARN_ENABLE_TELEMETRY: '0',
  // This registry does not say when a version was published, so that Yarn takes each for brand-new.
  YARN_NPM_MINIMAL_AGE_GATE: '0',
  YARN_ENABLE_GLOBAL_CACHE: 'false',
  YARN_NODE_LINKER: 'node-modules',
  CI: '',
};

/** Gives a test file the registry. Call it once, at the top of the file. */
export function useRegistry(): Project {
  let registry: Registry;
  beforeAll(async () => {
    registry = await startRegistry(shelf);
  });
  afterAll(() => registry.stop());
  return {
    requests: () => registry.requests,
    shell: async (root, script, options = {}) => {
      const ended = await runIn(
        { ...root, binds: { ...root.binds, '/programs': programs } },
        ['/bin/sh', '-ec', script],
        {
          cwd: '/project',
          networkOf: registry.pid,
          prepare: 'mkdir -p "$root/project"',
          ...options,
          env: { ...clientEnvironment, ...options.env },
        },
      );
      expect(ended.status, `${script}\n${ended.stdout}${ended.stderr}`).toBe(0);
      return ended;
    },
  };
}

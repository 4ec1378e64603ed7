import type { Peer } from './peer.ts';

/** A file that a host sends to every client. */
export interface FileOffer {
  readonly port: number;
  /** Its length in bytes. */
  readonly size: number;
  /** The number of bytes sent every `interval` milliseconds. */
  readonly chunk: number;
  readonly interval: number;
}

/** A download that has begun. */
export interface Download {
  readonly number: number;
  /** The name of the server that sends it; empty when no server does. */
  readonly server: string;
  /** The client's port. */
  readonly port: number;
}

/** The state of a download. */
export interface Received {
  readonly number: number;
  /** The number of bytes received. */
  readonly received: number;
  /** Whether the bytes are the file's own. */
  readonly intact: boolean;
  /** The reason why it broke off. */
  readonly failure?: string;
}

/** Offers a file. Resolves when the host listens. */
export async function serveFile(peer: Peer, offer: FileOffer): Promise<void> {
  await peer.call('serveFile', { name: peer.host, ...offer });
}

/** Has a server send the rest of its downloads as fast as the network takes it. */
export async function hurryDownloads(peer: Peer): Promise<void> {
  await peer.call('hurryDownloads', {});
}

/** Has a server end its downloads where they are. */
export async function dropDownloads(peer: Peer): Promise<void> {
  await peer.call('dropDownloads', {});
}

/** Begins a download, which breaks off when nothing comes for `patience` milliseconds. */
export async function startDownload(
  peer: Peer,
  from: { readonly address: string; readonly port: number; readonly size: number; readonly patience: number },
): Promise<Download> {
  return (await peer.call('startDownload', from)) as Download;
}

/** The state of downloads by now. */
export async function receivedSoFar(
  peer: Peer,
  downloads: readonly Download[],
): Promise<readonly Received[]> {
  return (await peer.call('received', { downloads: numbers(downloads), ended: false })) as Received[];
}

/** The state of downloads when all of them have ended. */
export async function receivedAtEnd(
  peer: Peer,
  downloads: readonly Download[],
): Promise<readonly Received[]> {
  return (await peer.call('received', { downloads: numbers(downloads), ended: true })) as Received[];
}

function numbers(downloads: readonly Download[]): number[] {
  return downloads.map(({ number }) => number);
}

/** One fault of native/. */
export interface Fault {
  /** The file, from native/. */
  readonly file: string;
  /** What stands there, once. */
  readonly text: string;
  /** What takes its place. */
  readonly instead: string;
  /** Whom it would hurt: why a test has to notice. */
  readonly harm: string;
}

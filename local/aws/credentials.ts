/**
 * The credentials of the local doubles. They open nothing but a stack on the reader's own machine, so they
 * are written here for everybody to use.
 */
export const LOCAL_CREDENTIALS = {
  accessKeyId: 'AKIALOCALLOCALLOCAL1',
  secretAccessKey: 'on-this-machine-only',
} as const

// Text of configuration in the spelling of the wire.

/** As fields carry it: UTF-8, one character a byte. */
export function latin1(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1')
}

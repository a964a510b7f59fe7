/** The package types its CRC-32 only; its CRC-32C has the same interface. */
declare module 'crc-32/crc32c.js' {
  import crc32 = require('crc-32');
  export = crc32;
}

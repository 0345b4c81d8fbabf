/** How much is done to compress. */
import type { Transform } from 'node:stream'
import { brotliCompressSync, constants, createBrotliCompress, createGzip, createZstdCompress, gzipSync, zstdCompressSync } from 'node:zlib'
import type { Coding } from './accept-encoding.ts'

/** The strongest of zlib's levels cost ten times as much for a few per cent. The window bounds the memory of each response. */
const brotliLevel = () => ({ params: { [constants.BROTLI_PARAM_QUALITY]: 4, [constants.BROTLI_PARAM_LGWIN]: 19 } })
const GZIP = { level: 6 }
const zstdLevel = () => ({ params: { [constants.ZSTD_c_compressionLevel]: 3 } })

/** A stream that compresses, in libuv's threads. `flush` sends out what it still holds back. */
export const createCompressor = (coding: Coding): { readonly compressor: Transform; flush(): void } => {
  switch (coding) {
    case 'br': {
      const brotli = createBrotliCompress(brotliLevel())
      return { compressor: brotli, flush: () => brotli.flush(constants.BROTLI_OPERATION_FLUSH) }
    }
    case 'zstd': {
      const zstd = createZstdCompress(zstdLevel())
      return { compressor: zstd, flush: () => zstd.flush(constants.ZSTD_e_flush) }
    }
    case 'gzip': {
      const gzip = createGzip(GZIP)
      return { compressor: gzip, flush: () => gzip.flush(constants.Z_SYNC_FLUSH) }
    }
  }
}

/** Compresses at once, on this thread: for what is done once for many requests. */
export const compressAtOnce = (coding: Coding, octets: Buffer): Buffer => {
  switch (coding) {
    case 'br':
      return brotliCompressSync(octets, brotliLevel())
    case 'zstd':
      return zstdCompressSync(octets, zstdLevel())
    case 'gzip':
      return gzipSync(octets, GZIP)
  }
}

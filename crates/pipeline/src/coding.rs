//! Bodies as expressions read them: without the coding they travel in.
//!
//! In: a body's bytes and its `Content-Encoding`. Out: the plain bytes. What is sent on stays as it came; only the copy an expression
//! sees is decoded, and never beyond a limit.

use std::io::Read;

use bytes::Bytes;
use flate2::read::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};
use http::{HeaderMap, header};

/// Codings on top of each other at most.
const MAX_CODINGS: usize = 4;

/// The plain bytes of a body with these headers. A body that is not what `Content-Encoding` says, is coded in a way nobody
/// knows, or has more than `limit` bytes when decoded, stays as it is: whoever parses it will say what is wrong.
pub fn decoded(headers: &HeaderMap, bytes: &Bytes, limit: usize) -> Bytes {
    if bytes.is_empty() || !headers.contains_key(header::CONTENT_ENCODING) {
        return bytes.clone();
    }
    decode_all(headers, bytes, limit).unwrap_or_else(|| bytes.clone())
}

/// Undoes all codings, the one applied last first.
fn decode_all(headers: &HeaderMap, bytes: &Bytes, limit: usize) -> Option<Bytes> {
    let mut codings = Vec::new();
    for line in headers.get_all(header::CONTENT_ENCODING) {
        codings.extend(line.to_str().ok()?.split(',').map(str::trim));
    }
    if codings.len() > MAX_CODINGS {
        return None;
    }
    let mut plain = bytes.clone();
    for coding in codings.iter().rev() {
        plain = match coding.to_ascii_lowercase().as_str() {
            "" | "identity" => continue,
            "gzip" | "x-gzip" => read(MultiGzDecoder::new(&plain[..]), limit)?,
            // Meant is zlib's format (RFC 9110 §8.4.1.2); some send the bare stream.
            "deflate" => read(ZlibDecoder::new(&plain[..]), limit)
                .or_else(|| read(DeflateDecoder::new(&plain[..]), limit))?,
            "br" => read(
                brotli_decompressor::Decompressor::new(&plain[..], 4096),
                limit,
            )?,
            _ => return None,
        };
    }
    Some(plain)
}

fn read(decoder: impl Read, limit: usize) -> Option<Bytes> {
    let mut plain = Vec::new();
    let most = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    decoder.take(most).read_to_end(&mut plain).ok()?;
    (plain.len() <= limit).then(|| plain.into())
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
    use http::HeaderValue;

    use super::*;

    const TEXT: &[u8] = b"plain text, plain text, plain text";
    /// `TEXT` in Brotli's format, as one uncompressed block.
    fn brotli() -> Vec<u8> {
        // Window of 16 bits, then a block of 34 bytes stored as it is, then the last, empty block (RFC 7932 §9).
        let mut stream = Bits::default();
        stream.put(0, 1);
        stream.put(0, 1);
        stream.put(0, 2);
        stream.put(TEXT.len() as u32 - 1, 16);
        stream.put(1, 1);
        stream.align();
        stream.0.extend_from_slice(TEXT);
        stream.1 = 0;
        stream.put(0b11, 2);
        stream.0
    }

    #[derive(Default)]
    struct Bits(Vec<u8>, u32);

    impl Bits {
        fn put(&mut self, value: u32, count: u32) {
            for bit in 0..count {
                if self.1 == 0 {
                    self.0.push(0);
                }
                if let Some(last) = self.0.last_mut() {
                    *last |= u8::from(value >> bit & 1 == 1) << self.1;
                }
                self.1 = (self.1 + 1) % 8;
            }
        }

        fn align(&mut self) {
            self.1 = 0;
        }
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn zlib(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn bare(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn seen(coding: &'static str, bytes: Vec<u8>, limit: usize) -> Bytes {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(coding));
        decoded(&headers, &bytes.into(), limit)
    }

    #[test]
    fn every_coding_is_undone() {
        for (coding, bytes) in [
            ("gzip", gzip(TEXT)),
            ("X-GZip", gzip(TEXT)),
            ("gzip", [gzip(&TEXT[..5]), gzip(&TEXT[5..])].concat()),
            ("deflate", zlib(TEXT)),
            ("deflate", bare(TEXT)),
            ("br", brotli()),
            ("identity", TEXT.to_vec()),
            ("deflate, gzip", gzip(&zlib(TEXT))),
        ] {
            assert_eq!(seen(coding, bytes, 1000), TEXT, "{coding}");
        }
    }

    #[test]
    fn what_cannot_be_undone_stays_as_it_is() {
        let whole = gzip(TEXT);
        let cut = whole[..whole.len() - 9].to_vec();
        for (coding, bytes) in [
            ("gzip", b"no gzip".to_vec()),
            ("gzip", cut),
            ("zstd", b"anything".to_vec()),
            ("gzip, gzip, gzip, gzip, gzip", whole.clone()),
            ("gzip", gzip(&[0; 2000])),
        ] {
            assert_eq!(seen(coding, bytes.clone(), 1000), bytes, "{coding}");
        }
        assert_eq!(seen("gzip", gzip(&[0; 1000]), 1000).len(), 1000);
    }
}

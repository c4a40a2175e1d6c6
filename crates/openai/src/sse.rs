//! Server-sent events: encoder and incremental decoder.
//!
//! In, for the decoder: pieces of a body, cut anywhere, even within a UTF-8 sequence or between CR and LF. Out: whole events. Memory
//! is bounded by the limit given: an event that is larger ends the decoding with an error, so that a watcher stops watching while
//! the bytes themselves pass on. Never changes or delays the bytes it looks at.

use bytes::{BufMut, BytesMut};
use serde::Serialize;

/// The event that ends a stream.
pub const DONE_EVENT: &[u8] = b"data: [DONE]\n\n";

/// The content type of streams.
pub const CONTENT_TYPE: &str = "text/event-stream";

/// The largest event decoded unless a caller says otherwise: 1 MiB.
pub const DEFAULT_EVENT_LIMIT: usize = 1024 * 1024;

/// Appends one event, as the service writes it: one `data:` line and one empty line.
///
/// # Errors
/// When the value cannot be written as JSON; the event is then left incomplete in `out`.
pub fn encode<T: Serialize + ?Sized>(value: &T, out: &mut BytesMut) -> serde_json::Result<()> {
    out.put_slice(b"data: ");
    serde_json::to_writer((&mut *out).writer(), value)?;
    out.put_slice(b"\n\n");
    Ok(())
}

/// One event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Event<'e> {
    /// The data lines, joined by LF.
    pub data: &'e [u8],
    /// The `event:` field; empty in the service's streams.
    pub name: &'e [u8],
}

impl Event<'_> {
    /// Whether this is the literal that ends a stream.
    pub fn is_done(&self) -> bool {
        self.data == b"[DONE]"
    }
}

/// Why decoding ended early.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SseError {
    /// An event is larger than the limit.
    #[error("a server-sent event is larger than {limit} bytes")]
    TooLarge {
        /// The limit in bytes.
        limit: usize,
    },
}

/// Decodes events from pieces of a body.
///
/// ```
/// use tidegate_openai::sse::Decoder;
///
/// let mut decoder = Decoder::new(1024);
/// let mut events = Vec::new();
/// for piece in [&b"data: {\"a\""[..], b":1}\n", b"\ndata: [DONE]\n\n"] {
///     decoder.push(piece, |event| events.push(event.data.to_vec()))?;
/// }
/// assert_eq!(events, [b"{\"a\":1}".to_vec(), b"[DONE]".to_vec()]);
/// # Ok::<(), tidegate_openai::sse::SseError>(())
/// ```
#[derive(Debug)]
pub struct Decoder {
    /// The start of a line whose end has not arrived.
    line: Vec<u8>,
    data: Vec<u8>,
    has_data: bool,
    name: Vec<u8>,
    limit: usize,
    /// The last byte was a CR: a LF that follows belongs to it.
    after_cr: bool,
    /// Nothing was read yet: a byte order mark may come.
    at_start: bool,
    failed: bool,
}

impl Decoder {
    /// A decoder for events of at most `limit` bytes.
    pub const fn new(limit: usize) -> Self {
        Self {
            line: Vec::new(),
            data: Vec::new(),
            has_data: false,
            name: Vec::new(),
            limit,
            after_cr: false,
            at_start: true,
            failed: false,
        }
    }

    /// Reads one piece and hands every event that it completes to `sink`.
    ///
    /// # Errors
    /// When an event is larger than the limit, now or at an earlier call.
    pub fn push(
        &mut self,
        mut piece: &[u8],
        mut sink: impl FnMut(Event<'_>),
    ) -> Result<(), SseError> {
        while !piece.is_empty() {
            if self.failed {
                return Err(SseError::TooLarge { limit: self.limit });
            }
            if std::mem::take(&mut self.after_cr) && piece.first() == Some(&b'\n') {
                piece = piece.get(1..).unwrap_or_default();
                continue;
            }
            let Some(end) = memchr::memchr2(b'\n', b'\r', piece) else {
                self.check(piece.len())?;
                self.line.extend_from_slice(piece);
                return Ok(());
            };
            let (head, tail) = piece.split_at(end);
            self.after_cr = tail.first() == Some(&b'\r');
            piece = tail.get(1..).unwrap_or_default();
            self.check(head.len())?;
            if self.line.is_empty() {
                self.end_line(head, &mut sink);
            } else {
                let mut line = std::mem::take(&mut self.line);
                line.extend_from_slice(head);
                self.end_line(&line, &mut sink);
                line.clear();
                self.line = line;
            }
        }
        Ok(())
    }

    /// Whether bytes of an unfinished event were read: at the end of a body this tells a cut stream.
    pub fn has_partial_event(&self) -> bool {
        !self.line.is_empty() || self.has_data
    }

    fn check(&mut self, more: usize) -> Result<(), SseError> {
        if self
            .line
            .len()
            .saturating_add(self.data.len())
            .saturating_add(more)
            > self.limit
        {
            self.failed = true;
            self.line = Vec::new();
            self.data = Vec::new();
            return Err(SseError::TooLarge { limit: self.limit });
        }
        Ok(())
    }

    fn end_line(&mut self, mut line: &[u8], sink: &mut impl FnMut(Event<'_>)) {
        if std::mem::take(&mut self.at_start) {
            line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line);
        }
        if line.is_empty() {
            if self.has_data {
                sink(Event {
                    data: &self.data,
                    name: &self.name,
                });
            }
            self.data.clear();
            self.name.clear();
            self.has_data = false;
            return;
        }
        let (field, value) = match memchr::memchr(b':', line) {
            Some(colon) => {
                let (field, value) = line.split_at(colon);
                let value = value.get(1..).unwrap_or_default();
                (field, value.strip_prefix(b" ").unwrap_or(value))
            }
            None => (line, &b""[..]),
        };
        match field {
            b"data" => {
                if self.has_data {
                    self.data.push(b'\n');
                }
                self.data.extend_from_slice(value);
                self.has_data = true;
            }
            b"event" => {
                self.name.clear();
                self.name.extend_from_slice(value);
            }
            // Comments (an empty field name), ids, retry times and unknown fields say nothing about the answer.
            _ => {}
        }
    }
}

impl Default for Decoder {
    fn default() -> Self {
        Self::new(DEFAULT_EVENT_LIMIT)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn decode(pieces: &[&[u8]]) -> Vec<String> {
        let mut decoder = Decoder::default();
        let mut events = Vec::new();
        for piece in pieces {
            decoder
                .push(piece, |event| {
                    events.push(String::from_utf8_lossy(event.data).into_owned())
                })
                .unwrap();
        }
        events
    }

    #[test]
    fn events_are_written_as_one_data_line() {
        let mut out = BytesMut::new();
        encode(&serde_json::json!({"a": "x\ny"}), &mut out).unwrap();
        assert_eq!(&out[..], b"data: {\"a\":\"x\\ny\"}\n\n");
    }

    #[test]
    fn every_line_end_is_understood() {
        assert_eq!(
            decode(&[b"data: 1\n\ndata: 2\r\n\r\ndata: 3\r\r"]),
            ["1", "2", "3"]
        );
        assert_eq!(
            decode(&[b"data: 1\r", b"\n\r", b"\ndata: 2\n", b"\n"]),
            ["1", "2"]
        );
    }

    #[test]
    fn comments_and_other_fields_are_skipped() {
        assert_eq!(
            decode(&[b"\xef\xbb\xbf: hi\nid: 1\nretry: 5\nevent: x\ndata:1\nother\n\n\n\n"]),
            ["1"]
        );
    }

    #[test]
    fn data_lines_are_joined() {
        assert_eq!(decode(&[b"data: a\ndata: b\ndata\n\n"]), ["a\nb\n"]);
    }

    #[test]
    fn an_unfinished_event_is_not_delivered() {
        let mut decoder = Decoder::default();
        decoder
            .push(b"data: 1\n", |_| panic!("no event yet"))
            .unwrap();
        assert!(decoder.has_partial_event());
    }

    #[test]
    fn large_events_end_decoding_and_free_memory() {
        let mut decoder = Decoder::new(10);
        assert_eq!(
            decoder.push(b"data: 0123456789", |_| {}),
            Err(SseError::TooLarge { limit: 10 })
        );
        assert!(decoder.push(b"data: 1\n\n", |_| panic!("ended")).is_err());
        let mut decoder = Decoder::new(20);
        let piece = b"data: 12345678\n";
        decoder.push(piece, |_| {}).unwrap();
        assert!(decoder.push(piece, |_| {}).is_err());
    }

    proptest! {
        #[test]
        fn cuts_never_change_the_events(
            texts in proptest::collection::vec("[a-zé東 ]{0,12}", 0..8),
            crlf in any::<bool>(),
            cuts in proptest::collection::vec(1usize..7, 0..200),
        ) {
            let end = if crlf { "\r\n" } else { "\n" };
            let body: String = texts.iter().map(|text| format!("data: {text}{end}{end}")).collect();
            let mut pieces = Vec::new();
            let mut rest = body.as_bytes();
            let mut cuts = cuts.into_iter().cycle();
            while !rest.is_empty() {
                let at = cuts.next().unwrap_or(rest.len()).min(rest.len());
                let (piece, tail) = rest.split_at(at);
                pieces.push(piece);
                rest = tail;
            }
            prop_assert_eq!(decode(&pieces), texts);
        }

        #[test]
        fn any_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let mut decoder = Decoder::new(64);
            let _ = decoder.push(&bytes, |event| assert!(event.data.len() <= 64));
        }
    }
}

//! Maps offsets of a decoded text back to the document: in flow pieces in order, out flow document offsets.

use std::ops::Range;

/// One piece of text: from `decoded` on, either verbatim from `source` on, or made of the source beginning there.
#[derive(Debug, Clone, Copy)]
struct Piece {
    decoded: usize,
    source: usize,
    verbatim: bool,
}

/// Where each part of a decoded text came from.
#[derive(Debug, Clone)]
pub(crate) struct OffsetMap {
    /// Document offset of decoded offset 0, verbatim up to the first piece.
    base: usize,
    pieces: Vec<Piece>,
    decoded_len: usize,
    source_end: usize,
}

impl OffsetMap {
    pub(crate) fn new(base: usize) -> Self {
        Self {
            base,
            pieces: Vec::new(),
            decoded_len: 0,
            source_end: base,
        }
    }

    fn last(&self) -> Piece {
        self.pieces.last().copied().unwrap_or(Piece {
            decoded: 0,
            source: self.base,
            verbatim: true,
        })
    }

    /// The next `len` bytes stand in the document as they are, from `source` on.
    pub(crate) fn push_verbatim(&mut self, len: usize, source: usize) {
        if len == 0 {
            return;
        }
        let last = self.last();
        if !(last.verbatim && last.source + (self.decoded_len - last.decoded) == source) {
            self.push(Piece {
                decoded: self.decoded_len,
                source,
                verbatim: true,
            });
        }
        self.decoded_len += len;
        self.source_end = source + len;
    }

    /// The next `len` bytes are made of this range of the document.
    pub(crate) fn push_made(&mut self, len: usize, source: Range<usize>) {
        if len > 0 {
            self.push(Piece {
                decoded: self.decoded_len,
                source: source.start,
                verbatim: false,
            });
            self.decoded_len += len;
        }
        self.source_end = source.end;
    }

    fn push(&mut self, piece: Piece) {
        if self.decoded_len == 0 {
            self.pieces.clear();
        }
        self.pieces.push(piece);
    }

    /// Sets where the text ends in the document.
    pub(crate) fn end_at(&mut self, source_end: usize) {
        self.source_end = source_end;
    }

    /// Forgets all behind this many decoded bytes.
    pub(crate) fn truncate(&mut self, decoded_len: usize) {
        if decoded_len < self.decoded_len {
            self.source_end = self.offset(decoded_len);
            self.decoded_len = decoded_len;
            self.pieces.retain(|piece| piece.decoded < decoded_len);
        }
    }

    /// Appends the map of a text that follows.
    pub(crate) fn append(&mut self, other: &OffsetMap) {
        self.append_range(other, 0..other.decoded_len);
        self.source_end = other.source_end;
    }

    /// Appends the part of another map that covers this decoded range.
    pub(crate) fn append_range(&mut self, other: &OffsetMap, range: Range<usize>) {
        let mut at = range.start;
        let end = range.end.min(other.decoded_len);
        while at < end {
            let next = other.pieces.partition_point(|piece| piece.decoded <= at);
            let piece_end = other
                .pieces
                .get(next)
                .map_or(other.decoded_len, |piece| piece.decoded);
            let stop = piece_end.min(end);
            let piece = other.piece(at);
            if piece.verbatim {
                self.push_verbatim(stop - at, piece.source + (at - piece.decoded));
            } else {
                self.push_made(stop - at, piece.source..other.end_of(at));
            }
            at = stop;
        }
    }

    fn piece(&self, decoded: usize) -> Piece {
        let next = self
            .pieces
            .partition_point(|piece| piece.decoded <= decoded);
        next.checked_sub(1)
            .and_then(|index| self.pieces.get(index).copied())
            .unwrap_or(Piece {
                decoded: 0,
                source: self.base,
                verbatim: true,
            })
    }

    /// Document offset where the piece that holds this decoded offset ends.
    fn end_of(&self, decoded: usize) -> usize {
        let next = self
            .pieces
            .partition_point(|piece| piece.decoded <= decoded);
        self.pieces
            .get(next)
            .map_or(self.source_end, |piece| piece.source)
    }

    /// The document offset of a decoded offset; past the end means the end.
    pub(crate) fn offset(&self, decoded: usize) -> usize {
        if decoded >= self.decoded_len {
            return self.source_end;
        }
        let piece = self.piece(decoded);
        if piece.verbatim {
            piece.source + (decoded - piece.decoded)
        } else {
            piece.source
        }
    }

    /// The document range of a decoded range; never reversed.
    pub(crate) fn range(&self, decoded: Range<usize>) -> Range<usize> {
        let start = self.offset(decoded.start);
        let end = if decoded.end <= decoded.start {
            start
        } else {
            let last = decoded.end - 1;
            let piece = self.piece(last);
            if last >= self.decoded_len {
                self.source_end
            } else if piece.verbatim {
                piece.source + (last - piece.decoded) + 1
            } else {
                self.end_of(last)
            }
        };
        start..end.max(start)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map() -> OffsetMap {
        // Document: 10 `ab`, 12 `&lt;` for `<`, 16 `cd`.
        let mut map = OffsetMap::new(10);
        map.push_verbatim(2, 10);
        map.push_made(1, 12..16);
        map.push_verbatim(2, 16);
        map
    }

    #[test]
    fn offsets_behind_a_reference_are_shifted() {
        let found: Vec<usize> = (0..=5).map(|at| map().offset(at)).collect();
        assert_eq!(found, [10, 11, 12, 16, 17, 18]);
    }

    #[test]
    fn a_range_covers_the_whole_reference() {
        assert_eq!(map().range(1..3), 11..16);
        assert_eq!(map().range(2..3), 12..16);
        assert_eq!(map().range(0..5), 10..18);
        assert_eq!(map().range(9..12), 18..18);
    }

    #[test]
    fn a_part_can_be_appended_to_another_map() {
        let mut other = OffsetMap::new(10);
        other.append_range(&map(), 0..1);
        other.push_made(7, 11..12);
        other.append_range(&map(), 2..5);
        let found: Vec<usize> = [0, 1, 7, 8, 9, 10, 11]
            .iter()
            .map(|at| other.offset(*at))
            .collect();
        assert_eq!(found, [10, 11, 11, 12, 16, 17, 18]);
    }
}

//! Bytes as a sequence of choices. When they run out every choice is the first one.

/// What is left of the fuzzer's bytes.
pub struct Choices<'a> {
    bytes: &'a [u8],
}

impl<'a> Choices<'a> {
    /// Choices from these bytes.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes }
    }

    /// Whether no bytes are left.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// The next byte, or 0.
    pub fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.bytes.split_first() else {
            return 0;
        };
        self.bytes = rest;
        *first
    }

    /// A number below `count`, 0 for none.
    pub fn below(&mut self, count: usize) -> usize {
        let mut number = usize::from(self.byte());
        if count > 256 {
            number = number << 8 | usize::from(self.byte());
        }
        number % count.max(1)
    }

    /// One of `of`, unless it is empty.
    pub fn pick<'s, T>(&mut self, of: &'s [T]) -> Option<&'s T> {
        of.get(self.below(of.len()))
    }

    /// Holds with a chance of one in `n`; not when the bytes have run out.
    pub fn one_in(&mut self, n: usize) -> bool {
        !self.is_empty() && self.below(n) == 1 % n
    }

    /// The next `count` bytes, or what there is, as text.
    pub fn text(&mut self, count: usize) -> String {
        let (taken, rest) = self.bytes.split_at(count.min(self.bytes.len()));
        self.bytes = rest;
        String::from_utf8_lossy(taken).into_owned()
    }

    /// All that is left, as text.
    pub fn rest(&mut self) -> String {
        self.text(usize::MAX)
    }
}
